/* SPDX-License-Identifier: Apache-2.0 */
#include "service/candles.h"

#include <assert.h>

#define RING_US (SERIES_MINUTES * MINUTE_US)

void candle_add(struct candle *c, int64_t price, int64_t units, int64_t seconds)
{
    assert(price > 0 && units > 0 && seconds >= 0);
    if (c->trades == 0) c->open = c->high = c->low = price;
    if (price > c->high) c->high = price;
    if (price < c->low) c->low = price;
    c->close = price;
    c->units += units;
    c->unit_seconds += units * seconds;
    c->trades++;
}

void candle_join(struct candle *c, const struct candle *later)
{
    if (later->trades == 0) return;
    if (c->trades == 0) {
        const int64_t start_us = c->start_us;
        *c = *later;
        c->start_us = start_us;
        return;
    }
    if (later->high > c->high) c->high = later->high;
    if (later->low < c->low) c->low = later->low;
    c->close = later->close;
    c->units += later->units;
    c->unit_seconds += later->unit_seconds;
    c->trades += later->trades;
}

int64_t candle_start(int64_t at_us, int64_t width_us)
{
    assert(at_us >= 0 && width_us > 0);
    return at_us - at_us % width_us;
}

/* The place of a minute, emptied if an older one is there. NULL: it has fallen out. */
static struct candle *place(struct series *s, int64_t start_us)
{
    struct candle *c = &s->minutes[start_us / MINUTE_US % SERIES_MINUTES];

    if (!series_holds(s, start_us)) return NULL;
    if (c->start_us != start_us) *c = (struct candle){ .start_us = start_us };
    if (start_us > s->newest_us) s->newest_us = start_us;
    return c;
}

void series_add(struct series *s, int64_t at_us, int64_t price, int64_t units, int64_t seconds)
{
    struct candle *c = place(s, candle_start(at_us, MINUTE_US));

    if (c) candle_add(c, price, units, seconds);
}

void series_put(struct series *s, const struct candle *minute)
{
    struct candle *c = place(s, candle_start(minute->start_us, MINUTE_US));

    if (c) candle_join(c, minute);
}

struct candle series_sum(const struct series *s, int64_t from_us, int64_t to_us)
{
    struct candle sum = { .start_us = from_us };

    assert(from_us % MINUTE_US == 0 && to_us % MINUTE_US == 0);
    if (to_us > s->newest_us + MINUTE_US) to_us = s->newest_us + MINUTE_US;
    if (from_us <= s->newest_us - RING_US) from_us = s->newest_us - RING_US + MINUTE_US;
    for (int64_t at = from_us; at < to_us; at += MINUTE_US) {
        const struct candle *c = &s->minutes[at / MINUTE_US % SERIES_MINUTES];
        if (c->start_us == at) candle_join(&sum, c);
    }
    return sum;
}

bool series_holds(const struct series *s, int64_t from_us)
{
    return from_us > s->newest_us - RING_US;
}
