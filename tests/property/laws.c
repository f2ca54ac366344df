/* SPDX-License-Identifier: Apache-2.0 */
/* The laws say little about how a market decides and much about what it may never do. They are
 * written from the page a third time, in the terms of two orders and of sums, so that a mistake
 * that market and model share has another chance to be seen. */
#include "tests/property/laws.h"

#include <string.h>

/* ---- Money ---- */

static const char *law_of_money(const struct naive *n)
{
    __int128 all = 0;
    for (size_t i = 0; i < n->accounts_n; i++) {
        const struct balance *a = &n->accounts[i];
        __int128 open = 0;
        for (size_t j = 0; j < n->bids_n; j++)
            if (n->bids[j].account == a->account) open += n->bids[j].hold.micros;
        for (size_t j = 0; j < n->payouts_n; j++)
            if (n->payouts[j].account == a->account && n->payouts[j].state == PAYOUT_REQUESTED)
                open += n->payouts[j].amount.micros;
        if (open != a->held.micros) return "what an account holds is not what it owes";
        if (a->account != ACCOUNT_WORLD && (a->available.micros < 0 || a->held.micros < 0))
            return "a balance is negative";
        all += (__int128)a->available.micros + a->held.micros;
    }
    return all == 0 ? NULL : "money was made or lost";
}

static const char *law_of_entries(const struct naive *n)
{
    __int128 sum = 0;
    for (size_t i = 0; i < n->lines_n; i++)
        sum += n->lines[i].amount.micros;
    if (sum != 0) return "an entry does not sum to zero";
    return n->lines_n > POSTINGS_MAX ? "an entry has too many lines" : NULL;
}

/* ---- Units ---- */

static bool takes_units(const struct lease *l)
{
    return l->ended_us == 0 && l->waits == 0;
}

static const char *law_of_units(const struct naive *n)
{
    for (size_t i = 0; i < n->asks_n; i++) {
        const struct ask *a = &n->asks[i];
        int64_t leased = 0;
        for (size_t j = 0; j < n->leases_n; j++)
            if (n->leases[j].ask == a->ask && takes_units(&n->leases[j]))
                leased += n->leases[j].units;
        if (a->state == ORDER_OPEN && a->free + leased != a->spec.units)
            return "units of an ask were made or lost";
        if (a->free < 0) return "an ask is oversold";
    }
    return NULL;
}

/* As long as an ask of it is open, a node has what its open asks offer and its leases take. */
static const char *law_of_nodes(const struct naive *n)
{
    for (size_t i = 0; i < n->nodes_n; i++) {
        const struct node *node = &n->nodes[i];
        __int128 gpus = 0, cpu = 0, memory = 0, scratch = 0;
        bool open = false;
        for (size_t j = 0; j < n->asks_n; j++) {
            const struct ask *a = &n->asks[j];
            int64_t units = 0;
            if (a->spec.node != node->node) continue;
            open = open || a->state == ORDER_OPEN;
            for (size_t k = 0; k < n->leases_n; k++)
                if (n->leases[k].ask == a->ask && takes_units(&n->leases[k]))
                    units += n->leases[k].units;
            if (a->state == ORDER_OPEN) units += a->free;
            const struct pool *p = naive_pool(n, a->spec.pool);
            gpus += units * p->unit.gpus;
            cpu += units * p->unit.cpu_millis;
            memory += (__int128)units * p->unit.memory_bytes;
            scratch += (__int128)units * p->unit.scratch_bytes;
        }
        if (open && (gpus > node->spec.gpus || cpu > node->spec.cpu_millis ||
                     memory > node->spec.memory_bytes || scratch > node->spec.scratch_bytes))
            return "a node is oversold";
    }
    return NULL;
}

/* ---- Predicates ---- */

static int64_t owner(const struct naive *n, int64_t account)
{
    for (size_t i = 0; i < n->accounts_n; i++)
        if (n->standings[i].account == account)
            return n->standings[i].team != 0 ? n->standings[i].team : account;
    return account;
}

static bool wish_is_met(const struct bid *b, const struct ask *a)
{
    const struct wish *w = &b->spec.wish;
    const struct traits *t = &a->traits;
    const bool region = w->regions == 0 || (w->regions & (1 << t->region)) != 0;
    return region && t->tier >= w->tier_min && t->verified >= w->verified &&
           t->isolation >= w->isolation_min && t->interconnect >= w->interconnect_min &&
           t->bandwidth_mbps >= w->bandwidth_min_mbps && (w->label == 0 || w->label == t->label);
}

static bool terms_are_met(const struct bid *b, const struct ask *a, int32_t units)
{
    const int64_t sets = a->spec.sets;
    if (sets != 0 && (units > 63 || ((uint64_t)sets & (UINT64_C(1) << (units - 1))) == 0))
        return false;
    return b->tier >= a->spec.buyer_tier_min && b->spec.wish.egress <= a->spec.egress_max &&
           b->spec.checkpoint_seconds <= a->spec.risk_seconds &&
           (b->spec.interruptible || !a->spec.interruptible) &&
           b->spec.seconds >= a->spec.seconds_min && b->spec.seconds <= a->spec.seconds_max;
}

static int64_t limit_for(const struct naive *n, const struct bid *b, int32_t pool, int32_t *units)
{
    for (int32_t i = 0; i < b->spec.wants_n; i++) {
        if (b->spec.wants[i].pool != pool) continue;
        *units = b->spec.wants[i].units;
        return naive_limit(n, b, &b->spec.wants[i]);
    }
    return 0;
}

static bool is_excluded(const struct bid *b, int64_t node)
{
    for (int32_t i = 0; i < b->excluded_n; i++)
        if (b->excluded[i] == node) return true;
    return false;
}

static bool rests(const struct bid *b)
{
    return b->state == ORDER_OPEN && !b->sealed && b->parked == 0;
}

static bool stands(const struct ask *a)
{
    return a->state == ORDER_OPEN && a->parked == 0 && a->free > 0 && !a->stale;
}

/* Would these two trade, if nothing else were in the market? */
static bool agree(const struct naive *n, const struct ask *a, const struct bid *b)
{
    int32_t units = 0;
    const int64_t limit = limit_for(n, b, a->spec.pool, &units);
    return units > 0 && stands(a) && a->free >= units && a->spec.price.micros <= limit &&
           owner(n, a->account) != owner(n, b->account) && wish_is_met(b, a) &&
           terms_are_met(b, a, units) && !is_excluded(b, a->spec.node) &&
           n->last_us + b->spec.seconds * SECOND_US <= a->spec.until_us;
}

/* No ordinary bid rests across an ask that serves it. In a book so deep that somebody may have
 * stopped looking, or with a post-only ask, which does not come to bids, this is not said. */
static const char *law_of_books(const struct naive *n)
{
    if (n->bids_n > LINE_LOOK || n->asks_n > LINE_LOOK) return NULL;
    for (size_t i = 0; i < n->asks_n; i++)
        for (size_t j = 0; j < n->bids_n; j++) {
            const struct bid *b = &n->bids[j];
            if (rests(b) && b->spec.nodes == 1 && b->spec.own != OWN_ONLY &&
                agree(n, &n->asks[i], b))
                return "an ask and a bid that serve each other rest";
        }
    return NULL;
}

/* ---- Bids and leases ---- */

static const char *law_of_bids(const struct naive *n)
{
    for (size_t i = 0; i < n->bids_n; i++) {
        const struct bid *b = &n->bids[i];
        int32_t live = 0;
        for (size_t j = 0; j < n->leases_n; j++)
            live += n->leases[j].bid == b->bid && n->leases[j].ended_us == 0;
        if (live != b->live) return "the live leases of a bid are counted wrongly";
        if (live > b->spec.nodes || (b->state == ORDER_OPEN && live > 0))
            return "a bid has too many leases";
        if (b->spent.micros < 0 || b->spent.micros + b->hold.micros > b->spec.budget.micros)
            return "a budget is exceeded";
        if (b->attempts > b->spec.attempts_max) return "a job was placed too often";
        if (b->state != ORDER_OPEN && b->lease == 0 && b->hold.micros != 0)
            return "a job that is over holds money";
        if (b->state == ORDER_OPEN && b->lease != 0) return "an open bid has a lease";
        if (b->state == ORDER_OPEN && b->attempts == 0 && b->at_us < n->last_us && b->live != 0)
            return "an open bid is live";
    }
    return NULL;
}

static const char *law_of_leases(struct naive *n)
{
    for (size_t i = 0; i < n->leases_n; i++) {
        const struct lease *l = &n->leases[i];
        const struct bid *b = naive_bid(n, l->bid);
        if (l->charge.micros != l->fee.micros + l->payout.micros + l->insurance.micros)
            return "a charge is not what it is made of";
        if (l->charge.micros > l->hold.micros) return "a charge is above its hold";
        if (l->ended_us != 0 && l->base.micros > 0 && l->ready_us == 0 &&
            l->insurance.micros != l->charge.micros)
            return "somebody else than the fund gains by a displacer that never ran";
        if (l->own && l->ended_us == 0 &&
            (l->price.micros != 0 || owner(n, l->buyer) != owner(n, l->provider)))
            return "an own lease is not free, or not one's own";
        if (!l->own && owner(n, l->buyer) == owner(n, l->provider) && l->ended_us == 0)
            return "an owner trades with himself";
        if (l->ended_us != 0 || l->waits == 0) continue;
        const struct lease *victim = naive_lease(n, l->waits);
        if (victim == NULL || victim->state != LEASE_PREEMPTED) return "who is waited for stays";
        if (victim->own || !victim->ripe || victim->ask != l->ask) return "a wrong victim";
        if (b == NULL || b->live != 1) return "who waits is a gang";
        const struct bid *theirs = naive_bid(n, victim->bid);
        if (theirs == NULL || !theirs->spec.interruptible) return "a firm lease was displaced";
        int32_t units = 0;
        if (!l->own && l->price.micros <= limit_for(n, theirs, l->pool, &units))
            return "a victim would have paid as much";
    }
    return NULL;
}

/* ---- Trades of the last command ---- */

static const char *law_of_trades(struct naive *n)
{
    for (size_t i = 0; i < n->trades_n; i++) {
        const struct trade *t = &n->trades[i];
        const struct ask *a = naive_ask(n, t->ask);
        const struct bid *b = naive_bid(n, t->bid);
        const struct lease *l = naive_lease(n, t->trade);
        int32_t units = 0;
        if (t->trade != n->last_seq * 4096 + (int64_t)i) return "trades are not numbered in order";
        if (a == NULL || b == NULL || l == NULL) return "a trade without its orders";
        const int64_t limit = limit_for(n, b, t->pool, &units);
        if (units != t->units || a->spec.pool != t->pool) return "a trade of other units";
        if (!wish_is_met(b, a)) return "a trade breaks a wish";
        if (a->spec.until_us < n->last_us + b->spec.seconds * SECOND_US)
            return "a trade outlives its ask";
        if (t->own) {
            if (t->price.micros != 0) return "an own trade has a price";
            continue;
        }
        if (owner(n, t->buyer) == owner(n, t->provider)) return "a trade with oneself";
        if (!terms_are_met(b, a, units)) return "a trade breaks the terms of its ask";
        if (t->price.micros > limit) return "a trade above its limit";
        if (t->price.micros < a->spec.price.micros && b->spec.auction_ms == 0)
            return "a trade below its ask";
        if (t->price.micros < a->spec.floor.micros) return "a trade below its floor";
    }
    return NULL;
}

/* A grant is whole, and of as many nodes as the bid asks for, of one site if it says so. */
static const char *law_of_gangs(struct naive *n)
{
    for (size_t i = 0; i < n->trades_n; i++) {
        const struct trade *t = &n->trades[i];
        const struct bid *b = naive_bid(n, t->bid);
        const struct ask *a = naive_ask(n, t->ask);
        int32_t all = 0;
        for (size_t j = 0; j < n->trades_n; j++) {
            const struct trade *other = &n->trades[j];
            if (other->bid != t->bid) continue;
            all++;
            if (i != j && other->node == t->node) return "a gang has a node twice";
            const struct ask *theirs = naive_ask(n, other->ask);
            if (b->spec.same_site && b->spec.nodes > 1 && theirs->traits.site != a->traits.site)
                return "a gang is in two sites";
        }
        if (all != b->spec.nodes) return "a gang is not whole";
    }
    return NULL;
}

/* The best price of one's pool: a bid that came alone left no cheaper ask that serves it. */
static const char *law_of_prices(struct naive *n)
{
    if (n->trades_n != 1 || n->asks_n > LINE_LOOK) return NULL;
    const struct trade *t = &n->trades[0];
    const struct bid *b = naive_bid(n, t->bid);
    if (t->bid_rested || t->own || t->displacing || b->spec.nodes > 1 || b->spec.auction_ms > 0)
        return NULL;
    const struct ask *taken = naive_ask(n, t->ask);
    for (size_t i = 0; i < n->asks_n; i++) {
        const struct ask *a = &n->asks[i];
        if (a->ask == t->ask || a->spec.pool != t->pool) continue;
        if (agree(n, a, b) && a->spec.price.micros < taken->spec.price.micros)
            return "a cheaper ask that serves was passed over";
    }
    return NULL;
}

/* Whoever trades with himself has one voice in what is usual. */
static const char *law_of_references(const struct naive *n)
{
    for (size_t p = 0; p < n->pools_n; p++) {
        const struct pool_state *s = &n->states[p];
        if (s->recent_n > REFERENCE_TRADES) return "a reference of more trades than may be";
        for (int32_t i = 0; i < s->recent_n; i++)
            for (int32_t k = 0; k < i; k++)
                if (s->recent_sellers[i] == s->recent_sellers[k])
                    return "a seller counts twice in the reference";
    }
    return NULL;
}

static const char *law_of_time_in_force(const struct naive *n)
{
    for (size_t i = 0; i < n->bids_n; i++) {
        const struct bid *b = &n->bids[i];
        const bool at_once =
            b->spec.tif == TIF_IMMEDIATE_OR_CANCEL || b->spec.tif == TIF_FILL_OR_KILL;
        if (at_once && b->state == ORDER_OPEN && b->attempts == 0 &&
            b->verdict_reason == REASON_NONE && b->priority == b->bid)
            return "an order that may not rest does";
    }
    return NULL;
}

const char *law_broken(struct naive *n)
{
    const char *broken = law_of_money(n);
    if (broken == NULL) broken = law_of_entries(n);
    if (broken == NULL) broken = law_of_units(n);
    if (broken == NULL) broken = law_of_nodes(n);
    if (broken == NULL) broken = law_of_books(n);
    if (broken == NULL) broken = law_of_bids(n);
    if (broken == NULL) broken = law_of_leases(n);
    if (broken == NULL && n->refused == ERR_NONE) broken = law_of_trades(n);
    if (broken == NULL && n->refused == ERR_NONE) broken = law_of_gangs(n);
    if (broken == NULL && n->refused == ERR_NONE) broken = law_of_prices(n);
    if (broken == NULL) broken = law_of_references(n);
    if (broken == NULL) broken = law_of_time_in_force(n);
    return broken;
}
