/* SPDX-License-Identifier: Apache-2.0 */
#include "service/writer_depth.h"

#include <assert.h>

#include "base/clock.h"
#include "domain/explain.h"

#define DEPTH_ORDERS 20000 /* looked at for one side's depth: a millisecond */

static void look_at_depth(struct writer *w)
{
    for (size_t i = 0; i < w->o.pools_n; i++) {
        struct depth *d = &w->depths_next[i];
        const int32_t pool = w->o.pools[i].number;
        bool ok = market_depth(w->market, pool, SIDE_ASKS, DEPTH_ORDERS, &d->asks);
        ok = market_depth(w->market, pool, SIDE_BIDS, DEPTH_ORDERS, &d->bids) && ok;
        assert(ok);
        d->displacing = (struct money){ 0 };
        (void)!market_displacement_price(w->market, pool, &d->displacing);
        d->sequence = market_last_seq(w->market);
    }
}

/* The look that waits may be seen once what it shows is released. */
void depth_publish(struct writer *w, int64_t last_seq)
{
    if (!w->depth_waits || last_seq < w->depths_next[0].sequence) return;
    w->depth_waits = false;
    pthread_mutex_lock(&w->lock);
    struct depth *last = w->depths;
    w->depths = w->depths_next;
    w->depths_next = last;
    pthread_mutex_unlock(&w->lock);
}

void depth_refresh(struct writer *w)
{
    const int64_t now = clock_monotonic_us();

    if (!w->depth_stale || w->depth_waits || now - w->depth_at_us < DEPTH_AGE_US) return;
    w->depth_at_us = now;
    w->depth_stale = false;
    look_at_depth(w);
    w->depth_waits = true;
    if (w->flights_n == 0) depth_publish(w, w->depths_next[0].sequence);
}

bool writer_depth(struct writer *w, int32_t pool, struct depth *out)
{
    bool found = false;

    pthread_mutex_lock(&w->lock);
    for (size_t i = 0; i < w->o.pools_n && w->stats.ready; i++) {
        if (w->o.pools[i].number != pool) continue;
        *out = w->depths[i];
        found = true;
    }
    pthread_mutex_unlock(&w->lock);
    return found;
}
