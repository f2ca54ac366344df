/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/cross.h"

#include <assert.h>

/* An order that rests: 64 bytes, so that it comes near with one access. Its number is the rung's.
 */
struct cross_entry {
    struct rung rung; /* the first member: a rung is its order */
    int64_t owner, price, open;
    bool bid;
};

void cross_init(struct cross *c, struct mem mem)
{
    *c = (struct cross){ 0 };
    ladder_room_init(&c->room, mem);
    ladder_init(&c->sides[false], &c->room, LADDER_ASKS, /* fit= */ false);
    ladder_init(&c->sides[true], &c->room, LADDER_BIDS, /* fit= */ false);
    table_init(&c->orders, mem, sizeof(struct cross_entry));
}

void cross_done(struct cross *c)
{
    ladder_clear(&c->sides[false]);
    ladder_clear(&c->sides[true]);
    ladder_room_done(&c->room);
    table_done(&c->orders);
}

static bool serves(void *arg, struct rung *r)
{
    const struct cross_order *const taker = arg;
    const struct cross_entry *const maker = (struct cross_entry *)r;

    return maker->owner != taker->owner;
}

static struct cross_fill fill(const struct cross_order *taker, const struct cross_entry *maker,
                              int64_t quantity)
{
    return (struct cross_fill){
        .taker = taker->order,
        .maker = maker->rung.number,
        .buyer = taker->bid ? taker->owner : maker->owner,
        .seller = taker->bid ? maker->owner : taker->owner,
        .price = maker->price,
        .quantity = quantity,
        .bid_rested = maker->bid,
    };
}

bool cross_reserve(struct cross *c, size_t orders)
{
    return table_reserve(&c->orders, orders) && ladder_reserve(&c->room, orders);
}

static void rest(struct cross *c, const struct cross_order *o)
{
    struct cross_entry *const e = table_add(&c->orders, o->order);

    e->owner = o->owner;
    e->price = o->price;
    e->open = o->open;
    e->bid = o->bid;
    ladder_add(&c->sides[o->bid], &e->rung,
               &(struct ladder_order){ .price = o->price,
                                       .cells = o->cells,
                                       .priority = ++c->priority,
                                       .number = o->order,
                                       .size = 1 });
}

bool cross_cancel(struct cross *c, int64_t order)
{
    struct cross_entry *const e = table_take(&c->orders, order);

    if (!e) return false;
    ladder_remove(&c->sides[e->bid], &e->rung);
    table_give(&c->orders, e);
    return true;
}

bool cross_place(struct cross *c, struct cross_order *o, struct cross_fill *fills, size_t fills_max,
                 size_t *n)
{
    struct ladder *const others = &c->sides[!o->bid];
    const struct ladder_query query = {
        .cells = o->cells, .limit = o->price, .size = 1, .serves = serves, .arg = o
    };

    assert(o->open > 0);
    *n = 0;
    for (struct rung *r; (r = ladder_first(others, &query, &c->walk));) {
        struct cross_entry *const maker = (struct cross_entry *)r;
        if (*n == fills_max) return false;

        const int64_t quantity = maker->open < o->open ? maker->open : o->open;
        fills[(*n)++] = fill(o, maker, quantity);
        o->open -= quantity;
        maker->open -= quantity;
        if (maker->open == 0) (void)cross_cancel(c, maker->rung.number);
        if (o->open == 0) return true;
    }
    rest(c, o);
    return true;
}

void cross_expect_orders(const struct cross *c, const int64_t *orders, size_t n)
{
    for (size_t i = 0; i < n; i++)
        table_expect(&c->orders, orders[i]);
}

#define AT_ONCE 32

/* Slots, then the orders that they name, then the orders' neighbours: each while the next ones
 * come. */
void cross_expect_cancels(const struct cross *c, const int64_t *orders, size_t n)
{
    struct cross_entry *near[AT_ONCE];

    for (size_t some; n > 0; orders += some, n -= some) {
        some = n < AT_ONCE ? n : AT_ONCE;
        cross_expect_orders(c, orders, some);
        for (size_t i = 0; i < some; i++) {
            near[i] = table_find(&c->orders, orders[i]);
            __builtin_prefetch(near[i]);
        }
        for (size_t i = 0; i < some; i++)
            if (near[i]) ladder_expect_remove(&near[i]->rung);
    }
}
