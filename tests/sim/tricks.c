/* SPDX-License-Identifier: Apache-2.0 */
/* What a seller can do with prices and offers, and a buyer with jobs that never run. */
#include "tests/sim/tricks.h"

/* ---- Small things ---- */

int64_t now_s(const struct town *t)
{
    return t->world.now_us / TOWN_SECOND;
}

const struct ask *own_ask(struct town *t)
{
    const struct ask *const a = market_ask(t->world.market, town_player(t)->ask);
    return a && a->state == ORDER_OPEN ? a : NULL;
}

void withdraw(struct town *t)
{
    struct town_seller *const p = town_player(t);

    if (p->ask) (void)world_cancel_ask(&t->world, p->account, p->ask);
    p->ask = 0;
}

int32_t own_free(struct town *t)
{
    const struct node *const n = market_node(t->world.market, town_player(t)->node);
    return (int32_t)((n->spec.cpu_millis - n->offered.cpu_millis) / town_pool.unit.cpu_millis);
}

bool offer(struct town *t, int64_t price, int32_t units)
{
    struct town_seller *const p = town_player(t);
    struct ask_spec spec = world_plain_ask(&t->world, p->node, &town_pool, price, units);

    spec.floor = town_pool.tick;
    p->ask = world_ask(&t->world, p->account, &spec);
    return p->ask != 0;
}

void stand_at(struct town *t, int64_t price)
{
    struct town_seller *const p = town_player(t);
    const struct ask *const a = own_ask(t);

    if (a) {
        if (a->spec.price.micros != price)
            (void)world_amend_ask(&t->world, p->account, p->ask, price, a->spec.units);
        return;
    }
    p->ask = 0;
    const int32_t units = own_free(t);
    if (units > 0) (void)offer(t, price, units);
}

/* ---- Honest: stands in the book, and once a minute moves to the best price to be had ---- */

int64_t best_price(struct town *t)
{
    const struct town_seller *const p = town_player(t);
    const int64_t best = town_best_ask(t, p->account, true);
    const struct bid *const b = town_best_bid(t, TOWN_UNITS), *const g = town_best_gang(t);
    int64_t price = p->pricing.price_micros;

    if (best > 0 && best - TOWN_TICK > p->cost) price = best - TOWN_TICK;
    if (b && b->spec.limit.micros > price) price = b->spec.limit.micros;
    if (g && g->spec.limit.micros > price) price = g->spec.limit.micros;
    return price < p->cost ? p->cost : price;
}

void trick_follow(struct town *t)
{
    if (t->steps % 6 == 0) stand_at(t, best_price(t));
}

/* ---- Cancel and repost: stays out of the book, and comes when somebody waits with a high limit
 * ---- */

void trick_repost(struct town *t)
{
    struct town_seller *const p = town_player(t);
    withdraw(t);
    const int32_t units = own_free(t);
    const struct bid *const b = units > 0 ? town_best_bid(t, units) : NULL;

    if (b && b->spec.limit.micros >= p->cost) (void)offer(t, b->spec.limit.micros, units);
}

/* The same as the honest one, but comes anew every time. */
void trick_renew(struct town *t)
{
    withdraw(t);
    stand_at(t, best_price(t));
}

/* ---- Phantom asks: offers that nobody will keep, to make others cheaper for one's own jobs ----
 */

void trick_haunt(struct town *t)
{
    const struct ask *const a = market_ask(t->world.market, t->spare_ask);

    if (a && a->state == ORDER_OPEN && a->free > 0) return;
    if (a && a->state == ORDER_OPEN) (void)world_cancel_ask(&t->world, t->purse, t->spare_ask);
    const struct ask_spec spec =
        world_plain_ask(&t->world, t->spare_node, &town_pool, TOWN_TICK, TOWN_UNITS);
    t->spare_ask = world_ask(&t->world, t->purse, &spec);
}

enum town_answer trick_ignore(struct town *t, const struct lease *l)
{
    (void)t;
    (void)l;
    return TOWN_WAIT; /* until the offer times out */
}

/* ---- Decline baiting: holds an offer to its last second, and drops it for a better one ---- */

enum town_answer trick_bait(struct town *t, const struct lease *l)
{
    struct town_seller *const p = town_player(t);
    const struct bid *const b = town_best_bid(t, l->units);

    if (b && b->spec.limit.micros > l->price.micros + l->price.micros / 20) {
        const int64_t limit = b->spec.limit.micros;
        (void)world_decline(&t->world, l->lease); /* which takes the ask away */
        p->ask = 0;
        if (own_free(t) > 0) (void)offer(t, limit, own_free(t));
        return TOWN_WAIT;
    }
    return t->world.now_us - l->traded_us < 25 * TOWN_SECOND ? TOWN_WAIT : TOWN_ACCEPT;
}

/* ---- Submit and cancel: keeps rivals busy with jobs that never run, and sells dear ---- */

void trick_grieve(struct town *t)
{
    struct town_seller *const p = town_player(t);
    const struct bid *const waiting = town_best_bid(t, TOWN_UNITS);
    int64_t price = waiting ? waiting->spec.limit.micros : 150 * TOWN_TICK;

    if (price < p->cost) price = p->cost;
    for (size_t i = (size_t)t->memory[0]; i < t->jobs_n; i++) {
        if (t->jobs[i].of_player) town_drop(t, i);
    }
    t->memory[0] = (int64_t)t->jobs_n;
    for (int i = 0; i < TOWN_SELLERS * TOWN_UNITS; i++) {
        const int64_t best = town_best_ask(t, p->account, false);
        if (best == 0 || best > price) break;
        if (town_buy(t, best, 1, 3600) < 0) break;
    }
    stand_at(t, price);
}

/* ---- Quote stuffing: a tick under everybody else, always, whatever it takes ---- */

void trick_stuff(struct town *t)
{
    struct town_seller *const p = town_player(t);
    const int64_t best = town_best_ask(t, p->account, false);
    int64_t price = p->pricing.price_micros;

    if (best > 0) price = best - TOWN_TICK;
    if (price < p->cost) price = p->cost;
    stand_at(t, price + 50 * TOWN_TICK); /* and a flicker */
    stand_at(t, price);
}

/* ---- Self-dealing: buys from itself at its own price to look wanted, and to move the tape ---- */

void trick_wash(struct town *t)
{
    struct town_seller *const p = town_player(t);
    const struct ask *const a = own_ask(t);

    for (size_t i = (size_t)t->memory[0]; i < t->jobs_n; i++) {
        const bool foreign =
            market_lease(t->world.market, t->jobs[i].lease) &&
            market_lease(t->world.market, t->jobs[i].lease)->provider != p->account;
        if (t->jobs[i].of_player && foreign) town_drop(t, i); /* that was not meant */
    }
    t->memory[0] = (int64_t)t->jobs_n;
    if (now_s(t) < t->memory[1] || !a || a->free == 0) return;
    const int64_t best = town_best_ask(t, p->account, false);
    if (best > 0 && best <= a->spec.price.micros) return; /* it would be somebody else's */
    t->memory[1] = now_s(t) + 600;
    (void)town_buy(t, a->spec.price.micros, 1, 60);
}
