/* SPDX-License-Identifier: Apache-2.0 */
/* The last part of the naive market: what is due, and what is over. */
#include "market/naive.h"

/* ---- What is due ---- */

struct due {
    int64_t at_us, number;
    int rank; /* at one number: order before lease before pool */
    enum command_kind kind;
    int32_t epoch;
};

static void consider(struct due *first, struct due d)
{
    if (d.at_us > first->at_us) return;
    if (d.at_us == first->at_us && d.number > first->number) return;
    if (d.at_us == first->at_us && d.number == first->number && d.rank >= first->rank) return;
    *first = d;
}

static int64_t seconds_after(int64_t us, int64_t seconds)
{
    return us + seconds * SECOND_US;
}

/* When and how the clock will next touch a lease; at_us INT64_MAX: never. */
static struct due lease_due(struct naive *n, const struct lease *l)
{
    const struct market_rules *r = &n->rules;
    struct due d = { INT64_MAX, l->lease, 1, COMMAND_LEASE_TIMEOUT, l->epoch };
    switch ((int)l->state) {
    case LEASE_OFFERED:
        if (l->waits != 0) break;
        d.at_us = l->reason != REASON_NONE ? 0 : seconds_after(l->traded_us, r->offer_seconds);
        break;
    case LEASE_PREPARING:
        if (l->gathered_us != 0)
            d.at_us = seconds_after(l->gathered_us, r->prepare_seconds);
        else if (l->prepared_us == 0)
            d.at_us = seconds_after(l->accepted_us, r->prepare_seconds);
        break;
    case LEASE_RUNNING: {
        const int64_t ripe = seconds_after(l->ready_us, r->min_run_seconds);
        d.at_us = seconds_after(l->ready_us, l->seconds_max);
        d.kind = COMMAND_LEASE_SPENT;
        if (!l->own && !l->ripe && naive_bid(n, l->bid)->spec.interruptible && ripe <= d.at_us) {
            d.at_us = ripe;
            d.kind = COMMAND_LEASE_RIPE;
        }
        if (!naive_has_to_leave(n, l) || naive_node(n, l->node)->drain_us > d.at_us) break;
        d.at_us = naive_node(n, l->node)->drain_us;
        d.kind = COMMAND_LEASE_DRAINED;
        break;
    }
    case LEASE_STOPPING:
        d.kind = COMMAND_LEASE_LOST;
        d.at_us = seconds_after(l->stopping_us, r->stop_seconds);
        break;
    case LEASE_PREEMPTED:
        d.kind = COMMAND_LEASE_LOST;
        d.at_us = seconds_after(l->stopping_us, (int64_t)r->notice_seconds + r->stop_seconds);
        break;
    default: break;
    }
    return d;
}

static struct due ask_due(const struct ask *a)
{
    struct due d = { INT64_MAX, a->ask, 0, COMMAND_EXPIRE_ORDER, 0 };
    if (a->state != ORDER_OPEN) return d;
    d.at_us = a->spec.until_us;
    if (a->stale) {
        d.at_us = 0;
        d.kind = COMMAND_REENTER;
    }
    return d;
}

static struct due bid_due(const struct naive *n, const struct bid *b)
{
    struct due d = { INT64_MAX, b->bid, 0, COMMAND_EXPIRE_ORDER, 0 };
    if (b->state == ORDER_FILLED && b->lease != 0) {
        int64_t hold = 0;
        for (size_t i = 0; i < n->leases_n; i++)
            if (n->leases[i].bid == b->bid && naive_lease_lives(&n->leases[i]))
                hold += n->leases[i].hold.micros;
        if (b->hold.micros <= hold) return d;
        d.at_us = 0;
        d.kind = COMMAND_TRIM;
    }
    if (b->state != ORDER_OPEN) return d;
    const int64_t close = b->at_us + b->spec.auction_ms * INT64_C(1000);
    d.at_us = b->spec.expires_us;
    if (b->sealed && close <= d.at_us) {
        d.at_us = close;
        d.kind = COMMAND_CLOSE_AUCTION;
    }
    return d;
}

/* The first of the orders that were parked for the pool before its last call; 0: none. */
static int64_t first_parked(const struct naive *n, const struct pool_state *s)
{
    int64_t parked = INT64_MAX, order = 0;
    for (size_t i = 0; i < n->asks_n; i++) {
        const struct ask *a = &n->asks[i];
        if (a->state != ORDER_OPEN || a->spec.pool != s->pool || a->parked == 0) continue;
        if (a->parked > parked || (a->parked == parked && a->ask > order)) continue;
        parked = a->parked;
        order = a->ask;
    }
    for (size_t i = 0; i < n->bids_n; i++) {
        const struct bid *b = &n->bids[i];
        if (b->state != ORDER_OPEN || b->parked == 0 || b->parked_pool != s->pool) continue;
        if (b->parked > parked || (b->parked == parked && b->bid > order)) continue;
        parked = b->parked;
        order = b->bid;
    }
    return parked < s->called_seq ? order : 0;
}

/* Its pending call; but orders that come back from the last one are first. */
static struct due pool_due(const struct naive *n, const struct pool_state *s)
{
    struct due d = { INT64_MAX, s->pool, 2, COMMAND_CALL, 0 };
    if (s->call_us != 0) d.at_us = s->call_us;
    if (first_parked(n, s) == 0) return d;
    d.at_us = 0;
    d.kind = COMMAND_REENTER;
    return d;
}

bool naive_due(const struct naive *market, int64_t now_us, struct command *out, int64_t *next_us)
{
    struct naive *n = (struct naive *)(uintptr_t)market; /* only looked at */
    struct due first = { INT64_MAX, INT64_MAX, 3, COMMAND_EXPIRE_ORDER, 0 };
    for (size_t i = 0; i < n->asks_n; i++)
        consider(&first, ask_due(&n->asks[i]));
    for (size_t i = 0; i < n->bids_n; i++)
        consider(&first, bid_due(n, &n->bids[i]));
    for (size_t i = 0; i < n->leases_n; i++)
        consider(&first, lease_due(n, &n->leases[i]));
    for (size_t i = 0; i < n->pools_n; i++)
        consider(&first, pool_due(n, &n->states[i]));
    if (first.at_us > now_us) {
        *next_us = first.at_us;
        return false;
    }
    *out = (struct command){ .account = ACCOUNT_WORLD, .kind = first.kind };
    if (first.rank == 1) {
        out->u.lease.lease = first.number;
        out->u.lease.epoch = first.epoch;
    } else if (first.rank == 0) {
        out->u.order.order = first.number;
    } else if (first.kind == COMMAND_CALL) {
        out->u.call.pool = (int32_t)first.number;
    } else {
        out->u.order.order = first_parked(n, naive_pool_state(n, (int32_t)first.number));
    }
    return true;
}

/* ---- What is over ---- */

bool naive_lease_lives(const struct lease *l)
{
    return l->state == LEASE_OFFERED || l->state == LEASE_PREPARING || l->state == LEASE_RUNNING ||
           l->state == LEASE_STOPPING || l->state == LEASE_PREEMPTED;
}

int32_t naive_leased(const struct naive *n, int64_t ask)
{
    int32_t units = 0;
    for (size_t i = 0; i < n->leases_n; i++)
        if (n->leases[i].ask == ask && n->leases[i].waits == 0 && naive_lease_lives(&n->leases[i]))
            units += n->leases[i].units;
    return units;
}

bool naive_ask_is_over(const struct naive *n, const struct ask *a)
{
    if (a->state == ORDER_OPEN) return false;
    for (size_t i = 0; i < n->leases_n; i++) /* also those that wait for units of it */
        if (n->leases[i].ask == a->ask && naive_lease_lives(&n->leases[i])) return false;
    return true;
}

bool naive_bid_is_over(const struct bid *b)
{
    return b->state != ORDER_OPEN && b->lease == 0;
}

/* Keep the elements of a list for which `keep` holds (it sees index i), in order. */
#define KEEP(list, keep)                                                                           \
    do {                                                                                           \
        size_t kept = 0;                                                                           \
        for (size_t i = 0; i < n->list##_n; i++)                                                   \
            if (keep) n->list[kept++] = n->list[i];                                                \
        n->list##_n = kept;                                                                        \
    } while (0)

static bool is_sealed(struct naive *n, int64_t bid)
{
    const struct bid *b = naive_known_bid(n, bid);
    return b != NULL && b->sealed;
}

void naive_settle_group(struct naive *n)
{
    KEEP(asks, !naive_ask_is_over(n, &n->asks[i]));
    KEEP(offers, is_sealed(n, n->offers[i].bid));
    KEEP(bids, !naive_bid_is_over(&n->bids[i]));
    KEEP(leases, naive_lease_lives(&n->leases[i]));
    KEEP(payouts, n->payouts[i].state == PAYOUT_REQUESTED);
}
