/* SPDX-License-Identifier: Apache-2.0 */
#include "service/view.h"

#include "base/id.h"
#include "service/codec.h"
#include "service/payload.h"
#include "service/words.h"
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

static void put_bool(json_t *o, const char *name, bool v)
{
    put(o, name, json_boolean(v));
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

/* ---- asks ---- */

static json_t *member_or(const json_t *o, const char *name, json_t *otherwise)
{
    json_t *found = json_object_get(o, name);

    if (!found) return otherwise;
    json_decref(otherwise);
    return json_incref(found);
}

static json_t *view_sets(int64_t sets)
{
    json_t *list = json_array();

    for (int n = 1; n < 64; n++)
        if (sets >> (n - 1) & 1) (void)json_array_append_new(list, json_integer(n));
    return list;
}

const char *const ask_pricing_names[ASK_PRICINGS + 1] = { "fixed", "undercut", "adaptive", NULL };

static const char *pricing_name(int64_t pricing)
{
    return ask_pricing_names[pricing >= 0 && pricing < ASK_PRICINGS ? pricing : ASK_PRICING_FIXED];
}

json_t *view_ask(const struct market_info *info, const struct ask_row *r)
{
    json_t *o = json_object();

    put(o, "ask_id", view_id("ask_", r->at_us, r->ask));
    put(o, "node_id", view_id("node_", r->node_at_us, r->node));
    put(o, "pool", pool_name(info, r->pool));
    put(o, "price_per_unit_hour", json_money(r->price));
    put(o, "floor_price_per_unit_hour", json_money(r->floor));
    put_c(o, "pricing", pricing_name(r->pricing));
    put_i64(o, "units", r->units);
    put_i64(o, "units_free", r->state == ORDER_OPEN ? r->free : 0);
    put_c(o, "state", order_state_names[r->state]);
    put(o, "reason", view_reason(r->reason));
    put_i64(o, "priority", r->priority);
    put(o, "available_until", json_time(r->until_us));
    put_i64(o, "min_lease_seconds", r->seconds_min);
    put_i64(o, "max_lease_seconds", r->seconds_max);
    put(o, "created_at", json_time(r->at_us));
    const struct ask_spec *s = &r->about.spec;
    put(o, "unit_sets", view_sets(s->sets));
    put_bool(o, "interruptible", s->interruptible);
    put_i64(o, "min_buyer_tier", s->buyer_tier_min);
    put_i64(o, "max_checkpoint_seconds", s->risk_seconds);
    put_c(o, "egress", egress_names[s->egress_max]);
    put_bool(o, "post_only", s->post_only);
    if (r->state == ORDER_OPEN && r->about.parked != 0) put_c(o, "waits_for", "call");
    return o;
}

static bool price_of(const json_t *payload, int64_t *micros)
{
    return json_get_i64(payload, "price", 1, INT64_MAX, micros);
}

json_t *view_ask_price(const struct ask_price_row *row, const struct ask_price_row *before,
                       struct err *err)
{
    auto_json json_t *now = json_parse(row->payload, err);
    auto_json json_t *then = before && now ? json_parse(before->payload, err) : NULL;
    int64_t price, previous = 0;

    if (!now || (before && !then)) return NULL;
    if (!price_of(now, &price) || (then && !price_of(then, &previous))) {
        FAIL(err, ERR_INTERNAL, "A recorded command cannot be read.");
        return NULL;
    }
    const json_t *more = json_object_get(now, "more");
    json_t *o = json_object();
    put(o, "at", json_time(row->at_us));
    put(o, "price_per_unit_hour", json_money(price));
    put(o, "previous_price_per_unit_hour", then ? json_money(previous) : json_null());
    put(o, "by", member_or(more, "by", json_string("owner")));
    put(o, "reason", member_or(more, "reason", json_null()));
    return o;
}

/* ---- leases ---- */

static const char *const fault_names[] = { "nobody", "buyer", "provider" };

static void put_run(json_t *o, const struct lease_row *r)
{
    put(o, "accepted_at", json_time(r->accepted_us));
    put(o, "prepared_at", json_time(r->prepared_us));
    put(o, "gathered_at", json_time(r->gathered_us));
    put(o, "ready_at", json_time(r->ready_us));
    put(o, "stopping_at", json_time(r->stopping_us));
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
    put(o, "insurance", json_money(r->insurance));
    put(o, "base_price_per_unit_hour", r->base > 0 ? json_money(r->base) : json_null());
}

/* Of whom it is one, and who may come before whom. */
static void put_place(json_t *o, const struct lease_row *r)
{
    put_i64(o, "nodes", r->nodes);
    put_i64(o, "rank", r->rank);
    put_bool(o, "own", r->own);
    put_bool(o, "may_be_displaced", r->ripe && r->state == LEASE_RUNNING);
    put_bool(o, "waits", r->waits != 0 && r->state == LEASE_OFFERED);
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
    put_place(o, r);
    return o;
}

json_t *view_lease_brief(const struct lease_row *r)
{
    json_t *o = json_object();

    put(o, "lease_id", view_lease_id("lease_", r->traded_us, r->lease));
    put_i64(o, "epoch", r->epoch);
    put_c(o, "state", lease_state_names[r->state]);
    put_i64(o, "max_seconds", r->seconds_max);
    put_bool(o, "gathered", r->gathered_us != 0);
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
    put_bool(o, "own", r->own);
    put_bool(o, "displacing", r->displacing);
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
    if (account == ACCOUNT_INSURANCE) return "insurance-fund";
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
            put_c(o, "kind", command_name(rows[i].kind));
            put(o, "at", json_time(rows[i].at_us));
            put(o, "lines", lines);
            (void)json_array_append_new(list, o);
        }
        (void)json_array_append_new(lines, view_line(&rows[i], me));
    }
    return list;
}
