/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes: what they have, and what becomes of their asks when they have less. */
#include "domain/asks.h"
#include "domain/room.h"
#include "domain/settle.h"
#include "domain/touch.h"

static const char *wrong_traits(const struct market *m, const struct traits *t, int64_t account)
{
    const struct node_entry *const site = t->site != 0 ? state_node(m, t->site) : NULL;

    if (t->region < 0 || t->region >= REGIONS) return "The region is out of range.";
    if (t->isolation < 0 || t->isolation >= ISOLATIONS) return "The isolation is out of range.";
    if (t->interconnect < 0 || t->interconnect >= INTERCONNECTS)
        return "The interconnect is out of range.";
    if (t->bandwidth_mbps < 0) return "The bandwidth is negative.";
    if (t->label < 0) return "The label is out of range.";
    if (t->site != 0 && (!site || site->node.account != account))
        return "The site is not a node of the same account.";
    return NULL;
}

static const char *wrong_with(const struct market *m, const struct node_spec *spec, int64_t account)
{
    const char *const wrong = wrong_traits(m, &spec->traits, account);

    if (wrong) return wrong;
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

/* Tier and verified are the market's to say. */
static struct node_spec spec_of(const struct step *s, const struct node_entry *n)
{
    struct node_spec spec = s->c->u.put_node.spec;

    spec.traits.tier = n ? n->node.spec.traits.tier : 0;
    spec.traits.verified = n ? n->node.spec.traits.verified : 0;
    return spec;
}

/* Its open asks have been taken for what it is not any more. That is remembered: a change back does
 * not undo it, as bids may have come to rest meanwhile. */
static void mark_stale(struct step *s, struct node_entry *n)
{
    for (struct ask_entry *a = n->asks; a; a = a->older) {
        if (a->ask.state != ORDER_OPEN || state_has_traits(n, &a->ask.traits)) continue;
        a->ask.stale = true;
        touch_ask(s->m, a);
    }
}

static bool make_node(struct step *s)
{
    const struct node node = {
        .node = s->c->seq,
        .at_us = s->c->at_us,
        .account = s->c->account,
        .spec = spec_of(s, NULL),
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

    const struct node_spec spec = spec_of(s, n);
    room_equip(s->m, n, &spec);
    touch_node(s->m, n);
    mark_stale(s, n);
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
    const char *const wrong = wrong_with(s->m, &s->c->u.put_node.spec, account);
    if (wrong) return step_refuse(s, ERR_VALIDATION_FAILED, wrong);

    return n ? change_node(s, n) : make_node(s);
}

/* What an unhealthy node offers nobody shall take. */
static void close_asks(struct step *s, struct node_entry *n)
{
    for (struct ask_entry *a; (a = newest_open_ask(n));)
        ask_close(s, a, ORDER_CANCELLED, REASON_NODE_UNHEALTHY);
}

bool apply_node_health(struct step *s)
{
    struct node_entry *const n = state_node(s->m, s->c->u.node_health.node);
    const int32_t well = s->c->u.node_health.well;

    if (!n) return step_refuse(s, ERR_NOT_FOUND, "There is no such node.");
    if (well < 0 || well > 1)
        return step_refuse(s, ERR_VALIDATION_FAILED, "Well is neither yes nor no.");
    if ((n->node.ill_since_us == 0) == (well == 1))
        return step_refuse(s, ERR_WRONG_STATE, "That is known.");
    if (!step_reserve(s, n->asks_n, /* trades= */ 0)) return false;

    n->node.ill_us = settle_ill_us(&n->node, s->c->at_us);
    n->node.ill_since_us = well ? 0 : s->c->at_us;
    touch_node(s->m, n);
    if (!well) close_asks(s, n);
    return true;
}

bool apply_rate_node(struct step *s)
{
    struct node_entry *const n = state_node(s->m, s->c->u.rate.number);
    const int32_t tier = s->c->u.rate.tier, verified = s->c->u.rate.verified;

    if (!n) return step_refuse(s, ERR_NOT_FOUND, "There is no such node.");
    if (tier < 0 || tier >= TIERS)
        return step_refuse(s, ERR_VALIDATION_FAILED, "The tier is out of range.");
    if (verified < 0 || verified > 1)
        return step_refuse(s, ERR_VALIDATION_FAILED, "Verified is neither yes nor no.");
    if (!step_reserve(s, n->asks_n, /* trades= */ 0)) return false;

    n->node.spec.traits.tier = tier;
    n->node.spec.traits.verified = verified;
    touch_node(s->m, n);
    mark_stale(s, n);
    return true;
}
