/* SPDX-License-Identifier: Apache-2.0 */
/* Walks. A *row* is what stands side by side: asks of one price and size, bids of one price. */
#include "domain/ladder_node.h"

#include <string.h>

static bool slot_serves(const struct ladder_walk *w, const struct ladder_leaf *leaf, int i)
{
    const struct ladder *const l = w->ladder;

    /* One branch on the whole, as the parts cannot be guessed. */
    if (l->bids) return ((leaf->u.cells[i] & w->cells) != 0) & (leaf->size[i] <= w->query.size);
    return (w->cells >> leaf->u.cell[i] & 1) & (leaf->size[i] >= w->query.size);
}

/* The first slot of the leaf from `at` on that may serve; LEAF_SLOTS: none. */
static int slot_from(const struct ladder_walk *w, const struct ladder_leaf *leaf, int at)
{
    uint64_t live = at < LEAF_SLOTS ? leaf->node.live & (UINT64_MAX << at) : 0;

    for (; live; live &= live - 1) {
        const int i = __builtin_ctzll(live);
        if (slot_serves(w, leaf, i)) return i;
    }
    return LEAF_SLOTS;
}

/* The first leaf, from the child `from` of `in` on, in which an order may serve. `height` is that
 * of the node. Down where the words promise one, up where they do not. */
static struct ladder_leaf *leaf_from(const struct ladder_walk *w, struct ladder_inner *in, int from,
                                     int32_t height)
{
    const int class = ladder_class(w->ladder, w->query.size);

    while (in) {
        int i = from;
        while (i < in->node.n && !(in->cells[i][class] & w->cells))
            i++;
        if (i == in->node.n) {
            struct ladder_inner *const up = in->node.up;
            if (from == 0) ladder_in_vain(w, &in->node, height);
            from = in->node.at + 1;
            in = up;
            height++;
        } else if (height > 1) {
            in = (struct ladder_inner *)in->child[i];
            from = 0;
            height--;
        } else {
            ladder_come_near(in->child[i]);
            return (struct ladder_leaf *)in->child[i];
        }
    }
    return NULL;
}

/* From w->leaf and w->at on to the next order that may serve: there they stand afterwards. False:
 * none. Its class may have promised too much, then the walk goes on. */
static bool seek(struct ladder_walk *w)
{
    while (w->leaf) {
        const int from = w->at;
        w->at = slot_from(w, w->leaf, from);
        if (w->at < LEAF_SLOTS) return true;

        if (from == 0) ladder_in_vain(w, &w->leaf->node, 0);
        w->leaf = leaf_from(w, w->leaf->node.up, w->leaf->node.at + 1, 1);
        w->at = 0;
    }
    return false;
}

/* To behind the row, with all cells again. */
static void leave_row(struct ladder_walk *w)
{
    const struct ladder_key end = { w->row_price, w->row_size, INT64_MAX, INT64_MAX };

    w->leaf = ladder_leaf_of(w->ladder, &end, /* latest= */ true);
    w->at = slots_until(w->ladder, w->leaf->price, w->leaf->size, LEAF_SLOTS, &end);
    w->rung = NULL;
    w->cells = w->query.cells;
}

/* Does the line at w->leaf and w->at stand in the row that is being looked at? */
static bool same_row(const struct ladder_walk *w)
{
    return w->in_row && w->leaf->price[w->at] == w->row_price &&
           (!by_size(w->ladder) || w->leaf->size[w->at] == w->row_size);
}

static void enter_row(struct ladder_walk *w)
{
    w->in_row = true;
    w->row_price = w->leaf->price[w->at];
    w->row_size = by_size(w->ladder) ? w->leaf->size[w->at] : 0;
    w->skips = 0;
    memset(w->looks, 0, sizeof(w->looks));
}

/* Who is asked for next is often behind the one that is found: let his order come meanwhile. */
static void expect_behind(const struct ladder_leaf *leaf, int at)
{
    const uint64_t behind = at + 1 < LEAF_SLOTS ? leaf->node.live >> (at + 1) << (at + 1) : 0;

    for (uint64_t live = behind, n = 0; live && n < 3; live &= live - 1, n++)
        /* NOLINTNEXTLINE(performance-no-int-to-ptr): a tag does no harm */
        __builtin_prefetch((const char *)leaf->line[__builtin_ctzll(live)]);
    __asm__ volatile("" : : "r"(leaf)); /* else gcc takes it for a function without effect */
}

/* The next order that may serve and is within the limit, *its* row being entered; NULL: none. */
static struct rung *candidate(struct ladder_walk *w)
{
    while (!w->rung) {
        const bool found = seek(w);
        if (!found || !same_row(w)) {
            if (w->cells != w->query.cells) {
                leave_row(w);
                continue;
            }
            if (!found || w->leaf->price[w->at] > w->query.limit) return NULL;
            if (w->query.serves) enter_row(w);
        }
        w->rung = line_head(w->leaf->line[w->at]);
        expect_behind(w->leaf, w->at);
    }
    return w->rung;
}

static void next_line(struct ladder_walk *w)
{
    w->rung = NULL;
    w->at++;
}

/* An order that is alone is not looked at for it, as it may be far away. */
static void next_rung(struct ladder_walk *w)
{
    w->rung = w->leaf->line[w->at] & TAG_QUEUE ? rung_after(w->rung) : NULL;
    if (!w->rung) w->at++;
}

/* Which of the 64 counts an order falls under. An ask is alike to those in its cell; bids have too
 * many sets and sizes for that, so they are spread over the counts. */
static unsigned count_of(const struct ladder_walk *w)
{
    if (!w->ladder->bids) return w->leaf->u.cell[w->at];
    const uint64_t size = (uint64_t)w->leaf->size[w->at] * UINT64_C(0xD6E8FEB86659FD93);
    const uint64_t mixed = (w->leaf->u.cells[w->at] ^ size) * UINT64_C(0x9E3779B97F4A7C15);
    return (unsigned)(mixed >> 58);
}

/* One more order of those of which this row has been looked at enough. */
static void pass_over(struct ladder_walk *w, unsigned count)
{
    if (!w->ladder->bids) {
        w->cells &= ~(UINT64_C(1) << count);
        next_line(w);
    } else if (++w->skips < LADDER_SKIPS) {
        next_rung(w);
    } else {
        w->ladder->cuts++;
        leave_row(w);
    }
}

struct rung *ladder_next(struct ladder_walk *w)
{
    assert(w->changes == w->ladder->changes);
    for (struct rung *r; (r = candidate(w));) {
        if (!w->query.serves) {
            next_rung(w);
            return r;
        }
        const unsigned count = count_of(w);
        if (w->looks[count] > LADDER_LOOKS) {
            pass_over(w, count);
            continue;
        }
        next_rung(w);
        if (w->query.serves(w->query.arg, r)) return r;
        if (++w->looks[count] > LADDER_LOOKS) w->ladder->cuts++;
        w->ladder->misses++;
        if (++w->misses == w->query.misses) {
            w->ladder->cuts++;
            return NULL;
        }
    }
    return NULL;
}

/* What is left of the line at hand is of one size: where the line has been cut is the store's
 * affair, and must not be seen. */
void ladder_narrow(struct ladder_walk *w, int32_t size)
{
    w->query.size = size;
    if (w->rung && w->leaf->size[w->at] > size) next_line(w);
}

/* The leaf from which on to look. The best of all is often good enough, and then nothing is
 * searched. */
static struct ladder_leaf *begin(const struct ladder_walk *w)
{
    const struct ladder *const l = w->ladder;

    if (l->height == 0 || slot_serves(w, l->first, __builtin_ctzll(l->first->node.live)))
        return l->first;
    return leaf_from(w, l->first->node.up, 0, 1);
}

struct rung *ladder_first(struct ladder *l, const struct ladder_query *q, struct ladder_walk *w)
{
    assert(q->size > 0);
    const int64_t limit = key_price(l, q->limit); /* as the nodes have it */
    w->ladder = l;
    w->changes = l->changes;
    w->rung = NULL;
    w->leaf = NULL;
    w->misses = 0;
    w->cells = w->query.cells = q->cells;
    if (!l->first || l->first->price[__builtin_ctzll(l->first->node.live)] > limit) return NULL;
    w->query.limit = limit;
    w->query.size = l->fit ? q->size : 1;
    w->query.serves = q->serves;
    w->query.arg = q->arg;
    w->query.misses = q->misses;
    w->at = 0;
    w->in_row = false;
    if (q->from) {
        w->row_price = key_price(l, q->at) - 1; /* just behind what is better */
        w->row_size = INT32_MAX;
        leave_row(w);
    } else {
        w->leaf = begin(w);
    }
    return ladder_next(w);
}
