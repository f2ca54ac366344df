/* SPDX-License-Identifier: Apache-2.0 */
#include "service/auctions.h"

#include "base/log.h"
#include "domain/sealed.h"

#define ASKS_MAX    64
#define ASKS_MEMORY ((size_t)2 * BODY_MAX)

static void answer_one(struct agent *a, const struct sealed_bid *bid, const struct ask_seen *asks,
                       size_t n)
{
    const struct link *m = &a->market;
    struct sealed_offer o;
    struct err err;

    if (!sealed_answer(bid, asks, n, &o)) return;
    const enum link_result r =
        m->ops->auction_offer(m->self, bid->bid_id, asks[o.ask].ask_id, o.price_micros, &err);
    if (r == LINK_DONE)
        LOG(LOG_INFO, "auction.offered", LOG_STR("bid", bid->bid_id),
            LOG_I64("price_micros", o.price_micros));
    else if (r != LINK_GONE && r != LINK_STALE) /* over already, or not for us after all */
        log_err(LOG_WARN, "auction.not_offered", &err);
}

void auctions_answer(struct agent *a, const struct sealed_bid *bids, size_t n)
{
    const struct link *m = &a->market;
    struct ask_seen asks[ASKS_MAX];
    struct arena arena;
    struct err err;
    size_t asks_n = 0;

    if (n == 0) return;
    arena_init(&arena, ASKS_MEMORY);
    if (m->ops->asks_list(m->self, &arena, asks, ASKS_MAX, &asks_n, &err) == LINK_DONE)
        for (size_t i = 0; i < n; i++)
            answer_one(a, &bids[i], asks, asks_n);
    arena_done(&arena);
}
