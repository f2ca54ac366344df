/* SPDX-License-Identifier: Apache-2.0 */
#include "store/array.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

#define HEADER_SIZE 20
#define PG_EPOCH_US INT64_C(946684800000000) /* 2000-01-01 in microseconds since 1970 */

static const int32_t element_oids[] = {
    [ELEMENT_I64] = 20,   [ELEMENT_TIME] = 1184, [ELEMENT_UUID] = 2950,
    [ELEMENT_BYTES] = 17, [ELEMENT_BOOL] = 16,
};

static void put_i32(struct buf *b, int32_t v)
{
    const uint32_t be = htobe32((uint32_t)v);
    buf_add(b, &be, sizeof(be));
}

static void put_i64(struct buf *b, int64_t v)
{
    const uint64_t be = htobe64((uint64_t)v);
    buf_add(b, &be, sizeof(be));
}

void array_init(struct sql_array *a, enum sql_element element, size_t max_bytes)
{
    *a = (struct sql_array){ .element = element };
    buf_init(&a->bytes, max_bytes);
    array_clear(a);
}

void array_done(struct sql_array *a)
{
    buf_done(&a->bytes);
}

void array_clear(struct sql_array *a)
{
    static const char blank[HEADER_SIZE];

    buf_clear(&a->bytes);
    buf_add(&a->bytes, blank, sizeof(blank));
    a->n = 0;
    a->has_null = false;
}

void array_i64(struct sql_array *a, int64_t v)
{
    assert(a->element == ELEMENT_I64);
    put_i32(&a->bytes, 8);
    put_i64(&a->bytes, v);
    a->n++;
}

void array_time(struct sql_array *a, int64_t at_us)
{
    assert(a->element == ELEMENT_TIME);
    if (at_us == 0) {
        array_null(a);
        return;
    }
    put_i32(&a->bytes, 8);
    put_i64(&a->bytes, at_us - PG_EPOCH_US);
    a->n++;
}

void array_uuid(struct sql_array *a, const uint8_t id[16])
{
    assert(a->element == ELEMENT_UUID);
    put_i32(&a->bytes, 16);
    buf_add(&a->bytes, id, 16);
    a->n++;
}

void array_bytes(struct sql_array *a, struct str s)
{
    assert(a->element == ELEMENT_BYTES);
    put_i32(&a->bytes, (int32_t)s.n);
    buf_str(&a->bytes, s);
    a->n++;
}

void array_bool(struct sql_array *a, bool b)
{
    assert(a->element == ELEMENT_BOOL);
    put_i32(&a->bytes, 1);
    buf_char(&a->bytes, b ? 1 : 0);
    a->n++;
}

void array_null(struct sql_array *a)
{
    put_i32(&a->bytes, -1);
    a->has_null = true;
    a->n++;
}

struct str array_view(struct sql_array *a)
{
    const int32_t header[5] = { a->n > 0 ? 1 : 0, a->has_null ? 1 : 0, element_oids[a->element],
                                a->n, 1 };

    if (a->bytes.failed) return (struct str){ NULL, 0 };
    for (size_t i = 0; i < 5; i++) {
        const uint32_t be = htobe32((uint32_t)header[i]);
        memcpy(a->bytes.p + 4 * i, &be, sizeof(be));
    }
    return (struct str){ a->bytes.p, a->n > 0 ? a->bytes.n : 12 };
}

static uint32_t get_u32(const char *p)
{
    uint32_t be;
    memcpy(&be, p, sizeof(be));
    return be32toh(be);
}

size_t array_read_i64(struct str sent, int64_t *out, size_t most)
{
    if (!sent.p || sent.n < HEADER_SIZE) return 0; /* without dimensions: empty */
    const size_t n = get_u32(sent.p + 12);

    assert(get_u32(sent.p) == 1 && n <= most && sent.n == HEADER_SIZE + n * (4 + sizeof(int64_t)));
    for (size_t i = 0; i < n; i++) {
        uint64_t be;
        memcpy(&be, sent.p + HEADER_SIZE + i * (4 + sizeof(be)) + 4, sizeof(be));
        out[i] = (int64_t)be64toh(be);
    }
    return n;
}
