/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/step.h"

#include <assert.h>

#include "domain/bounds.h"
#include "domain/touch.h"

void step_note_refusal(struct step *s, enum err_code code, const char *why)
{
    struct outcome *const out = s->out;
    size_t n = 0;

    assert(code != ERR_NONE);
    assert(out->refused == ERR_NONE);

    out->refused = code;
    for (; why[n] != '\0'; n++) {
        assert(n + 1 < sizeof(out->why));
        out->why[n] = why[n];
    }
    out->why[n] = '\0';
}

bool step_refuse_until(struct step *s, enum err_code code, const char *why, int64_t again_us)
{
    s->out->again_us = again_us;
    return step_refuse(s, code, why);
}

bool step_reserve(struct step *s, size_t asks, size_t trades)
{
    const struct touch_room room = {
        .balances = POSTINGS_MAX,
        .nodes = 1,
        .asks = asks + trades + PARK_MAX + 2, /* each trade's, the command's and its lease's */
        .bids = trades + PARK_MAX + 2,
        .leases = trades + GANG_NODES_MAX,
        .payouts = 1,
        .trades = trades,
        .offers = 1,
    };
    /* Each trade, and what else happens to an ask, puts it in another place; a bid that trades
     * leaves its own, but one or two come, in each of their pools. */
    const size_t rungs = 2 * room.asks + (size_t)2 * WANTS_MAX;

    assert(trades <= FILLS_MAX);
    if (touch_reserve(s->m, &room) && table_reserve(&s->m->leases, trades + 1) &&
        ladder_reserve(&s->m->room, rungs))
        return true;
    return step_refuse(s, ERR_OVERLOADED, "There is no memory left for this.");
}

static int64_t resting_nodes(const struct bid_entry *b)
{
    int64_t most = 0;

    for (int32_t w = 0; w < b->bid.spec.wants_n; w++)
        if (b->lines[w].book->resting_nodes > most) most = b->lines[w].book->resting_nodes;
    return most;
}

size_t step_trades_max(const struct ask_entry *a, int32_t units, const struct bid_entry *b)
{
    int64_t bids = b ? b->bid.spec.nodes : 0;
    int64_t most = bids;

    if (a) {
        /* Each trade of an ordinary bid takes a unit; of the gangs on the shelf, on which this bid
         * may be by then, an event tests so many. */
        int64_t gangs = (int64_t)a->book->shelf.n + (b && state_is_gang(&b->bid));
        if (gangs > GANGS) gangs = GANGS;
        const int64_t own = (int64_t)a->node->account->owner->bids.n;
        most += units + gangs * GANG_NODES_MAX;
        bids += a->book->resting_nodes + own;
    }
    if (b) bids += resting_nodes(b);
    if (most > bids) most = bids;
    return (size_t)(most < FILLS_MAX ? most : FILLS_MAX);
}
