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

bool kept_take(struct kept *k, const struct touched *t)
{
    TAKE(balances, account, NAIVE_ACCOUNTS);
    TAKE(nodes, node, NAIVE_NODES);
    TAKE(asks, ask, NAIVE_ASKS);
    TAKE(bids, bid, NAIVE_BIDS);
    TAKE(leases, lease, NAIVE_LEASES);
    TAKE(payouts, payout, NAIVE_PAYOUTS);
    for (size_t i = 0; i < k->nodes_n; i++)
        k->nodes[i].offered = (struct needs){ 0 };
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
    return ok;
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
}

#define LOAD(list, load)                                                                           \
    for (size_t i = 0; ok && i < k->list##_n; i++)                                                 \
    ok = load(m, &k->list[i])

struct market *kept_rebuild(const struct kept *k, const struct naive *n, const struct mem *mem)
{
    struct market *m = market_new(mem, &n->rules, n->pools, n->pools_n);
    bool ok = true;
    if (m == NULL) return NULL;
    LOAD(nodes, market_load_node);
    LOAD(balances, market_load_balance);
    LOAD(asks, market_load_ask);
    LOAD(bids, market_load_bid);
    LOAD(leases, market_load_lease);
    LOAD(payouts, market_load_payout);
    if (!ok) {
        market_free(m);
        return NULL;
    }
    market_load_end(m, n->last_seq, n->last_us);
    return m;
}
