/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes: what they have, and what becomes of their asks when they have less. */
#include "domain/asks.h"
#include "domain/room.h"
#include "domain/touch.h"

static const char *wrong_with(const struct market *m, const struct node_spec *spec)
{
    if (spec->cpu_millis < 1) return "A node has some CPU.";
    if (spec->memory_bytes < 0) return "The memory is negative.";
    if (spec->scratch_bytes < 0) return "The scratch space is negative.";
    if (spec->gpus < 0 || spec->gpus > GPUS_MAX) return "The number of GPUs is out of range.";
    if (spec->gpus == 0) return NULL;

    const struct book *const book = state_book(m, spec->gpu_pool);
    if (!book || book->pool.unit.gpus == 0) return "There is no such pool of GPUs.";
    return NULL;
}

static struct ask_entry *newest_open_ask(const struct node_entry *n)
{
    struct ask_entry *newest = NULL;

    for (struct ask_entry *a = n->asks; a; a = a->older)
        if (a->ask.state == ORDER_OPEN && (!newest || a->ask.ask > newest->ask.ask)) newest = a;
    return newest;
}

static void cancel_what_it_cannot_carry(struct step *s, struct node_entry *n)
{
    while (!room_carries(n)) {
        struct ask_entry *const a = newest_open_ask(n);
        if (!a) return; /* what is left are leases: they go on */
        ask_close(s, a, ORDER_CANCELLED, REASON_NODE_CHANGED);
    }
}

static bool make_node(struct step *s)
{
    const struct node node = {
        .node = s->c->seq,
        .at_us = s->c->at_us,
        .account = s->c->account,
        .spec = s->c->u.put_node.spec,
        .touch.fresh = true,
    };

    if (!table_reserve(&s->m->nodes, 1))
        return step_refuse(s, ERR_OVERLOADED, "There is no memory left for this.");
    if (!step_reserve(s, /* asks= */ 0, /* trades= */ 0)) return false;

    struct node_entry *const n = state_add_node(s->m, &node);
    room_equip(s->m, n, &node.spec);
    touch_node(s->m, n);
    return true;
}

static bool change_node(struct step *s, struct node_entry *n)
{
    if (!step_reserve(s, n->asks_n, /* trades= */ 0)) return false;

    room_equip(s->m, n, &s->c->u.put_node.spec);
    touch_node(s->m, n);
    cancel_what_it_cannot_carry(s, n);
    return true;
}

bool apply_put_node(struct step *s)
{
    const int64_t number = s->c->u.put_node.node, account = s->c->account;
    struct node_entry *const n = number ? state_node(s->m, number) : NULL;

    if (number == 0 && (account < ACCOUNT_FIRST || !state_account(s->m, account)))
        return step_refuse(s, ERR_NOT_FOUND, "There is no such account.");
    if (number != 0 && (!n || n->node.account != account))
        return step_refuse(s, ERR_NOT_FOUND, "There is no such node.");
    const char *const wrong = wrong_with(s->m, &s->c->u.put_node.spec);
    if (wrong) return step_refuse(s, ERR_VALIDATION_FAILED, wrong);

    return n ? change_node(s, n) : make_node(s);
}
