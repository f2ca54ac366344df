/* SPDX-License-Identifier: Apache-2.0 */
/* The index of a pool over a day, by the rules of docs/market-data.md, once more: no pair of owners
 * counts for more than a tenth of what counts, a tenth is cut from each end, then the median. */
#include <assert.h>
#include <stdlib.h>

#include "tests/sim/town.h"

#define LEAST_S 900
#define OWNERS  5 /* on either side */
#define PAIRS   1024
#define PART    10

void town_deliver(struct town *t, const struct lease *l)
{
    const int64_t seconds = l->seconds_billed;

    if (l->own || seconds < LEAST_S || 2 * seconds < l->seconds_max) return;
    if (t->deliveries_n == TOWN_JOBS) return;
    t->deliveries[t->deliveries_n++] = (struct town_delivery){
        .buyer = l->buyer,
        .provider = l->provider,
        .price = l->price.micros,
        .unit_seconds = seconds * l->units,
    };
}

struct pair {
    int64_t buyer, provider;
    double weight, left;
};

static bool is_left_out(const struct town *t, const struct town_delivery *d, bool of_others)
{
    return of_others && d->buyer == t->purse && d->provider == t->sellers[TOWN_PLAYER].account;
}

static int pairs_of(const struct town *t, bool of_others, struct pair *pairs)
{
    int n = 0;

    for (size_t i = 0; i < t->deliveries_n; i++) {
        const struct town_delivery *const d = &t->deliveries[i];
        int k = 0;
        if (is_left_out(t, d, of_others)) continue;
        while (k < n && (pairs[k].buyer != d->buyer || pairs[k].provider != d->provider))
            k++;
        if (k == n) {
            assert(n < PAIRS);
            pairs[n++] = (struct pair){ .buyer = d->buyer, .provider = d->provider };
        }
        pairs[k].weight += (double)d->unit_seconds;
    }
    return n;
}

/* The most that a pair may count for: a tenth of what counts then. */
static double share_of(const struct pair *pairs, int n)
{
    double share = 0;

    for (int k = 0; k < n; k++) {
        const double w = pairs[k].weight;
        if (n < PART ? k == 0 || w < share : w > share) share = w;
    }
    for (int round = 0; n >= PART && round < 200; round++) {
        double sum = 0;
        for (int k = 0; k < n; k++)
            sum += pairs[k].weight < share ? pairs[k].weight : share;
        share = sum / PART;
    }
    return share;
}

static int different(const struct pair *pairs, int n, bool buyers)
{
    int found = 0;

    for (int k = 0; k < n; k++) {
        bool first = true;
        for (int i = 0; i < k; i++)
            first = first && (buyers ? pairs[i].buyer != pairs[k].buyer
                                     : pairs[i].provider != pairs[k].provider);
        found += first ? 1 : 0;
    }
    return found;
}

struct part {
    int64_t price;
    double weight;
};

static int by_price(const void *a, const void *b)
{
    const int64_t x = ((const struct part *)a)->price, y = ((const struct part *)b)->price;
    return (x > y) - (x < y);
}

/* The lower median of the weight. The tenths at both ends leave it where it is. */
static int64_t median(struct part *parts, size_t n)
{
    double sum = 0, below = 0;
    size_t i = 0;

    qsort(parts, n, sizeof(parts[0]), by_price);
    for (size_t k = 0; k < n; k++)
        sum += parts[k].weight;
    for (; i + 1 < n; i++) {
        below += parts[i].weight;
        if (2 * below >= sum) break;
    }
    return parts[i].price;
}

int64_t town_index(const struct town *t, bool of_others)
{
    struct pair pairs[PAIRS];
    struct part parts[TOWN_JOBS];
    size_t parts_n = 0;
    const int n = pairs_of(t, of_others, pairs);

    if (different(pairs, n, true) < OWNERS || different(pairs, n, false) < OWNERS) return 0;
    const double share = share_of(pairs, n);
    for (int k = 0; k < n; k++)
        pairs[k].left = share;
    for (size_t i = 0; i < t->deliveries_n; i++) {
        const struct town_delivery *const d = &t->deliveries[i];
        int k = 0;
        if (is_left_out(t, d, of_others)) continue;
        while (pairs[k].buyer != d->buyer || pairs[k].provider != d->provider)
            k++;
        const double whole = (double)d->unit_seconds;
        const double counts = whole < pairs[k].left ? whole : pairs[k].left;
        pairs[k].left -= counts;
        parts[parts_n++] = (struct part){ d->price, counts };
    }
    return median(parts, parts_n);
}
