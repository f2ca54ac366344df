/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/property/kept.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "tests/property/compare.h"

static bool odd(const char *kind, int64_t number, bool fresh)
{
    fprintf(stderr, "%s %" PRId64 ": touched as %s\n", kind, number,
            fresh ? "fresh, but it is kept" : "not fresh, but it is not kept");
    return false;
}

/* Put copies of what was touched into the sorted list, without the marks of touching, and without
 * what the market must work out itself when it is rebuilt. */
#define TAKE(list, key, limit)                                                                     \
    do {                                                                                           \
        for (size_t i = 0; i < t->list##_n; i++) {                                                 \
            size_t at = k->list##_n;                                                               \
            while (at > 0 && k->list[at - 1].key > t->list[i]->key)                                \
                at--;                                                                              \
            const bool has = at > 0 && k->list[at - 1].key == t->list[i]->key;                     \
            if (t->list[i]->touch.fresh == has) return odd(#key, t->list[i]->key, has);            \
            if (has) {                                                                             \
                at--;                                                                              \
            } else {                                                                               \
                assert(k->list##_n < (limit));                                                     \
                for (size_t j = k->list##_n++; j > at; j--)                                        \
                    k->list[j] = k->list[j - 1];                                                   \
            }                                                                                      \
            k->list[at] = *t->list[i];                                                             \
            k->list[at].touch = (struct touch){ false, false };                                    \
        }                                                                                          \
    } while (0)

/* Rows that belong to an account, a pool or a bid: inserted or updated, whichever it takes. */
#define TAKE_PART(list, from, same_row, limit)                                                     \
    for (size_t i = 0; i < t->list##_n; i++) {                                                     \
        size_t at = 0;                                                                             \
        while (at < k->list##_n && !(same_row))                                                    \
            at++;                                                                                  \
        if (at == k->list##_n) k->list##_n++;                                                      \
        assert(k->list##_n <= (limit));                                                            \
        k->list[at] = (from);                                                                      \
        k->list[at].touch = (struct touch){ false, false };                                        \
    }

static void take_parts(struct kept *k, const struct touched *t)
{
    TAKE_PART(standings, *t->standings[i], k->standings[at].account == t->standings[i]->account,
              KEPT_ACCOUNTS)
    TAKE_PART(pools, *t->pools[i], k->pools[at].pool == t->pools[i]->pool, KEPT_POOLS)
    TAKE_PART(offers, t->offers[i],
              k->offers[at].bid == t->offers[i].bid && k->offers[at].ask == t->offers[i].ask,
              KEPT_OFFERS)
}

bool kept_take(struct kept *k, const struct touched *t)
{
    TAKE(balances, account, KEPT_ACCOUNTS);
    TAKE(nodes, node, KEPT_NODES);
    TAKE(asks, ask, KEPT_ASKS);
    TAKE(bids, bid, KEPT_BIDS);
    TAKE(leases, lease, KEPT_LEASES);
    TAKE(payouts, payout, KEPT_PAYOUTS);
    for (size_t i = 0; i < k->nodes_n; i++)
        k->nodes[i].offered = (struct needs){ 0 };
    take_parts(k, t);
    return true;
}

#define COMPARE(list, compare)                                                                     \
    do {                                                                                           \
        if (k->list##_n != n->list##_n) {                                                          \
            fprintf(stderr, #list ": %zu kept, the naive model has %zu\n", k->list##_n,            \
                    n->list##_n);                                                                  \
            ok = false;                                                                            \
        }                                                                                          \
        for (size_t i = 0; i < k->list##_n && i < n->list##_n; i++)                                \
            if (!compare(&k->list[i], &n->list[i])) ok = false;                                    \
    } while (0)

static bool is_sealed(const struct naive *n, int64_t bid)
{
    for (size_t i = 0; i < n->bids_n; i++)
        if (n->bids[i].bid == bid) return n->bids[i].sealed;
    return false;
}

/* What is kept of accounts, pools and offers. */
static bool compare_parts(const struct kept *k, const struct naive *n)
{
    bool ok = true;
    for (size_t i = 0; i < n->accounts_n; i++) {
        struct standing s = { .account = n->accounts[i].account };
        for (size_t j = 0; j < k->standings_n; j++)
            if (k->standings[j].account == s.account) s = k->standings[j];
        ok = compare_standing(&s, &n->standings[i]) && ok;
    }
    for (size_t i = 0; i < n->pools_n; i++) {
        struct pool_state s = { .pool = n->pools[i].number };
        for (size_t j = 0; j < k->pools_n; j++)
            if (k->pools[j].pool == s.pool) s = k->pools[j];
        ok = compare_pool_state(&s, &n->states[i]) && ok;
    }
    for (size_t i = 0; i < n->offers_n; i++) {
        struct offer o = { 0 };
        if (!is_sealed(n, n->offers[i].bid)) continue;
        for (size_t j = 0; j < k->offers_n; j++)
            if (k->offers[j].bid == n->offers[i].bid && k->offers[j].ask == n->offers[i].ask)
                o = k->offers[j];
        ok = compare_offer(&o, &n->offers[i]) && ok;
    }
    return ok;
}

bool kept_compare(const struct kept *k, const struct naive *n)
{
    bool ok = true;
    for (size_t i = 0; i < n->accounts_n; i++)
        if (!compare_balance(i < k->balances_n ? &k->balances[i] : NULL, &n->accounts[i]))
            ok = false;
    COMPARE(nodes, compare_node);
    COMPARE(asks, compare_ask);
    COMPARE(bids, compare_bid);
    COMPARE(leases, compare_lease);
    COMPARE(payouts, compare_payout);
    return compare_parts(k, n) && ok;
}

/* Both lists are in order of number, so one walk finds what the model still has. */
#define DROP(list, key)                                                                            \
    do {                                                                                           \
        size_t left = 0, there = 0;                                                                \
        for (size_t i = 0; i < k->list##_n; i++) {                                                 \
            while (there < n->list##_n && n->list[there].key < k->list[i].key)                     \
                there++;                                                                           \
            if (there < n->list##_n && n->list[there].key == k->list[i].key)                       \
                k->list[left++] = k->list[i];                                                      \
        }                                                                                          \
        k->list##_n = left;                                                                        \
    } while (0)

void kept_drop(struct kept *k, const struct naive *n)
{
    DROP(asks, ask);
    DROP(bids, bid);
    DROP(leases, lease);
    DROP(payouts, payout);
    size_t left = 0;
    for (size_t i = 0; i < k->offers_n; i++)
        if (is_sealed(n, k->offers[i].bid)) k->offers[left++] = k->offers[i];
    k->offers_n = left;
}

#define LOAD(list, load)                                                                           \
    for (size_t i = 0; ok && i < k->list##_n; i++)                                                 \
    ok = load(m, &k->list[i])

struct market *kept_rebuild(const struct kept *k, const struct naive *n, const struct mem *mem)
{
    struct market *m = market_new(mem, &n->rules, n->pools, n->pools_n);
    bool ok = true;
    if (m == NULL) return NULL;
    LOAD(balances, market_load_balance);
    LOAD(standings, market_load_standing);
    LOAD(pools, market_load_pool);
    LOAD(nodes, market_load_node);
    LOAD(asks, market_load_ask);
    LOAD(bids, market_load_bid);
    for (size_t i = 0; ok && i < k->offers_n; i++)
        if (is_sealed(n, k->offers[i].bid)) ok = market_load_offer(m, &k->offers[i]);
    LOAD(leases, market_load_lease);
    LOAD(payouts, market_load_payout);
    if (!ok) {
        market_free(m);
        return NULL;
    }
    if (market_load_end(m, n->last_seq, n->last_us)) return m;
    market_free(m);
    return NULL;
}
