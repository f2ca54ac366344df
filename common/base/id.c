/* SPDX-License-Identifier: Apache-2.0 */
#include "base/id.h"

#include <assert.h>
#include <string.h>

#include "base/random.h"

#define DIGITS   26
#define MS_BYTES 6
#define MS_MAX   (((int64_t)1 << 48) - 1)
#define SEQ_MAX  (((int64_t)1 << 62) - 1)

static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";

static void put_ms(struct id *id, int64_t at_us)
{
    const int64_t ms = at_us / 1000;
    assert(at_us >= 0);
    assert(ms <= MS_MAX);
    for (int i = 0; i < MS_BYTES; i++)
        id->b[i] = (uint8_t)(ms >> (40 - 8 * i));
}

static void put_version_and_variant(struct id *id)
{
    id->b[6] = (uint8_t)(0x70 | (id->b[6] & 0x0f));
    id->b[8] = (uint8_t)(0x80 | (id->b[8] & 0x3f));
}

static bool has_version_and_variant(struct id id)
{
    return (id.b[6] & 0xf0) == 0x70 && (id.b[8] & 0xc0) == 0x80;
}

struct id id_make(int64_t at_us, int64_t seq, int index)
{
    assert(seq >= 0 && seq <= SEQ_MAX);
    assert(index >= 0 && index <= ID_INDEX_MAX);

    struct id id;
    put_ms(&id, at_us);
    id.b[6] = (uint8_t)(index >> 8);
    id.b[7] = (uint8_t)index;
    for (int i = 0; i < 8; i++)
        id.b[8 + i] = (uint8_t)(seq >> (56 - 8 * i));
    put_version_and_variant(&id);
    return id;
}

struct id id_random(int64_t at_us)
{
    struct id id;
    random_bytes(id.b, sizeof(id.b));
    put_ms(&id, at_us);
    put_version_and_variant(&id);
    return id;
}

int64_t id_seq(struct id id)
{
    uint64_t seq = id.b[8] & 0x3f;
    for (int i = 9; i < 16; i++)
        seq = seq << 8 | id.b[i];
    return (int64_t)seq;
}

int id_index(struct id id)
{
    return (id.b[6] & 0x0f) << 8 | id.b[7];
}

int64_t id_ms(struct id id)
{
    uint64_t ms = 0;
    for (int i = 0; i < MS_BYTES; i++)
        ms = ms << 8 | id.b[i];
    return (int64_t)ms;
}

/* 26 digits hold 130 bits: two zeros, then the id. Digit i ends at bit 5 x i + 3, counted from the
 * id's first; a digit's bits lie in at most two bytes. */
void id_format(const char *prefix, struct id id, char out[ID_TEXT_MAX])
{
    const size_t n = strlen(prefix);
    assert(n + DIGITS < ID_TEXT_MAX);

    memcpy(out, prefix, n);
    for (size_t i = 0; i < DIGITS; i++) {
        const size_t end = 5 * i + 3, byte = (end - 1) / 8;
        const unsigned before = byte > 0 ? id.b[byte - 1] : 0;
        const unsigned pair = before << 8 | id.b[byte];
        out[n + i] = alphabet[pair >> (8 * (byte + 1) - end) & 31];
    }
    out[n + DIGITS] = '\0';
}

/* The digits' bits, pushed in from the right; the two that leave on the left must be zero. */
static bool read_digits(const char *digits, struct id *out)
{
    struct id id = { 0 };
    unsigned pending = 0, bits = 0;
    size_t n = 0;

    if (digits[0] > '7') return false;
    for (size_t i = 0; i < DIGITS; i++) {
        const char *at = digits[i] != '\0' ? strchr(alphabet, digits[i]) : NULL;
        if (!at) return false;
        pending = (pending << 5 | (unsigned)(at - alphabet)) & 0xffff;
        bits += i == 0 ? 3 : 5;
        if (bits < 8) continue;
        bits -= 8;
        id.b[n++] = (uint8_t)(pending >> bits);
    }
    assert(n == sizeof(id.b) && bits == 0);
    *out = id;
    return true;
}

bool id_parse(const char *prefix, struct str text, struct id *out)
{
    const struct str start = str_of(prefix);
    struct id id;

    if (!str_starts(text, start) || text.n - start.n != DIGITS) return false;
    if (!read_digits(text.p + start.n, &id)) return false;
    if (!has_version_and_variant(id)) return false;
    *out = id;
    return true;
}

bool id_eq(struct id a, struct id b)
{
    return memcmp(a.b, b.b, sizeof(a.b)) == 0;
}
