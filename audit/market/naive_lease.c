/* SPDX-License-Identifier: Apache-2.0 */
/* The fifth part of the naive market: leases as plain ifs, and what their ends mean for the bid. */
#include "market/naive.h"

#include <assert.h>

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static struct lease *live_lease_of(struct naive *n, const struct bid *b, size_t from)
{
    for (size_t i = from; i < n->leases_n; i++)
        if (n->leases[i].bid == b->bid && naive_lease_lives(&n->leases[i])) return &n->leases[i];
    return NULL;
}

/* ---- The end of a lease ---- */

/* Who waits for this lease takes its units now. */
static void let_in(struct naive *n, const struct lease *gone)
{
    for (size_t i = 0; i < n->leases_n; i++) {
        struct lease *l = &n->leases[i];
        if (l->waits != gone->lease || l->state != LEASE_OFFERED) continue;
        struct ask *a = naive_ask(n, l->ask);
        l->waits = 0;
        l->traded_us = n->now;
        if (a != NULL && a->state == ORDER_OPEN) a->free -= l->units;
    }
}

static void exclude(struct bid *b, int64_t node)
{
    for (int32_t i = 0; i < b->excluded_n; i++)
        if (b->excluded[i] == node) return;
    if (b->excluded_n == EXCLUDED_NODES_MAX) {
        for (int32_t i = 1; i < EXCLUDED_NODES_MAX; i++)
            b->excluded[i - 1] = b->excluded[i];
        b->excluded_n--;
    }
    b->excluded[b->excluded_n++] = node;
}

static void learn(struct bid *b, enum verdict verdict, enum reason reason, int32_t exit_code)
{
    if (verdict <= b->verdict) return;
    b->verdict = verdict;
    b->verdict_reason = reason;
    if (verdict >= VERDICT_FAILED) b->exit_code = exit_code;
}

/* Pay for s seconds, give the rest of its hold back. */
static void pay(struct naive *n, struct lease *l, int64_t s, bool failed)
{
    struct bid *b = naive_bid(n, l->bid);
    const __int128 charge = naive_charge(l->price.micros, l->units, s);
    const int64_t hold = l->hold.micros, c = charge < hold ? (int64_t)charge : hold;
    int64_t own = c;
    if (l->base.micros > 0) { /* a displacer: what it has run, at the ask's price */
        const int64_t said = least(s, least(l->seconds_signed, l->seconds_observed));
        const int64_t ran = failed ? s : said;
        const __int128 base = naive_charge(l->base.micros, l->units, ran);
        own = base < c ? (int64_t)base : c;
    }
    const int64_t fee = (int64_t)((__int128)own * n->rules.fee_bps / 10000);
    naive_move(n, l->buyer, BUCKET_HELD, -hold);
    naive_move(n, l->buyer, BUCKET_AVAILABLE, hold - c);
    naive_move(n, l->provider, BUCKET_AVAILABLE, own - fee);
    naive_move(n, ACCOUNT_FEES, BUCKET_AVAILABLE, fee);
    naive_move(n, ACCOUNT_INSURANCE, BUCKET_AVAILABLE, c - own);
    l->seconds_billed = s;
    l->charge.micros = c;
    l->fee.micros = fee;
    l->payout.micros = own - fee;
    l->insurance.micros = c - own;
    b->spent.micros += c;
    b->hold.micros -= hold;
}

static void withdraw_ask(struct naive *n, const struct lease *l, enum reason reason)
{
    struct ask *a = naive_ask(n, l->ask);
    if (a != NULL && a->state == ORDER_OPEN) naive_end_ask(a, ORDER_CANCELLED, reason);
}

static void strike(struct naive *n, int64_t number)
{
    struct node *node = naive_node(n, number);
    __int128 wait = n->rules.backoff_seconds;
    for (int32_t i = 0; i < node->strikes && wait < n->rules.backoff_max_seconds; i++)
        wait *= 2;
    node->strikes++;
    node->backoff_us = n->now + least((int64_t)wait, n->rules.backoff_max_seconds) * SECOND_US;
}

/* It put out a tenant and did not run its least time. */
static bool is_short_displacer(const struct naive *n, const struct lease *l)
{
    return l->base.micros > 0 &&
           (l->ready_us == 0 || n->now < l->ready_us + n->rules.min_run_seconds * SECOND_US);
}

/* What a lease owes that never ran. */
static int64_t unrun(const struct naive *n, const struct lease *l, int64_t prepared,
                     enum fault fault)
{
    const int64_t owed = least(n->rules.min_run_seconds, l->seconds_max);
    if (l->base.micros == 0 || l->own || fault == WHOSE_PROVIDER) return prepared;
    return most(prepared, owed);
}

/* The lease is over: its units come back, its bid learns what it means. Paid for s seconds. */
static void end_lease(struct naive *n, struct lease *l, enum lease_state state, enum reason reason,
                      enum fault fault, int64_t s)
{
    struct ask *a = naive_ask(n, l->ask);
    struct bid *b = naive_bid(n, l->bid);
    assert(n->returned == 0);
    const bool declined = reason == REASON_DECLINED || reason == REASON_OFFER_TIMEOUT ||
                          reason == REASON_PREPARE_TIMEOUT; /* struck already */
    if (!declined && is_short_displacer(n, l) && (l->own || fault == WHOSE_PROVIDER)) {
        withdraw_ask(n, l, REASON_DECLINED);
        strike(n, l->node);
    }
    const bool failed =
        l->ready_us != 0 && (reason == REASON_NODE_LOST || reason == REASON_ENGINE_FAILED);
    pay(n, l, s, failed);
    if (l->charge.micros > 0 && !failed) naive_node(n, l->node)->strikes = 0;
    l->state = state;
    l->reason = reason;
    l->fault = fault;
    l->ended_us = n->now;
    b->live--;
    if (l->waits == 0) {
        if (a != NULL && a->state == ORDER_OPEN) {
            a->free += l->units;
            a->priority = n->seq;
        }
        n->returned = l->ask;
    }
    let_in(n, l);
}

/* ---- What becomes of the bid ---- */

static void try_again(struct naive *n, struct bid *b)
{
    const bool displaced =
        b->verdict_reason == REASON_DISPLACED || b->verdict_reason == REASON_DRAINED;
    if (displaced) b->attempts--;
    if (b->attempts == b->spec.attempts_max) {
        naive_end_bid(n, b, ORDER_FAILED, JOB_FAILED, REASON_ATTEMPTS_SPENT);
    } else if (b->spec.expires_us <= n->now) {
        naive_end_bid(n, b, ORDER_EXPIRED, JOB_EXPIRED, REASON_EXPIRED);
    } else if (naive_wants_too_little(n, b)) {
        naive_end_bid(n, b, ORDER_FAILED, JOB_FAILED, REASON_BUDGET_SPENT);
    } else if (naive_want(n, b) - b->hold.micros > naive_available(n, b->account)) {
        naive_end_bid(n, b, ORDER_FAILED, JOB_FAILED, REASON_NO_FUNDS);
    } else {
        naive_hold(n, b, naive_want(n, b));
        b->state = ORDER_OPEN;
        b->job = JOB_OPEN;
        b->verdict = VERDICT_NONE;
        b->verdict_reason = REASON_NONE;
        b->exit_code = 0;
        b->priority = n->seq;
        naive_bid_meets_asks(n, b, UNDER_COLLAR);
    }
}

/* After the last live lease of its grant has ended. */
static void conclude(struct naive *n, struct bid *b)
{
    b->lease = 0;
    b->leases_n = 0;
    switch (b->verdict) {
    case VERDICT_NONE: naive_end_bid(n, b, ORDER_FILLED, JOB_SETTLED, REASON_DONE); break;
    case VERDICT_RETRY: try_again(n, b); break;
    case VERDICT_FAILED: naive_end_bid(n, b, ORDER_FILLED, JOB_FAILED, b->verdict_reason); break;
    case VERDICT_CANCELLED:
        naive_end_bid(n, b, ORDER_CANCELLED, JOB_CANCELLED, REASON_CANCELLED);
        break;
    }
}

void naive_after_leases(struct naive *n, struct bid *b)
{
    if (b->live == 0) conclude(n, b);
    struct ask *a = naive_ask(n, n->returned);
    if (a != NULL && a->state == ORDER_OPEN) naive_ask_meets_bids(n, a, UNDER_COLLAR);
}

/* One lease has ended: the others of a gang go too, unless it is done. */
static void after_lease(struct naive *n, const struct lease *l)
{
    struct bid *b = naive_bid(n, l->bid);
    if (l->reason != REASON_DONE || l->exit_code != 0) naive_recall(n, b, REASON_GANG_BROKEN);
    naive_after_leases(n, b);
}

/* What is paid of a run that failed by its provider. */
static int64_t survived(struct naive *n, const struct lease *l)
{
    const int64_t may_lose = naive_bid(n, l->bid)->spec.checkpoint_seconds;
    int64_t s = l->seconds_kept;
    if (l->seconds_looked - may_lose > s) s = l->seconds_looked - may_lose;
    return s;
}

/* The bid looks for another node; what survives of the run is paid. */
static void end_for_another(struct naive *n, struct lease *l, enum lease_state state,
                            enum reason reason, enum fault fault)
{
    struct bid *b = naive_bid(n, l->bid);
    end_lease(n, l, state, reason, fault,
              l->ready_us == 0 ? unrun(n, l, 0, fault) : survived(n, l));
    exclude(b, l->node);
    learn(b, VERDICT_RETRY, reason, 0);
    after_lease(n, l);
}

static bool is_recalled(const struct lease *l)
{
    return l->state == LEASE_OFFERED && l->reason != REASON_NONE;
}

/* The only lease of its bid, offered, and cancelled by the buyer. */
static void cancel_offer(struct naive *n, struct lease *l)
{
    end_lease(n, l, LEASE_VOID, REASON_CANCELLED, WHOSE_NOBODY, unrun(n, l, 0, WHOSE_NOBODY));
    learn(naive_bid(n, l->bid), VERDICT_CANCELLED, REASON_CANCELLED, 0);
}

void naive_recall(struct naive *n, struct bid *b, enum reason reason)
{
    struct lease *l = NULL;
    for (size_t i = 0; (l = live_lease_of(n, b, i)) != NULL; i = (size_t)(l - n->leases) + 1) {
        const bool cancelled = reason == REASON_CANCELLED;
        if (l->state == LEASE_OFFERED && b->spec.nodes == 1) {
            cancel_offer(n, l);
        } else if (l->state == LEASE_OFFERED && l->reason == REASON_NONE) {
            l->reason = reason;
        } else if (l->state == LEASE_PREPARING || l->state == LEASE_RUNNING) {
            l->state = LEASE_STOPPING;
            l->reason = reason;
            l->stopping_us = n->now;
        } else if (cancelled) {
            l->reason = REASON_CANCELLED;
        }
    }
}

/* ---- Lease commands, each as the page has it ---- */

static enum err_code decline(struct naive *n, struct lease *l)
{
    if (l->state != LEASE_OFFERED || l->waits != 0 || is_recalled(l)) return ERR_WRONG_STATE;
    withdraw_ask(n, l, REASON_DECLINED);
    strike(n, l->node);
    end_for_another(n, l, LEASE_VOID, REASON_DECLINED, WHOSE_PROVIDER);
    return ERR_NONE;
}

static enum err_code accept(struct naive *n, struct lease *l)
{
    if (l->state != LEASE_OFFERED || l->waits != 0 || is_recalled(l)) return ERR_WRONG_STATE;
    l->state = LEASE_PREPARING;
    l->accepted_us = n->now;
    return ERR_NONE;
}

/* Those of its grant that have been prepared and live. */
static int32_t prepared_of(struct naive *n, const struct bid *b)
{
    int32_t count = 0;
    struct lease *x = NULL;
    for (size_t i = 0; (x = live_lease_of(n, b, i)) != NULL; i = (size_t)(x - n->leases) + 1)
        if (x->prepared_us != 0) count++;
    return count;
}

static enum err_code prepared(struct naive *n, struct lease *l)
{
    struct bid *b = naive_bid(n, l->bid);
    if (l->state != LEASE_PREPARING || b->leases_n == 1 || l->prepared_us != 0)
        return ERR_WRONG_STATE;
    l->prepared_us = n->now;
    if (prepared_of(n, b) < b->leases_n) return ERR_NONE;
    struct lease *x = NULL;
    for (size_t i = 0; (x = live_lease_of(n, b, i)) != NULL; i = (size_t)(x - n->leases) + 1)
        x->gathered_us = n->now;
    return ERR_NONE;
}

/* How long the lease's node was unhealthy, ever, by now. */
static int64_t illness(struct naive *n, const struct lease *l)
{
    const struct node *node = naive_node(n, l->node);
    return node->ill_since_us == 0 ? node->ill_us : node->ill_us + n->now - node->ill_since_us;
}

static enum err_code ready(struct naive *n, struct lease *l)
{
    struct bid *b = naive_bid(n, l->bid);
    bool all = true;
    if (l->state != LEASE_PREPARING) return ERR_WRONG_STATE;
    if (b->leases_n > 1 && l->gathered_us == 0) return ERR_WRONG_STATE;
    l->state = LEASE_RUNNING;
    l->ready_us = n->now;
    l->ill_us = illness(n, l);
    struct lease *x = NULL;
    for (size_t i = 0; (x = live_lease_of(n, b, i)) != NULL; i = (size_t)(x - n->leases) + 1)
        if (x->state == LEASE_OFFERED || x->state == LEASE_PREPARING) all = false;
    if (all) b->job = JOB_RUNNING;
    return ERR_NONE;
}

static enum err_code timeout(struct naive *n, struct lease *l)
{
    if (l->waits != 0) return ERR_WRONG_STATE;
    if (is_recalled(l)) {
        const enum reason reason = l->reason;
        end_lease(n, l, LEASE_VOID, reason, WHOSE_NOBODY, 0);
        if (reason == REASON_CANCELLED)
            learn(naive_bid(n, l->bid), VERDICT_CANCELLED, REASON_CANCELLED, 0);
        after_lease(n, l);
        return ERR_NONE;
    }
    if (l->state == LEASE_OFFERED && l->traded_us + n->rules.offer_seconds * SECOND_US <= n->now) {
        withdraw_ask(n, l, REASON_OFFER_TIMEOUT);
        strike(n, l->node);
        end_for_another(n, l, LEASE_VOID, REASON_OFFER_TIMEOUT, WHOSE_PROVIDER);
        return ERR_NONE;
    }
    const int64_t since = l->gathered_us != 0 ? l->gathered_us : l->accepted_us;
    const bool waits = l->prepared_us != 0 && l->gathered_us == 0;
    if (l->state == LEASE_PREPARING && !waits &&
        since + n->rules.prepare_seconds * SECOND_US <= n->now) {
        strike(n, l->node);
        end_for_another(n, l, LEASE_VOID, REASON_PREPARE_TIMEOUT, WHOSE_PROVIDER);
        return ERR_NONE;
    }
    return ERR_WRONG_STATE;
}

static enum err_code cannot_start(struct naive *n, struct lease *l, enum reason reason,
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
        end_for_another(n, l, LEASE_VOID, reason, fault);
        return ERR_NONE;
    }
    const int64_t prepared = (n->now - l->accepted_us) / SECOND_US;
    end_lease(n, l, LEASE_VOID, reason, fault,
              unrun(n, l, least(prepared, n->rules.prepare_pay_max_seconds), fault));
    learn(naive_bid(n, l->bid), VERDICT_FAILED, reason, 0);
    after_lease(n, l);
    return ERR_NONE;
}

static enum err_code lost(struct naive *n, struct lease *l)
{
    const bool cancelled = (l->state == LEASE_STOPPING || l->state == LEASE_PREEMPTED) &&
                           l->reason == REASON_CANCELLED;
    const enum lease_state end = l->state == LEASE_OFFERED ? LEASE_VOID : LEASE_SETTLED;
    withdraw_ask(n, l, REASON_NODE_LOST);
    if (!cancelled) {
        end_for_another(n, l, end, REASON_NODE_LOST, WHOSE_PROVIDER);
        return ERR_NONE;
    }
    end_lease(n, l, end, REASON_NODE_LOST, WHOSE_PROVIDER, survived(n, l));
    learn(naive_bid(n, l->bid), VERDICT_CANCELLED, REASON_CANCELLED, 0);
    after_lease(n, l);
    return ERR_NONE;
}

/* time-spent, or budget-spent when the hold paid for less than the bid's seconds */
static enum reason spent_reason(struct naive *n, const struct lease *l)
{
    return l->seconds_max < naive_bid(n, l->bid)->spec.seconds ? REASON_BUDGET_SPENT
                                                               : REASON_TIME_SPENT;
}

static enum err_code spent(struct naive *n, struct lease *l)
{
    if (l->state != LEASE_RUNNING) return ERR_WRONG_STATE;
    if (l->ready_us + l->seconds_max * SECOND_US > n->now) return ERR_WRONG_STATE;
    l->state = LEASE_STOPPING;
    l->reason = spent_reason(n, l);
    l->stopping_us = n->now;
    return ERR_NONE;
}

bool naive_has_to_leave(struct naive *n, const struct lease *l)
{
    const struct node *node = naive_node(n, l->node);
    return node->drain_us != 0 && node->drain_stops;
}

static enum err_code drained(struct naive *n, struct lease *l)
{
    if (l->state != LEASE_RUNNING || !naive_has_to_leave(n, l)) return ERR_WRONG_STATE;
    if (naive_node(n, l->node)->drain_us > n->now) return ERR_WRONG_STATE;
    l->state = LEASE_PREEMPTED;
    l->reason = REASON_DRAINED;
    l->stopping_us = n->now;
    return ERR_NONE;
}

/* The reason of an exit; false: it may not be given. */
static bool exit_reason(struct naive *n, const struct lease *l, enum reason given, enum reason *out)
{
    const bool plain = given == REASON_DONE || given == REASON_OUT_OF_MEMORY ||
                       given == REASON_EGRESS_SPENT || given == REASON_ENGINE_FAILED;
    switch ((int)l->state) {
    case LEASE_STOPPING: *out = l->reason; return true;
    case LEASE_PREEMPTED:
        *out = plain && l->reason != REASON_CANCELLED ? given : l->reason;
        return plain || given == REASON_DISPLACED || given == REASON_DRAINED;
    default:
        *out = given == REASON_TIME_SPENT ? spent_reason(n, l) : given;
        return plain || given == REASON_TIME_SPENT;
    }
}

static int64_t seconds_to_bill(struct naive *n, const struct lease *l, enum reason reason)
{
    int64_t minimum = n->rules.bill_min_seconds;
    if (l->ready_us == 0) return unrun(n, l, 0, WHOSE_NOBODY);
    if (l->base.micros > 0 && !l->own) minimum = n->rules.min_run_seconds;
    if (reason == REASON_GANG_BROKEN || reason == REASON_DISPLACED || reason == REASON_DRAINED)
        minimum = 0;
    if (illness(n, l) > l->ill_us) minimum = 0;
    return least(most(least(l->seconds_signed, l->seconds_observed), minimum), l->seconds_max);
}

static void learn_of_exit(struct bid *b, const struct lease *l)
{
    switch ((int)l->reason) {
    case REASON_CANCELLED: learn(b, VERDICT_CANCELLED, REASON_CANCELLED, l->exit_code); break;
    case REASON_GANG_BROKEN: break;
    case REASON_DISPLACED:
    case REASON_DRAINED: learn(b, VERDICT_RETRY, l->reason, 0); break;
    case REASON_ENGINE_FAILED:
        exclude(b, l->node);
        learn(b, VERDICT_RETRY, REASON_ENGINE_FAILED, 0);
        break;
    case REASON_DONE:
        if (l->exit_code != 0) learn(b, VERDICT_FAILED, REASON_DONE, l->exit_code);
        break;
    default: learn(b, VERDICT_FAILED, l->reason, l->exit_code); break;
    }
}

static enum err_code leave(struct naive *n, struct lease *l, int64_t signed_s, int32_t exit_code,
                           enum reason given)
{
    enum reason reason;
    if (l->state != LEASE_RUNNING && l->state != LEASE_STOPPING && l->state != LEASE_PREEMPTED)
        return ERR_WRONG_STATE;
    if (signed_s < 0 || !exit_reason(n, l, given, &reason)) return ERR_VALIDATION_FAILED;
    l->exit_code = exit_code;
    l->seconds_signed = signed_s;
    l->seconds_observed =
        l->ready_us == 0 ? 0 : (n->now - l->ready_us - illness(n, l) + l->ill_us) / SECOND_US;
    const bool engine = reason == REASON_ENGINE_FAILED;
    end_lease(n, l, LEASE_SETTLED, reason,
              engine                           ? WHOSE_PROVIDER
              : reason == REASON_OUT_OF_MEMORY ? WHOSE_BUYER
              : reason == REASON_EGRESS_SPENT  ? WHOSE_BUYER
                                               : WHOSE_NOBODY,
              engine ? survived(n, l) : seconds_to_bill(n, l, reason));
    learn_of_exit(naive_bid(n, l->bid), l);
    after_lease(n, l);
    return ERR_NONE;
}

/* What the agent says of its looks is cut down to what can have been. */
static enum err_code checkpoint(struct naive *n, struct lease *l, int64_t kept, int64_t looked)
{
    if (l->state != LEASE_RUNNING && l->state != LEASE_STOPPING && l->state != LEASE_PREEMPTED)
        return ERR_WRONG_STATE;
    if (l->ready_us == 0) return ERR_WRONG_STATE;
    if (kept < 0 || looked < kept) return ERR_VALIDATION_FAILED;
    if (naive_bid(n, l->bid)->spec.nodes > 1) return ERR_NOT_SUPPORTED;
    const int64_t well = n->now - l->ready_us - illness(n, l) + l->ill_us;
    const int64_t ran = least(well / SECOND_US, l->seconds_max);
    l->seconds_kept = (int32_t)most(l->seconds_kept, least(kept, ran));
    l->seconds_looked = (int32_t)most(l->seconds_looked, least(looked, ran));
    l->checkpoint = n->seq;
    return ERR_NONE;
}

enum err_code naive_lease_command(struct naive *n, const struct command *c)
{
    struct lease *l = naive_lease(n, c->u.lease.lease);
    if (l == NULL || !naive_lease_lives(l)) return ERR_NOT_FOUND;
    if (c->account != l->provider && c->account != ACCOUNT_WORLD) return ERR_NOT_FOUND;
    if (c->u.lease.epoch != l->epoch) return ERR_STALE_EPOCH;
    switch ((int)c->kind) {
    case COMMAND_ACCEPT_LEASE: return accept(n, l);
    case COMMAND_DECLINE_LEASE: return decline(n, l);
    case COMMAND_LEASE_PREPARED: return prepared(n, l);
    case COMMAND_LEASE_READY: return ready(n, l);
    case COMMAND_LEASE_CANNOT_START: return cannot_start(n, l, c->u.lease.reason, c->u.lease.fault);
    case COMMAND_LEASE_EXIT:
        return leave(n, l, c->u.lease.seconds, c->u.lease.exit_code, c->u.lease.reason);
    case COMMAND_LEASE_CHECKPOINT: return checkpoint(n, l, c->u.lease.seconds, c->u.lease.looked);
    case COMMAND_LEASE_TIMEOUT: return timeout(n, l);
    case COMMAND_LEASE_LOST: return lost(n, l);
    case COMMAND_LEASE_SPENT: return spent(n, l);
    case COMMAND_LEASE_RIPE: return naive_lease_ripe(n, l);
    case COMMAND_LEASE_DRAINED: return drained(n, l);
    default: assert(false && "not a command of leases"); return ERR_INTERNAL;
    }
}
