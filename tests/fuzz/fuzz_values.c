/* SPDX-License-Identifier: Apache-2.0 */
/* Small texts: amounts, numbers, times, ids, base64. What was parsed and written again is the same.
 */
#include "base/base64.h"
#include "base/clock.h"
#include "base/id.h"
#include "tests/fuzz/fuzz.h"
#include "json/micros.h"

static void amount(struct str text)
{
    int64_t micros, again;
    char out[MICROS_TEXT_SIZE];
    if (micros_parse(text, &micros) != MICROS_OK) return;
    micros_format(micros, out);
    LAW(micros_parse(str_of(out), &again) == MICROS_OK && again == micros);
}

static void moment(struct str text)
{
    int64_t us, again;
    char out[RFC3339_SIZE];
    if (!rfc3339_parse(text, &us)) return;
    rfc3339_format(us, out);
    LAW(rfc3339_parse(str_of(out), &again) && again == us - us % 1000);
}

static void identity(struct str text)
{
    struct id id;
    char out[ID_TEXT_MAX];
    if (!id_parse("job_", text, &id)) return;
    id_format("job_", id, out);
    LAW(str_is(text, out));
}

static void base64(struct str text)
{
    uint8_t bytes[256];
    size_t n = sizeof(bytes);
    if (!base64_decode(text, bytes, &n)) return;
    struct buf out;
    buf_init(&out, 1024);
    base64_encode(bytes, n, &out);
    LAW(out.failed || str_eq(buf_view(&out), text));
    buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct str text = { (const char *)data, size };
    int64_t number;
    amount(text);
    moment(text);
    identity(text);
    base64(text);
    if (str_i64(text, INT64_MIN, INT64_MAX, &number)) LAW(size > 0 && size <= 20);
    return 0;
}
