/* SPDX-License-Identifier: Apache-2.0 */
#include "json/micros.h"

#include <string.h>

#define DECIMALS 6

static bool all_digits(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9') return false;
    return s.n > 0;
}

/* Digits are gathered below zero, where there is one more number than above. */
static bool add_digit(int64_t *negative, int digit)
{
    int64_t value;
    if (__builtin_mul_overflow(*negative, 10, &value)) return false;
    if (__builtin_sub_overflow(value, digit, &value)) return false;
    *negative = value;
    return true;
}

/* The whole part and six decimals, those that are not written as zeros. */
static bool gather(struct str whole, struct str decimals, int64_t *negative)
{
    *negative = 0;
    for (size_t i = 0; i < whole.n; i++)
        if (!add_digit(negative, whole.p[i] - '0')) return false;
    for (size_t i = 0; i < DECIMALS; i++)
        if (!add_digit(negative, i < decimals.n ? decimals.p[i] - '0' : 0)) return false;
    return true;
}

enum micros_read micros_parse(struct str text, int64_t *out)
{
    const bool minus = text.n > 0 && text.p[0] == '-';
    struct str whole = minus ? (struct str){ text.p + 1, text.n - 1 } : text;
    struct str decimals = { NULL, 0 };
    const bool point = str_cut(whole, '.', &whole, &decimals);
    int64_t value;

    if (!all_digits(whole) || (point && !all_digits(decimals))) return MICROS_NOT_DECIMAL;
    if (decimals.n > DECIMALS) return MICROS_TOO_PRECISE;
    if (!gather(whole, decimals, &value)) return MICROS_TOO_LARGE;
    if (!minus && __builtin_sub_overflow(0, value, &value)) return MICROS_TOO_LARGE;
    *out = value;
    return MICROS_OK;
}

void micros_format(int64_t micros, char out[MICROS_TEXT_SIZE])
{
    uint64_t rest = micros < 0 ? 0 - (uint64_t)micros : (uint64_t)micros;
    char text[MICROS_TEXT_SIZE], *const end = text + sizeof(text), *at = end;

    *--at = '\0';
    for (int digits = 0; digits <= DECIMALS || rest > 0; digits++) {
        if (digits == DECIMALS) *--at = '.';
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    }
    if (micros < 0) *--at = '-';
    memcpy(out, at, (size_t)(end - at));
}
