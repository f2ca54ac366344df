/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/jobs.h"

#include <assert.h>

#include "domain/displace.h"
#include "domain/leases.h"
#include "domain/ledger.h"
#include "domain/match.h"
#include "domain/settle.h"
#include "domain/touch.h"

void bid_close(struct step *s, struct bid_entry *b, enum order_state order, enum job_state job,
               enum reason reason)
{
    assert(!state_bid_over(&b->bid));
    assert(b->bid.live == 0);

    ledger_hold(s, b, (struct money){ 0 });
    b->bid.state = order;
    b->bid.job = job;
    b->bid.reason = reason;
    b->bid.lease = 0;
    b->bid.leases_n = 0;
    b->bid.parked = 0;
    b->bid.parked_pool = 0;
    touch_bid(s->m, b);
    assert(state_bid_over(&b->bid));
}

void bid_learn(struct bid_entry *b, enum verdict verdict, enum reason reason, int32_t exit_code)
{
    if (verdict <= b->bid.verdict) return;
    b->bid.verdict = verdict;
    b->bid.verdict_reason = reason;
    b->bid.exit_code = exit_code;
}

void bid_exclude(struct bid_entry *b, int64_t node)
{
    struct bid *const bid = &b->bid;

    for (int32_t i = 0; i < bid->excluded_n; i++)
        if (bid->excluded[i] == node) return;
    if (bid->excluded_n == EXCLUDED_NODES_MAX) {
        for (int32_t i = 1; i < bid->excluded_n; i++)
            bid->excluded[i - 1] = bid->excluded[i];
        bid->excluded_n--;
    }
    bid->excluded[bid->excluded_n++] = node;
}

static void try_again(struct step *s, struct bid_entry *b)
{
    struct bid *const bid = &b->bid;
    const struct money want = settle_want(s->m, bid), available = b->buyer->balance.available;

    if (bid->attempts >= bid->spec.attempts_max) {
        bid_close(s, b, ORDER_FAILED, JOB_FAILED, REASON_ATTEMPTS_SPENT);
    } else if (bid->spec.expires_us <= s->c->at_us) {
        bid_close(s, b, ORDER_EXPIRED, JOB_EXPIRED, REASON_EXPIRED);
    } else if (money_cmp(want, settle_least(s->m, bid)) < 0) {
        bid_close(s, b, ORDER_FAILED, JOB_FAILED, REASON_BUDGET_SPENT);
    } else if (want.micros - bid->hold.micros > available.micros) {
        bid_close(s, b, ORDER_FAILED, JOB_FAILED, REASON_NO_FUNDS);
    } else {
        ledger_hold(s, b, want);
        bid->verdict = VERDICT_NONE;
        bid->verdict_reason = REASON_NONE;
        bid->exit_code = 0;
        bid->lease = 0;
        bid->leases_n = 0;
        bid->state = ORDER_OPEN;
        bid->job = JOB_OPEN;
        bid->priority = s->c->seq;
        touch_bid(s->m, b);
        match_bid(s, b);
    }
}

void bid_conclude(struct step *s, struct bid_entry *b)
{
    const struct bid *const bid = &b->bid;

    assert(bid->state == ORDER_FILLED);
    assert(bid->live == 0);
    switch (bid->verdict) {
    case VERDICT_NONE: bid_close(s, b, ORDER_FILLED, JOB_SETTLED, REASON_DONE); break;
    case VERDICT_RETRY:
        if (bid->verdict_reason == REASON_DISPLACED || bid->verdict_reason == REASON_DRAINED)
            b->bid.attempts--; /* nobody failed */
        try_again(s, b);
        break;
    case VERDICT_FAILED: bid_close(s, b, ORDER_FILLED, JOB_FAILED, bid->verdict_reason); break;
    case VERDICT_CANCELLED:
        bid_close(s, b, ORDER_CANCELLED, JOB_CANCELLED, REASON_CANCELLED);
        break;
    }
}

static const char *wrong_wish(const struct wish *w)
{
    if (w->regions < 0 || w->regions >= 1 << REGIONS) return "The regions are out of range.";
    if (w->tier_min < 0 || w->tier_min >= TIERS) return "The tier is out of range.";
    if (w->verified < 0 || w->verified > 1) return "Verified is neither yes nor no.";
    if (w->isolation_min < 0 || w->isolation_min >= ISOLATIONS)
        return "The isolation class is out of range.";
    if (w->interconnect_min < 0 || w->interconnect_min >= INTERCONNECTS)
        return "The interconnect is out of range.";
    if (w->bandwidth_min_mbps < 0) return "The bandwidth is negative.";
    if (w->label < 0) return "The label is out of range.";
    if (w->egress < 0 || w->egress >= EGRESSES) return "The egress is out of range.";
    return NULL;
}

static const char *wrong_auction(const struct bid_spec *b)
{
    if (b->auction_ms < 0 || b->auction_ms > AUCTION_MAX_MS)
        return "The bidding window is out of range.";
    if (b->auction_ms == 0) return NULL;
    if (b->tif != TIF_GOOD_TILL_TIME) return "A sealed bid is good till its time.";
    if (b->nodes > 1) return "A bid for several nodes cannot be sealed.";
    if (b->own == OWN_ONLY) return "A bid for own nodes only cannot be sealed.";
    return NULL;
}

static const char *wrong_kind(const struct bid_spec *b)
{
    if (b->tif < TIF_GOOD_TILL_TIME || b->tif > TIF_POST_ONLY)
        return "There is no such time in force.";
    if (b->rank != RANK_PRICE && b->rank != RANK_VALUE) return "There is no such rank.";
    if (b->own < OWN_FIRST || b->own > OWN_NEVER) return "Own is first, only or never.";
    if (b->own == OWN_ONLY && b->nodes > 1) return "A bid for own nodes only is for one node.";
    if (b->tif == TIF_POST_ONLY && b->own == OWN_ONLY)
        return "A bid for own nodes only cannot be post-only.";
    return wrong_auction(b);
}

/* What is wrong with the bid, wherever it stands; NULL: nothing. */
static const char *wrong_with(const struct bid_spec *b, int64_t now_us)
{
    if (b->nodes < 1 || b->nodes > GANG_NODES_MAX) return "The number of nodes is out of range.";
    if (b->seconds < DURATION_MIN_S) return "The longest run is too short.";
    if (b->seconds > DURATION_MAX_S) return "The longest run is too long.";
    if (b->checkpoint_seconds < DURATION_MIN_S || b->checkpoint_seconds > DURATION_MAX_S)
        return "The time between checkpoints is out of range.";
    if (b->expires_us <= now_us) return "The bid would have expired already.";
    if (b->expires_us - now_us > (int64_t)DURATION_MAX_S * US_PER_SECOND)
        return "The bid would expire too late.";
    if (b->attempts_max < 1 || b->attempts_max > ATTEMPTS_MAX)
        return "The number of attempts is out of range.";
    if (b->budget.micros <= 0 || money_cmp(b->budget, MONEY_INPUT_MAX) > 0)
        return "The budget is out of range.";
    const char *const wrong = wrong_wish(&b->wish);
    return wrong ? wrong : wrong_kind(b);
}

/* The wants: a pool each, none twice. What there is wrong with their limits. */
static const char *wrong_wants(const struct market *m, const struct bid *b)
{
    const struct bid_spec *const spec = &b->spec;

    for (int32_t w = 0; w < spec->wants_n; w++) {
        const struct pool *const pool = &state_book(m, spec->wants[w].pool)->pool;
        if (spec->wants[w].units < 1 || spec->wants[w].units > UNITS_MAX)
            return "The units are out of range.";
        for (int32_t v = 0; v < w; v++)
            if (spec->wants[v].pool == spec->wants[w].pool) return "A pool is named twice.";
        if ((w == 0 || spec->rank == RANK_PRICE) && !pool_on_tick(pool, spec->limit))
            return "The limit is not on the tick.";
        if (spec->rank == RANK_VALUE && pool->throughput <= 0)
            return "A pool has no throughput to rank by.";
    }
    for (int32_t w = 0; w < spec->wants_n; w++)
        if (settle_limit(m, b, w).micros == 0) return "The limit is less than a tick of a pool.";
    return NULL;
}

const char *bid_wrong(const struct market *m, const struct bid_spec *spec, int64_t now_us,
                      enum err_code *code)
{
    const struct bid bid = { .spec = *spec };

    *code = ERR_VALIDATION_FAILED;
    if (spec->wants_n < 1 || spec->wants_n > WANTS_MAX)
        return "The number of pools is out of range.";
    for (int32_t w = 0; w < spec->wants_n; w++) {
        if (state_book(m, spec->wants[w].pool)) continue;
        *code = ERR_NOT_FOUND;
        return "There is no such pool.";
    }
    const char *const wrong = wrong_with(spec, now_us);
    return wrong ? wrong : wrong_wants(m, &bid);
}

/* Can it be paid for? */
static bool affords(struct step *s, const struct bid_entry *b)
{
    const struct money want = settle_want(s->m, &b->bid);

    if (money_cmp(want, settle_least(s->m, &b->bid)) < 0)
        return step_refuse(s, ERR_VALIDATION_FAILED,
                           "The budget does not pay for the least that is billed.");
    if (b->bid.touch.fresh && b->buyer->open_bids >= OPEN_ORDERS_MAX)
        return step_refuse(s, ERR_QUOTA_EXCEEDED, "The account has too many open bids.");
    if (want.micros - b->bid.hold.micros > b->buyer->balance.available.micros)
        return step_refuse(s, ERR_INSUFFICIENT_FUNDS, "The job needs more than is available.");
    if (b->bid.spec.tif == TIF_POST_ONLY && match_bid_would_trade(s->m, b, s->c->at_us))
        return step_refuse(s, ERR_WOULD_TRADE, "The bid is post-only and would trade at once.");
    return true;
}

/* A bid comes: it meets the asks, and what finds none may displace. */
static void meet(struct step *s, struct bid_entry *b)
{
    match_bid(s, b);
    if (b->bid.spec.tif != TIF_POST_ONLY) displace_for_bid(s, b);
}

static void enter(struct step *s, struct bid_entry *b)
{
    if (b->bid.sealed) return;
    meet(s, b);
    if (b->bid.state != ORDER_OPEN) return;
    if (b->bid.spec.tif == TIF_IMMEDIATE_OR_CANCEL || b->bid.spec.tif == TIF_FILL_OR_KILL)
        bid_close(s, b, ORDER_EXPIRED, JOB_EXPIRED, REASON_NOT_FILLED);
}

bool apply_submit_job(struct step *s)
{
    const struct bid_spec *const spec = &s->c->u.submit_job;
    const struct account *const buyer = state_account(s->m, s->c->account);
    struct bid_entry fresh = {
        .bid = { .bid = s->c->seq,
                 .account = s->c->account,
                 .at_us = s->c->at_us,
                 .priority = s->c->seq,
                 .spec = *spec,
                 .sealed = spec->auction_ms > 0,
                 .state = ORDER_OPEN,
                 .job = JOB_OPEN,
                 .touch.fresh = true },
    };
    struct bid_line looked[WANTS_MAX] = { 0 }, *lines;

    if (!buyer || s->c->account < ACCOUNT_FIRST)
        return step_refuse(s, ERR_NOT_FOUND, "There is no such account.");
    enum err_code code;
    const char *const wrong = bid_wrong(s->m, spec, s->c->at_us, &code);
    if (wrong) return step_refuse(s, code, wrong);
    fresh.bid.tier = buyer->standing.tier;
    fresh.lines = looked;
    state_dress_bid(s->m, &fresh);
    if (!affords(s, &fresh)) return false;
    if (!step_reserve(s, /* asks= */ 0, step_trades_max(NULL, 0, &fresh))) return false;
    if (!table_reserve(&s->m->bids, 1) || !state_make_lines(s->m, spec, &lines))
        return step_refuse(s, ERR_OVERLOADED, "There is no memory left for this.");

    struct bid_entry *const b = state_add_bid(s->m, &fresh.bid, lines);
    ledger_hold(s, b, settle_want(s->m, &b->bid));
    touch_bid(s->m, b);
    enter(s, b);
    return true;
}

bool apply_amend_bid(struct step *s)
{
    struct bid_entry *const b = state_bid(s->m, s->c->u.amend_bid.bid);

    if (!b || b->bid.account != s->c->account)
        return step_refuse(s, ERR_NOT_FOUND, "There is no such bid.");
    if (b->bid.state != ORDER_OPEN || b->bid.sealed)
        return step_refuse(s, ERR_WRONG_STATE, "The bid cannot be amended any more, or not yet.");

    struct bid_line looked[WANTS_MAX] = { 0 };
    struct bid_entry amended = { .bid = b->bid, .lines = looked };
    amended.bid.spec.limit = s->c->u.amend_bid.limit;
    amended.bid.priority = s->c->seq;
    amended.bid.touch.fresh = false;
    const char *const wrong = wrong_wants(s->m, &amended.bid);
    if (wrong) return step_refuse(s, ERR_VALIDATION_FAILED, wrong);
    state_dress_bid(s->m, &amended);
    if (!affords(s, &amended)) return false;
    if (!step_reserve(s, /* asks= */ 0, step_trades_max(NULL, 0, b))) return false;
    if (money_cmp(amended.bid.spec.limit, b->bid.spec.limit) == 0) return true;

    b->bid.spec.limit = amended.bid.spec.limit;
    b->bid.priority = s->c->seq;
    b->bid.parked = 0;
    b->bid.parked_pool = 0;
    for (int32_t w = 0; w < b->bid.spec.wants_n; w++)
        b->lines[w].limit = amended.lines[w].limit;
    ledger_hold(s, b, settle_want(s->m, &b->bid));
    touch_bid(s->m, b);
    meet(s, b);
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

bool apply_trim(struct step *s)
{
    struct bid_entry *const b = state_bid(s->m, s->c->u.order.order);

    if (!b) return step_refuse(s, ERR_NOT_FOUND, "There is no such bid.");
    if (b->bid.state != ORDER_FILLED || b->bid.hold.micros <= b->leases_hold)
        return step_refuse(s, ERR_WRONG_STATE, "The bid holds no more than it needs.");
    if (!step_reserve(s, /* asks= */ 0, /* trades= */ 0)) return false;

    ledger_hold(s, b, (struct money){ b->leases_hold });
    touch_bid(s->m, b);
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
