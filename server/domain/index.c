/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/index.h"

#include <assert.h>

#include "domain/book.h"
#include "domain/room.h"

#define NEVER   INT64_MAX
#define AT_ONCE 0

static void set_timer(struct market *m, struct place *p, int64_t due_us, int64_t number,
                      enum timer_of of)
{
    const bool wanted = due_us != NEVER;

    if (p->height > 0) {
        if (wanted && p->key[0] == due_us) return;
        tree_remove(&m->timers, p);
    }
    if (!wanted) return;
    p->key[0] = due_us;
    p->key[1] = number;
    p->key[2] = of;
    tree_add(&m->timers, p);
}

int64_t index_ask_due_us(const struct ask_entry *a)
{
    if (a->ask.state != ORDER_OPEN) return NEVER;
    return a->ask.stale ? AT_ONCE : a->ask.spec.until_us;
}

void index_ask(struct market *m, struct ask_entry *a)
{
    const bool open = a->ask.state == ORDER_OPEN, there = !state_ask_over(a);
    const int32_t load = open ? a->ask.spec.units : a->leased;

    assert(!open || a->ask.free + a->leased == a->ask.spec.units);
    if (load != a->loaded) room_take(&a->node->node, &a->book->pool, load - a->loaded);
    a->loaded = load;
    if (there != a->counted) {
        a->node->account->asks += there ? 1 : -1;
        a->node->live_asks += there ? 1 : -1;
    }
    a->counted = there;
    book_put_ask(a);
    set_timer(m, &a->timer, index_ask_due_us(a), a->ask.ask, TIMER_ORDER);
    index_pool(m, a->book);
}

int64_t index_auction_us(const struct bid *b)
{
    return b->at_us + b->spec.auction_ms * US_PER_MS;
}

int64_t index_bid_due_us(const struct bid_entry *b)
{
    const struct bid *const bid = &b->bid;

    if (bid->state == ORDER_FILLED)
        return !state_bid_over(bid) && bid->hold.micros > b->leases_hold ? AT_ONCE : NEVER;
    if (bid->state != ORDER_OPEN) return NEVER;
    if (bid->sealed && index_auction_us(bid) <= bid->spec.expires_us) return index_auction_us(bid);
    return bid->spec.expires_us;
}

void index_bid(struct market *m, struct bid_entry *b)
{
    const bool open = b->bid.state == ORDER_OPEN;
    struct book *const parked_in = b->parked_in;

    if (open != b->counted) b->buyer->open_bids += open ? 1 : -1;
    b->counted = open;
    book_put_bid(m, b);
    set_timer(m, &b->timer, index_bid_due_us(b), b->bid.bid, TIMER_ORDER);
    if (parked_in) index_pool(m, parked_in);
    if (b->parked_in) index_pool(m, b->parked_in);
}

int64_t index_ripe_us(const struct market *m, const struct lease *l)
{
    const struct bid_entry *const b = table_find(&m->bids, l->bid);

    if (l->state != LEASE_RUNNING || l->ripe || l->own) return NEVER;
    assert(b);
    return b->bid.spec.interruptible ? l->ready_us + m->rules.min_run_seconds * US_PER_SECOND
                                     : NEVER;
}

int64_t index_drained_us(const struct lease_entry *l)
{
    const struct node *const n = &l->node->node;

    return l->lease.state == LEASE_RUNNING && n->drain_us != 0 && n->drain_stops ? n->drain_us
                                                                                 : NEVER;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Without an amnesty. */
static int64_t lease_due_us(const struct market *m, const struct lease_entry *e)
{
    const struct market_rules *const rules = &m->rules;
    const struct lease *const l = &e->lease;

    switch (l->state) {
    case LEASE_OFFERED:
        if (l->waits != 0) return NEVER;
        if (l->reason != REASON_NONE) return AT_ONCE; /* recalled */
        return l->traded_us + rules->offer_seconds * US_PER_SECOND;
    case LEASE_PREPARING:
        if (l->prepared_us != 0 && l->gathered_us == 0) return NEVER; /* another is late, not it */
        return (l->gathered_us != 0 ? l->gathered_us : l->accepted_us) +
               rules->prepare_seconds * US_PER_SECOND;
    case LEASE_RUNNING: {
        const int64_t spent = l->ready_us + l->seconds_max * US_PER_SECOND;
        const int64_t ripe = index_ripe_us(m, l);
        return earlier(index_drained_us(e), earlier(ripe, spent));
    }
    case LEASE_STOPPING: return l->stopping_us + rules->stop_seconds * US_PER_SECOND;
    case LEASE_PREEMPTED:
        return l->stopping_us +
               ((int64_t)rules->notice_seconds + rules->stop_seconds) * US_PER_SECOND;
    case LEASE_FINISHED:
    case LEASE_LOST:
    case LEASE_DISPUTED:
    case LEASE_SETTLED:
    case LEASE_VOID: break;
    }
    return NEVER;
}

/* Since when an agent's word is missing; NEVER: none is. */
static int64_t waits_since_us(const struct lease *l)
{
    if (l->state == LEASE_OFFERED && l->reason == REASON_NONE) return l->traded_us;
    if (l->state == LEASE_PREPARING) return l->gathered_us != 0 ? l->gathered_us : l->accepted_us;
    return l->state == LEASE_STOPPING || l->state == LEASE_PREEMPTED ? l->stopping_us : NEVER;
}

int64_t index_lease_due_us(const struct market *m, const struct lease_entry *e)
{
    const int64_t due = lease_due_us(m, e);

    /* Who was waited for before the outage is not late before he could be heard again. */
    return waits_since_us(&e->lease) <= m->outage_us && due < m->amnesty_us ? m->amnesty_us : due;
}

static void count_lease(struct market *m, struct lease_entry *l)
{
    const bool live = !lease_is_final(l->lease.state);
    const int32_t one = live ? 1 : -1;

    if (live == l->counted) return;
    struct bid_entry *const b = table_find(&m->bids, l->lease.bid);
    assert(b);
    l->counted = live;
    b->leases_hold += one * l->lease.hold.micros;
    b->buyer->live_leases += one;
    if (l->lease.own) b->buyer->own_units += one * l->lease.units;
}

void index_lease(struct market *m, struct lease_entry *l)
{
    count_lease(m, l);
    book_put_ripe(m, l);
    set_timer(m, &l->timer, index_lease_due_us(m, l), l->lease.lease, TIMER_LEASE);
}

int64_t index_pool_due_us(const struct book *book)
{
    const struct place *const first = book->parked.first;

    if (first && first->key[0] < book->state.called_seq) return AT_ONCE;
    return book->state.call_us != 0 ? book->state.call_us : NEVER;
}

void index_pool(struct market *m, struct book *book)
{
    set_timer(m, &book->timer, index_pool_due_us(book), book->state.pool, TIMER_POOL);
}
