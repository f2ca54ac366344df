/* SPDX-License-Identifier: Apache-2.0 */
/* The tree over the leaves: what each node knows of the cells below it, the way down to a leaf, and
 * how nodes come and go. */
#include "domain/ladder_node.h"

#include <string.h>

/* ---- the words of cells ------------------------------------------------------------------- */

static void leaf_cells(const struct ladder *l, const struct ladder_leaf *leaf,
                       uint64_t cells[LADDER_CLASSES])
{
    memset(cells, 0, sizeof(uint64_t[LADDER_CLASSES]));
    for (uint64_t live = leaf->node.live; live; live &= live - 1) {
        const int i = __builtin_ctzll(live);
        cells[ladder_class(l, leaf->size[i])] |= slot_cells(l, leaf, i);
    }
    for (int k = ladder_classes(l) - 1; k > 0; k--)
        cells[k - 1] |= cells[k];
}

/* Classes from `from` to just before `to`. */
struct classes {
    int from, to;
};

static void inner_cells(const struct ladder_inner *in, struct classes classes,
                        uint64_t cells[LADDER_CLASSES])
{
    for (int k = classes.from; k < classes.to; k++) {
        cells[k] = 0;
        for (int32_t i = 0; i < in->node.n; i++)
            cells[k] |= in->cells[k][i];
    }
}

/* What is known of a child's cells, in its node: the classes for which that was news. */
static struct classes put_cells(struct ladder_inner *in, int at, struct classes classes,
                                const uint64_t cells[LADDER_CLASSES])
{
    struct classes news = { 0, 0 };

    for (int k = classes.from; k < classes.to; k++) {
        if (in->cells[k][at] == cells[k]) continue;
        in->cells[k][at] = cells[k];
        if (news.to == 0) news.from = k;
        news.to = k + 1;
    }
    return news;
}

/* The words of all nodes above `in`, where something has changed in these classes. */
static void refresh_above(struct ladder_inner *in, struct classes classes)
{
    uint64_t cells[LADDER_CLASSES];

    for (struct ladder_inner *up; (up = in->node.up) && classes.to > classes.from; in = up) {
        inner_cells(in, classes, cells);
        classes = put_cells(up, slot_of_child(up, &in->node), classes, cells);
    }
}

/* A child of `up` has lost these cells, by class. A node above loses what none of its other
 * children has: nearly always that is nothing, soon, and then it is over. */
static void take_cells(struct ladder_inner *up, const struct ladder_node *child,
                       uint64_t gone[LADDER_CLASSES], struct classes classes)
{
    while (up && classes.from < classes.to) {
        const int at = slot_of_child(up, child);
        for (int k = classes.from; k < classes.to; k++)
            up->cells[k][at] &= ~gone[k];
        for (int k = classes.to - 1; k >= classes.from; k--) {
            uint64_t others = 0;
            for (int32_t i = 0; i < up->node.n; i++)
                others |= up->cells[k][i];
            gone[k] &= ~others;
            if (gone[k] == 0) classes.from = k + 1; /* and nothing below */
        }
        child = &up->node;
        up = up->node.up;
    }
}

/* A leaf has fewer orders, of which one had these cells and this class. */
void ladder_refresh(const struct ladder *l, struct ladder_leaf *leaf, uint64_t lost, int class)
{
    uint64_t gone[LADDER_CLASSES]; /* by class; nothing is lost below class `from` */
    int from = 0;

    if (!leaf->node.up) return;
    for (int k = 0; k <= class; k++)
        gone[k] = lost;
    for (uint64_t live = leaf->node.live; live; live &= live - 1) {
        const int i = __builtin_ctzll(live);
        const uint64_t cells = slot_cells(l, leaf, i);
        if (!(cells & lost)) continue;
        const int has = ladder_class(l, leaf->size[i]);
        for (int k = has < class ? has : class; k >= from; k--)
            gone[k] &= ~cells;
        while (from <= class && gone[from] == 0)
            from++;
        if (from > class) return; /* as good as always in a long queue */
    }
    take_cells(leaf->node.up, &leaf->node, gone, (struct classes){ from, class + 1 });
}

/* One more order below `up`, in its child `at`: the classes above are known to have less. */
void ladder_join_cells(struct ladder_inner *up, int at, uint64_t cells, int class)
{
    while (up && (up->cells[class][at] & cells) != cells) {
        for (int k = class; k >= 0 && (up->cells[k][at] & cells) != cells; k--)
            up->cells[k][at] |= cells;
        struct ladder_inner *const above = up->node.up;
        if (above) at = slot_of_child(above, &up->node);
        up = above;
    }
}

/* ---- finding ------------------------------------------------------------------------------ */

/* The last child whose key is not after this one. */
static int child_for(const struct ladder *l, const struct ladder_inner *in,
                     const struct ladder_key *key, bool latest)
{
    int i = slots_until(l, in->price, in->size, INNER_SLOTS, key) - 1;

    while (!latest && i > 0 && in->price[i] == key->price &&
           (!by_size(l) || in->size[i] == key->size) &&
           (in->priority[i] != key->priority ? in->priority[i] > key->priority
                                             : in->number[i] > key->number))
        i--;
    return i > 0 ? i : 0;
}

#define AT_ONCE 32

/* Storey by storey, so that the way down for one order waits while those for the others do. */
static void expect_some(const struct ladder *l, const struct ladder_order *orders, size_t n)
{
    const struct ladder_node *nodes[AT_ONCE];

    for (size_t i = 0; i < n; i++)
        nodes[i] = l->root;
    for (int32_t height = l->height; height > 0; height--) {
        for (size_t i = 0; i < n; i++) {
            const struct ladder_inner *const in = (const struct ladder_inner *)nodes[i];
            const struct ladder_key key = { key_price(l, orders[i].price), orders[i].size, 0, 0 };
            const int at = child_for(l, in, &key, /* latest= */ true);
            nodes[i] = in->child[at];
            ladder_come_near(nodes[i]);
            if (height == 1)
                for (int k = ladder_class(l, orders[i].size); k >= 0; k--)
                    __builtin_prefetch(&in->cells[k][at]);
        }
    }
}

void ladder_expect_adds(const struct ladder *l, const struct ladder_order *orders, size_t n)
{
    if (l->height < 2) return; /* a small one is near anyway */
    for (size_t some; n > 0; orders += some, n -= some) {
        some = n < AT_ONCE ? n : AT_ONCE;
        expect_some(l, orders, some);
    }
}

struct ladder_leaf *ladder_leaf_of(const struct ladder *l, const struct ladder_key *key,
                                   bool latest, int *at)
{
    struct ladder_node *node = l->root;

    *at = 0;
    for (int32_t height = l->height; height > 0; height--) {
        const struct ladder_inner *const in = (struct ladder_inner *)node;
        *at = child_for(l, in, key, latest);
        node = in->child[*at];
        if (l->height > 2) {
            ladder_come_near(node);
            if (by_size(l)) __builtin_prefetch(&in->cells[ladder_class(l, key->size)][*at]);
        }
    }
    return (struct ladder_leaf *)node;
}

/* ---- children ----------------------------------------------------------------------------- */

static struct ladder_key key_at(const struct ladder_inner *in, int at)
{
    return (struct ladder_key){ in->price[at], in->size[at], in->priority[at], in->number[at] };
}

static void put_key(struct ladder_inner *in, int at, const struct ladder_key *key)
{
    in->price[at] = key->price;
    in->size[at] = key->size;
    in->priority[at] = key->priority;
    in->number[at] = key->number;
}

/* Whatever comes before the second child belongs to the first. */
static void open_first(struct ladder_inner *in)
{
    put_key(in, 0, &(struct ladder_key){ LADDER_FIRST, 0, INT64_MIN, INT64_MIN });
}

/* All children from `from` on, one slot up or down. */
static void shift_children(struct ladder_inner *in, int from, int by)
{
    const int to = from + by;
    const size_t n = (size_t)(in->node.n - from);

    memmove(in->child + to, in->child + from, n * sizeof(void *));
    memmove(in->price + to, in->price + from, n * sizeof(in->price[0]));
    memmove(in->size + to, in->size + from, n * sizeof(in->size[0]));
    memmove(in->priority + to, in->priority + from, n * sizeof(in->priority[0]));
    memmove(in->number + to, in->number + from, n * sizeof(in->number[0]));
    for (int k = 0; k < LADDER_CLASSES; k++)
        memmove(in->cells[k] + to, in->cells[k] + from, n * sizeof(in->cells[k][0]));
    in->node.n += by;
}

/* All children from `from` on, to the end of another node that has room for them. */
static void move_children(struct ladder_inner *to, struct ladder_inner *in, int from)
{
    for (int i = from, j = to->node.n; i < in->node.n; i++, j++) {
        const struct ladder_key key = key_at(in, i);
        to->child[j] = in->child[i];
        to->child[j]->up = to;
        put_key(to, j, &key);
        for (int k = 0; k < LADDER_CLASSES; k++)
            to->cells[k][j] = in->cells[k][i];
        in->price[i] = LADDER_END;
    }
    to->node.n += in->node.n - from;
    in->node.n = from;
}

/* A root over the only node that there is at the top. */
static struct ladder_inner *raise_root(struct ladder *l)
{
    struct ladder_inner *const root = ladder_take(l->room, NODE_INNER);

    root->child[0] = l->root;
    root->child[0]->up = root;
    root->node.n = 1;
    open_first(root);
    l->root = &root->node;
    l->height++;
    if (l->room->height < l->height) l->room->height = l->height;
    return root;
}

static void measure(const struct ladder *l, struct ladder_inner *in, int at, int32_t height)
{
    const struct classes all = { 0, LADDER_CLASSES };
    uint64_t cells[LADDER_CLASSES];

    if (height == 0)
        leaf_cells(l, (struct ladder_leaf *)in->child[at], cells);
    else
        inner_cells((struct ladder_inner *)in->child[at], all, cells);
    (void)put_cells(in, at, all, cells);
}

/* `right` has been split off `left`; both have so many storeys below them. Where a node above is
 * split for it, the two remain in one, so that what is known of its cells remains true. */
void ladder_attach(struct ladder *l, struct ladder_node *left, struct ladder_node *right,
                   const struct ladder_key *key, int32_t height)
{
    struct ladder_inner *up = left->up ? left->up : raise_root(l);
    int at = slot_of_child(up, left);

    if (up->node.n == INNER_SLOTS) {
        struct ladder_inner *const more = ladder_take(l->room, NODE_INNER);
        const struct ladder_key middle = key_at(up, INNER_SLOTS / 2);
        move_children(more, up, INNER_SLOTS / 2);
        open_first(more);
        ladder_attach(l, &up->node, &more->node, &middle, height + 1);
        if (at >= INNER_SLOTS / 2) {
            up = more;
            at -= INNER_SLOTS / 2;
        }
    }
    shift_children(up, at + 1, 1);
    up->child[at + 1] = right;
    right->up = up;
    put_key(up, at + 1, key);
    measure(l, up, at, height);
    measure(l, up, at + 1, height);
}

/* The node next to this one under the same node with which it can be put together: *right, into its
 * neighbour *left. */
bool ladder_can_join(struct ladder_node *node, int slots, struct ladder_node **left,
                     struct ladder_node **right)
{
    struct ladder_inner *const up = node->up;

    if (node->n > slots / 4 || !up || up->node.n == 1) return false;
    const int at = slot_of_child(up, node);
    const int first = at + 1 < up->node.n ? at : at - 1;
    *left = up->child[first];
    *right = up->child[first + 1];
    return (*left)->n + (*right)->n <= slots / 2;
}

/* What is known of the cells of two children, now all of the left one. */
void ladder_join_known(struct ladder_inner *up, const struct ladder_node *left)
{
    const int at = slot_of_child(up, left);

    for (int k = 0; k < LADDER_CLASSES; k++)
        up->cells[k][at] |= up->cells[k][at + 1];
}

/* Take an empty node out of the tree, and with it those above that are left without a child. */
void ladder_detach(struct ladder *l, struct ladder_node *node)
{
    struct ladder_inner *const up = node->up;
    struct ladder_node *left, *right;

    if (!up) {
        l->root = NULL;
        l->height = 0;
        return;
    }
    shift_children(up, slot_of_child(up, node) + 1, -1);
    up->price[up->node.n] = LADDER_END;
    if (up->node.n == 0) {
        ladder_detach(l, &up->node);
        ladder_give(l->room, NODE_INNER, up);
        return;
    }
    open_first(up);
    refresh_above(up, (struct classes){ 0, ladder_classes(l) });
    if (!ladder_can_join(&up->node, INNER_SLOTS, &left, &right)) return;

    struct ladder_inner *const into = (struct ladder_inner *)left, *const from =
                                                                       (struct ladder_inner *)right;
    const struct ladder_key key = key_at(into->node.up, slot_of_child(into->node.up, right));
    put_key(from, 0, &key);
    ladder_join_known(into->node.up, left);
    move_children(into, from, 0);
    ladder_detach(l, right);
    ladder_give(l->room, NODE_INNER, from);
}

void ladder_lower_root(struct ladder *l)
{
    while (l->height > 0 && l->root->n == 1) {
        struct ladder_inner *const root = (struct ladder_inner *)l->root;
        l->root = root->child[0];
        l->root->up = NULL;
        l->height--;
        ladder_give(l->room, NODE_INNER, root);
    }
}

void ladder_give_below(struct ladder *l, struct ladder_node *node, int32_t height)
{
    if (height == 0) {
        const struct ladder_leaf *const leaf = (struct ladder_leaf *)node;
        for (int i = 0; i < LEAF_SLOTS; i++)
            if (leaf->line[i] & TAG_QUEUE)
                ladder_give(l->room, NODE_QUEUE, as_queue(leaf->line[i]));
        ladder_give(l->room, leaf_kind(l), node);
        return;
    }
    const struct ladder_inner *const in = (struct ladder_inner *)node;
    for (int32_t i = 0; i < node->n; i++)
        ladder_give_below(l, in->child[i], height - 1);
    ladder_give(l->room, NODE_INNER, node);
}
