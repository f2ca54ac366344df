/* SPDX-License-Identifier: Apache-2.0 */
#include "tlog/cosign.h"

#include <assert.h>
#include <endian.h>
#include <inttypes.h>
#include <string.h>

#define HEAD_MAX 64

static void message(struct str text, uint64_t at_s, struct buf *out)
{
    buf_reserve(out, HEAD_MAX + text.n);
    buf_fmt(out, "cosignature/v1\ntime %" PRIu64 "\n", at_s);
    buf_str(out, text);
}

void cosignature_make(struct str text, uint64_t at_s, const struct key *secret,
                      uint8_t out[COSIGNATURE_SIZE])
{
    auto_buf struct buf b = { .max = NOTE_MAX + HEAD_MAX };
    const uint64_t time = htobe64(at_s);

    message(text, at_s, &b);
    assert(!b.failed);
    const struct signature s = key_sign(secret, buf_view(&b));
    memcpy(out, &time, sizeof(time));
    memcpy(out + sizeof(time), s.b, sizeof(s.b));
}

bool cosignature_fits(const uint8_t *signature, size_t n, struct str text,
                      const struct public_key *k, uint64_t *at_s)
{
    auto_buf struct buf b = { .max = NOTE_MAX + HEAD_MAX };
    struct signature s;
    uint64_t time;

    if (n != COSIGNATURE_SIZE) return false;
    memcpy(&time, signature, sizeof(time));
    memcpy(s.b, signature + sizeof(time), sizeof(s.b));
    message(text, be64toh(time), &b);
    if (b.failed || !public_key_verify(k, buf_view(&b), &s)) return false;
    if (at_s) *at_s = be64toh(time);
    return true;
}
