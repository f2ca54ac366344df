/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/step.h"

#include <assert.h>

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

bool step_reserve(struct step *s, size_t asks, size_t trades)
{
    const struct touch_room room = {
        .balances = POSTINGS_MAX,
        .nodes = 1,
        .asks = asks + 2,     /* the one of the command or its lease, and one that a bid met */
        .bids = trades + 1,   /* each trade's, and the one of the command or its lease */
        .leases = trades + 1, /* the same */
        .payouts = 1,
        .trades = trades,
    };

    assert(trades <= FILLS_MAX);
    if (touch_reserve(s->m, &room) && table_reserve(&s->m->leases, trades)) return true;
    return step_refuse(s, ERR_OVERLOADED, "There is no memory left for this.");
}

size_t step_trades_max(const struct book *book, int32_t units)
{
    const size_t most = (size_t)units;

    assert(units >= 0);
    return most < book->bids.n ? most : book->bids.n;
}
