/* SPDX-License-Identifier: Apache-2.0 */
/* Leases: every command finds its edge in the shared table (wire/lease.h), checks what else must
 * hold, and then either move()s the lease to another state, or ends it:
 *
 *   pay()      what it has delivered is billed,
 *   release()  or nothing is;
 *   finish()   the bid learns what that means for its job, the units come back, other leases of its
 *              gang are recalled; when it was the last one the job is over or tries again, and then
 *              the ask, if it is still open, meets the bids. */
#include "domain/leases.h"

#include <assert.h>

#include "domain/asks.h"
#include "domain/blame.h"
#include "domain/displace.h"
#include "domain/index.h"
#include "domain/jobs.h"
#include "domain/ledger.h"
#include "domain/match.h"
#include "domain/settle.h"
#include "domain/touch.h"

/* A live lease and what it ties together. */
struct tie {
    struct lease_entry *l;
    struct bid_entry *b;
    struct ask_entry *a;
    enum lease_state to; /* where the command's event leads */
};

/* What the end of a lease means for its job. */
struct lesson {
    enum verdict verdict;
    enum reason reason;
    int32_t exit_code;
    bool exclude; /* the node */
};

static struct tie tie_of(const struct market *m, struct lease_entry *l)
{
    const struct tie t = {
        .l = l,
        .b = state_bid(m, l->lease.bid),
        .a = state_ask(m, l->lease.ask),
        .to = l->lease.state,
    };

    assert(t.b && t.b->bid.live > 0);
    assert(t.a && (l->lease.waits != 0 || t.a->leased >= l->lease.units));
    return t;
}

static bool is_recalled(const struct lease *l)
{
    return l->state == LEASE_OFFERED && l->reason != REASON_NONE;
}

/* The lease that the command names, and an edge of the table for `event`; else refused. */
static bool find(struct step *s, enum lease_event event, struct tie *out)
{
    struct lease_entry *const l = state_lease(s->m, s->c->u.lease.lease);
    enum lease_state to;

    if (!l || (s->c->account != l->lease.provider && s->c->account != ACCOUNT_WORLD))
        return step_refuse(s, ERR_NOT_FOUND, "There is no such live lease.");
    if (s->c->u.lease.epoch != l->lease.epoch)
        return step_refuse(s, ERR_STALE_EPOCH, "The lease has another epoch.");
    if (!lease_next(l->lease.state, event, &to) || (l->lease.waits != 0 && event != LEASE_SILENCE))
        return step_refuse(s, ERR_WRONG_STATE, "The lease is in another state.");
    *out = tie_of(s->m, l);
    out->to = to;
    return true;
}

/* Room for the bid to trade once more and for the ask to sell its units again. */
static bool reserve(struct step *s, const struct tie *t)
{
    return step_reserve(s, /* asks= */ 0, step_trades_max(t->a, t->a->ask.spec.units, t->b));
}

static void move(struct step *s, const struct tie *t)
{
    t->l->lease.state = t->to;
    touch_lease(s->m, t->l);
}

static void stop(struct step *s, const struct tie *t, enum reason reason)
{
    t->l->lease.reason = reason;
    t->l->lease.stopping_us = s->c->at_us;
    move(s, t);
}

/* The lease is over in the state `t->to`. */
static void end(struct step *s, const struct tie *t, enum reason reason, enum fault fault)
{
    struct lease *const l = &t->l->lease;

    assert(lease_is_final(t->to));
    l->reason = reason;
    l->fault = fault;
    l->ended_us = s->c->at_us;
    move(s, t);
    t->b->bid.live--;
}

static void recall(struct step *s, struct lease_entry *l, enum reason reason)
{
    struct tie t = tie_of(s->m, l);

    if (l->lease.reason == reason) return;
    if (l->lease.state != LEASE_OFFERED && lease_next(l->lease.state, LEASE_CANCEL, &t.to)) {
        stop(s, &t, reason);
    } else if (l->lease.reason == REASON_NONE || reason == REASON_CANCELLED) {
        l->lease.reason = reason;
        touch_lease(s->m, l);
    }
}

static void recall_grant(struct step *s, const struct bid_entry *b, enum reason reason)
{
    for (int32_t i = 0; i < b->bid.leases_n; i++) {
        struct lease_entry *const l = state_lease(s->m, b->bid.lease + i);
        if (l) recall(s, l, reason);
    }
}

/* Nothing is billed: its part of the hold is free again. */
static void release(struct step *s, const struct tie *t)
{
    ledger_hold(s, t->b, (struct money){ t->b->bid.hold.micros - t->l->lease.hold.micros });
}

static void finish(struct step *s, const struct tie *t, const struct lesson *what)
{
    const bool had_units = t->l->lease.waits == 0;

    bid_learn(t->b, what->verdict, what->reason, what->exit_code);
    if (what->exclude) bid_exclude(t->b, t->l->lease.node);
    touch_bid(s->m, t->b);
    if (had_units)
        ask_give_back(s, t->a, t->l);
    else
        displace_forget(s->m, t->l, t->a);
    if (t->b->bid.live > 0 && (what->reason != REASON_DONE || what->exit_code != 0))
        recall_grant(s, t->b, REASON_GANG_BROKEN);
    if (t->b->bid.live == 0) bid_conclude(s, t->b);
    if (had_units) match_ask(s, t->a);
}

static void pay_bill(struct step *s, const struct tie *t, int64_t seconds, struct bill bill)
{
    struct lease *const l = &t->l->lease;
    struct bid *const bid = &t->b->bid;

    assert(money_cmp(bid->hold, l->hold) >= 0);
    ledger_add(s, t->b->buyer, BUCKET_HELD, -l->hold.micros);
    ledger_add(s, t->b->buyer, BUCKET_AVAILABLE, l->hold.micros - bill.charge.micros);
    ledger_add(s, state_account(s->m, l->provider), BUCKET_AVAILABLE, bill.payout.micros);
    ledger_add(s, state_account(s->m, ACCOUNT_FEES), BUCKET_AVAILABLE, bill.fee.micros);
    ledger_add(s, state_account(s->m, ACCOUNT_INSURANCE), BUCKET_AVAILABLE, bill.insurance.micros);

    l->seconds_billed = seconds;
    l->charge = bill.charge;
    l->fee = bill.fee;
    l->payout = bill.payout;
    l->insurance = bill.insurance;
    touch_lease(s->m, t->l);
    bid->spent.micros += bill.charge.micros;
    bid->hold.micros -= l->hold.micros;
}

/* The run failed by the provider: what survives of it is paid, and the rest is not (docs/market.md,
 * Checkpoints). That is no delivery: his strikes stay. */
static void pay_survived(struct step *s, const struct tie *t)
{
    const int64_t seconds = settle_survived(&t->l->lease, t->b->bid.spec.checkpoint_seconds);

    pay_bill(s, t, seconds, settle_bill_run(&s->m->rules, &t->l->lease, seconds, seconds));
}

/* The buyer pays for `seconds` and gets the rest of the lease's hold back. */
static void pay(struct step *s, const struct tie *t, int64_t seconds)
{
    struct node_entry *const n = state_node(s->m, t->l->lease.node);
    const struct bill bill = settle_bill(&s->m->rules, &t->l->lease, seconds);

    pay_bill(s, t, seconds, bill);
    if (bill.charge.micros == 0 || n->node.strikes == 0) return;
    n->node.strikes = 0;
    touch_node(s->m, n);
}

/* It ends without having run, or the agent does not say how long. */
static void pay_unrun(struct step *s, const struct tie *t, int64_t prepared)
{
    pay(s, t, settle_unrun(&s->m->rules, &t->l->lease, prepared));
}

/* It came to nothing more, by no fault of the buyer. */
static void retry(struct step *s, const struct tie *t)
{
    const struct lesson what = { VERDICT_RETRY, t->l->lease.reason, 0, .exclude = true };

    if (t->l->lease.ready_us == 0)
        pay_unrun(s, t, 0);
    else
        pay_survived(s, t);
    finish(s, t, &what);
}

bool apply_accept_lease(struct step *s)
{
    struct tie t;

    if (!find(s, LEASE_ACCEPT, &t)) return false;
    if (is_recalled(&t.l->lease))
        return step_refuse(s, ERR_WRONG_STATE, "The offer was called back.");
    if (!step_reserve(s, /* asks= */ 0, /* trades= */ 0)) return false;

    t.l->lease.accepted_us = s->c->at_us;
    move(s, &t);
    return true;
}

static bool all_started(const struct market *m, const struct bid *b)
{
    for (int32_t i = 0; i < b->leases_n; i++) {
        const struct lease_entry *const l = state_lease(m, b->lease + i);
        if (l && l->lease.ready_us == 0) return false;
    }
    return true;
}

/* Can all of its gang start? */
static bool all_prepared(const struct market *m, const struct bid *b)
{
    for (int32_t i = 0; i < b->leases_n; i++) {
        const struct lease_entry *const l = state_lease(m, b->lease + i);
        if (!l || l->lease.prepared_us == 0) return false;
    }
    return true;
}

bool apply_lease_prepared(struct step *s)
{
    struct tie t;

    if (!find(s, LEASE_READY, &t)) return false; /* who may become ready may say that he could */
    if (t.b->bid.leases_n == 1)
        return step_refuse(s, ERR_WRONG_STATE, "The lease waits for no others.");
    if (t.l->lease.prepared_us != 0)
        return step_refuse(s, ERR_WRONG_STATE, "The lease is prepared already.");
    if (!step_reserve(s, /* asks= */ 0, /* trades= */ 0)) return false;

    t.l->lease.prepared_us = s->c->at_us;
    touch_lease(s->m, t.l);
    if (!all_prepared(s->m, &t.b->bid)) return true;
    for (int32_t i = 0; i < t.b->bid.leases_n; i++) {
        struct lease_entry *const l = state_lease(s->m, t.b->bid.lease + i);
        l->lease.gathered_us = s->c->at_us;
        touch_lease(s->m, l);
    }
    return true;
}

bool apply_lease_ready(struct step *s)
{
    struct tie t;

    if (!find(s, LEASE_READY, &t)) return false;
    if (t.b->bid.leases_n > 1 && t.l->lease.gathered_us == 0)
        return step_refuse(s, ERR_WRONG_STATE, "The others of its gang cannot start yet.");
    if (!step_reserve(s, /* asks= */ 0, /* trades= */ 0)) return false;

    t.l->lease.ready_us = s->c->at_us;
    t.l->lease.ill_us = settle_ill_us(&state_node(s->m, t.l->lease.node)->node, s->c->at_us);
    move(s, &t);
    if (all_started(s->m, &t.b->bid)) t.b->bid.job = JOB_RUNNING;
    touch_bid(s->m, t.b);
    return true;
}

bool apply_lease_ripe(struct step *s)
{
    struct lease_entry *const l = state_lease(s->m, s->c->u.lease.lease);

    if (!l) return step_refuse(s, ERR_NOT_FOUND, "There is no such live lease.");
    if (s->c->u.lease.epoch != l->lease.epoch)
        return step_refuse(s, ERR_STALE_EPOCH, "The lease has another epoch.");
    if (index_ripe_us(s->m, &l->lease) > s->c->at_us)
        return step_refuse(s, ERR_WRONG_STATE, "The lease does not become ripe now.");
    if (!step_reserve(s, /* asks= */ 0, /* trades= */ 1)) return false;

    l->lease.ripe = true;
    touch_lease(s->m, l);
    displace_ripe(s, l);
    return true;
}

bool apply_decline_lease(struct step *s)
{
    struct tie t;

    if (!find(s, LEASE_DECLINE, &t)) return false;
    if (is_recalled(&t.l->lease))
        return step_refuse(s, ERR_WRONG_STATE, "The offer was called back.");
    if (!reserve(s, &t)) return false;

    end(s, &t, REASON_DECLINED, WHOSE_PROVIDER);
    blame_withdraw(s, t.l, t.a);
    blame_strike(s, t.l);
    retry(s, &t);
    return true;
}

/* The offer of a gang's lease that was called back. */
static void end_recalled(struct step *s, const struct tie *t)
{
    const enum reason reason = t->l->lease.reason;
    const struct lesson what = {
        .verdict = reason == REASON_CANCELLED ? VERDICT_CANCELLED : VERDICT_NONE,
        .reason = reason,
    };

    end(s, t, reason, WHOSE_NOBODY);
    release(s, t);
    finish(s, t, &what);
}

bool apply_lease_timeout(struct step *s)
{
    struct tie t;

    if (!find(s, LEASE_TIMEOUT, &t)) return false;
    if (index_lease_due_us(s->m, t.l) > s->c->at_us)
        return step_refuse(s, ERR_WRONG_STATE, "There is still time.");
    if (!reserve(s, &t)) return false;

    const bool offered = t.l->lease.state == LEASE_OFFERED;
    if (is_recalled(&t.l->lease)) {
        end_recalled(s, &t);
        return true;
    }
    end(s, &t, offered ? REASON_OFFER_TIMEOUT : REASON_PREPARE_TIMEOUT, WHOSE_PROVIDER);
    if (offered) blame_withdraw(s, t.l, t.a);
    blame_strike(s, t.l);
    retry(s, &t);
    return true;
}

static bool is_start_failure(enum reason reason, enum fault fault)
{
    const bool buyers = reason == REASON_IMAGE_UNAVAILABLE || reason == REASON_IMAGE_INVALID ||
                        reason == REASON_COMMAND_INVALID;

    if (fault == WHOSE_BUYER) return buyers;
    return (fault == WHOSE_PROVIDER || fault == WHOSE_NOBODY) &&
           (buyers || reason == REASON_ENGINE_FAILED);
}

bool apply_lease_cannot_start(struct step *s)
{
    const enum reason reason = s->c->u.lease.reason;
    const enum fault fault = s->c->u.lease.fault;
    struct tie t;

    if (!find(s, LEASE_CANNOT_START, &t)) return false;
    if (!is_start_failure(reason, fault))
        return step_refuse(s, ERR_VALIDATION_FAILED, "This is no reason not to start.");
    if (!reserve(s, &t)) return false;

    end(s, &t, reason, fault);
    blame_displacer(s, t.l, t.a);
    if (fault == WHOSE_BUYER) {
        const struct lesson what = { VERDICT_FAILED, reason, 0, .exclude = false };
        pay_unrun(s, &t, settle_preparation(&s->m->rules, &t.l->lease, s->c->at_us));
        finish(s, &t, &what);
    } else {
        retry(s, &t);
    }
    return true;
}

bool apply_lease_lost(struct step *s)
{
    struct tie t;

    if (!find(s, LEASE_SILENCE, &t)) return false;
    if (!reserve(s, &t)) return false;

    const struct lesson cancelled = { VERDICT_CANCELLED, REASON_CANCELLED, 0, .exclude = false };
    const bool is_cancelled =
        t.l->lease.reason == REASON_CANCELLED &&
        (t.l->lease.state == LEASE_STOPPING || t.l->lease.state == LEASE_PREEMPTED);
    if (t.to == LEASE_LOST) {
        const bool settles = lease_next(t.to, LEASE_SETTLE, &t.to); /* at once: all is known */
        assert(settles);
        (void)settles;
    }
    end(s, &t, REASON_NODE_LOST, WHOSE_PROVIDER);
    blame_withdraw(s, t.l, t.a);
    blame_displacer(s, t.l, t.a);
    if (is_cancelled) {
        pay_survived(s, &t);
        finish(s, &t, &cancelled);
    } else {
        retry(s, &t);
    }
    return true;
}

/* The reason of a run that has used up its time: was it the money that set the limit? */
static enum reason time_or_budget(const struct tie *t)
{
    return t->l->lease.seconds_max < t->b->bid.spec.seconds ? REASON_BUDGET_SPENT
                                                            : REASON_TIME_SPENT;
}

bool apply_lease_spent(struct step *s)
{
    struct tie t;

    if (!find(s, LEASE_SPEND, &t)) return false;
    if (t.l->lease.ready_us + t.l->lease.seconds_max * US_PER_SECOND > s->c->at_us)
        return step_refuse(s, ERR_WRONG_STATE, "There is still time.");
    if (!step_reserve(s, /* asks= */ 0, /* trades= */ 0)) return false;

    stop(s, &t, time_or_budget(&t));
    return true;
}

/* As a lease that is displaced, but nobody waits for its units. */
bool apply_lease_drained(struct step *s)
{
    struct tie t;

    if (!find(s, LEASE_PREEMPT, &t)) return false;
    if (index_drained_us(t.l) > s->c->at_us)
        return step_refuse(s, ERR_WRONG_STATE, "The lease need not leave now.");
    if (!step_reserve(s, /* asks= */ 0, /* trades= */ 0)) return false;

    stop(s, &t, REASON_DRAINED);
    return true;
}

/* It had to leave, by no fault of the buyer. */
static bool made_to_leave(enum reason reason)
{
    return reason == REASON_DISPLACED || reason == REASON_DRAINED;
}

/* It used more than it asked for. */
static bool passed_a_limit(enum reason reason)
{
    return reason == REASON_OUT_OF_MEMORY || reason == REASON_EGRESS_SPENT;
}

static bool is_exit_reason(enum lease_state state, enum reason reason)
{
    if (made_to_leave(reason)) return state == LEASE_PREEMPTED;
    if (reason == REASON_TIME_SPENT) return state == LEASE_RUNNING;
    return reason == REASON_DONE || passed_a_limit(reason) || reason == REASON_ENGINE_FAILED;
}

/* Why it ended: one that was told to stop keeps the reason for that. */
static enum reason exit_reason(const struct tie *t, enum reason reported)
{
    const struct lease *const l = &t->l->lease;

    if (l->state == LEASE_STOPPING || l->reason == REASON_CANCELLED) return l->reason;
    if (made_to_leave(reported)) return l->reason;
    return reported == REASON_TIME_SPENT ? time_or_budget(t) : reported;
}

static enum verdict verdict_of(enum reason reason, int32_t exit_code)
{
    if (reason == REASON_CANCELLED) return VERDICT_CANCELLED;
    if (reason == REASON_GANG_BROKEN) return VERDICT_NONE;
    if (reason == REASON_ENGINE_FAILED || made_to_leave(reason)) return VERDICT_RETRY;
    return reason == REASON_DONE && exit_code == 0 ? VERDICT_NONE : VERDICT_FAILED;
}

static enum fault fault_of(enum reason reason)
{
    if (reason == REASON_ENGINE_FAILED) return WHOSE_PROVIDER;
    return passed_a_limit(reason) ? WHOSE_BUYER : WHOSE_NOBODY;
}

/* The least that is billed for a run that ends so. */
static int32_t least_of(const struct market_rules *rules, const struct lease *l, enum reason reason)
{
    if (reason == REASON_GANG_BROKEN || made_to_leave(reason)) return 0;
    return l->base.micros > 0 && !l->own ? rules->min_run_seconds : rules->bill_min_seconds;
}

/* The container has exited and the receipt is signed; at the level `signed` nothing else is
 * checked, so the lease goes on to be settled at once. */
static void close_run(struct step *s, struct tie *t)
{
    struct lease *const l = &t->l->lease;
    const enum reason reason = exit_reason(t, s->c->u.lease.reason);
    const struct node *const node = &state_node(s->m, l->node)->node;
    const int64_t ill_us = l->ready_us != 0 ? settle_ill_us(node, s->c->at_us) - l->ill_us : 0;
    const struct seconds seconds = settle_seconds(l, s->c->u.lease.seconds, s->c->at_us, ill_us,
                                                  least_of(&s->m->rules, l, reason));
    const bool settles = lease_next(t->to, LEASE_CHECK_PASS, &t->to);
    const enum verdict verdict = verdict_of(reason, s->c->u.lease.exit_code);
    const struct lesson what = {
        .verdict = verdict,
        .reason = reason,
        .exit_code = verdict > VERDICT_RETRY ? s->c->u.lease.exit_code : 0,
        .exclude = reason == REASON_ENGINE_FAILED,
    };

    assert(settles);
    (void)settles;
    l->seconds_signed = s->c->u.lease.seconds;
    l->seconds_observed = seconds.observed;
    l->exit_code = s->c->u.lease.exit_code;
    end(s, t, reason, fault_of(reason));
    blame_displacer(s, t->l, t->a);
    if (reason == REASON_ENGINE_FAILED)
        pay_survived(s, t);
    else if (l->ready_us == 0)
        pay_unrun(s, t, 0);
    else
        pay(s, t, seconds.billed);
    finish(s, t, &what);
}

bool apply_lease_exit(struct step *s)
{
    struct tie t;

    if (!find(s, LEASE_EXIT, &t)) return false;
    if (s->c->u.lease.seconds < 0)
        return step_refuse(s, ERR_VALIDATION_FAILED, "The metered seconds are negative.");
    if (t.l->lease.state != LEASE_STOPPING &&
        !is_exit_reason(t.l->lease.state, s->c->u.lease.reason))
        return step_refuse(s, ERR_VALIDATION_FAILED, "This is no reason for an exit.");
    if (!reserve(s, &t)) return false;

    close_run(s, &t);
    return true;
}

/* An offer of one lease is over at once. */
static void cancel_offer(struct step *s, struct tie *t)
{
    const struct lesson what = { VERDICT_CANCELLED, REASON_CANCELLED, 0, .exclude = false };
    const bool may = lease_next(t->l->lease.state, LEASE_CANCEL, &t->to);

    assert(may);
    (void)may;
    end(s, t, REASON_CANCELLED, WHOSE_NOBODY);
    blame_displacer(s, t->l, t->a);
    pay_unrun(s, t, 0);
    finish(s, t, &what);
}

bool lease_cancel(struct step *s, struct bid_entry *b)
{
    struct lease_entry *const first = state_lease(s->m, b->bid.lease);

    if (b->bid.leases_n == 1) {
        struct tie t = tie_of(s->m, first);
        if (!reserve(s, &t)) return false;
        if (first->lease.state == LEASE_OFFERED)
            cancel_offer(s, &t);
        else
            recall(s, first, REASON_CANCELLED);
        return true;
    }
    if (!step_reserve(s, /* asks= */ 0, /* trades= */ 0)) return false;
    recall_grant(s, b, REASON_CANCELLED);
    bid_learn(b, VERDICT_CANCELLED, REASON_CANCELLED, 0);
    touch_bid(s->m, b);
    return true;
}
