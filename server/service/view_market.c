/* SPDX-License-Identifier: Apache-2.0 */
#include "service/view_market.h"

#include "json/json.h"
#include "json/micros.h"
#include "json/parse.h"

#define HOUR_S 3600

static void put(json_t *o, const char *name, json_t *value)
{
    (void)json_object_set_new(o, name, value);
}

static void put_c(json_t *o, const char *name, const char *text)
{
    put(o, name, json_string(text));
}

static void put_i64(json_t *o, const char *name, int64_t value)
{
    put(o, name, json_integer(value));
}

static json_t *price_or_null(int64_t micros)
{
    return micros > 0 ? json_money(micros) : json_null();
}

/* Hours with six decimals, cut. */
static json_t *hours(int64_t seconds)
{
    char text[MICROS_TEXT_SIZE];

    micros_format((int64_t)((__int128)seconds * 1000000 / HOUR_S), text);
    return json_string(text);
}

/* ---- the book ---- */

json_t *view_levels(const struct depth_side *side, size_t most)
{
    json_t *list = json_array();

    for (size_t i = 0; i < side->n && i < most; i++) {
        json_t *o = json_object();
        put(o, "price_per_unit_hour", json_money(side->levels[i].price.micros));
        put_i64(o, "units", side->levels[i].units);
        put_i64(o, "orders", side->levels[i].orders);
        (void)json_array_append_new(list, o);
    }
    return list;
}

static json_t *view_side(const struct depth_side *side, const char *units_name)
{
    int64_t orders = 0, units = 0;
    json_t *o = json_object();

    for (size_t i = 0; i < side->n; i++) {
        orders += side->levels[i].orders;
        units += side->levels[i].units;
    }
    put_i64(o, "open", orders);
    put_i64(o, units_name, units);
    put(o, "best_price_per_unit_hour",
        side->n > 0 ? json_money(side->levels[0].price.micros) : json_null());
    return o;
}

static json_t *view_last(const struct tape_row *last)
{
    if (!last) return json_null();
    json_t *o = json_object();
    put(o, "price_per_unit_hour", json_money(last->price));
    put_i64(o, "units", last->units);
    put(o, "at", json_time(last->at_us));
    return o;
}

static json_t *view_unit(const struct bundle *b)
{
    json_t *o = json_object();

    put_i64(o, "gpus", b->gpus);
    put_i64(o, "cpu_millis", b->cpu_millis);
    put_i64(o, "memory_bytes", b->memory_bytes);
    put_i64(o, "scratch_bytes", b->scratch_bytes);
    return o;
}

/* ---- the tape ---- */

json_t *view_tape_row(const struct market_info *info, const struct tape_row *r)
{
    const struct trade_row t = { .trade = r->trade,
                                 .at_us = r->at_us,
                                 .pool = r->pool,
                                 .units = r->units,
                                 .price = r->price,
                                 .bid = r->bid,
                                 .ask = r->ask,
                                 .bid_rested = r->bid_rested };
    json_t *o = view_trade(info, &t);

    if (o) put_i64(o, "max_duration_seconds", r->seconds);
    return o;
}

json_t *view_tape(const struct market_info *info, const struct tape_row *rows, size_t n)
{
    json_t *list = json_array();

    for (size_t i = 0; i < n; i++)
        (void)json_array_append_new(list, view_tape_row(info, &rows[i]));
    return list;
}

static void put_volume(json_t *o, const struct candle *c)
{
    put_i64(o, "volume_units", c->units);
    put(o, "volume_unit_hours", hours(c->unit_seconds));
    put_i64(o, "trades", c->trades);
}

json_t *view_candle(const struct candle *c)
{
    json_t *o = json_object();

    put(o, "start_at", json_time(c->start_us));
    put(o, "open", price_or_null(c->open));
    put(o, "high", price_or_null(c->high));
    put(o, "low", price_or_null(c->low));
    put(o, "close", price_or_null(c->close));
    put_volume(o, c);
    return o;
}

static json_t *view_day(const struct candle *c)
{
    json_t *o = json_object();

    put(o, "from_at", json_time(c->start_us));
    put(o, "open", price_or_null(c->open));
    put(o, "high", price_or_null(c->high));
    put(o, "low", price_or_null(c->low));
    put(o, "last", price_or_null(c->close));
    put(o, "change", c->trades > 0 ? json_money(c->close - c->open) : json_null());
    put_volume(o, c);
    return o;
}

json_t *view_index(const struct price_index *i)
{
    json_t *o = json_object();

    put(o, "at", json_time(i->at_us));
    put(o, "price_per_unit_hour", price_or_null(i->value));
    put(o, "low", price_or_null(i->low));
    put(o, "high", price_or_null(i->high));
    put_i64(o, "leases", i->leases);
    put_i64(o, "buyers", i->buyers);
    put_i64(o, "providers", i->providers);
    put(o, "delivered_unit_hours", hours(i->unit_seconds));
    put(o, "stale", json_boolean(i->stale));
    return o;
}

/* ---- figures ---- */

int64_t price_between(const struct depth_side *asks, const struct depth_side *bids)
{
    if (asks->n == 0 || bids->n == 0) return 0;
    const int64_t ask = asks->levels[0].price.micros, bid = bids->levels[0].price.micros;
    return bid / 2 + ask / 2 + (bid % 2 + ask % 2) / 2;
}

/* A stale index is between the best prices of now. */
static struct price_index index_now(const struct figures *f)
{
    struct price_index i = f->index;

    if (i.at_us == 0) i.stale = true;
    if (i.stale) i.value = price_between(f->asks, f->bids);
    return i;
}

static void put_figures(json_t *o, const struct figures *f)
{
    const struct price_index index = index_now(f);

    put(o, "asks", view_side(f->asks, "units_free"));
    put(o, "bids", view_side(f->bids, "units"));
    put(o, "last_trade", view_last(f->last));
    put(o, "day", view_day(&f->day));
    put(o, "index", view_index(&index));
}

json_t *view_ticker(const struct figures *f)
{
    json_t *o = json_object();

    put_figures(o, f);
    return o;
}

json_t *view_pool(const struct pool *pool, const struct figures *f)
{
    json_t *o = json_object();

    put_c(o, "pool", pool->name);
    put(o, "gpu_model", pool->gpu_model[0] ? json_string(pool->gpu_model) : json_null());
    put_i64(o, "gpu_memory_bytes", pool->gpu_memory_bytes);
    put(o, "unit", view_unit(&pool->unit));
    put(o, "tick", json_money(pool->tick.micros));
    put_figures(o, f);
    put(o, "displacement_price", price_or_null(f->displacing));
    return o;
}
