/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/jobs.h"

#include <assert.h>

#include "domain/leases.h"
#include "domain/ledger.h"
#include "domain/match.h"
#include "domain/settle.h"
#include "domain/touch.h"

void bid_close(struct step *s, struct bid_entry *b, enum order_state order, enum job_state job,
               enum reason reason)
{
    assert(!state_bid_over(&b->bid));
    assert(b->bid.lease == 0);

    ledger_hold(s, b, (struct money){ 0 });
    b->bid.state = order;
    b->bid.job = job;
    b->bid.reason = reason;
    touch_bid(s->m, b);
    assert(state_bid_over(&b->bid));
}

void bid_try_again(struct step *s, struct bid_entry *b, int64_t node)
{
    struct bid *const bid = &b->bid;
    const struct money want = settle_want(bid), available = b->buyer->balance.available;

    assert(bid->state == ORDER_FILLED);
    assert(bid->lease == 0);
    assert(bid->excluded_n < EXCLUDED_NODES_MAX);
    bid->excluded[bid->excluded_n++] = node;

    if (bid->attempts >= bid->spec.attempts_max) {
        bid_close(s, b, ORDER_FAILED, JOB_FAILED, REASON_ATTEMPTS_SPENT);
    } else if (bid->spec.expires_us <= s->c->at_us) {
        bid_close(s, b, ORDER_EXPIRED, JOB_EXPIRED, REASON_EXPIRED);
    } else if (money_cmp(want, settle_least(&s->m->rules, bid)) < 0) {
        bid_close(s, b, ORDER_FAILED, JOB_FAILED, REASON_BUDGET_SPENT);
    } else if (want.micros - bid->hold.micros > available.micros) {
        bid_close(s, b, ORDER_FAILED, JOB_FAILED, REASON_NO_FUNDS);
    } else {
        ledger_hold(s, b, want);
        bid->state = ORDER_OPEN;
        bid->job = JOB_OPEN;
        bid->priority = s->c->seq;
        touch_bid(s->m, b);
        match_bid(s, b);
    }
}

/* What is wrong with the bid, wherever it stands; NULL: nothing. */
static const char *wrong_with(const struct bid_spec *b, const struct pool *pool, int64_t now_us)
{
    if (!pool_on_tick(pool, b->limit)) return "The limit is not a positive multiple of the tick.";
    if (b->units < 1 || b->units > ORDER_UNITS_MAX) return "The units are out of range.";
    if (b->seconds < DURATION_MIN_S) return "The longest run is too short.";
    if (b->seconds > DURATION_MAX_S) return "The longest run is too long.";
    if (b->expires_us <= now_us) return "The bid would have expired already.";
    if (b->expires_us - now_us > (int64_t)DURATION_MAX_S * US_PER_SECOND)
        return "The bid would expire too late.";
    if (b->attempts_max < 1 || b->attempts_max > ATTEMPTS_MAX)
        return "The number of attempts is out of range.";
    if (b->budget.micros <= 0 || money_cmp(b->budget, MONEY_INPUT_MAX) > 0)
        return "The budget is out of range.";
    return NULL;
}

bool apply_submit_job(struct step *s)
{
    const struct bid bid = {
        .bid = s->c->seq,
        .account = s->c->account,
        .at_us = s->c->at_us,
        .priority = s->c->seq,
        .spec = s->c->u.submit_job,
        .state = ORDER_OPEN,
        .job = JOB_OPEN,
        .touch.fresh = true,
    };
    struct book *const book = state_book(s->m, bid.spec.pool);
    const struct account *const buyer = state_account(s->m, bid.account);

    if (!buyer || bid.account < ACCOUNT_FIRST)
        return step_refuse(s, ERR_NOT_FOUND, "There is no such account.");
    if (!book) return step_refuse(s, ERR_NOT_FOUND, "There is no such pool.");
    const char *const wrong = wrong_with(&bid.spec, &book->pool, s->c->at_us);
    if (wrong) return step_refuse(s, ERR_VALIDATION_FAILED, wrong);
    const struct money want = settle_want(&bid);
    if (money_cmp(want, settle_least(&s->m->rules, &bid)) < 0)
        return step_refuse(s, ERR_VALIDATION_FAILED,
                           "The budget does not pay for the least that is billed.");
    if (buyer->open_bids >= OPEN_ORDERS_MAX)
        return step_refuse(s, ERR_QUOTA_EXCEEDED, "The account has too many open bids.");
    if (money_cmp(want, buyer->balance.available) > 0)
        return step_refuse(s, ERR_INSUFFICIENT_FUNDS, "The job needs more than is available.");
    if (!table_reserve(&s->m->bids, 1))
        return step_refuse(s, ERR_OVERLOADED, "There is no memory left for this.");
    if (!step_reserve(s, /* asks= */ 0, /* trades= */ 1)) return false;

    struct bid_entry *const b = state_add_bid(s->m, &bid);
    ledger_hold(s, b, want);
    touch_bid(s->m, b);
    match_bid(s, b);
    return true;
}

static void amend(struct step *s, struct bid_entry *b, struct money limit, struct money want)
{
    const int order = money_cmp(limit, b->bid.spec.limit);

    if (order == 0) return;
    if (order > 0) b->bid.priority = s->c->seq;
    b->bid.spec.limit = limit;
    ledger_hold(s, b, want);
    touch_bid(s->m, b);
    match_bid(s, b);
}

bool apply_amend_bid(struct step *s)
{
    struct bid_entry *const b = state_bid(s->m, s->c->u.amend_bid.bid);

    if (!b || b->bid.account != s->c->account)
        return step_refuse(s, ERR_NOT_FOUND, "There is no such bid.");
    if (b->bid.state != ORDER_OPEN)
        return step_refuse(s, ERR_WRONG_STATE, "The bid no longer rests.");

    struct bid amended = b->bid;
    amended.spec.limit = s->c->u.amend_bid.limit;
    if (!pool_on_tick(&b->book->pool, amended.spec.limit))
        return step_refuse(s, ERR_VALIDATION_FAILED,
                           "The limit is not a positive multiple of the tick.");
    const struct money want = settle_want(&amended);
    if (money_cmp(want, settle_least(&s->m->rules, &amended)) < 0)
        return step_refuse(s, ERR_VALIDATION_FAILED,
                           "The budget does not pay for the least that is billed.");
    if (want.micros - b->bid.hold.micros > b->buyer->balance.available.micros)
        return step_refuse(s, ERR_INSUFFICIENT_FUNDS, "The limit needs more than is available.");
    if (!step_reserve(s, /* asks= */ 0, /* trades= */ 1)) return false;

    amend(s, b, amended.spec.limit, want);
    return true;
}

bool apply_cancel_job(struct step *s)
{
    struct bid_entry *const b = state_bid(s->m, s->c->u.order.order);

    if (!b || b->bid.account != s->c->account)
        return step_refuse(s, ERR_NOT_FOUND, "There is no such job.");
    if (b->bid.state != ORDER_OPEN) return lease_cancel(s, b);
    if (!step_reserve(s, /* asks= */ 0, /* trades= */ 0)) return false;

    bid_close(s, b, ORDER_CANCELLED, JOB_CANCELLED, REASON_CANCELLED);
    return true;
}

bool apply_expire_bid(struct step *s, struct bid_entry *b)
{
    if (b->bid.state != ORDER_OPEN)
        return step_refuse(s, ERR_WRONG_STATE, "The bid no longer rests.");
    if (b->bid.spec.expires_us > s->c->at_us)
        return step_refuse(s, ERR_WRONG_STATE, "The bid has not expired yet.");
    if (!step_reserve(s, /* asks= */ 0, /* trades= */ 0)) return false;

    bid_close(s, b, ORDER_EXPIRED, JOB_EXPIRED, REASON_EXPIRED);
    return true;
}
