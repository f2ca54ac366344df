/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/match.h"

#include <assert.h>

#include "domain/book.h"
#include "domain/collar.h"
#include "domain/eligible.h"
#include "domain/gang.h"
#include "domain/ledger.h"
#include "domain/own.h"
#include "domain/settle.h"
#include "domain/touch.h"

struct money match_price(const struct ask_entry *a, const struct bid_line *line,
                         const struct bid_entry *b)
{
    return a->ask.priority <= b->bid.priority ? a->ask.spec.price : line->limit;
}

/* ---- the trade ---- */

static void note_trade(struct step *s, const struct lease *l, bool bid_rested, bool displacing)
{
    struct touches *const t = &s->m->touches;

    assert(t->trades_n < t->trades_cap);
    t->trades[t->trades_n++] = (struct trade){
        .trade = l->lease,
        .bid = l->bid,
        .ask = l->ask,
        .node = l->node,
        .buyer = l->buyer,
        .provider = l->provider,
        .pool = l->pool,
        .units = l->units,
        .price = l->price,
        .bid_rested = bid_rested,
        .own = l->own,
        .displacing = displacing,
        .at_us = l->traded_us,
    };
    s->out->trades_n++;
}

static struct lease lease_of(const struct step *s, const struct bid_entry *b, int32_t want,
                             const struct pick *pick, int32_t seconds_max)
{
    const struct ask *const a = &pick->a->ask;
    const int32_t units = b->bid.spec.wants[want].units;

    return (struct lease){
        .lease = s->c->seq * FILLS_MAX + s->out->trades_n,
        .bid = b->bid.bid,
        .ask = a->ask,
        .node = a->spec.node,
        .buyer = b->bid.account,
        .provider = a->account,
        .pool = a->spec.pool,
        .units = units,
        .price = pick->price,
        .seconds_max = seconds_max,
        .hold = settle_part(pick->price, units, seconds_max),
        .state = LEASE_OFFERED,
        .epoch = 1,
        .traded_us = s->c->at_us,
        .touch.fresh = true,
    };
}

/* One node of the grant: its lease, and what it takes of the ask. */
static void lease_out(struct step *s, struct bid_entry *b, const struct lease *l,
                      struct ask_entry *a, struct how how)
{
    const bool bid_rested = a->ask.priority > b->bid.priority;
    struct lease_entry *const e = state_add_lease(s->m, l);

    e->limit = b->lines[own_want_for(b, l->pool)].limit.micros;
    if (how.victim) {
        how.victim->heir = e;
        a->heirs++;
    } else {
        a->ask.free -= l->units;
        a->leased += l->units;
        a->ask.priority = s->c->seq;
        touch_ask(s->m, a);
    }
    note_trade(s, l, bid_rested, how.victim != NULL);
    if (!how.own && !how.victim) collar_note(s, a, l->price);
}

void match_grant(struct step *s, struct bid_entry *b, const struct plan *plan, struct how how)
{
    const int32_t units = b->bid.spec.wants[plan->want].units;
    struct money sum = { 0 };
    int64_t hold = 0;

    assert(b->bid.state == ORDER_OPEN);
    assert(plan->n == b->bid.spec.nodes);
    assert(s->out->trades_n + plan->n <= FILLS_MAX);
    for (int32_t i = 0; i < plan->n; i++)
        sum.micros += plan->picks[i].price.micros;
    const int32_t seconds_max = settle_seconds_max(&b->bid, sum, units);

    b->bid.state = ORDER_FILLED;
    b->bid.job = JOB_PLACED;
    b->bid.parked = 0;
    b->bid.parked_pool = 0;
    b->called = false;
    b->bid.lease = s->c->seq * FILLS_MAX + s->out->trades_n;
    b->bid.leases_n = b->bid.live = plan->n;
    b->bid.attempts++;
    for (int32_t i = 0; i < plan->n; i++) {
        struct lease l = lease_of(s, b, plan->want, &plan->picks[i], seconds_max);
        l.own = how.own;
        if (how.victim) l.waits = how.victim->lease.lease;
        if (how.victim) l.base = plan->picks[i].a->ask.spec.price;
        lease_out(s, b, &l, plan->picks[i].a, how);
        hold += l.hold.micros;
        touch_lease(s->m, state_lease(s->m, l.lease));
    }
    if (how.came) ledger_hold(s, b, (struct money){ hold });
    touch_bid(s->m, b);
}

/* ---- a bid meets asks ---- */

/* What a plan costs, to compare plans in several pools: the smaller is the better. */
struct cost {
    __int128 money;
    __int128 per;
};

static struct cost cost_of(const struct bid_entry *b, const struct plan *p)
{
    const struct bid_line *const line = &b->lines[p->want];
    __int128 sum = 0;

    for (int32_t i = 0; i < p->n; i++)
        sum += p->picks[i].a->ask.spec.price.micros;
    if (b->bid.spec.rank == RANK_VALUE) return (struct cost){ sum, line->book->pool.throughput };
    if (p->n == 1) return (struct cost){ sum, 1 };
    return (struct cost){ sum * b->bid.spec.wants[p->want].units, 1 };
}

static bool cheaper(struct cost a, struct cost b)
{
    return a.money * b.per < b.money * a.per;
}

static bool plan_want(struct market *m, const struct bid_entry *b, int32_t w, int64_t now_us,
                      struct plan *out)
{
    const struct bid_line *const line = &b->lines[w];
    struct ask_walk walk;
    int64_t looks = 0;

    if (state_is_gang(&b->bid)) return gang_plan(m, b, w, now_us, out, &looks);

    struct ask_entry *const a = book_first_ask(&walk, b, w, now_us);
    out->want = w;
    out->n = a ? 1 : 0;
    if (a) out->picks[0] = (struct pick){ a, match_price(a, line, b) };
    return a != NULL;
}

void match_plan(struct market *m, const struct bid_entry *b, int64_t now_us, struct plan *out)
{
    struct plan other;

    out->n = 0;
    if (b->bid.spec.own == OWN_ONLY) return;
    for (int32_t w = 0; w < b->bid.spec.wants_n; w++) {
        if (!plan_want(m, b, w, now_us, &other)) continue;
        if (out->n == 0 || cheaper(cost_of(b, &other), cost_of(b, out))) *out = other;
    }
}

const struct pick *match_odd(const struct step *s, const struct plan *plan)
{
    for (int32_t i = 0; i < plan->n; i++)
        if (collar_odd(s, plan->picks[i].a->book, plan->picks[i].price)) return &plan->picks[i];
    return NULL;
}

/* An odd price is that of an ask which rests: that ask waits for the call, and the bid goes on.
 * When there are many the market may have moved: then the bid waits, and the call decides. */
void match_bid(struct step *s, struct bid_entry *b)
{
    struct plan plan;

    assert(state_bid_in(b));
    if (own_meet_asks(s, b)) return;
    for (int parked = 0;; parked++) {
        match_plan(s->m, b, s->c->at_us, &plan);
        if (plan.n == 0) return;
        const struct pick *const odd = match_odd(s, &plan);
        if (!odd) break;
        if (parked == PARK_MAX || !collar_odd(s, odd->a->book, odd->a->ask.spec.price)) {
            collar_park_bid(s, b, odd->a->book);
            return;
        }
        collar_park_ask(s, odd->a);
    }
    match_grant(s, b, &plan, (struct how){ .came = true });
}

/* ---- an ask meets bids ---- */

static bool gang_first(const struct bid_line *gang, const struct bid_line *line)
{
    const int order = money_cmp(gang->limit, line->limit);

    if (order != 0) return order > 0;
    return book_line_bid(gang)->bid.priority < book_line_bid(line)->bid.priority;
}

/* The ask meets an ordinary bid at this price, unless that is odd: then who names it is parked. A
 * high limit names none: it is the most that somebody pays, and not what he has to. */
static void meet_line(struct step *s, struct ask_entry *a, struct bid_line *line,
                      struct money named, int *parked)
{
    const struct money price = collar_spare(s, a, named);
    const struct plan plan = { .want = line->want, .n = 1, .picks = { { a, price } } };
    struct bid_entry *const b = book_line_bid(line);

    if (!collar_odd(s, a->book, price)) {
        match_grant(s, b, &plan, (struct how){ 0 });
    } else if (*parked == PARK_MAX || collar_side(s, a->book, line->limit) != COLLAR_BELOW) {
        collar_park_ask(s, a);
    } else {
        collar_park_bid(s, b, a->book);
        ++*parked;
    }
}

/* What a bid pays that rests, when the next best one that the ask could serve too is `next`. */
static struct money runner_up(const struct ask_entry *a, const struct bid_line *line,
                              const struct bid_line *next)
{
    struct money price = a->ask.spec.price;

    if (next) {
        const struct money over = { next->limit.micros + a->book->pool.tick.micros };
        if (money_cmp(over, price) > 0) price = over;
    }
    return money_min(price, line->limit);
}

/* The ordinary bids that go before `gang` (NULL: all), from the limit `from` on, for as many units
 * as the ask has. Trading changes the books, so they are all found first. What lies
 * below the gang's limit is not walked along, or each candidate would cost as much as the book. A
 * bid that waits to know its runner-up looks with the units that the ask had for itself. */
static int32_t find_bids(const struct step *s, struct ask_entry *a, const struct bid_line *gang,
                         struct money from, struct met *out)
{
    const bool second = s->m->rules.pricing == PRICE_RUNNER_UP;
    const bool until_gang = gang && !second && money_cmp(gang->limit, a->ask.spec.price) > 0;
    const struct money least = until_gang ? gang->limit : a->ask.spec.price;
    struct bid_walk walk;
    struct bid_line *line = book_bid_from(&walk, a, s->c->at_us, from, least);
    const int32_t most =
        FILLS_MAX - s->out->trades_n; /* an ask of an earlier release may be larger */
    int32_t left = a->ask.free, n = 0;
    bool open = false; /* the last one found does not know its price yet */

    for (; line; line = book_next_bid(&walk)) {
        const struct bid_entry *const b = book_line_bid(line);
        const int32_t units = b->bid.spec.wants[line->want].units;
        const int64_t priority = n > 0 ? s->c->seq : a->ask.priority;

        if (open) out[n - 1].price = runner_up(a, out[n - 1].line, line);
        if (open) book_narrow(&walk, left);
        open = false;
        if (left == 0 || n == most || (gang && gang_first(gang, line))) break;
        if (units > left) continue;
        const bool rested = priority > b->bid.priority;
        out[n++] = (struct met){ line, rested ? line->limit : a->ask.spec.price };
        left -= units;
        open = second && rested;
        if (!open && left == 0) break;
        if (!open) book_narrow(&walk, left);
    }
    if (open && !line) out[n - 1].price = runner_up(a, out[n - 1].line, NULL);
    return n;
}

/* The ask meets what one walk finds. True: something has changed, and it is to look again. */
static bool meet_bids(struct step *s, struct ask_entry *a, const struct bid_line *gang,
                      struct money from, int *parked)
{
    const struct met *const met = s->m->met;
    const int32_t n = find_bids(s, a, gang, from, s->m->met);

    for (int32_t i = 0; i < n; i++) {
        const int before = *parked;
        meet_line(s, a, met[i].line, met[i].price, parked);
        if (*parked != before || !state_ask_in(a)) return true;
    }
    return n > 0 && gang;
}

void match_ask(struct step *s, struct ask_entry *a)
{
    struct shelf shelf;
    struct money from = MONEY_INPUT_MAX;
    int parked = 0;

    if (!state_ask_in(a)) return;
    own_meet_bids(s, a);
    shelf_begin(&shelf, a->book);
    while (state_ask_in(a)) {
        struct bid_line *const gang = shelf_next(s, &shelf, a);
        if (meet_bids(s, a, gang, from, &parked)) continue;
        if (!gang) break;
        from = gang->limit;
        shelf_test(s, &shelf, gang);
    }
    shelf_end(s, &shelf);
}

bool match_ask_would_trade(const struct ask_entry *a, int64_t now_us)
{
    struct bid_walk walk;

    return own_would_meet_bids(a, now_us) || book_first_bid(&walk, a, now_us) != NULL;
}

bool match_bid_would_trade(struct market *m, const struct bid_entry *b, int64_t now_us)
{
    struct plan plan;

    if (own_would_meet_asks(b, now_us)) return true;
    match_plan(m, b, now_us, &plan);
    return plan.n > 0;
}
