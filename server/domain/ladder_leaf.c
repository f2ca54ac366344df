/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of a leaf: how they come and go, and how a leaf is split or joined to another. */
#include "domain/ladder_node.h"

#include <string.h>

#define FULL (UINT64_MAX >> (64 - LEAF_SLOTS))

/* The slot before which a key belongs, among all slots of its leaf. */
static int place_of(const struct ladder *l, const struct ladder_leaf *leaf,
                    const struct ladder_key *key, bool latest)
{
    int p = slots_until(l, leaf->price, leaf->size, LEAF_SLOTS, key);

    for (int i = p - 1; !latest && i >= 0; i--) {
        if (leaf->price[i] != key->price || (by_size(l) && leaf->size[i] != key->size)) break;
        if (!slot_live(leaf, i)) continue;
        if (rung_before(line_head(leaf->line[i]), key)) break;
        p = i;
    }
    return p;
}

struct ladder_spot ladder_spot_of(const struct ladder *l, const struct ladder_key *key, bool latest)
{
    struct ladder_spot spot;

    spot.leaf = ladder_leaf_of(l, key, latest);
    spot.p = place_of(l, spot.leaf, key, latest);
    return spot;
}

static int slot_of(const struct ladder_leaf *leaf, uintptr_t line)
{
    int i = 0;

    while (leaf->line[i] != line)
        i++;
    return i;
}

/* A line hangs on this leaf. */
static void hang(struct ladder_leaf *leaf, uintptr_t line)
{
    if (line & TAG_QUEUE)
        as_queue(line)->leaf = leaf;
    else
        as_rung(line)->before = (uintptr_t)leaf | TAG_LEAF;
}

/* A slot to another, which is dead; the first one is then dead. */
static void move_slot(const struct ladder *l, struct ladder_leaf *to, int j,
                      struct ladder_leaf *leaf, int i)
{
    to->price[j] = leaf->price[i];
    to->size[j] = leaf->size[i];
    to->line[j] = leaf->line[i];
    hang(to, to->line[j]);
    if (l->bids)
        to->u.cells[j] = leaf->u.cells[i];
    else
        to->u.cell[j] = leaf->u.cell[i];
    to->node.live |= UINT64_C(1) << j;
    to->node.n++;

    leaf->line[i] = 0;
    leaf->node.live &= ~(UINT64_C(1) << i);
    leaf->node.n--;
}

/* A full leaf gives the lines from slot *p on to a new one behind it, or half of its lines where
 * that would leave one of them too small, so that there is room before slot *p of the one that is
 * returned: rows grow at their ends, and go on growing. Where *p is the end it keeps all. */
static struct ladder_leaf *split(struct ladder *l, struct ladder_leaf *leaf, int *p,
                                 const struct ladder_key *new)
{
    struct ladder_leaf *const right = ladder_take(l->room, leaf_kind(l));
    struct ladder_key key = *new;
    int from = *p;

    if (from < LEAF_SLOTS / 4 || (from > LEAF_SLOTS * 3 / 4 && from < LEAF_SLOTS))
        from = LEAF_SLOTS / 2;
    right->ladder = l;
    for (int i = from; i < LEAF_SLOTS; i++) {
        move_slot(l, right, i - from, leaf, i);
        leaf->price[i] = LADDER_END;
    }
    if (from < LEAF_SLOTS) {
        const struct rung *const first = line_head(right->line[0]);
        key = (struct ladder_key){ right->price[0], by_size(l) ? right->size[0] : 0,
                                   first->priority, first->number };
    }
    right->node.goes_on = leaf->node.goes_on;
    leaf->node.goes_on =
        leaf->price[from - 1] == key.price && (!by_size(l) || leaf->size[from - 1] == key.size);
    ladder_attach(l, &leaf->node, &right->node, &key, 0);
    if (*p <= from && from < LEAF_SLOTS) return leaf;
    *p -= from;
    return right;
}

/* All lines of the right leaf behind those of the left. */
static void join_leaves(struct ladder *l, struct ladder_leaf *left, struct ladder_leaf *right)
{
    int n = 0;

    for (int i = 0; i < LEAF_SLOTS; i++) {
        if (!slot_live(left, i)) continue;
        if (i != n) move_slot(l, left, n, left, i);
        n++;
    }
    for (int i = 0; i < LEAF_SLOTS; i++)
        if (slot_live(right, i)) move_slot(l, left, n++, right, i);
    for (; n < LEAF_SLOTS; n++)
        left->price[n] = LADDER_END;

    left->node.goes_on = right->node.goes_on;
    ladder_join_known(left->node.up, &left->node);
    ladder_detach(l, &right->node);
    ladder_give(l->room, leaf_kind(l), right);
}

/* All slots from `from` to just before `to`, one up or down; the one at the other end is dead. */
static void shift_slots(const struct ladder *l, struct ladder_leaf *leaf, int from, int to, int by)
{
    const size_t n = (size_t)(to - from);

    memmove(leaf->price + from + by, leaf->price + from, n * sizeof(leaf->price[0]));
    memmove(leaf->line + from + by, leaf->line + from, n * sizeof(leaf->line[0]));
    memmove(leaf->size + from + by, leaf->size + from, n * sizeof(leaf->size[0]));
    if (l->bids)
        memmove(leaf->u.cells + from + by, leaf->u.cells + from, n * sizeof(leaf->u.cells[0]));
    else
        memmove(leaf->u.cell + from + by, leaf->u.cell + from, n);
}

/* The slot for a line that belongs before `p`: a dead one that is there, or the nearest dead one
 * is filled by moving those between. */
static int make_slot(const struct ladder *l, struct ladder_leaf *leaf, int p)
{
    const uint64_t dead = ~leaf->node.live & FULL;
    const uint64_t above = p < LEAF_SLOTS ? dead >> p : 0;
    const uint64_t below = p < LEAF_SLOTS ? dead & ((UINT64_C(1) << p) - 1) : dead;
    const int up = above ? p + __builtin_ctzll(above) : -1;
    const int down = below ? last_bit(below) : -1;

    assert(dead != 0 && p >= 0 && p <= LEAF_SLOTS);
    if (down >= 0 && p > 0 && (up < 0 || p - 1 - down <= up - p)) {
        if (down == p - 1) return down;
        shift_slots(l, leaf, down + 1, p, -1);
        leaf->node.live |= UINT64_C(1) << down;
        leaf->node.live &= ~(UINT64_C(1) << (p - 1));
        return p - 1;
    }
    if (up > p) {
        shift_slots(l, leaf, p, up, 1);
        leaf->node.live |= UINT64_C(1) << up;
    }
    return p;
}

struct ladder_spot ladder_put_line(struct ladder *l, struct ladder_spot spot, uintptr_t line,
                                   const struct ladder_key *key, const struct ladder_kind *kind)
{
    struct ladder_leaf *leaf = spot.leaf;
    int p = spot.p;

    if (leaf->node.live == FULL) leaf = split(l, leaf, &p, key);
    const int i = make_slot(l, leaf, p);
    leaf->price[i] = key->price;
    leaf->size[i] = kind->size;
    leaf->line[i] = line;
    if (l->bids)
        leaf->u.cells[i] = kind->cells;
    else
        leaf->u.cell[i] = (uint8_t)__builtin_ctzll(kind->cells);
    leaf->node.live |= UINT64_C(1) << i;
    leaf->node.n++;
    hang(leaf, line);
    ladder_join_cells(&leaf->node, kind->cells, ladder_class(l, kind->size));
    return (struct ladder_spot){ leaf, i + 1 };
}

void ladder_drop_line(struct ladder *l, struct ladder_leaf *leaf, uintptr_t line)
{
    struct ladder_node *left, *right;
    const int i = slot_of(leaf, line);

    leaf->node.live &= ~(UINT64_C(1) << i);
    leaf->node.n--;
    leaf->line[i] = 0;
    if (leaf->node.n == 0) {
        ladder_detach(l, &leaf->node);
        ladder_give(l->room, leaf_kind(l), leaf);
        ladder_lower_root(l);
        if (l->first == leaf) l->first = ladder_first_leaf(l);
        return;
    }
    if (ladder_can_join(&leaf->node, LEAF_SLOTS, &left, &right)) {
        join_leaves(l, (struct ladder_leaf *)left, (struct ladder_leaf *)right);
        ladder_lower_root(l);
    }
}
