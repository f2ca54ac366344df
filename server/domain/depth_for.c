/* SPDX-License-Identifier: Apache-2.0 */
/* A bid with the wishes and the highest price is walked along the book as if it came again and
 * again; the walk is that of matching, so what it passes over here it passes over there. */
#include "domain/depth_for.h"

#include "domain/book.h"
#include "domain/jobs.h"
#include "domain/probe.h"

static struct bid_spec spec_of(const struct book *book, const struct depth_wish *w, int64_t now_us)
{
    const int64_t tick = book->pool.tick.micros;

    return (struct bid_spec){
        .wants = { { book->pool.number, w->units } },
        .wants_n = 1,
        .limit = { MONEY_INPUT_MAX.micros - MONEY_INPUT_MAX.micros % tick },
        .budget = MONEY_INPUT_MAX,
        .nodes = 1,
        .seconds = w->seconds,
        .checkpoint_seconds = w->checkpoint_seconds,
        .expires_us = now_us + US_PER_SECOND,
        .attempts_max = 1,
        .wish = w->wish,
        .own = OWN_NEVER,
        .interruptible = w->interruptible,
    };
}

/* False: there is more, and no room for it. */
static bool add(struct depth_side *out, const struct ask *a)
{
    struct depth_level *last = out->n > 0 ? &out->levels[out->n - 1] : NULL;

    if (!last || money_cmp(last->price, a->spec.price) != 0) {
        if (out->n == DEPTH_LEVELS) return false;
        last = &out->levels[out->n++];
        *last = (struct depth_level){ .price = a->spec.price };
    }
    last->units += a->free;
    last->orders++;
    return true;
}

bool market_depth_for(struct market *m, int64_t account, int32_t pool,
                      const struct depth_wish *wish, size_t orders_max, int64_t now_us,
                      struct depth_side *out)
{
    const struct book *const book = state_book(m, pool);
    struct ask_walk walk;
    enum err_code code;
    struct probe p;
    size_t seen = 0;

    if (!book) return false;
    const struct bid_spec spec = spec_of(book, wish, now_us);
    if (bid_wrong(m, &spec, now_us, &code)) return false;
    probe_spec(&p, m, account, &spec, now_us);
    out->n = 0;
    const struct ask_entry *a = book_first_ask(&walk, &p.bid, 0, now_us);
    for (; a && seen < orders_max; a = book_next_ask(&walk), seen++)
        if (!add(out, &a->ask)) return true;
    if (a && out->n > 0 && money_cmp(out->levels[out->n - 1].price, a->ask.spec.price) == 0)
        out->n--;
    return true;
}
