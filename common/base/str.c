/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <string.h>

struct str str_of(const char *c_string)
{
    return c_string ? (struct str){ c_string, strlen(c_string) } : (struct str){ NULL, 0 };
}

bool str_eq(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool str_is(struct str a, const char *c_string)
{
    return str_eq(a, str_of(c_string));
}

bool str_starts(struct str s, struct str prefix)
{
    return s.n >= prefix.n && str_eq((struct str){ s.p, prefix.n }, prefix);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct str str_trim(struct str s)
{
    size_t start = 0, end = s.n;
    while (start < end && is_blank(s.p[start]))
        start++;
    while (end > start && is_blank(s.p[end - 1]))
        end--;
    return start > 0 ? (struct str){ s.p + start, end - start } : (struct str){ s.p, end };
}

bool str_cut(struct str s, char sep, struct str *head, struct str *tail)
{
    const char *at = s.n > 0 ? memchr(s.p, sep, s.n) : NULL;
    if (!at) return false;
    const size_t n = (size_t)(at - s.p);
    *head = (struct str){ s.p, n };
    *tail = (struct str){ at + 1, s.n - n - 1 };
    return true;
}

/* Digits are gathered below zero, because there is one more number on that side. */
static bool negative_of_digits(struct str s, int64_t *out)
{
    int64_t value = 0;
    if (s.n == 0 || (s.p[0] == '0' && s.n > 1)) return false;
    for (size_t i = 0; i < s.n; i++) {
        const char c = s.p[i];
        if (c < '0' || c > '9') return false;
        if (__builtin_mul_overflow(value, 10, &value)) return false;
        if (__builtin_sub_overflow(value, c - '0', &value)) return false;
    }
    *out = value;
    return true;
}

bool str_i64(struct str s, int64_t min, int64_t max, int64_t *out)
{
    const bool minus = s.n > 0 && s.p[0] == '-';
    const struct str digits = minus ? (struct str){ s.p + 1, s.n - 1 } : s;
    int64_t value;

    if (!negative_of_digits(digits, &value)) return false;
    if (minus && value == 0) return false;
    if (!minus && __builtin_sub_overflow(0, value, &value)) return false;
    if (value < min || value > max) return false;
    *out = value;
    return true;
}

/* -1: not a lower-case hex digit. */
static int hex_value(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

bool str_hex(struct str s, uint8_t *out, size_t n)
{
    if (s.n / 2 != n || s.n % 2 != 0) return false;
    for (size_t i = 0; i < s.n; i++)
        if (hex_value(s.p[i]) < 0) return false;
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)(hex_value(s.p[2 * i]) * 16 + hex_value(s.p[2 * i + 1]));
    return true;
}

void hex_encode(const uint8_t *p, size_t n, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[p[i] >> 4];
        out[2 * i + 1] = digits[p[i] & 15];
    }
    out[2 * n] = '\0';
}
