/* SPDX-License-Identifier: Apache-2.0 */
/* Amounts are exact: what a run of the longest time is charged at a price, rounded down as charges
 * are. */
#include "service/quoting.h"

#include "service/explaining.h"
#include "service/price.h"
#include "service/words.h"
#include "json/parse.h"

#define QUOTE_EXTRA 10 /* a tenth above the price */

static void put(json_t *o, const char *name, json_t *v)
{
    (void)json_object_set_new(o, name, v);
}

static json_t *money_or_null(bool known, struct money m)
{
    return known ? json_money(m.micros) : json_null();
}

/* ---- on the market thread ---- */

void quoting_look(struct market *m, int64_t now_us, void *arg)
{
    struct quoting *const q = arg;
    const char *ignored;

    q->now_us = now_us;
    q->displacing = (struct money){ 0 };
    (void)!market_displacement_price(m, q->spec.wants[0].pool, &q->displacing);
    if (!market_quote(m, q->account, &q->spec, now_us, &q->quote, &q->wrong)) return;
    if (q->quote.n == 0)
        (void)!market_explain_spec(m, q->account, &q->spec, now_us, &q->why, &ignored);
}

int32_t quoting_pool(const struct quoting *q)
{
    return q->quote.n > 0 ? q->quote.pool : q->spec.wants[0].pool;
}

/* ---- limits ---- */

static bool bears(const struct market_info *info, struct bid_spec *spec, int64_t limit)
{
    spec->limit.micros = limit;
    return money_cmp(price_want(info, spec), price_least(info, spec)) >= 0;
}

struct money quoting_most(const struct market_info *info, const struct bid_spec *spec, int64_t tick)
{
    struct bid_spec s = *spec;
    int64_t yes = 0, no = MONEY_INPUT_MAX.micros / tick + 1;

    while (no - yes > 1) {
        const int64_t half = yes + (no - yes) / 2;
        if (bears(info, &s, half * tick))
            yes = half;
        else
            no = half;
    }
    return (struct money){ yes * tick };
}

/* The limit for the first want at which the one that is served may pay so much. */
static int64_t for_first(const struct market_info *info, const struct quoting *q, int64_t price)
{
    const struct pool *const first = info_pool(info, q->spec.wants[0].pool);
    const struct pool *const pool = info_pool(info, q->quote.pool);

    if (first == pool || q->spec.rank == RANK_PRICE) return price;
    const __int128 up = (__int128)price * first->throughput + pool->throughput - 1;
    const __int128 limit = up / pool->throughput;
    return limit > MONEY_INPUT_MAX.micros ? MONEY_INPUT_MAX.micros : (int64_t)limit;
}

struct money quoting_limit(const struct market_info *info, const struct quoting *q, int64_t tick)
{
    int64_t dearest = 0;

    if (q->has_limit) return q->spec.limit;
    if (q->spec.own == OWN_ONLY) return (struct money){ tick };
    for (int32_t i = 0; i < q->quote.n; i++)
        if (q->quote.parts[i].price.micros > dearest) dearest = q->quote.parts[i].price.micros;
    if (dearest == 0) return (struct money){ q->quote.n > 0 ? tick : 0 };
    const int64_t more = dearest + (dearest + QUOTE_EXTRA - 1) / QUOTE_EXTRA;
    const int64_t limit = (for_first(info, q, more) + tick - 1) / tick * tick;
    return money_min((struct money){ limit }, q->spec.limit);
}

/* ---- JSON ---- */

static json_t *parts_json(const struct quote *q)
{
    json_t *const list = json_array();

    for (int32_t i = 0; i < q->n; i++) {
        const struct quote_part *const p = &q->parts[i];
        (void)json_array_append_new(
            list,
            json_pack("{s:s, s:i, s:b, s:s, s:s, s:o}", "region", region_names[p->region], "tier",
                      p->tier, "verified", p->verified, "isolation", isolation_names[p->isolation],
                      "interconnect", interconnect_names[p->interconnect], "price_per_unit_hour",
                      json_money(p->price.micros)));
    }
    return list;
}

static json_t *offer_json(const struct market_info *info, const struct quote *q)
{
    const struct pool *const pool = info_pool(info, q->pool);

    if (q->n == 0 || !pool) return json_null();
    return json_pack("{s:s, s:i, s:b, s:o, s:o, s:i}", "pool", pool->name, "units", q->units, "own",
                     q->own, "nodes", parts_json(q), "price_per_hour",
                     json_money(q->per_hour.micros), "runs_at_most_seconds", q->seconds_max);
}

/* What the whole job costs at one price for each unit and hour, when it runs as long as it may. */
static json_t *cost_at(const struct quoting *q, bool known, int64_t price)
{
    const int64_t units = q->quote.n > 0 ? q->quote.units : q->spec.wants[0].units;
    struct money cost;

    if (!known ||
        !money_charge_floor((struct money){ price }, units * q->spec.nodes, q->spec.seconds, &cost))
        return json_null();
    return json_money(cost.micros);
}

static json_t *line_json(int64_t micros, const char *text)
{
    return json_pack("{s:o, s:s}", "amount", json_money(micros), "text", text);
}

static json_t *cost_json(const struct market_info *info, const struct quoting *q,
                         const struct recent_row *recent)
{
    const bool known = recent->trades >= QUOTE_FEW, now = q->quote.n > 0;
    struct money fee = { 0 };
    json_t *const o = json_object();

    if (now) fee = money_share_floor(q->quote.cost, info->rules.fee_bps);
    put(o, "now", money_or_null(now, q->quote.cost));
    put(o, "p50", cost_at(q, known, recent->price_50));
    put(o, "p90", cost_at(q, known, recent->price_90));
    put(o, "trades", json_integer(recent->trades));
    put(o, "fee",
        line_json(fee.micros, "In the cost: the market keeps it from what the provider gets."));
    put(o, "audit", line_json(0, "A signed receipt is all that is checked."));
    put(o, "transfer", line_json(0, "Not charged by this market."));
    put(o, "storage", line_json(0, "Not charged by this market."));
    return o;
}

static json_t *start_json(const struct recent_row *recent)
{
    const bool known = recent->starts >= QUOTE_FEW;

    return json_pack("{s:o, s:o, s:I}", "p50", known ? json_integer(recent->start_50) : json_null(),
                     "p90", known ? json_integer(recent->start_90) : json_null(), "leases",
                     (json_int_t)recent->starts);
}

/* Seconds for which no owner may change his price; whoever comes first takes it all the same. */
static int64_t stands_seconds(const struct quoting *q)
{
    int64_t until_us = INT64_MAX;

    for (int32_t i = 0; i < q->quote.n; i++)
        if (q->quote.parts[i].stands_us < until_us) until_us = q->quote.parts[i].stands_us;
    if (q->quote.n == 0 || q->quote.own || until_us <= q->now_us) return 0;
    return (until_us - q->now_us) / 1000000;
}

json_t *quoting_json(const struct market_info *info, const struct quoting *q, int64_t tick,
                     const struct recent_row *recent)
{
    const struct pool *const pool = info_pool(info, quoting_pool(q));
    struct bid_spec spec = q->spec;
    json_t *const o = json_object();

    spec.limit = quoting_limit(info, q, tick);
    const bool bound = spec.limit.micros > 0;
    put(o, "matches_now", json_boolean(q->quote.n > 0));
    put(o, "at", json_time(q->now_us));
    put(o, "pool", pool ? json_string(pool->name) : json_null());
    put(o, "offer", offer_json(info, &q->quote));
    put(o, "limit_price_per_unit_hour", money_or_null(bound, spec.limit));
    put(o, "hold", money_or_null(bound, price_want(info, &spec)));
    put(o, "cost", cost_json(info, q, recent));
    put(o, "start_seconds", start_json(recent));
    put(o, "displacing_limit", money_or_null(q->displacing.micros > 0, q->displacing));
    put(o, "stands_seconds", json_integer(stands_seconds(q)));
    put(o, "quote_seconds", json_integer(info->rules.quote_seconds));
    put(o, "explanation", q->quote.n > 0 ? json_null() : explaining_json(info, &q->spec, &q->why));
    return o;
}
