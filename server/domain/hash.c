/* SPDX-License-Identifier: Apache-2.0 */
/* One number for the whole state, to compare a live market with a rebuilt or replayed one.
 *
 * Each object's stored fields go through FNV-1a, word by word, and a last mixing; the hashes are
 * added up, so that neither the order of the walk nor memory for sorting matters. What is derived,
 * what is over and what only the store needs to know (touches) is left out. */
#include "domain/state.h"

/* What is hashed begins with its kind, so that no two kinds can be mistaken for each other. */
enum kind {
    KIND_MARKET,
    KIND_BALANCE,
    KIND_NODE,
    KIND_ASK,
    KIND_BID,
    KIND_LEASE,
    KIND_PAYOUT,
    KIND_STANDING,
    KIND_POOL,
    KIND_OFFER,
    KIND_RULES
};

static uint64_t begin(enum kind kind)
{
    return UINT64_C(14695981039346656037) ^ (uint64_t)kind;
}

static void word(uint64_t *h, int64_t w)
{
    *h ^= (uint64_t)w;
    *h *= UINT64_C(1099511628211);
}

/* FNV moves bits upwards only; a sum needs them all to count. (The finish of SplitMix64.) */
static uint64_t end(uint64_t h)
{
    h = (h ^ (h >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    h = (h ^ (h >> 27)) * UINT64_C(0x94D049BB133111EB);
    return h ^ (h >> 31);
}

/* Two markets with the same orders under other rules are not the same: they go on differently. */
static uint64_t hash_rules(const struct market_rules *r)
{
    uint64_t h = begin(KIND_RULES);

    word(&h, r->fee_bps);
    word(&h, r->bill_min_seconds);
    word(&h, r->prepare_pay_max_seconds);
    word(&h, r->offer_seconds);
    word(&h, r->prepare_seconds);
    word(&h, r->stop_seconds);
    word(&h, r->quote_seconds);
    word(&h, r->backoff_seconds);
    word(&h, r->backoff_max_seconds);
    word(&h, r->min_run_seconds);
    word(&h, r->notice_seconds);
    word(&h, r->displace_bps);
    word(&h, r->pricing);
    word(&h, r->collar_bps);
    word(&h, r->collar_trades);
    word(&h, r->call_seconds);
    return end(h);
}

static uint64_t hash_balance(const struct balance *b)
{
    uint64_t h = begin(KIND_BALANCE);

    word(&h, b->account);
    word(&h, b->available.micros);
    word(&h, b->held.micros);
    return end(h);
}

static uint64_t hash_standing(const struct standing *s)
{
    uint64_t h = begin(KIND_STANDING);

    word(&h, s->account);
    word(&h, s->tier);
    word(&h, s->team);
    word(&h, s->quota);
    word(&h, s->invited_by);
    word(&h, s->invited_quota);
    return end(h);
}

static uint64_t hash_pool(const struct pool_state *p)
{
    uint64_t h = begin(KIND_POOL);

    word(&h, p->pool);
    word(&h, p->call_us);
    word(&h, p->called_seq);
    word(&h, p->cursor_limit.micros);
    word(&h, p->cursor_priority);
    word(&h, p->recent_n);
    for (int32_t i = 0; i < p->recent_n; i++) {
        word(&h, p->recent[i].micros);
        word(&h, p->recent_sellers[i]);
    }
    return end(h);
}

static uint64_t hash_offer(const struct offer *o)
{
    uint64_t h = begin(KIND_OFFER);

    word(&h, o->bid);
    word(&h, o->ask);
    word(&h, o->price.micros);
    word(&h, o->seq);
    return end(h);
}

static void traits(uint64_t *h, const struct traits *t)
{
    word(h, t->region);
    word(h, t->tier);
    word(h, t->verified);
    word(h, t->isolation);
    word(h, t->interconnect);
    word(h, t->bandwidth_mbps);
    word(h, t->label);
    word(h, t->site);
}

static uint64_t hash_node(const struct node *n)
{
    uint64_t h = begin(KIND_NODE);

    word(&h, n->node);
    word(&h, n->account);
    word(&h, n->at_us);
    word(&h, n->spec.cpu_millis);
    word(&h, n->spec.memory_bytes);
    word(&h, n->spec.scratch_bytes);
    word(&h, n->spec.gpu_pool);
    word(&h, n->spec.gpus);
    traits(&h, &n->spec.traits);
    word(&h, n->strikes);
    word(&h, n->backoff_us);
    word(&h, n->quoted_us);
    word(&h, n->ill_since_us);
    word(&h, n->ill_us);
    word(&h, n->drain_us);
    word(&h, n->drain_stops);
    return end(h);
}

static uint64_t hash_ask(const struct ask *a)
{
    uint64_t h = begin(KIND_ASK);

    word(&h, a->ask);
    word(&h, a->account);
    word(&h, a->at_us);
    word(&h, a->priority);
    word(&h, a->spec.node);
    word(&h, a->spec.pool);
    word(&h, a->spec.price.micros);
    word(&h, a->spec.floor.micros);
    word(&h, a->spec.units);
    word(&h, a->spec.until_us);
    word(&h, a->spec.seconds_min);
    word(&h, a->spec.seconds_max);
    word(&h, a->spec.sets);
    word(&h, a->spec.interruptible);
    word(&h, a->spec.buyer_tier_min);
    word(&h, a->spec.egress_max);
    word(&h, a->spec.risk_seconds);
    word(&h, a->spec.post_only);
    traits(&h, &a->traits);
    word(&h, a->parked);
    word(&h, a->stale);
    word(&h, a->free);
    word(&h, a->state);
    word(&h, a->reason);
    return end(h);
}

static void terms(uint64_t *h, const struct bid_spec *s)
{
    word(h, s->wants_n);
    for (int32_t w = 0; w < s->wants_n; w++) {
        word(h, s->wants[w].pool);
        word(h, s->wants[w].units);
    }
    word(h, s->limit.micros);
    word(h, s->budget.micros);
    word(h, s->nodes);
    word(h, s->same_site);
    word(h, s->seconds);
    word(h, s->checkpoint_seconds);
    word(h, s->expires_us);
    word(h, s->attempts_max);
    word(h, s->wish.regions);
    word(h, s->wish.tier_min);
    word(h, s->wish.verified);
    word(h, s->wish.isolation_min);
    word(h, s->wish.interconnect_min);
    word(h, s->wish.bandwidth_min_mbps);
    word(h, s->wish.label);
    word(h, s->wish.egress);
    word(h, s->tif);
    word(h, s->rank);
    word(h, s->own);
    word(h, s->interruptible);
    word(h, s->auction_ms);
}

static uint64_t hash_bid(const struct bid *b)
{
    uint64_t h = begin(KIND_BID);

    word(&h, b->bid);
    word(&h, b->account);
    word(&h, b->at_us);
    word(&h, b->priority);
    terms(&h, &b->spec);
    word(&h, b->tier);
    word(&h, b->sealed);
    word(&h, b->parked);
    word(&h, b->parked_pool);
    word(&h, b->state);
    word(&h, b->job);
    word(&h, b->spent.micros);
    word(&h, b->hold.micros);
    word(&h, b->lease);
    word(&h, b->leases_n);
    word(&h, b->live);
    word(&h, b->attempts);
    word(&h, b->verdict);
    word(&h, b->verdict_reason);
    word(&h, b->exit_code);
    word(&h, b->reason);
    word(&h, b->excluded_n);
    for (int32_t i = 0; i < b->excluded_n; i++)
        word(&h, b->excluded[i]);
    return end(h);
}

static uint64_t hash_lease(const struct lease *l)
{
    uint64_t h = begin(KIND_LEASE);

    word(&h, l->lease);
    word(&h, l->bid);
    word(&h, l->ask);
    word(&h, l->node);
    word(&h, l->buyer);
    word(&h, l->provider);
    word(&h, l->pool);
    word(&h, l->units);
    word(&h, l->price.micros);
    word(&h, l->base.micros);
    word(&h, l->own);
    word(&h, l->ripe);
    word(&h, l->waits);
    word(&h, l->seconds_max);
    word(&h, l->hold.micros);
    word(&h, l->state);
    word(&h, l->epoch);
    word(&h, l->traded_us);
    word(&h, l->accepted_us);
    word(&h, l->prepared_us);
    word(&h, l->gathered_us);
    word(&h, l->ready_us);
    word(&h, l->stopping_us);
    word(&h, l->ended_us);
    word(&h, l->ill_us);
    word(&h, l->seconds_signed);
    word(&h, l->seconds_observed);
    word(&h, l->seconds_billed);
    word(&h, l->checkpoint);
    word(&h, l->seconds_kept);
    word(&h, l->seconds_looked);
    word(&h, l->charge.micros);
    word(&h, l->fee.micros);
    word(&h, l->payout.micros);
    word(&h, l->insurance.micros);
    word(&h, l->exit_code);
    word(&h, l->reason);
    word(&h, l->fault);
    return end(h);
}

static uint64_t hash_payout(const struct payout *p)
{
    uint64_t h = begin(KIND_PAYOUT);

    word(&h, p->payout);
    word(&h, p->account);
    word(&h, p->amount.micros);
    word(&h, p->state);
    word(&h, p->at_us);
    return end(h);
}

static uint64_t hash_parties(const struct market *m)
{
    uint64_t sum = 0;
    size_t at = 0;

    for (const struct account *a; (a = table_next(&m->balances, &at));)
        sum += hash_balance(&a->balance) + hash_standing(&a->standing);
    for (size_t i = 0; i < m->books_n; i++)
        sum += hash_pool(&m->books[i].state);
    at = 0;
    for (const struct node_entry *n; (n = table_next(&m->nodes, &at));)
        sum += hash_node(&n->node);
    at = 0;
    for (const struct payout *p; (p = table_next(&m->payouts, &at));)
        if (!state_payout_over(p)) sum += hash_payout(p);
    return sum;
}

static uint64_t hash_offers(const struct bid_entry *b)
{
    uint64_t sum = 0;

    for (int32_t i = 0; b->bid.sealed && i < b->offers_n; i++)
        sum += hash_offer(&b->offers[i]);
    return sum;
}

static uint64_t hash_orders(const struct market *m)
{
    uint64_t sum = 0;
    size_t at = 0;

    for (const struct ask_entry *a; (a = table_next(&m->asks, &at));)
        if (!state_ask_over(a)) sum += hash_ask(&a->ask);
    at = 0;
    for (const struct bid_entry *b; (b = table_next(&m->bids, &at));)
        if (!state_bid_over(&b->bid)) sum += hash_bid(&b->bid) + hash_offers(b);
    at = 0;
    for (const struct lease_entry *l; (l = table_next(&m->leases, &at));)
        if (!lease_is_final(l->lease.state)) sum += hash_lease(&l->lease);
    return sum;
}

uint64_t market_hash(const struct market *m)
{
    uint64_t h = begin(KIND_MARKET);

    word(&h, m->last_seq);
    word(&h, m->last_us);
    return end(h) + hash_rules(&m->rules) + hash_parties(m) + hash_orders(m);
}
