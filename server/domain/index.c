/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/index.h"

#include <assert.h>

#include "domain/book.h"
#include "domain/room.h"

static void set_timer(struct market *m, struct place *p, int64_t due_us, int64_t number,
                      enum timer_of of)
{
    const bool wanted = due_us != INT64_MAX;

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

void index_ask(struct market *m, struct ask_entry *a)
{
    const bool open = a->ask.state == ORDER_OPEN;
    const int32_t load = open ? a->ask.spec.units : a->leased;

    assert(!open || a->ask.free + a->leased == a->ask.spec.units);
    if (load != a->loaded) room_take(&a->node->node, &a->book->pool, load - a->loaded);
    a->loaded = load;
    book_put_ask(a);
    set_timer(m, &a->timer, open ? a->ask.spec.until_us : INT64_MAX, a->ask.ask, TIMER_ORDER);
}

void index_bid(struct market *m, struct bid_entry *b)
{
    const bool open = b->bid.state == ORDER_OPEN;

    if (open != b->counted) b->buyer->open_bids += open ? 1 : -1;
    b->counted = open;
    book_put_bid(b);
    set_timer(m, &b->timer, open ? b->bid.spec.expires_us : INT64_MAX, b->bid.bid, TIMER_ORDER);
}

int64_t index_lease_due_us(const struct market_rules *rules, const struct lease *l)
{
    switch (l->state) {
    case LEASE_OFFERED: return l->traded_us + rules->offer_seconds * US_PER_SECOND;
    case LEASE_PREPARING: return l->accepted_us + rules->prepare_seconds * US_PER_SECOND;
    case LEASE_RUNNING: return l->ready_us + l->seconds_max * US_PER_SECOND;
    case LEASE_STOPPING: return l->stopping_us + rules->stop_seconds * US_PER_SECOND;
    case LEASE_FINISHED:
    case LEASE_LOST:
    case LEASE_PREEMPTED:
    case LEASE_DISPUTED:
    case LEASE_SETTLED:
    case LEASE_VOID: break;
    }
    return INT64_MAX;
}

void index_lease(struct market *m, struct lease_entry *l)
{
    set_timer(m, &l->timer, index_lease_due_us(&m->rules, &l->lease), l->lease.lease, TIMER_LEASE);
}
