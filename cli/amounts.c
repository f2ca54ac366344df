/* SPDX-License-Identifier: Apache-2.0 */
#include "amounts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "json/micros.h"

#define MICRO 1000000

__extension__ typedef __int128 wide;

struct unit {
    const char *name;
    int64_t factor;
};

static const struct unit size_units[] = {
    { "", 1 },
    { "B", 1 },
    { "kB", 1000 },
    { "KB", 1000 },
    { "MB", 1000000 },
    { "GB", 1000000000 },
    { "TB", INT64_C(1000000000000) },
    { "Ki", 1 << 10 },
    { "KiB", 1 << 10 },
    { "Mi", 1 << 20 },
    { "MiB", 1 << 20 },
    { "Gi", 1 << 30 },
    { "GiB", 1 << 30 },
    { "Ti", INT64_C(1) << 40 },
    { "TiB", INT64_C(1) << 40 },
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool amount_ok(struct str s)
{
    int64_t micros;
    return s.n > 0 && is_digit(s.p[0]) && micros_parse(s, &micros) == MICROS_OK;
}

/* number × factor, when it is whole and fits. */
static bool scale(struct str number, int64_t factor, int64_t *out)
{
    int64_t whole, micros, product;
    if (str_i64(number, 0, INT64_MAX, &whole)) {
        if (__builtin_mul_overflow(whole, factor, &product)) return false;
        *out = product;
        return true;
    }
    if (!amount_ok(number) || micros_parse(number, &micros) != MICROS_OK) return false;
    const wide exact = (wide)micros * factor;
    if (exact % MICRO != 0 || exact / MICRO > INT64_MAX) return false;
    *out = (int64_t)(exact / MICRO);
    return true;
}

bool size_parse(struct str s, int64_t *out)
{
    size_t n = 0;
    while (n < s.n && (is_digit(s.p[n]) || s.p[n] == '.'))
        n++;
    const struct str unit = str_trim((struct str){ s.p + n, s.n - n });
    for (size_t i = 0; i < ARRAY_LEN(size_units); i++) {
        if (str_is(unit, size_units[i].name))
            return scale((struct str){ s.p, n }, size_units[i].factor, out);
    }
    return false;
}

bool millis_parse(struct str s, int64_t *out)
{
    int64_t millis;
    if (!scale(s, 1000, &millis) || millis < 1) return false;
    *out = millis;
    return true;
}

bool duration_parse(struct str s, int64_t *out)
{
    static const struct unit units[] = { { "d", 86400 }, { "h", 3600 }, { "m", 60 }, { "s", 1 } };
    int64_t sum = 0;
    size_t at = 0, unit = 0;
    if (str_i64(s, 1, INT64_MAX, out)) return true;
    while (at < s.n) {
        size_t n = 0;
        int64_t number, part;
        while (at + n < s.n && is_digit(s.p[at + n]))
            n++;
        if (at + n == s.n || !str_i64((struct str){ s.p + at, n }, 0, INT64_MAX, &number))
            return false;
        while (unit < ARRAY_LEN(units) && units[unit].name[0] != s.p[at + n])
            unit++;
        if (unit == ARRAY_LEN(units)) return false;
        if (__builtin_mul_overflow(number, units[unit++].factor, &part) ||
            __builtin_add_overflow(sum, part, &sum))
            return false;
        at += n + 1;
    }
    if (sum < 1) return false;
    *out = sum;
    return true;
}

struct str amount_short(struct str amount)
{
    const char *const point = memchr(amount.p, '.', amount.n);
    if (!point) return amount;
    const size_t least = (size_t)(point - amount.p) + 3;
    while (amount.n > least && amount.p[amount.n - 1] == '0')
        amount.n--;
    return amount;
}

void size_format(int64_t bytes, char out[SIZE_TEXT_SIZE])
{
    static const char *const names[] = { "KiB", "MiB", "GiB", "TiB" };
    size_t i = 0;
    int64_t scale = 1024;
    if (bytes < 1024) {
        snprintf(out, SIZE_TEXT_SIZE, "%" PRId64 " B", bytes);
        return;
    }
    while (i + 1 < ARRAY_LEN(names) && bytes / scale >= 1024) {
        scale *= 1024;
        i++;
    }
    const int64_t tenths = bytes / scale * 10 + bytes % scale * 10 / scale;
    snprintf(out, SIZE_TEXT_SIZE, "%" PRId64 ".%" PRId64 " %s", tenths / 10, tenths % 10, names[i]);
}

void duration_format(int64_t seconds, char out[SIZE_TEXT_SIZE])
{
    const int64_t hours = seconds / 3600, minutes = seconds / 60 % 60;
    if (hours > 0) {
        snprintf(out, SIZE_TEXT_SIZE, "%" PRId64 "h %02" PRId64 "m %02" PRId64 "s", hours, minutes,
                 seconds % 60);
    } else if (minutes > 0) {
        snprintf(out, SIZE_TEXT_SIZE, "%" PRId64 "m %02" PRId64 "s", minutes, seconds % 60);
    } else {
        snprintf(out, SIZE_TEXT_SIZE, "%" PRId64 "s", seconds);
    }
}
