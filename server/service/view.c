/* SPDX-License-Identifier: Apache-2.0 */
#include "service/view.h"

#include "base/id.h"
#include "service/payload.h"
#include "json/parse.h"

#define INDEX_BITS 12
#define INDEX_MASK 4095

/* Takes the reference of `v`. What there is no memory for is left out. */
static void put(json_t *o, const char *name, json_t *v)
{
    (void)json_object_set_new(o, name, v);
}

static void put_i64(json_t *o, const char *name, int64_t v)
{
    put(o, name, json_integer(v));
}

static void put_c(json_t *o, const char *name, const char *v)
{
    put(o, name, json_string(v));
}

static json_t *i64_or_null(bool known, int64_t v)
{
    return known ? json_integer(v) : json_null();
}

json_t *view_id(const char *prefix, int64_t at_us, int64_t number)
{
    char text[ID_TEXT_MAX];

    if (number == 0) return json_null();
    id_format(prefix, id_make(at_us, number, 0), text);
    return json_string(text);
}

struct id lease_id_of(int64_t traded_us, int64_t lease)
{
    return id_make(traded_us, lease >> INDEX_BITS, (int)(lease & INDEX_MASK));
}

json_t *view_lease_id(const char *prefix, int64_t traded_us, int64_t lease)
{
    char text[ID_TEXT_MAX];

    if (lease == 0) return json_null();
    id_format(prefix, lease_id_of(traded_us, lease), text);
    return json_string(text);
}

json_t *view_reason(int64_t reason)
{
    if (reason <= REASON_NONE || reason >= REASONS) return json_null();
    return json_string(reason_names[reason]);
}

static json_t *pool_name(const struct market_info *info, int64_t pool)
{
    const struct pool *p = info_pool(info, (int32_t)pool);

    return json_string(p ? p->name : "unknown");
}

/* ---- jobs and bids ---- */

static json_t *text_or_null(struct str s)
{
    return s.p ? json_text(s) : json_null();
}

static json_t *member_or(const json_t *o, const char *name, json_t *otherwise)
{
    json_t *found = json_object_get(o, name);

    if (!found) return otherwise;
    json_decref(otherwise);
    return json_incref(found);
}

static bool has_exit_code(const struct job_row *r)
{
    return r->job >= JOB_SETTLED && r->exited && r->reason == r->last_reason;
}

json_t *view_job(const struct market_info *info, const struct job_row *r)
{
    struct err ignored = { 0 };
    auto_json json_t *about = payload_more(r->payload, &ignored);
    json_t *o = json_object();

    put(o, "job_id", view_id("job_", r->at_us, r->bid));
    put(o, "bid_id", view_id("bid_", r->at_us, r->bid));
    put(o, "name", member_or(about, "name", json_null()));
    put_c(o, "state", job_state_names[r->job]);
    put(o, "reason", view_reason(r->reason));
    put(o, "image", member_or(about, "image", json_string("")));
    put(o, "image_digest", text_or_null(r->image_digest));
    put(o, "command", member_or(about, "command", json_array()));
    put(o, "pool", pool_name(info, r->pool));
    put_i64(o, "units", r->units);
    put(o, "budget", json_money(r->budget));
    put(o, "spent", json_money(r->spent));
    put(o, "held", json_money(r->hold));
    put(o, "limit_price_per_unit_hour", json_money(r->price));
    put_i64(o, "max_duration_seconds", r->seconds);
    put(o, "expires_at", json_time(r->expires_us));
    put_i64(o, "attempts", r->attempts);
    put_i64(o, "max_attempts", r->attempts_max);
    put(o, "exit_code", i64_or_null(has_exit_code(r), r->exit_code));
    put(o, "created_at", json_time(r->at_us));
    put(o, "lease_id", view_lease_id("lease_", r->last_traded_us, r->last_lease));
    put(o, "level", member_or(about, "level", json_string("signed")));
    put(o, "kind", member_or(about, "kind", json_string("batch")));
    return o;
}

json_t *view_bid(const struct market_info *info, const struct job_row *r)
{
    json_t *o = json_object();

    put(o, "bid_id", view_id("bid_", r->at_us, r->bid));
    put(o, "job_id", view_id("job_", r->at_us, r->bid));
    put(o, "pool", pool_name(info, r->pool));
    put_i64(o, "units", r->units);
    put(o, "limit_price_per_unit_hour", json_money(r->price));
    put_c(o, "state", order_state_names[r->state]);
    put_i64(o, "priority", r->priority);
    put(o, "held", json_money(r->hold));
    put(o, "expires_at", json_time(r->expires_us));
    put(o, "created_at", json_time(r->at_us));
    return o;
}

/* ---- asks ---- */

json_t *view_ask(const struct market_info *info, const struct ask_row *r)
{
    json_t *o = json_object();

    put(o, "ask_id", view_id("ask_", r->at_us, r->ask));
    put(o, "node_id", view_id("node_", r->node_at_us, r->node));
    put(o, "pool", pool_name(info, r->pool));
    put(o, "price_per_unit_hour", json_money(r->price));
    put(o, "floor_price_per_unit_hour", json_money(r->floor));
    put_i64(o, "units", r->units);
    put_i64(o, "units_free", r->state == ORDER_OPEN ? r->free : 0);
    put_c(o, "state", order_state_names[r->state]);
    put(o, "reason", view_reason(r->reason));
    put_i64(o, "priority", r->priority);
    put(o, "available_until", json_time(r->until_us));
    put_i64(o, "min_lease_seconds", r->seconds_min);
    put_i64(o, "max_lease_seconds", r->seconds_max);
    put(o, "created_at", json_time(r->at_us));
    return o;
}

/* ---- leases ---- */

static const char *const fault_names[] = { "nobody", "buyer", "provider" };

static void put_run(json_t *o, const struct lease_row *r)
{
    put(o, "accepted_at", json_time(r->accepted_us));
    put(o, "ready_at", json_time(r->ready_us));
    put(o, "ended_at", json_time(r->ended_us));
    put(o, "seconds_signed", i64_or_null(r->exited, r->seconds_signed));
    put(o, "seconds_observed", i64_or_null(r->exited, r->seconds_observed));
    put(o, "seconds_billed", i64_or_null(r->ended_us != 0, r->seconds_billed));
    put_i64(o, "max_seconds", r->seconds_max);
}

static void put_bill(json_t *o, const struct lease_row *r)
{
    put(o, "hold", json_money(r->hold));
    put(o, "charge", json_money(r->charge));
    put(o, "fee", json_money(r->fee));
    put(o, "payout", json_money(r->payout));
}

json_t *view_lease(const struct market_info *info, const struct lease_row *r, int64_t me)
{
    json_t *o = json_object();

    put(o, "lease_id", view_lease_id("lease_", r->traded_us, r->lease));
    put(o, "trade_id", view_lease_id("trade_", r->traded_us, r->lease));
    put(o, "job_id", view_id("job_", r->bid_at_us, r->bid));
    put(o, "ask_id", view_id("ask_", r->ask_at_us, r->ask));
    put(o, "node_id", view_id("node_", r->node_at_us, r->node));
    put(o, "pool", pool_name(info, r->pool));
    put_i64(o, "units", r->units);
    put(o, "price_per_unit_hour", json_money(r->price));
    put_c(o, "state", lease_state_names[r->state]);
    put_i64(o, "epoch", r->epoch);
    put(o, "reason", view_reason(r->reason));
    put_c(o, "fault", fault_names[r->fault]);
    put(o, "traded_at", json_time(r->traded_us));
    put_run(o, r);
    put_bill(o, r);
    put(o, "exit_code", i64_or_null(r->exited, r->exit_code));
    put_c(o, "role", r->buyer == me ? "buyer" : "provider");
    return o;
}

json_t *view_lease_brief(const struct lease_row *r)
{
    json_t *o = json_object();

    put(o, "lease_id", view_lease_id("lease_", r->traded_us, r->lease));
    put_i64(o, "epoch", r->epoch);
    put_c(o, "state", lease_state_names[r->state]);
    put_i64(o, "max_seconds", r->seconds_max);
    return o;
}

/* ---- the tape ---- */

json_t *view_trade(const struct market_info *info, const struct trade_row *r)
{
    json_t *o = json_object();

    put(o, "trade_id", view_lease_id("trade_", r->at_us, r->trade));
    put(o, "pool", pool_name(info, r->pool));
    put_i64(o, "units", r->units);
    put(o, "price_per_unit_hour", json_money(r->price));
    put_c(o, "taker", r->bid_rested ? "ask" : "bid");
    put(o, "at", json_time(r->at_us));
    return o;
}

json_t *view_trades(const struct market_info *info, const struct trade_row *rows, size_t n)
{
    json_t *list = json_array();

    for (size_t i = 0; i < n; i++)
        (void)json_array_append_new(list, view_trade(info, &rows[i]));
    return list;
}

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

static json_t *view_last(const struct trade_row *last)
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

json_t *view_pool(const struct pool *pool, const struct depth_side *asks,
                  const struct depth_side *bids, const struct trade_row *last)
{
    json_t *o = json_object();

    put_c(o, "pool", pool->name);
    put(o, "gpu_model", pool->gpu_model[0] ? json_string(pool->gpu_model) : json_null());
    put_i64(o, "gpu_memory_bytes", pool->gpu_memory_bytes);
    put(o, "unit", view_unit(&pool->unit));
    put(o, "tick", json_money(pool->tick.micros));
    put(o, "asks", view_side(asks, "units_free"));
    put(o, "bids", view_side(bids, "units"));
    put(o, "last_trade", view_last(last));
    return o;
}

/* ---- money ---- */

static const char *const payout_state_names[] = { "requested", "requested", "paid", "failed" };

json_t *view_payout(const struct payout_row *r)
{
    json_t *o = json_object();

    put(o, "payout_id", view_id("payout_", r->at_us, r->payout));
    put(o, "amount", json_money(r->amount));
    put_c(o, "state", payout_state_names[r->state]);
    put_c(o, "rail", "operator");
    put(o, "created_at", json_time(r->at_us));
    return o;
}

static const char *whose(int64_t account, int64_t me)
{
    if (account == me) return "self";
    if (account == ACCOUNT_WORLD) return "world";
    return account == ACCOUNT_FEES ? "market-fees" : "counterparty";
}

static json_t *view_line(const struct entry_line_row *r, int64_t me)
{
    json_t *o = json_object();

    put_c(o, "account", whose(r->account, me));
    put_c(o, "bucket", r->bucket == BUCKET_HELD ? "held" : "available");
    put(o, "amount", json_money(r->amount));
    return o;
}

json_t *view_entries(const struct entry_line_row *rows, size_t n, int64_t me)
{
    json_t *list = json_array(), *lines = NULL;

    for (size_t i = 0; i < n; i++) {
        if (i == 0 || rows[i].seq != rows[i - 1].seq) {
            json_t *o = json_object();
            lines = json_array();
            put_i64(o, "entry", rows[i].seq);
            put_c(o, "kind", command_names[rows[i].kind]);
            put(o, "at", json_time(rows[i].at_us));
            put(o, "lines", lines);
            (void)json_array_append_new(list, o);
        }
        (void)json_array_append_new(lines, view_line(&rows[i], me));
    }
    return list;
}
