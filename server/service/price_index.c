/* SPDX-License-Identifier: Apache-2.0 */
#include "service/price_index.h"

#include <stdlib.h>

bool delivery_counts(const struct delivery *d)
{
    return d->buyer != d->provider && d->price > 0 && d->units > 0 &&
           d->seconds >= INDEX_DELIVERED_S &&
           d->seconds * 100 >= d->term_seconds * INDEX_TERM_PERCENT;
}

static int order(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int64_t low_owner(const struct delivery_weight *w)
{
    return w->buyer < w->provider ? w->buyer : w->provider;
}

static int64_t high_owner(const struct delivery_weight *w)
{
    return w->buyer < w->provider ? w->provider : w->buyer;
}

/* Who sells to whom is one pair with who buys from whom. */
static int by_pair(const void *a, const void *b)
{
    const struct delivery_weight *x = a, *y = b;
    int o = order(low_owner(x), low_owner(y));

    if (o == 0) o = order(high_owner(x), high_owner(y));
    return o != 0 ? o : order((int64_t)x->at, (int64_t)y->at);
}

static int by_buyer(const void *a, const void *b)
{
    const struct delivery_weight *x = a, *y = b;

    return order(x->buyer, y->buyer);
}

static int by_provider(const void *a, const void *b)
{
    const struct delivery_weight *x = a, *y = b;

    return order(x->provider, y->provider);
}

static int by_price(const void *a, const void *b)
{
    const struct delivery_weight *x = a, *y = b;
    const int o = order(x->price, y->price);

    return o != 0 ? o : order((int64_t)x->at, (int64_t)y->at);
}

/* What counts, with its full weight. */
static size_t weigh(const struct delivery *d, size_t n, struct delivery_weight *w)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        if (!delivery_counts(&d[i])) continue;
        w[kept++] = (struct delivery_weight){
            .buyer = d[i].buyer,
            .provider = d[i].provider,
            .price = d[i].price,
            .weight = d[i].units * d[i].seconds,
            .at = i,
        };
    }
    return kept;
}

static bool same_pair(const struct delivery_weight *a, const struct delivery_weight *b)
{
    return low_owner(a) == low_owner(b) && high_owner(a) == high_owner(b);
}

/* How much each pair delivered, as far as a share depends on it. */
struct pairs {
    int64_t top[INDEX_PAIRS_MIN]; /* the largest, largest first */
    int64_t total, smallest;
    size_t n;
};

static void add_pair(struct pairs *p, int64_t volume)
{
    p->total += volume;
    if (p->n == 0 || volume < p->smallest) p->smallest = volume;
    p->n++;
    for (size_t i = 0; i < INDEX_PAIRS_MIN; i++) {
        if (volume <= p->top[i]) continue;
        const int64_t pushed = p->top[i];
        p->top[i] = volume;
        volume = pushed;
    }
}

static struct pairs look_at_pairs(const struct delivery_weight *w, size_t n)
{
    struct pairs p = { .n = 0 };
    int64_t volume = 0;

    for (size_t i = 0; i < n; i++) {
        volume += w[i].weight;
        if (i + 1 < n && same_pair(&w[i], &w[i + 1])) continue;
        add_pair(&p, volume);
        volume = 0;
    }
    return p;
}

/* The largest c with 10 c <= the sum of all pairs' volumes, each cut to c. With the k largest cut,
 * that is c = (what the others have) / (10 - k); the right k is the first for which the next pair
 * needs no cut. With nine cut none does. */
static int64_t share_of(const struct pairs *p)
{
    int64_t rest = p->total;

    if (p->n < INDEX_PAIRS_MIN) return p->smallest;
    if (p->top[0] <= rest / INDEX_PAIRS_MIN) return p->top[0];
    for (int64_t k = 1; k < INDEX_PAIRS_MIN; k++) {
        rest -= p->top[k - 1];
        const int64_t share = rest / (INDEX_PAIRS_MIN - k);
        if (p->top[k] <= share) return share;
    }
    return 0;
}

/* A pair's leases count in their order until it has its share; the one that passes it counts in
 * part, the later ones do not count. */
static size_t cap_pairs(struct delivery_weight *w, size_t n)
{
    qsort(w, n, sizeof(*w), by_pair);
    const struct pairs pairs = look_at_pairs(w, n);
    const int64_t share = share_of(&pairs);
    int64_t left = share;
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        const struct delivery_weight one = w[i];
        if (kept == 0 || !same_pair(&w[kept - 1], &one)) left = share;
        if (left == 0) continue;
        w[kept] = one;
        if (w[kept].weight > left) w[kept].weight = left;
        left -= w[kept].weight;
        kept++;
    }
    return kept;
}

/* How many owners stand on one side of what counts? */
static int64_t buyers_of(struct delivery_weight *w, size_t n)
{
    int64_t count = 0;

    qsort(w, n, sizeof(*w), by_buyer);
    for (size_t i = 0; i < n; i++)
        count += i == 0 || w[i].buyer != w[i - 1].buyer;
    return count;
}

static int64_t providers_of(struct delivery_weight *w, size_t n)
{
    int64_t count = 0;

    qsort(w, n, sizeof(*w), by_provider);
    for (size_t i = 0; i < n; i++)
        count += i == 0 || w[i].provider != w[i - 1].provider;
    return count;
}

/* The lowest price at which at least `rank` of the weight has been passed. */
static int64_t price_at(const struct delivery_weight *w, size_t n, int64_t rank)
{
    int64_t passed = 0;

    for (size_t i = 0; i < n; i++) {
        passed += w[i].weight;
        if (passed >= rank) return w[i].price;
    }
    return n > 0 ? w[n - 1].price : 0;
}

static int64_t weight_of(const struct delivery_weight *w, size_t n)
{
    int64_t sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += w[i].weight;
    return sum;
}

/* Cut from both ends, then the median: with `cut` gone at the low end, half of the rest comes after
 * cut + rest / 2. */
static void take_median(const struct delivery_weight *w, size_t n, struct price_index *out)
{
    const int64_t all = out->unit_seconds, cut = all * INDEX_TRIM_PERCENT / 100;
    const int64_t rest = all - 2 * cut;

    out->low = price_at(w, n, cut + 1);
    out->value = price_at(w, n, cut + (rest + 1) / 2);
    out->high = price_at(w, n, all - cut);
}

void price_index_compute(const struct delivery *d, size_t n, struct delivery_weight *scratch,
                         struct price_index *out)
{
    const size_t kept = cap_pairs(scratch, weigh(d, n, scratch));

    *out = (struct price_index){
        .at_us = out->at_us,
        .leases = (int64_t)kept,
        .buyers = buyers_of(scratch, kept),
        .providers = providers_of(scratch, kept),
        .unit_seconds = weight_of(scratch, kept),
    };
    out->stale = out->buyers < INDEX_OWNERS_MIN || out->providers < INDEX_OWNERS_MIN;
    if (out->stale) return;
    qsort(scratch, kept, sizeof(*scratch), by_price);
    take_median(scratch, kept, out);
}
