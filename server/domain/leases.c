/* SPDX-License-Identifier: Apache-2.0 */
/* Leases: every command finds its edge in the shared table (wire/lease.h), checks what else must
 * hold, and then ends in one of four ways:
 *
 *   move()      the lease lives on in another state
 *   retry()     it came to nothing, by no fault of the buyer: the bid tries again
 *   pay()       it is billed, and the job is over
 *   abandon()   the buyer has cancelled, and nothing is owed
 *
 * The last three give the units back: first the bid of the lease meets the asks, then the ask, if
 * it is still open, meets the bids. */
#include "domain/leases.h"

#include <assert.h>

#include "domain/asks.h"
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

static struct tie tie_of(const struct market *m, struct lease_entry *l)
{
    const struct tie t = {
        .l = l,
        .b = state_bid(m, l->lease.bid),
        .a = state_ask(m, l->lease.ask),
        .to = l->lease.state,
    };

    assert(t.b && t.b->bid.lease == l->lease.lease);
    assert(t.a && t.a->leased >= l->lease.units);
    return t;
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
    if (!lease_next(l->lease.state, event, &to))
        return step_refuse(s, ERR_WRONG_STATE, "The lease is in another state.");
    *out = tie_of(s->m, l);
    out->to = to;
    return true;
}

/* Room for the bid to trade once more and for the ask to sell its units again. */
static bool reserve(struct step *s, const struct tie *t)
{
    return step_reserve(s, /* asks= */ 0, 1 + step_trades_max(t->a->book, t->a->ask.spec.units));
}

static bool is_due(const struct step *s, const struct tie *t)
{
    return index_lease_due_us(&s->m->rules, &t->l->lease) <= s->c->at_us;
}

static void move(struct step *s, const struct tie *t)
{
    t->l->lease.state = t->to;
    touch_lease(s->m, t->l);
}

/* The lease is over in the state `t->to`; its bid has none any more. */
static void end(struct step *s, const struct tie *t, enum reason reason, enum fault fault)
{
    struct lease *const l = &t->l->lease;

    assert(lease_is_final(t->to));
    l->reason = reason;
    l->fault = fault;
    l->ended_us = s->c->at_us;
    move(s, t);
    t->b->bid.lease = 0;
}

/* The provider has shown that he is not fit for work: his ask leaves the book. */
static void withdraw(struct step *s, const struct tie *t)
{
    if (t->a->ask.state == ORDER_OPEN) ask_close(s, t->a, ORDER_CANCELLED, t->l->lease.reason);
}

static void retry(struct step *s, const struct tie *t)
{
    ask_give_back(s, t->a, t->l->lease.units);
    bid_try_again(s, t->b, t->l->lease.node);
    match_ask(s, t->a);
}

static void abandon(struct step *s, const struct tie *t)
{
    bid_close(s, t->b, ORDER_CANCELLED, JOB_CANCELLED, REASON_CANCELLED);
    ask_give_back(s, t->a, t->l->lease.units);
    match_ask(s, t->a);
}

/* The buyer pays for `seconds` and gets the rest of the hold back; the job is over. */
static void pay(struct step *s, const struct tie *t, int64_t seconds, enum job_state job)
{
    struct lease *const l = &t->l->lease;
    struct bid *const bid = &t->b->bid;
    const struct bill bill = settle_bill(&s->m->rules, l, seconds);

    assert(money_cmp(bid->hold, l->hold) == 0);
    ledger_add(s, t->b->buyer, BUCKET_HELD, -bid->hold.micros);
    ledger_add(s, t->b->buyer, BUCKET_AVAILABLE, bid->hold.micros - bill.charge.micros);
    ledger_add(s, state_account(s->m, l->provider), BUCKET_AVAILABLE, bill.payout.micros);
    ledger_add(s, state_account(s->m, ACCOUNT_FEES), BUCKET_AVAILABLE, bill.fee.micros);

    l->seconds_billed = seconds;
    l->charge = bill.charge;
    l->fee = bill.fee;
    l->payout = bill.payout;
    touch_lease(s->m, t->l);

    bid->spent.micros += bill.charge.micros;
    bid->hold = (struct money){ 0 };
    bid->job = job;
    bid->reason = l->reason;
    bid->exit_code = l->exit_code;
    touch_bid(s->m, t->b);

    ask_give_back(s, t->a, l->units);
    match_ask(s, t->a);
}

bool apply_accept_lease(struct step *s)
{
    struct tie t;

    if (!find(s, LEASE_ACCEPT, &t)) return false;
    if (!step_reserve(s, /* asks= */ 0, /* trades= */ 0)) return false;

    t.l->lease.accepted_us = s->c->at_us;
    move(s, &t);
    return true;
}

bool apply_lease_ready(struct step *s)
{
    struct tie t;

    if (!find(s, LEASE_READY, &t)) return false;
    if (!step_reserve(s, /* asks= */ 0, /* trades= */ 0)) return false;

    t.l->lease.ready_us = s->c->at_us;
    move(s, &t);
    t.b->bid.job = JOB_RUNNING;
    touch_bid(s->m, t.b);
    return true;
}

bool apply_decline_lease(struct step *s)
{
    struct tie t;

    if (!find(s, LEASE_DECLINE, &t)) return false;
    if (!reserve(s, &t)) return false;

    end(s, &t, REASON_DECLINED, WHOSE_PROVIDER);
    withdraw(s, &t);
    retry(s, &t);
    return true;
}

bool apply_lease_timeout(struct step *s)
{
    struct tie t;

    if (!find(s, LEASE_TIMEOUT, &t)) return false;
    if (!is_due(s, &t)) return step_refuse(s, ERR_WRONG_STATE, "There is still time.");
    if (!reserve(s, &t)) return false;

    const bool offered = t.l->lease.state == LEASE_OFFERED;
    end(s, &t, offered ? REASON_OFFER_TIMEOUT : REASON_PREPARE_TIMEOUT, WHOSE_PROVIDER);
    if (offered) withdraw(s, &t);
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
    if (fault == WHOSE_BUYER)
        pay(s, &t, settle_preparation(&s->m->rules, &t.l->lease, s->c->at_us), JOB_FAILED);
    else
        retry(s, &t);
    return true;
}

bool apply_lease_lost(struct step *s)
{
    struct tie t;

    if (!find(s, LEASE_SILENCE, &t)) return false;
    if (!reserve(s, &t)) return false;

    const bool cancelled =
        t.l->lease.state == LEASE_STOPPING && t.l->lease.reason == REASON_CANCELLED;
    if (t.to == LEASE_LOST) {
        const bool settles = lease_next(t.to, LEASE_SETTLE, &t.to); /* at once: nothing is owed */
        assert(settles);
        (void)settles;
    }
    end(s, &t, REASON_NODE_LOST, WHOSE_PROVIDER);
    withdraw(s, &t);
    if (cancelled)
        abandon(s, &t);
    else
        retry(s, &t);
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
    if (!is_due(s, &t)) return step_refuse(s, ERR_WRONG_STATE, "There is still time.");
    if (!step_reserve(s, /* asks= */ 0, /* trades= */ 0)) return false;

    t.l->lease.reason = time_or_budget(&t);
    t.l->lease.stopping_us = s->c->at_us;
    move(s, &t);
    return true;
}

static bool is_exit_reason(enum reason reason)
{
    return reason == REASON_DONE || reason == REASON_OUT_OF_MEMORY || reason == REASON_TIME_SPENT ||
           reason == REASON_ENGINE_FAILED;
}

/* Why it ended: one that was told to stop keeps the reason for that. */
static enum reason exit_reason(const struct tie *t, enum reason reported)
{
    if (t->l->lease.state == LEASE_STOPPING) return t->l->lease.reason;
    return reported == REASON_TIME_SPENT ? time_or_budget(t) : reported;
}

static enum job_state job_after(enum reason reason, int32_t exit_code)
{
    if (reason == REASON_CANCELLED) return JOB_CANCELLED;
    return reason == REASON_DONE && exit_code == 0 ? JOB_SETTLED : JOB_FAILED;
}

static enum fault fault_of(enum reason reason)
{
    if (reason == REASON_ENGINE_FAILED) return WHOSE_PROVIDER;
    return reason == REASON_OUT_OF_MEMORY ? WHOSE_BUYER : WHOSE_NOBODY;
}

/* The container has exited and the receipt is signed; at the level `signed` nothing else is
 * checked, so the lease goes on to be settled at once. */
static void close_run(struct step *s, struct tie *t)
{
    struct lease *const l = &t->l->lease;
    const enum reason reason = exit_reason(t, s->c->u.lease.reason);
    const struct seconds seconds =
        settle_seconds(&s->m->rules, l, s->c->u.lease.seconds, s->c->at_us);
    const bool settles = lease_next(t->to, LEASE_CHECK_PASS, &t->to);

    assert(settles);
    (void)settles;
    l->seconds_signed = s->c->u.lease.seconds;
    l->seconds_observed = seconds.observed;
    l->exit_code = s->c->u.lease.exit_code;
    end(s, t, reason, fault_of(reason));
    if (reason == REASON_ENGINE_FAILED)
        retry(s, t);
    else
        pay(s, t, seconds.billed, job_after(reason, l->exit_code));
}

bool apply_lease_exit(struct step *s)
{
    struct tie t;

    if (!find(s, LEASE_EXIT, &t)) return false;
    if (s->c->u.lease.seconds < 0)
        return step_refuse(s, ERR_VALIDATION_FAILED, "The metered seconds are negative.");
    if (t.l->lease.state == LEASE_RUNNING && !is_exit_reason(s->c->u.lease.reason))
        return step_refuse(s, ERR_VALIDATION_FAILED, "This is no reason for an exit.");
    if (!reserve(s, &t)) return false;

    close_run(s, &t);
    return true;
}

bool lease_cancel(struct step *s, struct bid_entry *b)
{
    struct tie t = tie_of(s->m, state_lease(s->m, b->bid.lease));
    struct lease *const l = &t.l->lease;

    if (!reserve(s, &t)) return false;

    if (l->state == LEASE_OFFERED && lease_next(l->state, LEASE_CANCEL, &t.to)) {
        end(s, &t, REASON_CANCELLED, WHOSE_NOBODY);
        abandon(s, &t);
    } else if (lease_next(l->state, LEASE_CANCEL, &t.to)) {
        l->reason = REASON_CANCELLED;
        l->stopping_us = s->c->at_us;
        move(s, &t);
    } else if (l->state == LEASE_STOPPING && l->reason != REASON_CANCELLED) {
        l->reason = REASON_CANCELLED;
        touch_lease(s->m, t.l);
    }
    return true;
}
