/* SPDX-License-Identifier: Apache-2.0 */
/* A B+ tree of orders. The leaves hold all orders of the side just as they are served, so the best
 * order that serves is the first one that does, and the next is the next:
 *
 *                      inner   key    100      104      …     at or before each child's first order
 *                              cells  .xx.     x..x           its cells, for sizes of 1, 2, 4 … and
 * above /        | leaf   price  100  100  100  101    leaf  104 104 … size     1    1    4    2
 *            cell     1    2    2    1
 *            line     o   ooo   .    o                        a dead slot: a line has left it
 *
 * Whoever asks for cells and a size goes down where the word of that size has one of the cells.
 *
 * Orders that follow each other and are alike share a slot, as a list (a *line*): where all are
 * alike a price is one slot, however many come, and coming and leaving touches but the neighbours.
 * Where they are mixed most lines are single orders, and the slot is all that the tree spends on
 * one; a list for each price, size and cell would be walked across for the oldest of the heads, and
 * cost its own node for each.
 *
 * A line that leaves only clears its bit, and the dead slot keeps its price and size, so the slots
 * stay in order; a line that comes takes a dead slot where it belongs, or shifts those up to the
 * nearest one. What the nodes above promise is not taken back when a line leaves, but by the walk
 * that looks there in vain: it looks once. Most that come are the latest of their row, and are told
 * its end (ladder_ends.c). */
#include "domain/ladder_node.h"

#include <string.h>

void ladder_init(struct ladder *l, struct ladder_room *room, enum ladder_side side, bool fit)
{
    *l = (struct ladder){
        .room = room,
        .priority = INT64_MIN,
        .number = INT64_MIN,
        .mirror = side == LADDER_BIDS ? -1 : 0,
        .bids = side == LADDER_BIDS,
        .fit = fit,
    };
}

static bool is_full(const struct ladder_queue *queue)
{
    return queue->taken == LADDER_LINE;
}

/* ---- lines -------------------------------------------------------------------------------- */

/* A line of one order becomes one that can have several. */
static struct ladder_queue *queue_of(struct ladder *l, struct ladder_leaf *leaf, int i)
{
    if (leaf->line[i] & TAG_QUEUE) return as_queue(leaf->line[i]);

    struct ladder_queue *const queue = ladder_take(l->room, NODE_QUEUE);
    struct rung *const only = as_rung(leaf->line[i]);
    *queue = (struct ladder_queue){ only, only, leaf, slot_cells(l, leaf, i), leaf->size[i], 1 };
    leaf->line[i] = (uintptr_t)queue | TAG_QUEUE;
    only->before = only->after = leaf->line[i];
    return queue;
}

/* The last order of the queue that stands before the key; the first one does. */
static struct rung *last_before(const struct ladder_queue *queue, const struct ladder_key *key)
{
    struct rung *r = queue->tail;

    while (!rung_before(r, key))
        r = as_rung(r->before);
    return r;
}

/* Nothing is read from the neighbour, which may be far away. */
static void put_last(struct ladder_queue *queue, struct rung *r)
{
    r->before = (uintptr_t)queue->tail;
    r->after = (uintptr_t)queue | TAG_QUEUE;
    queue->tail->after = (uintptr_t)r;
    queue->tail = r;
    queue->taken++;
}

static void put_after(struct ladder_queue *queue, struct rung *before, struct rung *r)
{
    r->before = (uintptr_t)before;
    r->after = before->after;
    as_rung(r->after)->before = (uintptr_t)r;
    before->after = (uintptr_t)r;
    queue->taken++;
}

static void count(struct ladder_queue *queue)
{
    queue->taken = 0;
    for (const struct rung *r = queue->head; r; r = rung_after(r))
        queue->taken++;
}

/* The orders of the queue behind `last`, as a line of their own. */
static uintptr_t cut(struct ladder *l, struct ladder_queue *queue, struct rung *last)
{
    struct rung *const head = as_rung(last->after), *const tail = queue->tail;

    last->after = (uintptr_t)queue | TAG_QUEUE;
    queue->tail = last;
    count(queue);
    if (head == tail) {
        head->after = 0;
        return (uintptr_t)head;
    }
    struct ladder_queue *const rest = ladder_take(l->room, NODE_QUEUE);
    *rest = *queue;
    rest->head = head;
    rest->tail = tail;
    head->before = tail->after = (uintptr_t)rest | TAG_QUEUE;
    count(rest);
    return head->before;
}

/* The last line of the same price and size before the spot, in its leaf; negative: none. */
static int line_before(const struct ladder *l, const struct ladder_spot *spot,
                       const struct ladder_key *key)
{
    const struct ladder_leaf *const leaf = spot->leaf;
    const uint64_t live = live_before(leaf, spot->p);

    if (live == 0) return -1;
    const int i = last_bit(live);
    return leaf->price[i] == key->price && (!by_size(l) || leaf->size[i] == key->size) ? i : -1;
}

/* A line is cut in two where the key belongs. */
static void cut_line(struct ladder *l, struct ladder_spot spot, int i, const struct ladder_key *key)
{
    const struct ladder_leaf *const leaf = spot.leaf;
    const struct ladder_kind kind = { leaf->size[i], slot_cells(l, leaf, i) };
    struct ladder_queue *const queue = as_queue(leaf->line[i]);
    const uintptr_t rest = cut(l, queue, last_before(queue, key));
    const struct rung *const head = line_head(rest);

    spot = ladder_put_line(
        l, spot, rest, &(struct ladder_key){ key->price, key->size, head->priority, head->number },
        &kind);
    spot.leaf->node.goes_on = true;
}

static bool takes_more(uintptr_t line)
{
    return !(line & TAG_QUEUE) || !is_full(as_queue(line));
}

/* An order takes its place before the spot: at the end of a line, in one, or in a line of its own.
 */
static void place(struct ladder *l, struct rung *r, const struct ladder_key *key,
                  const struct ladder_kind *kind, bool latest)
{
    struct ladder_spot spot = { 0 };

    if (latest) spot = ladder_known_end(l, key);
    const bool known = spot.leaf;
    if (!known) spot = ladder_spot_of(l, key, latest);
    const int i = line_before(l, &spot, key);
    const bool within = i >= 0 && !latest && !rung_before(line_tail(spot.leaf->line[i]), key);

    if (i >= 0 && spot.leaf->size[i] == kind->size && slot_cells(l, spot.leaf, i) == kind->cells &&
        takes_more(spot.leaf->line[i])) {
        struct ladder_queue *const queue = queue_of(l, spot.leaf, i);
        if (within)
            put_after(queue, last_before(queue, key), r);
        else
            put_last(queue, r);
        if (latest && !known) ladder_note_end(l, key, spot);
    } else if (within) {
        cut_line(l, spot, i, key);
        place(l, r, key, kind, latest); /* now it is between two lines */
    } else {
        r->after = 0;
        spot = ladder_put_line(l, spot, (uintptr_t)r, key, kind);
        if (latest)
            ladder_note_end(l, key, spot);
        else
            spot.leaf->node.goes_on = true; /* for all that is known here */
    }
}

void ladder_add(struct ladder *l, struct rung *r, const struct ladder_order *o)
{
    const struct ladder_key key = { key_price(l, o->price), by_size(l) ? o->size : 0, o->priority,
                                    o->number };
    const struct ladder_kind kind = { l->fit ? o->size : 1, o->cells };
    const bool latest =
        l->priority != o->priority ? l->priority < o->priority : l->number < o->number;

    assert(o->price >= -LADDER_PRICE_MAX && o->price <= LADDER_PRICE_MAX);
    assert(o->size > 0 && o->cells != 0);
    assert(l->bids || (o->cells & (o->cells - 1)) == 0);
    if (!l->root) {
        l->first = ladder_take(l->room, leaf_kind(l));
        l->first->ladder = l;
        l->root = &l->first->node;
    }
    r->priority = o->priority;
    r->number = o->number;
    place(l, r, &key, &kind, latest);
    if (latest) {
        l->priority = o->priority;
        l->number = o->number;
    }
    l->n++;
    l->changes++;
}

void ladder_remove(struct ladder *l, struct rung *r)
{
    const uintptr_t before = r->before, after = r->after;

    assert(before != 0);
    if (before & TAG_LEAF) {
        ladder_drop_line(l, as_leaf(before), (uintptr_t)r);
    } else if (before & after & TAG_QUEUE) {
        ladder_drop_line(l, as_queue(before)->leaf, before);
        ladder_give(l->room, NODE_QUEUE, as_queue(before));
    } else {
        if (before & TAG_QUEUE)
            as_queue(before)->head = as_rung(after);
        else
            as_rung(before)->after = after;
        if (after & TAG_QUEUE)
            as_queue(after)->tail = as_rung(before);
        else
            as_rung(after)->before = before;
    }
    r->before = r->after = 0;
    l->n--;
    l->changes++;
}

void ladder_clear(struct ladder *l)
{
    if (l->root) ladder_give_below(l, l->root, l->height);
    l->root = NULL;
    l->first = NULL;
    l->height = 0;
    l->n = 0;
    l->changes++;
}
