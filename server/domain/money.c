/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/money.h"

#include <assert.h>
#include <stddef.h>

#define SECONDS_PER_HOUR 3600
#define BPS_OF_WHOLE     10000
#define DECIMALS         6

/* Wide enough for any product of two int64: we multiply here, then divide, then ask if it fits. */
__extension__ typedef __int128 wide;

int money_cmp(struct money a, struct money b)
{
    return (a.micros > b.micros) - (a.micros < b.micros);
}

struct money money_min(struct money a, struct money b)
{
    return a.micros < b.micros ? a : b;
}

bool money_add(struct money a, struct money b, struct money *out)
{
    int64_t sum;
    if (__builtin_add_overflow(a.micros, b.micros, &sum)) return false;
    *out = (struct money){ sum };
    return true;
}

bool money_sub(struct money a, struct money b, struct money *out)
{
    int64_t difference;
    if (__builtin_sub_overflow(a.micros, b.micros, &difference)) return false;
    *out = (struct money){ difference };
    return true;
}

/* The product of the three, if it is at most `max`. Three int64 do not fit into 128 bits, so the
 * last factor is tried by division. */
static bool product(struct money price, int64_t units, int64_t seconds, wide max, wide *out)
{
    assert(price.micros >= 0);
    assert(units >= 0);
    assert(seconds >= 0);

    const wide per_second = (wide)price.micros * units;
    if (seconds > 0 && per_second > max / seconds) return false;
    *out = per_second * seconds;
    return true;
}

bool money_charge_floor(struct money per_unit_hour, int64_t units, int64_t seconds,
                        struct money *out)
{
    const wide max = (wide)INT64_MAX * SECONDS_PER_HOUR + (SECONDS_PER_HOUR - 1);
    wide used;

    if (!product(per_unit_hour, units, seconds, max, &used)) return false;
    *out = (struct money){ (int64_t)(used / SECONDS_PER_HOUR) };
    return true;
}

bool money_charge_ceil(struct money per_unit_hour, int64_t units, int64_t seconds,
                       struct money *out)
{
    const wide max = (wide)INT64_MAX * SECONDS_PER_HOUR;
    wide used;

    if (!product(per_unit_hour, units, seconds, max, &used)) return false;
    *out = (struct money){ (int64_t)((used + SECONDS_PER_HOUR - 1) / SECONDS_PER_HOUR) };
    return true;
}

/* floor(rate × s ÷ 3600) <= amount  just when  rate × s < (amount + 1) × 3600. */
int64_t money_seconds_for(struct money amount, struct money per_unit_hour, int64_t units,
                          int64_t seconds_max)
{
    assert(amount.micros >= 0);
    assert(per_unit_hour.micros > 0);
    assert(units > 0);
    assert(seconds_max >= 0);

    const wide rate = (wide)per_unit_hour.micros * units;
    const wide seconds = (((wide)amount.micros + 1) * SECONDS_PER_HOUR - 1) / rate;
    return seconds < seconds_max ? (int64_t)seconds : seconds_max;
}

struct money money_share_floor(struct money amount, int32_t bps)
{
    assert(amount.micros >= 0);
    assert(bps >= 0 && bps <= BPS_OF_WHOLE);

    return (struct money){ (int64_t)((wide)amount.micros * bps / BPS_OF_WHOLE) };
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool money_parse(struct str text, struct money *out)
{
    int64_t micros = 0;
    int decimals = -1; /* none until we have seen the point */

    for (size_t i = 0; i < text.n; i++) {
        const char c = text.p[i];
        if (c == '.' && decimals < 0 && i > 0) {
            decimals = 0;
            continue;
        }
        if (!is_digit(c) || decimals == DECIMALS) return false;
        if (micros > MONEY_INPUT_MAX.micros) return false; /* so that the next line cannot wrap */
        micros = micros * 10 + (c - '0');
        if (decimals >= 0) decimals++;
    }
    if (text.n == 0 || decimals == 0) return false;

    for (int i = decimals < 0 ? 0 : decimals; i < DECIMALS; i++) {
        if (micros > MONEY_INPUT_MAX.micros) return false;
        micros *= 10;
    }
    if (micros > MONEY_INPUT_MAX.micros) return false;
    *out = (struct money){ micros };
    return true;
}

void money_format(struct money m, char out[MONEY_TEXT_SIZE])
{
    uint64_t rest = m.micros < 0 ? 0 - (uint64_t)m.micros : (uint64_t)m.micros;
    char backwards[MONEY_TEXT_SIZE];
    size_t n = 0;

    for (int place = 0; place <= DECIMALS || rest > 0; place++) {
        if (place == DECIMALS) backwards[n++] = '.';
        backwards[n++] = (char)('0' + rest % 10);
        rest /= 10;
    }
    if (m.micros < 0) backwards[n++] = '-';

    assert(n < MONEY_TEXT_SIZE);
    for (size_t i = 0; i < n; i++)
        out[i] = backwards[n - 1 - i];
    out[n] = '\0';
}
