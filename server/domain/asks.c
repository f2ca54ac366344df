/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/asks.h"

#include <assert.h>

#include "domain/displace.h"
#include "domain/index.h"
#include "domain/match.h"
#include "domain/room.h"
#include "domain/touch.h"

void ask_close(struct step *s, struct ask_entry *a, enum order_state state, enum reason reason)
{
    assert(a->ask.state == ORDER_OPEN);
    assert(state == ORDER_CANCELLED || state == ORDER_EXPIRED);

    a->ask.state = state;
    a->ask.reason = reason;
    a->ask.parked = 0;
    a->ask.stale = false;
    touch_ask(s->m, a);
}

void ask_give_back(struct step *s, struct ask_entry *a, struct lease_entry *ended)
{
    const int32_t units = ended->lease.units;

    assert(units > 0 && units <= a->leased);
    a->leased -= units;
    if (a->ask.state == ORDER_OPEN) {
        a->ask.free += units;
        a->ask.priority = s->c->seq;
    }
    displace_hand_over(s, ended, a);
    if (a->ask.state == ORDER_OPEN)
        touch_ask(s->m, a);
    else
        index_ask(s->m, a); /* nothing that the store keeps has changed */
}

/* What is wrong with the ask, wherever it stands; NULL: nothing. */
static const char *wrong_with(const struct ask_spec *a, const struct pool *pool, int64_t now_us)
{
    if (!pool_on_tick(pool, a->price)) return "The price is not on the tick.";
    if (!pool_on_tick(pool, a->floor)) return "The floor is not on the tick.";
    if (money_cmp(a->floor, a->price) > 0) return "The floor is above the price.";
    if (a->units < 1 || a->units > UNITS_MAX) return "The units are out of range.";
    if (a->until_us <= now_us) return "The ask would have ended already.";
    if (a->seconds_min < DURATION_MIN_S) return "The shortest lease is too short.";
    if (a->seconds_max < a->seconds_min) return "The longest lease is below the shortest.";
    if (a->seconds_max > DURATION_MAX_S) return "The longest lease is too long.";
    if (a->sets < 0) return "The sets are out of range.";
    if (a->buyer_tier_min < 0 || a->buyer_tier_min >= TIERS) return "The tier is out of range.";
    if (a->egress_max < 0 || a->egress_max >= EGRESSES) return "The egress is out of range.";
    if (a->risk_seconds < DURATION_MIN_S) return "The time at risk is too short.";
    return NULL;
}

/* May the node name a price now? */
static bool may_quote(struct step *s, const struct node *n)
{
    const int64_t stands_us = n->quoted_us + s->m->rules.quote_seconds * US_PER_SECOND;

    if (n->quoted_us == 0 || s->c->at_us >= stands_us) return true;
    return step_refuse_until(s, ERR_QUOTE_STANDS,
                             "The node has changed its price a moment ago, and it still stands.",
                             stands_us);
}

static bool may_place(struct step *s, const struct node_entry *node, const struct pool *pool)
{
    if (node->node.drain_us != 0 && s->c->u.place_ask.until_us > node->node.drain_us)
        return step_refuse(s, ERR_WRONG_STATE,
                           "The node is being drained before the ask would end.");
    if (node->live_asks >= NODE_ASKS_MAX)
        return step_refuse(s, ERR_QUOTA_EXCEEDED, "The node has as many asks as it can have.");
    if (!room_for(node, pool, s->c->u.place_ask.units))
        return step_refuse(s, ERR_QUOTA_EXCEEDED, "The node does not have this much to offer.");
    if (node->node.ill_since_us != 0)
        return step_refuse(s, ERR_WRONG_STATE, "The node is unhealthy and offers nothing.");
    if (s->c->at_us < node->node.backoff_us)
        return step_refuse_until(
            s, ERR_BACKING_OFF, "The node has failed a lease and must wait before it offers again.",
            node->node.backoff_us);
    return may_quote(s, &node->node);
}

static bool would_trade(struct step *s, const struct ask_entry *a)
{
    if (!a->ask.spec.post_only || !match_ask_would_trade(a, s->c->at_us)) return false;
    step_note_refusal(s, ERR_WOULD_TRADE, "The ask is post-only and would trade at once.");
    return true;
}

/* A post-only ask that serves nobody waits to be met. */
static void meet(struct step *s, struct ask_entry *a)
{
    if (!a->ask.spec.post_only) match_ask(s, a);
}

bool apply_place_ask(struct step *s)
{
    const struct ask_spec *const spec = &s->c->u.place_ask;
    struct node_entry *const node = state_node(s->m, spec->node);
    struct book *const book = state_book(s->m, spec->pool);

    if (!node || node->node.account != s->c->account)
        return step_refuse(s, ERR_NOT_FOUND, "There is no such node.");
    if (!book) return step_refuse(s, ERR_NOT_FOUND, "There is no such pool.");
    const char *const wrong = wrong_with(spec, &book->pool, s->c->at_us);
    if (wrong) return step_refuse(s, ERR_VALIDATION_FAILED, wrong);
    if (!may_place(s, node, &book->pool)) return false;

    const struct ask_entry fresh = {
        .ask = { .ask = s->c->seq,
                 .account = s->c->account,
                 .at_us = s->c->at_us,
                 .priority = s->c->seq,
                 .spec = *spec,
                 .traits = state_traits(node),
                 .free = spec->units,
                 .state = ORDER_OPEN,
                 .touch.fresh = true },
        .book = book,
        .node = node,
    };
    if (would_trade(s, &fresh)) return false;
    if (!table_reserve(&s->m->asks, 1))
        return step_refuse(s, ERR_OVERLOADED, "There is no memory left for this.");
    if (!step_reserve(s, /* asks= */ 0, step_trades_max(&fresh, spec->units, NULL))) return false;

    struct ask_entry *const a = state_add_ask(s->m, &fresh.ask);
    touch_ask(s->m, a);
    meet(s, a);
    return true;
}

static void amend(struct step *s, struct ask_entry *a, const struct ask_entry *amended)
{
    const int32_t more = amended->ask.spec.units - a->ask.spec.units;
    const bool dearer = money_cmp(amended->ask.spec.price, a->ask.spec.price) != 0;

    if (!dearer && more == 0) return;
    if (dearer || more > 0) a->ask.priority = s->c->seq;
    if (dearer) {
        a->node->node.quoted_us = s->c->at_us;
        touch_node(s->m, a->node);
    }
    a->ask.spec.price = amended->ask.spec.price;
    a->ask.spec.units = amended->ask.spec.units;
    a->ask.free += more;
    a->ask.parked = 0;
    touch_ask(s->m, a);
    meet(s, a);
}

bool apply_amend_ask(struct step *s)
{
    struct ask_entry *const a = state_ask(s->m, s->c->u.amend_ask.ask);
    const struct money price = s->c->u.amend_ask.price;
    const int32_t units = s->c->u.amend_ask.units;

    if (!a || a->ask.account != s->c->account)
        return step_refuse(s, ERR_NOT_FOUND, "There is no such ask.");
    if (a->ask.state != ORDER_OPEN)
        return step_refuse(s, ERR_WRONG_STATE, "The ask is no longer open.");
    if (!pool_on_tick(&a->book->pool, price))
        return step_refuse(s, ERR_VALIDATION_FAILED, "The price is not on the tick.");
    if (money_cmp(price, a->ask.spec.floor) < 0)
        return step_refuse(s, ERR_VALIDATION_FAILED, "The price is below the floor.");
    if (units < 1 || units > UNITS_MAX)
        return step_refuse(s, ERR_VALIDATION_FAILED, "The units are out of range.");
    if (units < a->leased)
        return step_refuse(s, ERR_VALIDATION_FAILED, "More units than this are under a lease.");
    if (!room_for(a->node, &a->book->pool, units - a->ask.spec.units))
        return step_refuse(s, ERR_QUOTA_EXCEEDED, "The node does not have this much to offer.");
    if (money_cmp(price, a->ask.spec.price) != 0 && !may_quote(s, &a->node->node)) return false;

    struct ask_entry amended = { .ask = a->ask, .book = a->book, .node = a->node };
    amended.ask.spec.price = price;
    amended.ask.free += units - a->ask.spec.units;
    amended.ask.spec.units = units;
    amended.ask.priority = s->c->seq;
    amended.ask.parked = 0;
    if (would_trade(s, &amended)) return false;
    if (!step_reserve(s, /* asks= */ 0, step_trades_max(a, units, NULL))) return false;

    amend(s, a, &amended);
    return true;
}

bool apply_cancel_ask(struct step *s)
{
    struct ask_entry *const a = state_ask(s->m, s->c->u.order.order);
    const bool market = s->c->account == ACCOUNT_WORLD;

    if (!a || (a->ask.account != s->c->account && !market))
        return step_refuse(s, ERR_NOT_FOUND, "There is no such ask.");
    if (!step_reserve(s, /* asks= */ 0, /* trades= */ 0)) return false;
    if (a->ask.state != ORDER_OPEN) return true;

    ask_close(s, a, ORDER_CANCELLED, market ? REASON_NODE_LOST : REASON_CANCELLED);
    if (market) return true;
    a->node->node.quoted_us = s->c->at_us;
    touch_node(s->m, a->node);
    return true;
}

bool apply_expire_ask(struct step *s, struct ask_entry *a)
{
    if (a->ask.state != ORDER_OPEN)
        return step_refuse(s, ERR_WRONG_STATE, "The ask is no longer open.");
    if (a->ask.spec.until_us > s->c->at_us)
        return step_refuse(s, ERR_WRONG_STATE, "The ask has not ended yet.");
    if (!step_reserve(s, /* asks= */ 0, /* trades= */ 0)) return false;

    ask_close(s, a, ORDER_EXPIRED, REASON_EXPIRED);
    return true;
}
