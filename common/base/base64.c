/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

#include <string.h>

/* Which of the two alphabets: they differ in their last two digits and in padding. */
struct variant {
    char digit62, digit63;
    bool padded;
};

static const struct variant standard = { '+', '/', true };
static const struct variant url_safe = { '-', '_', false };

static char digit(const struct variant *v, unsigned value)
{
    static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    if (value < 62) return first[value];
    if (value == 62) return v->digit62;
    return v->digit63;
}

/* -1: not a digit. */
static int value_of(const struct variant *v, char c)
{
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == v->digit62) return 62;
    return c == v->digit63 ? 63 : -1;
}

/* One to three bytes as two to four digits. */
static void encode_group(const struct variant *v, const uint8_t *p, size_t n, struct buf *out)
{
    const unsigned bits =
        (unsigned)p[0] << 16 | (n > 1 ? (unsigned)p[1] << 8 : 0) | (n > 2 ? (unsigned)p[2] : 0);
    char text[4];
    for (unsigned i = 0; i < 4; i++)
        text[i] = digit(v, bits >> (18 - 6 * i) & 63);
    for (size_t i = n + 1; i < 4; i++)
        text[i] = '=';
    buf_add(out, text, v->padded ? 4 : n + 1);
}

static void encode(const struct variant *v, const uint8_t *p, size_t n, struct buf *out)
{
    for (size_t i = 0; i < n; i += 3)
        encode_group(v, p + i, n - i < 3 ? n - i : 3, out);
}

/* The digits of a padded text, with the padding found right and taken away. */
static bool unpad(struct str *s)
{
    if (s->n % 4 != 0) return false;
    for (int i = 0; i < 2 && s->n > 0 && s->p[s->n - 1] == '='; i++)
        s->n--;
    return true;
}

static bool well_formed(const struct variant *v, struct str digits)
{
    if (digits.n % 4 == 1) return false;
    for (size_t i = 0; i < digits.n; i++)
        if (value_of(v, digits.p[i]) < 0) return false;
    if (digits.n % 4 == 0) return true;

    /* Bits that belong to no byte are zero, or one byte string would have several texts. */
    const int spare = digits.n % 4 == 2 ? 15 : 3;
    return (value_of(v, digits.p[digits.n - 1]) & spare) == 0;
}

static bool decode(const struct variant *v, struct str s, uint8_t *out, size_t *n)
{
    if (v->padded && !unpad(&s)) return false;
    if (!well_formed(v, s)) return false;

    const size_t length = s.n / 4 * 3 + (s.n % 4 > 0 ? s.n % 4 - 1 : 0);
    if (length > *n) return false;

    unsigned pending = 0, bits = 0;
    for (size_t i = 0; i < s.n; i++) {
        pending = (pending << 6 | (unsigned)value_of(v, s.p[i])) & 0x3fff;
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        *out++ = (uint8_t)(pending >> bits);
    }
    *n = length;
    return true;
}

void base64_encode(const uint8_t *p, size_t n, struct buf *out)
{
    encode(&standard, p, n, out);
}

void base64url_encode(const uint8_t *p, size_t n, struct buf *out)
{
    encode(&url_safe, p, n, out);
}

bool base64_decode(struct str s, uint8_t *out, size_t *n)
{
    return decode(&standard, s, out, n);
}

bool base64url_decode(struct str s, uint8_t *out, size_t *n)
{
    return decode(&url_safe, s, out, n);
}
