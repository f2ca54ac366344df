/* SPDX-License-Identifier: Apache-2.0 */
/* A node that its owner empties, for maintenance or for good: its asks end then, and with them what
 * could be placed on it. What runs leaves then too, with notice, if the owner wants it so; that is
 * the clock's (leases.c). */
#include "domain/index.h"
#include "domain/step.h"
#include "domain/touch.h"

static void shorten_asks(struct step *s, struct node_entry *n, int64_t until_us)
{
    for (struct ask_entry *a = n->asks; a; a = a->older) {
        if (a->ask.state != ORDER_OPEN || a->ask.spec.until_us <= until_us) continue;
        a->ask.spec.until_us = until_us;
        touch_ask(s->m, a);
    }
}

bool apply_drain_node(struct step *s)
{
    struct node_entry *const n = state_node(s->m, s->c->u.drain_node.node);
    const int64_t from_us = s->c->u.drain_node.from_us, now_us = s->c->at_us;

    if (!n || n->node.account != s->c->account)
        return step_refuse(s, ERR_NOT_FOUND, "There is no such node.");
    if (from_us < 0 || from_us > now_us + DURATION_MAX_S * US_PER_SECOND)
        return step_refuse(s, ERR_VALIDATION_FAILED, "The time is more than 30 days from now.");
    if (!step_reserve(s, n->asks_n, /* trades= */ 0)) return false;

    n->node.drain_us = from_us != 0 && from_us < now_us ? now_us : from_us;
    n->node.drain_stops = from_us != 0 && s->c->u.drain_node.stops;
    touch_node(s->m, n);
    if (from_us != 0) shorten_asks(s, n, n->node.drain_us);
    for (struct lease_entry *l = n->leases; l; l = l->next)
        index_lease(s->m, l); /* it has another timer now */
    return true;
}
