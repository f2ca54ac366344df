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
#define SAME_MONEY(field) SAME(#field, real->field.micros, model->field)

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
        SAME("amount", o->postings[i].amount.micros, n->lines[i].amount);
    }
    return ok;
}

static bool compare_trade(const struct trade *real, const struct naive_trade *model, int64_t at)
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
    SAME("at_us", real->at_us, at);
    return ok;
}

bool compare_outcome(const struct naive *n, const struct outcome *o, const struct trade *trades)
{
    const char *const kind = "command";
    const int64_t number = n->seq;
    bool ok = true;
    SAME("refused", o->refused, n->refused);
    SAME("trades", o->trades_n, n->trades_n);
    if (!compare_lines(n, o) || !ok) return false;
    for (size_t i = 0; ok && i < n->trades_n; i++)
        ok = compare_trade(&trades[(size_t)o->trades_first + i], &n->trades[i], n->now);
    return ok;
}

/* ---- Objects ---- */

bool compare_balance(const struct balance *real, const struct naive_account *model)
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

bool compare_node(const struct node *real, const struct naive_node *model)
{
    const char *const kind = "node";
    const int64_t number = model->node;
    bool ok = true;
    if (real == NULL) return missing(kind, number);
    SAME_FIELD(node);
    SAME_FIELD(account);
    SAME_FIELD(spec.cpu_millis);
    SAME_FIELD(spec.memory_bytes);
    SAME_FIELD(spec.scratch_bytes);
    SAME_FIELD(spec.gpu_pool);
    SAME_FIELD(spec.gpus);
    return ok;
}

bool compare_ask(const struct ask *real, const struct naive_ask *model)
{
    const char *const kind = "ask";
    const int64_t number = model->ask;
    bool ok = true;
    if (real == NULL) return missing(kind, number);
    SAME_FIELD(ask);
    SAME_FIELD(account);
    SAME_FIELD(priority);
    SAME_FIELD(spec.node);
    SAME_FIELD(spec.pool);
    SAME_FIELD(spec.price.micros);
    SAME_FIELD(spec.floor.micros);
    SAME_FIELD(spec.units);
    SAME_FIELD(spec.until_us);
    SAME_FIELD(spec.seconds_min);
    SAME_FIELD(spec.seconds_max);
    SAME_FIELD(free);
    SAME_FIELD(state);
    SAME_FIELD(reason);
    return ok;
}

bool compare_bid(const struct bid *real, const struct naive_bid *model)
{
    const char *const kind = "bid";
    const int64_t number = model->bid;
    bool ok = true;
    if (real == NULL) return missing(kind, number);
    SAME_FIELD(bid);
    SAME_FIELD(account);
    SAME_FIELD(priority);
    SAME_FIELD(spec.pool);
    SAME_FIELD(spec.limit.micros);
    SAME_FIELD(spec.budget.micros);
    SAME_FIELD(spec.units);
    SAME_FIELD(spec.seconds);
    SAME_FIELD(spec.expires_us);
    SAME_FIELD(spec.attempts_max);
    SAME_FIELD(state);
    SAME_FIELD(job);
    SAME_MONEY(spent);
    SAME_MONEY(hold);
    SAME_FIELD(lease);
    SAME_FIELD(attempts);
    SAME_FIELD(exit_code);
    SAME_FIELD(reason);
    SAME_FIELD(excluded_n);
    for (int32_t i = 0; ok && i < model->excluded_n; i++)
        SAME_FIELD(excluded[i]);
    return ok;
}

static bool compare_lease_end(const struct lease *real, const struct naive_lease *model)
{
    const char *const kind = "lease";
    const int64_t number = model->lease;
    bool ok = true;
    SAME_FIELD(ended_us);
    SAME_FIELD(seconds_signed);
    SAME_FIELD(seconds_observed);
    SAME_FIELD(seconds_billed);
    SAME_MONEY(charge);
    SAME_MONEY(fee);
    SAME_MONEY(payout);
    SAME_FIELD(exit_code);
    SAME_FIELD(reason);
    SAME_FIELD(fault);
    return ok;
}

bool compare_lease(const struct lease *real, const struct naive_lease *model)
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
    SAME_FIELD(seconds_max);
    SAME_MONEY(hold);
    SAME_FIELD(state);
    SAME_FIELD(epoch);
    SAME_FIELD(traded_us);
    SAME_FIELD(accepted_us);
    SAME_FIELD(ready_us);
    SAME_FIELD(stopping_us);
    return compare_lease_end(real, model) && ok;
}

bool compare_payout(const struct payout *real, const struct naive_payout *model)
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
    if (!real_due || !model_due) {
        SAME("next", real_next, model_next);
        return ok;
    }
    SAME("kind", real.kind, model.kind);
    SAME("account", real.account, model.account);
    if (model.kind == COMMAND_EXPIRE_ORDER) {
        SAME("order", real.u.order.order, model.u.order.order);
    } else {
        SAME("lease", real.u.lease.lease, model.u.lease.lease);
        SAME("epoch", real.u.lease.epoch, model.u.lease.epoch);
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
