/* SPDX-License-Identifier: Apache-2.0 */
/* The last part of the naive market: leases as plain ifs, what is due, the final and the laws. */
#include "tests/property/naive.h"

#include <assert.h>

#define SECOND_US INT64_C(1000000)

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* ---- The end of a lease ---- */

static void end_lease(struct naive *n, struct naive_lease *l, enum lease_state state,
                      enum reason reason, enum fault fault)
{
    l->state = state;
    l->reason = reason;
    l->fault = fault;
    l->ended_us = n->now;
    struct naive_ask *a = naive_ask(n, l->ask);
    if (a != NULL && a->state == ORDER_OPEN) {
        a->free += l->units;
        a->priority = n->seq;
    }
}

/* After the bid of the ended lease has had its turn. */
static void ask_again(struct naive *n, const struct naive_lease *l)
{
    struct naive_ask *a = naive_ask(n, l->ask);
    if (a != NULL && a->state == ORDER_OPEN) naive_ask_meets_bids(n, a);
}

static void withdraw_ask(struct naive *n, const struct naive_lease *l, enum reason reason)
{
    struct naive_ask *a = naive_ask(n, l->ask);
    if (a == NULL || a->state != ORDER_OPEN) return;
    a->state = ORDER_CANCELLED;
    a->reason = reason;
}

static void try_again(struct naive *n, const struct naive_lease *l)
{
    struct naive_bid *b = naive_bid(n, l->bid);
    b->excluded[b->excluded_n++] = l->node;
    b->lease = 0;
    const int64_t limit = b->spec.limit.micros, want = naive_want(b, limit);
    if (b->attempts == b->spec.attempts_max) {
        naive_end_bid(n, b, ORDER_FAILED, JOB_FAILED, REASON_ATTEMPTS_SPENT);
    } else if (b->spec.expires_us <= n->now) {
        naive_end_bid(n, b, ORDER_EXPIRED, JOB_EXPIRED, REASON_EXPIRED);
    } else if (naive_wants_too_little(n, b, limit)) {
        naive_end_bid(n, b, ORDER_FAILED, JOB_FAILED, REASON_BUDGET_SPENT);
    } else if (want - b->hold > naive_available(n, b->account)) {
        naive_end_bid(n, b, ORDER_FAILED, JOB_FAILED, REASON_NO_FUNDS);
    } else {
        naive_move(n, b->account, BUCKET_AVAILABLE, b->hold - want);
        naive_move(n, b->account, BUCKET_HELD, want - b->hold);
        b->hold = want;
        b->state = ORDER_OPEN;
        b->job = JOB_OPEN;
        b->priority = n->seq;
        naive_bid_meets_asks(n, b);
    }
}

/* Nothing is paid and the bid looks for another node. */
static void end_and_try_again(struct naive *n, struct naive_lease *l, enum lease_state state,
                              enum reason reason, enum fault fault)
{
    end_lease(n, l, state, reason, fault);
    try_again(n, l);
    ask_again(n, l);
}

void naive_cancel_offer(struct naive *n, struct naive_lease *l)
{
    struct naive_bid *b = naive_bid(n, l->bid);
    end_lease(n, l, LEASE_VOID, REASON_CANCELLED, WHOSE_NOBODY);
    b->lease = 0;
    naive_end_bid(n, b, ORDER_CANCELLED, JOB_CANCELLED, REASON_CANCELLED);
    ask_again(n, l);
}

/* ---- Settling ---- */

static void settle_money(struct naive *n, struct naive_lease *l, int64_t seconds, bool free)
{
    struct naive_bid *b = naive_bid(n, l->bid);
    const __int128 charge = free ? 0 : naive_charge(l->price, l->units, seconds);
    const int64_t c = charge < b->hold ? (int64_t)charge : b->hold;
    const int64_t fee = (int64_t)((__int128)c * n->rules.fee_bps / 10000);
    naive_move(n, l->buyer, BUCKET_HELD, -b->hold);
    naive_move(n, l->buyer, BUCKET_AVAILABLE, b->hold - c);
    naive_move(n, l->provider, BUCKET_AVAILABLE, c - fee);
    naive_move(n, 2, BUCKET_AVAILABLE, fee);
    l->seconds_billed = free ? 0 : seconds;
    l->charge = c;
    l->fee = fee;
    l->payout = c - fee;
    b->spent += c;
    b->hold = 0;
}

static void finish_bid(struct naive_bid *b, const struct naive_lease *l, enum job_state job)
{
    b->job = job;
    b->reason = l->reason;
    b->exit_code = l->exit_code;
    b->lease = 0;
}

static enum job_state job_after(const struct naive_lease *l)
{
    if (l->reason == REASON_CANCELLED) return JOB_CANCELLED;
    if (l->reason == REASON_DONE && l->exit_code == 0) return JOB_SETTLED;
    return JOB_FAILED;
}

/* ---- Lease commands, each as the page has it ---- */

static enum err_code decline(struct naive *n, struct naive_lease *l)
{
    if (l->state != LEASE_OFFERED) return ERR_WRONG_STATE;
    withdraw_ask(n, l, REASON_DECLINED);
    end_and_try_again(n, l, LEASE_VOID, REASON_DECLINED, WHOSE_PROVIDER);
    return ERR_NONE;
}

static enum err_code accept(struct naive *n, struct naive_lease *l)
{
    if (l->state != LEASE_OFFERED) return ERR_WRONG_STATE;
    l->state = LEASE_PREPARING;
    l->accepted_us = n->now;
    return ERR_NONE;
}

static enum err_code ready(struct naive *n, struct naive_lease *l)
{
    if (l->state != LEASE_PREPARING) return ERR_WRONG_STATE;
    l->state = LEASE_RUNNING;
    l->ready_us = n->now;
    naive_bid(n, l->bid)->job = JOB_RUNNING;
    return ERR_NONE;
}

static enum err_code timeout(struct naive *n, struct naive_lease *l)
{
    if (l->state == LEASE_OFFERED && l->traded_us + n->rules.offer_seconds * SECOND_US <= n->now) {
        withdraw_ask(n, l, REASON_OFFER_TIMEOUT);
        end_and_try_again(n, l, LEASE_VOID, REASON_OFFER_TIMEOUT, WHOSE_PROVIDER);
        return ERR_NONE;
    }
    if (l->state == LEASE_PREPARING &&
        l->accepted_us + n->rules.prepare_seconds * SECOND_US <= n->now) {
        end_and_try_again(n, l, LEASE_VOID, REASON_PREPARE_TIMEOUT, WHOSE_PROVIDER);
        return ERR_NONE;
    }
    return ERR_WRONG_STATE;
}

static enum err_code cannot_start(struct naive *n, struct naive_lease *l, enum reason reason,
                                  enum fault fault)
{
    if (l->state != LEASE_PREPARING) return ERR_WRONG_STATE;
    if (reason == REASON_ENGINE_FAILED && fault == WHOSE_BUYER) return ERR_VALIDATION_FAILED;
    if (fault != WHOSE_NOBODY && fault != WHOSE_BUYER && fault != WHOSE_PROVIDER)
        return ERR_VALIDATION_FAILED;
    if (reason != REASON_ENGINE_FAILED && reason != REASON_IMAGE_UNAVAILABLE &&
        reason != REASON_IMAGE_INVALID && reason != REASON_COMMAND_INVALID)
        return ERR_VALIDATION_FAILED;
    if (fault != WHOSE_BUYER) {
        end_and_try_again(n, l, LEASE_VOID, reason, fault);
        return ERR_NONE;
    }
    end_lease(n, l, LEASE_VOID, reason, fault);
    settle_money(n, l,
                 least((n->now - l->accepted_us) / SECOND_US, n->rules.prepare_pay_max_seconds),
                 false);
    finish_bid(naive_bid(n, l->bid), l, JOB_FAILED);
    ask_again(n, l);
    return ERR_NONE;
}

static enum err_code lost(struct naive *n, struct naive_lease *l)
{
    const enum lease_state end = l->state == LEASE_OFFERED ? LEASE_VOID : LEASE_SETTLED;
    const bool cancelled = l->state == LEASE_STOPPING && l->reason == REASON_CANCELLED;
    withdraw_ask(n, l, REASON_NODE_LOST);
    if (cancelled) {
        struct naive_bid *b = naive_bid(n, l->bid);
        end_lease(n, l, end, REASON_NODE_LOST, WHOSE_PROVIDER);
        b->lease = 0;
        naive_end_bid(n, b, ORDER_CANCELLED, JOB_CANCELLED, REASON_CANCELLED);
    } else {
        end_and_try_again(n, l, end, REASON_NODE_LOST, WHOSE_PROVIDER);
    }
    return ERR_NONE;
}

/* time-spent, or budget-spent when the hold paid for less than the bid's seconds */
static enum reason spent_reason(struct naive *n, const struct naive_lease *l)
{
    return l->seconds_max < naive_bid(n, l->bid)->spec.seconds ? REASON_BUDGET_SPENT
                                                               : REASON_TIME_SPENT;
}

static enum err_code spent(struct naive *n, struct naive_lease *l)
{
    if (l->state != LEASE_RUNNING) return ERR_WRONG_STATE;
    if (l->ready_us + l->seconds_max * SECOND_US > n->now) return ERR_WRONG_STATE;
    l->state = LEASE_STOPPING;
    l->reason = spent_reason(n, l);
    l->stopping_us = n->now;
    return ERR_NONE;
}

static enum err_code leave(struct naive *n, struct naive_lease *l, int64_t signed_s,
                           int32_t exit_code, enum reason reason)
{
    if (l->state != LEASE_RUNNING && l->state != LEASE_STOPPING) return ERR_WRONG_STATE;
    if (signed_s < 0) return ERR_VALIDATION_FAILED;
    if (l->state == LEASE_STOPPING) {
        reason = l->reason;
    } else if (reason == REASON_TIME_SPENT) {
        reason = spent_reason(n, l);
    } else if (reason != REASON_DONE && reason != REASON_OUT_OF_MEMORY &&
               reason != REASON_ENGINE_FAILED) {
        return ERR_VALIDATION_FAILED;
    }
    int64_t billed = 0;
    l->seconds_signed = signed_s;
    l->exit_code = exit_code;
    if (l->ready_us != 0) {
        l->seconds_observed = (n->now - l->ready_us) / SECOND_US;
        billed = least(most(least(signed_s, l->seconds_observed), n->rules.bill_min_seconds),
                       l->seconds_max);
    }
    const bool engine = reason == REASON_ENGINE_FAILED;
    const enum fault fault = engine                           ? WHOSE_PROVIDER
                             : reason == REASON_OUT_OF_MEMORY ? WHOSE_BUYER
                                                              : WHOSE_NOBODY;
    end_lease(n, l, LEASE_SETTLED, reason, fault);
    settle_money(n, l, billed, engine);
    if (engine)
        try_again(n, l);
    else
        finish_bid(naive_bid(n, l->bid), l, job_after(l));
    ask_again(n, l);
    return ERR_NONE;
}

enum err_code naive_lease_command(struct naive *n, const struct command *c)
{
    struct naive_lease *l = naive_lease(n, c->u.lease.lease);
    if (l == NULL || !naive_lease_lives(l)) return ERR_NOT_FOUND;
    if (c->account != l->provider && c->account != 1) return ERR_NOT_FOUND;
    if (c->u.lease.epoch != l->epoch) return ERR_STALE_EPOCH;
    if (c->kind == COMMAND_ACCEPT_LEASE) return accept(n, l);
    if (c->kind == COMMAND_DECLINE_LEASE) return decline(n, l);
    if (c->kind == COMMAND_LEASE_READY) return ready(n, l);
    if (c->kind == COMMAND_LEASE_CANNOT_START)
        return cannot_start(n, l, c->u.lease.reason, c->u.lease.fault);
    if (c->kind == COMMAND_LEASE_EXIT)
        return leave(n, l, c->u.lease.seconds, c->u.lease.exit_code, c->u.lease.reason);
    if (c->kind == COMMAND_LEASE_TIMEOUT) return timeout(n, l);
    if (c->kind == COMMAND_LEASE_LOST) return lost(n, l);
    assert(c->kind == COMMAND_LEASE_SPENT);
    return spent(n, l);
}

/* ---- What is due ---- */

struct due {
    int64_t at_us, number;
    enum command_kind kind;
    int32_t epoch;
};

/* When and how the clock will next touch a lease; at_us INT64_MAX: never. */
static struct due lease_due(const struct naive *n, const struct naive_lease *l)
{
    struct due d = { INT64_MAX, l->lease, COMMAND_LEASE_TIMEOUT, l->epoch };
    if (l->state == LEASE_OFFERED) d.at_us = l->traded_us + n->rules.offer_seconds * SECOND_US;
    if (l->state == LEASE_PREPARING)
        d.at_us = l->accepted_us + n->rules.prepare_seconds * SECOND_US;
    if (l->state == LEASE_RUNNING) {
        d.kind = COMMAND_LEASE_SPENT;
        d.at_us = l->ready_us + l->seconds_max * SECOND_US;
    }
    if (l->state == LEASE_STOPPING) {
        d.kind = COMMAND_LEASE_LOST;
        d.at_us = l->stopping_us + n->rules.stop_seconds * SECOND_US;
    }
    return d;
}

static void consider(struct due *first, struct due d)
{
    if (d.at_us < first->at_us || (d.at_us == first->at_us && d.number < first->number)) *first = d;
}

bool naive_due(const struct naive *n, int64_t now_us, struct command *out, int64_t *next_us)
{
    struct due first = { INT64_MAX, INT64_MAX, COMMAND_EXPIRE_ORDER, 0 };
    for (size_t i = 0; i < n->asks_n; i++)
        if (n->asks[i].state == ORDER_OPEN)
            consider(&first, (struct due){ n->asks[i].spec.until_us, n->asks[i].ask,
                                           COMMAND_EXPIRE_ORDER, 0 });
    for (size_t i = 0; i < n->bids_n; i++)
        if (n->bids[i].state == ORDER_OPEN)
            consider(&first, (struct due){ n->bids[i].spec.expires_us, n->bids[i].bid,
                                           COMMAND_EXPIRE_ORDER, 0 });
    for (size_t i = 0; i < n->leases_n; i++)
        consider(&first, lease_due(n, &n->leases[i]));
    if (first.at_us > now_us) {
        *next_us = first.at_us;
        return false;
    }
    *out = (struct command){ .account = 1, .kind = first.kind };
    if (first.kind == COMMAND_EXPIRE_ORDER) {
        out->u.order.order = first.number;
    } else {
        out->u.lease.lease = first.number;
        out->u.lease.epoch = first.epoch;
    }
    return true;
}

/* ---- The final ---- */

/* Keep the elements of a list for which `keep` holds (it sees index i), in order. */
#define KEEP(list, keep)                                                                           \
    do {                                                                                           \
        size_t kept = 0;                                                                           \
        for (size_t i = 0; i < n->list##_n; i++)                                                   \
            if (keep) n->list[kept++] = n->list[i];                                                \
        n->list##_n = kept;                                                                        \
    } while (0)

void naive_settle_group(struct naive *n)
{
    KEEP(asks, !naive_ask_is_final(n, &n->asks[i]));
    KEEP(bids, !naive_bid_is_final(&n->bids[i]));
    KEEP(leases, naive_lease_lives(&n->leases[i]));
    KEEP(payouts, n->payouts[i].state == PAYOUT_REQUESTED);
}

/* ---- Laws ---- */

static const char *broken_law_of_money(const struct naive *n)
{
    __int128 all = 0;
    for (size_t i = 0; i < n->accounts_n; i++) {
        const struct naive_account *a = &n->accounts[i];
        __int128 open = 0;
        for (size_t j = 0; j < n->bids_n; j++)
            if (n->bids[j].account == a->account) open += n->bids[j].hold;
        for (size_t j = 0; j < n->payouts_n; j++)
            if (n->payouts[j].account == a->account && n->payouts[j].state == PAYOUT_REQUESTED)
                open += n->payouts[j].amount;
        if (open != a->held) return "what an account holds is not what it owes";
        if (a->account != 1 && (a->available < 0 || a->held < 0)) return "a balance is negative";
        all += (__int128)a->available + a->held;
    }
    return all == 0 ? NULL : "money was made or lost";
}

static const char *broken_law_of_units(const struct naive *n)
{
    for (size_t i = 0; i < n->asks_n; i++) {
        const struct naive_ask *a = &n->asks[i];
        if (a->state == ORDER_OPEN && a->free + naive_leased(n, a->ask) != a->spec.units)
            return "units of an ask were made or lost";
        if (a->free < 0) return "an ask is oversold";
    }
    return NULL;
}

/* The pairs that a plain look finds to be ready to trade: there may be none. */
static const char *broken_law_of_books(const struct naive *n)
{
    for (size_t i = 0; i < n->asks_n; i++) {
        const struct naive_ask *a = &n->asks[i];
        for (size_t j = 0; j < n->bids_n && a->state == ORDER_OPEN; j++) {
            const struct naive_bid *b = &n->bids[j];
            bool serves = b->state == ORDER_OPEN && a->spec.pool == b->spec.pool &&
                          a->account != b->account && a->free >= b->spec.units &&
                          a->spec.price.micros <= b->spec.limit.micros &&
                          a->spec.seconds_min <= b->spec.seconds &&
                          b->spec.seconds <= a->spec.seconds_max &&
                          n->last_us + b->spec.seconds * SECOND_US <= a->spec.until_us;
            for (int32_t k = 0; k < b->excluded_n; k++)
                serves = serves && b->excluded[k] != a->spec.node;
            if (serves) return "an ask and a bid that serve each other rest";
        }
    }
    return NULL;
}

static const char *broken_law_of_bids(const struct naive *n)
{
    for (size_t i = 0; i < n->bids_n; i++) {
        const struct naive_bid *b = &n->bids[i];
        if (b->spent < 0 || b->spent + b->hold > b->spec.budget.micros)
            return "a budget is exceeded";
        if (b->attempts > b->spec.attempts_max) return "a job was placed too often";
        if (b->state != ORDER_OPEN && b->lease == 0 && b->hold != 0)
            return "a job that is over holds money";
        if (b->state == ORDER_OPEN && b->lease != 0) return "an open bid has a lease";
    }
    return NULL;
}

const char *naive_broken_law(const struct naive *n)
{
    const char *broken = broken_law_of_money(n);
    if (broken == NULL) broken = broken_law_of_units(n);
    if (broken == NULL) broken = broken_law_of_books(n);
    if (broken == NULL) broken = broken_law_of_bids(n);
    return broken;
}
