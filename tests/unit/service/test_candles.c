/* SPDX-License-Identifier: Apache-2.0 */
/* Candles against a naive look at the whole tape, on random tapes. `test_candles SEED` repeats one.
 */
#include "service/candles.h"

#include "base/random.h"
#include "tests/t.h"

#define TRADES 4000

struct trade {
    int64_t at_us, price, units, seconds;
};

static struct series series;
static struct trade tape[TRADES];
static uint64_t state;

static int64_t roll(int64_t sides)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (int64_t)(state % (uint64_t)sides);
}

static struct candle naive(int64_t from_us, int64_t to_us)
{
    struct candle c = { .start_us = from_us };

    for (size_t i = 0; i < TRADES; i++) {
        const struct trade *t = &tape[i];
        if (t->at_us < from_us || t->at_us >= to_us) continue;
        if (c.trades++ == 0) c.open = c.high = c.low = t->price;
        c.high = t->price > c.high ? t->price : c.high;
        c.low = t->price < c.low ? t->price : c.low;
        c.close = t->price;
        c.units += t->units;
        c.unit_seconds += t->units * t->seconds;
    }
    return c;
}

static void check_same(struct candle got, struct candle want)
{
    CHECK_I64(got.start_us, want.start_us);
    CHECK_I64(got.trades, want.trades);
    CHECK_I64(got.open, want.open);
    CHECK_I64(got.high, want.high);
    CHECK_I64(got.low, want.low);
    CHECK_I64(got.close, want.close);
    CHECK_I64(got.units, want.units);
    CHECK_I64(got.unit_seconds, want.unit_seconds);
    CHECK(got.trades == 0 || (got.low <= got.open && got.low <= got.close && got.open <= got.high &&
                              got.close <= got.high));
}

/* Some tapes are dense, some leave out hours, some last for days. */
static void fill(uint64_t seed)
{
    state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    series = (struct series){ .newest_us = 0 };
    const int64_t step_us = (int64_t[]){ 1000000, 20000000, 120000000 }[roll(3)];
    int64_t at = INT64_C(1790000000000000) + roll(INT64_C(86400000000));
    for (size_t i = 0; i < TRADES; i++) {
        at += roll(50) == 0 ? roll(INT64_C(7200000000)) : roll(step_us);
        tape[i] = (struct trade){ at, 1 + roll(50) * 1000, 1 + roll(4095), 60 + roll(2592000) };
        series_add(&series, at, tape[i].price, tape[i].units, tape[i].seconds);
    }
}

static const int64_t widths[] = { 1, 5, 60, 1440 };

static void check_spans(void)
{
    const int64_t last = tape[TRADES - 1].at_us;

    for (int i = 0; i < 400; i++) {
        const int64_t width = widths[roll(4)] * MINUTE_US;
        const int64_t from = candle_start(last - roll(DAY_MINUTES * MINUTE_US), width);
        if (!series_holds(&series, from)) continue;
        check_same(series_sum(&series, from, from + width), naive(from, from + width));
    }
    const int64_t day = candle_start(last, MINUTE_US) - DAY_MINUTES * MINUTE_US;
    CHECK(series_holds(&series, day));
    check_same(series_sum(&series, day, last - last % MINUTE_US + MINUTE_US),
               naive(day, last - last % MINUTE_US + MINUTE_US));
}

static uint64_t seed;

TEST(a_candle_is_what_the_tape_says)
{
    for (uint64_t i = 0; i < 50; i++) {
        printf("seed %llu\n", (unsigned long long)(seed + i));
        fill(seed + i);
        check_spans();
    }
}

TEST(minutes_that_are_loaded_whole_give_the_same)
{
    static struct series loaded;

    fill(seed);
    loaded = (struct series){ .newest_us = 0 };
    const int64_t first = candle_start(tape[0].at_us, MINUTE_US);
    for (int64_t at = first; at <= tape[TRADES - 1].at_us; at += MINUTE_US) {
        const struct candle c = naive(at, at + MINUTE_US);
        if (c.trades > 0) series_put(&loaded, &c);
    }
    const int64_t to = candle_start(tape[TRADES - 1].at_us, MINUTE_US) + MINUTE_US;
    const int64_t from = to - DAY_MINUTES * MINUTE_US;
    check_same(series_sum(&loaded, from, to), series_sum(&series, from, to));
}

TEST(a_span_without_a_trade_has_no_price)
{
    series = (struct series){ .newest_us = 0 };
    series_add(&series, 100 * MINUTE_US + 5, 7, 1, 60);
    const struct candle c = series_sum(&series, 90 * MINUTE_US, 100 * MINUTE_US);
    CHECK_I64(c.trades, 0);
    CHECK_I64(c.open + c.high + c.low + c.close + c.units + c.unit_seconds, 0);
    CHECK_I64(series_sum(&series, 100 * MINUTE_US, 101 * MINUTE_US).trades, 1);
    CHECK_I64(series_sum(&series, 101 * MINUTE_US, 200 * MINUTE_US).trades, 0);
}

TEST(what_has_fallen_out_is_not_held_and_disturbs_nothing)
{
    series = (struct series){ .newest_us = 0 };
    series_add(&series, 5000 * MINUTE_US, 7, 1, 60);
    CHECK(!series_holds(&series, (5000 - SERIES_MINUTES) * MINUTE_US));
    CHECK(series_holds(&series, (5001 - SERIES_MINUTES) * MINUTE_US));
    series_add(&series, (5000 - SERIES_MINUTES) * MINUTE_US, 9, 1, 60);
    CHECK_I64(series_sum(&series, 5000 * MINUTE_US, 5001 * MINUTE_US).close, 7);
}

int main(int argc, char **argv)
{
    seed = argc > 1 ? strtoull(argv[1], NULL, 10) : random_u64() >> 16;
    a_candle_is_what_the_tape_says();
    printf("ok a_candle_is_what_the_tape_says\n");
    minutes_that_are_loaded_whole_give_the_same();
    printf("ok minutes_that_are_loaded_whole_give_the_same\n");
    a_span_without_a_trade_has_no_price();
    what_has_fallen_out_is_not_held_and_disturbs_nothing();
    printf("ok the edges\n");
    return 0;
}
