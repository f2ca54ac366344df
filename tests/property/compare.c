/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/property/compare.h"

#include <inttypes.h>
#include <stdio.h>

static bool same(const char *kind, int64_t number, const char *field, int64_t real, int64_t model)
{
    if (real == model) return true;
    fprintf(stderr, "%s %" PRId64 ": %s: market %" PRId64 ", naive %" PRId64 "\n", kind, number,
            field, real, model);
    return false;
}

static bool missing(const char *kind, int64_t number)
{
    fprintf(stderr, "%s %" PRId64 ": the market has none\n", kind, number);
    return false;
}

/* Within a comparison: `ok` and `number` are its locals, KIND its name. */
#define SAME(field, r, m)                                                                          \
    if (!same(kind, number, field, (int64_t)(r), (int64_t)(m))) ok = false
#define SAME_FIELD(field) SAME(#field, real->field, model->field)
#define SAME_MONEY(field) SAME_FIELD(field.micros)

/* ---- What a command did ---- */

static bool compare_lines(const struct naive *n, const struct outcome *o)
{
    const char *const kind = "line";
    int64_t number = n->seq;
    bool ok = true;
    SAME("postings", o->postings_n, n->lines_n);
    for (size_t i = 0; ok && i < n->lines_n; i++) {
        number = (int64_t)i;
        SAME("account", o->postings[i].account, n->lines[i].account);
        SAME("bucket", o->postings[i].bucket, n->lines[i].bucket);
        SAME("amount", o->postings[i].amount.micros, n->lines[i].amount.micros);
    }
    return ok;
}

static bool compare_trade(const struct trade *real, const struct trade *model)
{
    const char *const kind = "trade";
    const int64_t number = model->trade;
    bool ok = true;
    SAME_FIELD(trade);
    SAME_FIELD(bid);
    SAME_FIELD(ask);
    SAME_FIELD(node);
    SAME_FIELD(buyer);
    SAME_FIELD(provider);
    SAME_FIELD(pool);
    SAME_FIELD(units);
    SAME_MONEY(price);
    SAME_FIELD(bid_rested);
    SAME_FIELD(own);
    SAME_FIELD(displacing);
    SAME_FIELD(at_us);
    return ok;
}

bool compare_outcome(const struct naive *n, const struct outcome *o, const struct trade *trades)
{
    const char *const kind = "command";
    const int64_t number = n->seq;
    bool ok = true;
    SAME("refused", o->refused, n->refused);
    SAME("again", o->again_us, n->again_us);
    SAME("trades", o->trades_n, n->trades_n);
    for (size_t i = 0; i < n->trades_n && (int32_t)i < o->trades_n; i++)
        if (!compare_trade(&trades[(size_t)o->trades_first + i], &n->trades[i])) return false;
    return compare_lines(n, o) && ok;
}

/* ---- Objects ---- */

bool compare_balance(const struct balance *real, const struct balance *model)
{
    const char *const kind = "account";
    const int64_t number = model->account;
    bool ok = true;
    if (real == NULL) return missing(kind, number);
    SAME_FIELD(account);
    SAME_MONEY(available);
    SAME_MONEY(held);
    return ok;
}

bool compare_standing(const struct standing *real, const struct standing *model)
{
    const char *const kind = "standing of account";
    const int64_t number = model->account;
    bool ok = true;
    if (real == NULL) return missing(kind, number);
    SAME_FIELD(account);
    SAME_FIELD(tier);
    SAME_FIELD(team);
    SAME_FIELD(quota);
    SAME_FIELD(invited_by);
    SAME_FIELD(invited_quota);
    return ok;
}

bool compare_pool_state(const struct pool_state *real, const struct pool_state *model)
{
    const char *const kind = "pool";
    const int64_t number = model->pool;
    bool ok = true;
    if (real == NULL) return missing(kind, number);
    SAME_FIELD(pool);
    SAME_FIELD(call_us);
    SAME_FIELD(called_seq);
    SAME_MONEY(cursor_limit);
    SAME_FIELD(cursor_priority);
    SAME_FIELD(recent_n);
    for (int32_t i = 0; ok && i < model->recent_n; i++) {
        SAME_MONEY(recent[i]);
        SAME_FIELD(recent_sellers[i]);
    }
    return ok;
}

static bool compare_traits(const char *kind, int64_t number, const struct traits *real,
                           const struct traits *model)
{
    bool ok = true;
    SAME_FIELD(region);
    SAME_FIELD(tier);
    SAME_FIELD(verified);
    SAME_FIELD(isolation);
    SAME_FIELD(interconnect);
    SAME_FIELD(bandwidth_mbps);
    SAME_FIELD(label);
    SAME_FIELD(site);
    return ok;
}

bool compare_node(const struct node *real, const struct node *model)
{
    const char *const kind = "node";
    const int64_t number = model->node;
    bool ok = true;
    if (real == NULL) return missing(kind, number);
    SAME_FIELD(node);
    SAME_FIELD(account);
    SAME_FIELD(at_us);
    SAME_FIELD(spec.cpu_millis);
    SAME_FIELD(spec.memory_bytes);
    SAME_FIELD(spec.scratch_bytes);
    SAME_FIELD(spec.gpu_pool);
    SAME_FIELD(spec.gpus);
    SAME_FIELD(strikes);
    SAME_FIELD(backoff_us);
    SAME_FIELD(quoted_us);
    SAME_FIELD(ill_since_us);
    SAME_FIELD(ill_us);
    SAME_FIELD(drain_us);
    SAME_FIELD(drain_stops);
    return compare_traits(kind, number, &real->spec.traits, &model->spec.traits) && ok;
}

static bool compare_ask_spec(int64_t number, const struct ask_spec *real,
                             const struct ask_spec *model)
{
    const char *const kind = "ask";
    bool ok = true;
    SAME_FIELD(node);
    SAME_FIELD(pool);
    SAME_MONEY(price);
    SAME_MONEY(floor);
    SAME_FIELD(units);
    SAME_FIELD(until_us);
    SAME_FIELD(seconds_min);
    SAME_FIELD(seconds_max);
    SAME_FIELD(sets);
    SAME_FIELD(interruptible);
    SAME_FIELD(buyer_tier_min);
    SAME_FIELD(egress_max);
    SAME_FIELD(risk_seconds);
    SAME_FIELD(post_only);
    return ok;
}

bool compare_ask(const struct ask *real, const struct ask *model)
{
    const char *const kind = "ask";
    const int64_t number = model->ask;
    bool ok = true;
    if (real == NULL) return missing(kind, number);
    SAME_FIELD(ask);
    SAME_FIELD(account);
    SAME_FIELD(at_us);
    SAME_FIELD(priority);
    SAME_FIELD(stale);
    SAME_FIELD(parked);
    SAME_FIELD(free);
    SAME_FIELD(state);
    SAME_FIELD(reason);
    ok = compare_ask_spec(number, &real->spec, &model->spec) && ok;
    return compare_traits(kind, number, &real->traits, &model->traits) && ok;
}

static bool compare_wish(int64_t number, const struct wish *real, const struct wish *model)
{
    const char *const kind = "bid";
    bool ok = true;
    SAME_FIELD(regions);
    SAME_FIELD(tier_min);
    SAME_FIELD(verified);
    SAME_FIELD(isolation_min);
    SAME_FIELD(interconnect_min);
    SAME_FIELD(bandwidth_min_mbps);
    SAME_FIELD(label);
    SAME_FIELD(egress);
    return ok;
}

static bool compare_bid_spec(int64_t number, const struct bid_spec *real,
                             const struct bid_spec *model)
{
    const char *const kind = "bid";
    bool ok = true;
    SAME_FIELD(wants_n);
    for (int32_t i = 0; ok && i < model->wants_n; i++) {
        SAME_FIELD(wants[i].pool);
        SAME_FIELD(wants[i].units);
    }
    SAME_MONEY(limit);
    SAME_MONEY(budget);
    SAME_FIELD(nodes);
    SAME_FIELD(same_site);
    SAME_FIELD(seconds);
    SAME_FIELD(checkpoint_seconds);
    SAME_FIELD(expires_us);
    SAME_FIELD(attempts_max);
    SAME_FIELD(tif);
    SAME_FIELD(rank);
    SAME_FIELD(own);
    SAME_FIELD(interruptible);
    SAME_FIELD(auction_ms);
    return compare_wish(number, &real->wish, &model->wish) && ok;
}

bool compare_bid(const struct bid *real, const struct bid *model)
{
    const char *const kind = "bid";
    const int64_t number = model->bid;
    bool ok = true;
    if (real == NULL) return missing(kind, number);
    SAME_FIELD(bid);
    SAME_FIELD(account);
    SAME_FIELD(at_us);
    SAME_FIELD(priority);
    SAME_FIELD(tier);
    SAME_FIELD(sealed);
    SAME_FIELD(parked);
    SAME_FIELD(parked_pool);
    SAME_FIELD(state);
    SAME_FIELD(job);
    SAME_MONEY(spent);
    SAME_MONEY(hold);
    SAME_FIELD(lease);
    SAME_FIELD(leases_n);
    SAME_FIELD(live);
    SAME_FIELD(attempts);
    SAME_FIELD(verdict);
    SAME_FIELD(verdict_reason);
    SAME_FIELD(exit_code);
    SAME_FIELD(reason);
    SAME_FIELD(excluded_n);
    for (int32_t i = 0; ok && i < model->excluded_n; i++)
        SAME_FIELD(excluded[i]);
    return compare_bid_spec(number, &real->spec, &model->spec) && ok;
}

static bool compare_lease_end(const struct lease *real, const struct lease *model)
{
    const char *const kind = "lease";
    const int64_t number = model->lease;
    bool ok = true;
    SAME_FIELD(ended_us);
    SAME_FIELD(seconds_signed);
    SAME_FIELD(ill_us);
    SAME_FIELD(seconds_observed);
    SAME_FIELD(seconds_billed);
    SAME_FIELD(checkpoint);
    SAME_FIELD(seconds_kept);
    SAME_FIELD(seconds_looked);
    SAME_MONEY(charge);
    SAME_MONEY(fee);
    SAME_MONEY(payout);
    SAME_MONEY(insurance);
    SAME_FIELD(exit_code);
    SAME_FIELD(reason);
    SAME_FIELD(fault);
    return ok;
}

bool compare_lease(const struct lease *real, const struct lease *model)
{
    const char *const kind = "lease";
    const int64_t number = model->lease;
    bool ok = true;
    if (real == NULL) return missing(kind, number);
    SAME_FIELD(lease);
    SAME_FIELD(bid);
    SAME_FIELD(ask);
    SAME_FIELD(node);
    SAME_FIELD(buyer);
    SAME_FIELD(provider);
    SAME_FIELD(pool);
    SAME_FIELD(units);
    SAME_MONEY(price);
    SAME_MONEY(base);
    SAME_FIELD(own);
    SAME_FIELD(ripe);
    SAME_FIELD(waits);
    SAME_FIELD(seconds_max);
    SAME_MONEY(hold);
    SAME_FIELD(state);
    SAME_FIELD(epoch);
    SAME_FIELD(traded_us);
    SAME_FIELD(accepted_us);
    SAME_FIELD(prepared_us);
    SAME_FIELD(gathered_us);
    SAME_FIELD(ready_us);
    SAME_FIELD(stopping_us);
    return compare_lease_end(real, model) && ok;
}

bool compare_payout(const struct payout *real, const struct payout *model)
{
    const char *const kind = "payout";
    const int64_t number = model->payout;
    bool ok = true;
    if (real == NULL) return missing(kind, number);
    SAME_FIELD(payout);
    SAME_FIELD(account);
    SAME_MONEY(amount);
    SAME_FIELD(state);
    SAME_FIELD(at_us);
    return ok;
}

bool compare_offer(const struct offer *real, const struct offer *model)
{
    const char *const kind = "offer for bid";
    const int64_t number = model->bid;
    bool ok = true;
    SAME_FIELD(bid);
    SAME_FIELD(ask);
    SAME_MONEY(price);
    SAME_FIELD(seq);
    return ok;
}

/* ---- The market as a whole ---- */

bool compare_balances(const struct market *m, const struct naive *n)
{
    for (size_t i = 0; i < n->accounts_n; i++)
        if (!compare_balance(market_balance(m, n->accounts[i].account), &n->accounts[i]))
            return false;
    return true;
}

bool compare_due(const struct market *m, const struct naive *n, int64_t now_us)
{
    const char *const kind = "due at";
    const int64_t number = now_us;
    struct command real = { 0 }, model = { 0 };
    int64_t real_next = 0, model_next = 0;
    bool ok = true;
    const bool real_due = market_due(m, now_us, &real, &real_next);
    const bool model_due = naive_due(n, now_us, &model, &model_next);
    SAME("is anything due", real_due, model_due);
    if (!real_due && !model_due) {
        SAME("next", real_next, model_next);
        return ok;
    }
    SAME("kind", real.kind, model.kind);
    SAME("account", real.account, model.account);
    switch ((int)model.kind) {
    case COMMAND_CALL: SAME("pool", real.u.call.pool, model.u.call.pool); break;
    case COMMAND_EXPIRE_ORDER:
    case COMMAND_REENTER:
    case COMMAND_CLOSE_AUCTION:
    case COMMAND_TRIM: SAME("order", real.u.order.order, model.u.order.order); break;
    default:
        SAME("lease", real.u.lease.lease, model.u.lease.lease);
        SAME("epoch", real.u.lease.epoch, model.u.lease.epoch);
        break;
    }
    return ok;
}

static bool compare_load(const struct market *m, const struct naive *n, int64_t number)
{
    const struct node *real = market_node(m, number);
    const struct needs model = naive_load(n, number);
    const char *const kind = "load of node";
    bool ok = true;
    if (real == NULL) return missing(kind, number);
    SAME("gpus", real->offered.gpus, model.gpus);
    SAME("cpu", real->offered.cpu_millis, model.cpu_millis);
    SAME("memory", real->offered.memory_bytes, model.memory_bytes);
    SAME("scratch", real->offered.scratch_bytes, model.scratch_bytes);
    return ok;
}

struct living {
    const struct naive *n;
    size_t seen;
    bool ok;
};

static void see_lease(void *arg, const struct lease *l)
{
    struct living *s = arg;
    for (size_t i = 0; i < s->n->leases_n; i++) {
        if (s->n->leases[i].lease != l->lease) continue;
        s->seen += naive_lease_lives(&s->n->leases[i]);
        return;
    }
    s->ok = same("lease", l->lease, "is there", 1, 0);
}

static bool compare_living(const struct market *m, const struct naive *n)
{
    struct living s = { n, 0, true };
    size_t live = 0;
    for (size_t i = 0; i < n->leases_n; i++)
        live += naive_lease_lives(&n->leases[i]);
    market_each_lease(m, see_lease, &s);
    return same("leases", 0, "live", (int64_t)s.seen, (int64_t)live) && s.ok;
}

bool compare_market(const struct market *m, const struct naive *n)
{
    bool ok = compare_balances(m, n) && compare_living(m, n);
    for (size_t i = 0; i < n->accounts_n; i++)
        if (n->accounts[i].account >= ACCOUNT_FIRST)
            ok = compare_standing(market_standing(m, n->accounts[i].account), &n->standings[i]) &&
                 ok;
    for (size_t i = 0; i < n->pools_n; i++)
        ok = compare_pool_state(market_pool_state(m, n->pools[i].number), &n->states[i]) && ok;
    for (size_t i = 0; i < n->nodes_n; i++)
        ok = compare_node(market_node(m, n->nodes[i].node), &n->nodes[i]) &&
             compare_load(m, n, n->nodes[i].node) && ok;
    for (size_t i = 0; i < n->asks_n; i++)
        ok = compare_ask(market_ask(m, n->asks[i].ask), &n->asks[i]) && ok;
    for (size_t i = 0; i < n->bids_n; i++)
        ok = compare_bid(market_bid(m, n->bids[i].bid), &n->bids[i]) && ok;
    for (size_t i = 0; i < n->leases_n; i++)
        ok = compare_lease(market_lease(m, n->leases[i].lease), &n->leases[i]) && ok;
    for (size_t i = 0; i < n->payouts_n; i++)
        ok = compare_payout(market_payout(m, n->payouts[i].payout), &n->payouts[i]) && ok;
    return same("market", 0, "last seq", market_last_seq(m), n->last_seq) &&
           same("market", 0, "last time", market_last_us(m), n->last_us) && ok;
}
