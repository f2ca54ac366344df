/* SPDX-License-Identifier: Apache-2.0 */
/* GET /v1/agent/pools/{pool}: what an agent prices its asks by. "Best other" leaves out the asks of
 * the machine's own account, and those of machines that never delivered; of these the last trade
 * does not tell either: an ask that nothing stands behind must not move anybody's price. */
#include "http/found.h"
#include "http/handlers.h"
#include "service/info.h"
#include "store/trades.h"

static json_t *price_or_null(bool known, int64_t micros)
{
    return known ? json_money(micros) : json_null();
}

static json_t *last_trade_json(const struct trade_row *last)
{
    return json_pack("{s:o, s:I, s:o}", "price_per_unit_hour", json_money(last->price), "units",
                     (json_int_t)last->units, "at", json_time(last->at_us));
}

/* The best bid as of the last group. False: replied. */
static bool best_bid(struct req *rq, const struct pool *pool, json_t **out)
{
    struct depth *d = arena_alloc(&rq->arena, sizeof(*d));

    if (!d || !writer_depth(rq->svc->writer, pool->number, d)) {
        reply_refusal(rq, d ? ERR_OVERLOADED : ERR_NO_MEMORY, "The books are not to be seen now.");
        return false;
    }
    *out = price_or_null(d->bids.n > 0, d->bids.n > 0 ? d->bids.levels[0].price.micros : 0);
    return true;
}

void get_agent_pool(struct req *rq)
{
    const struct pool *pool = info_pool_named(rq->svc->info, rq->param[0]);
    struct rival_row rival = { 0 };
    struct trade_row last = { 0 };
    json_t *bid;

    if (!pool) {
        reply_refusal(rq, ERR_NOT_FOUND, "There is no such pool.");
        return;
    }
    const enum db_rc found =
        store_find_rival(rq->db, pool->number, rq->who.account, &rival, &rq->err);
    if (!read_well(rq, found)) return;
    const enum db_rc traded = store_find_proven_trade(rq->db, pool->number, &last, &rq->err);
    if (!read_well(rq, traded)) return;
    if (!best_bid(rq, pool, &bid)) return;
    reply_json(rq, 200,
               json_pack("{s:s, s:o, s:o, s:o, s:o}", "pool", pool->name, "tick",
                         json_money(pool->tick.micros), "best_other_ask_price_per_unit_hour",
                         price_or_null(found == DB_ONE, rival.price),
                         "best_bid_price_per_unit_hour", bid, "last_trade",
                         traded == DB_ONE ? last_trade_json(&last) : json_null()));
}
