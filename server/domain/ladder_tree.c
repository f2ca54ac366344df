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

static void inner_cells(const struct ladder_inner *in, uint64_t cells[LADDER_CLASSES])
{
    memset(cells, 0, sizeof(uint64_t[LADDER_CLASSES]));
    for (int32_t i = 0; i < in->node.n; i++)
        for (int k = 0; k < LADDER_CLASSES; k++)
            cells[k] |= in->cells[i][k];
}

static void measure(const struct ladder *l, struct ladder_inner *up, int at, int32_t height)
{
    if (height == 0)
        leaf_cells(l, (const struct ladder_leaf *)up->child[at], up->cells[at]);
    else
        inner_cells((const struct ladder_inner *)up->child[at], up->cells[at]);
}

void ladder_in_vain(const struct ladder_walk *w, struct ladder_node *node, int32_t height)
{
    struct ladder_inner *const up = node->up;
    const int class = ladder_class(w->ladder, w->query.size);

    if (up && (up->cells[node->at][class] & w->cells)) measure(w->ladder, up, node->at, height);
}

/* Whoever knows of a class knows of those below. */
void ladder_join_cells(const struct ladder_node *node, uint64_t cells, int class)
{
    for (struct ladder_inner *up; (up = node->up); node = &up->node) {
        uint64_t *const known = up->cells[node->at];
        if ((known[class] & cells) == cells) return;
        for (int k = 0; k < LADDER_CLASSES; k++)
            known[k] |= k <= class ? cells : 0;
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

struct ladder_leaf *ladder_leaf_of(const struct ladder *l, const struct ladder_key *key,
                                   bool latest)
{
    struct ladder_node *node = l->root;

    for (int32_t height = l->height; height > 0; height--) {
        const struct ladder_inner *const in = (struct ladder_inner *)node;
        node = in->child[child_for(l, in, key, latest)];
        if (l->height > 2 && height <= 2) ladder_come_near(node);
    }
    return (struct ladder_leaf *)node;
}

struct ladder_leaf *ladder_first_leaf(const struct ladder *l)
{
    struct ladder_node *node = l->root;

    for (int32_t height = l->height; height > 0; height--)
        node = ((struct ladder_inner *)node)->child[0];
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
    memmove(in->cells + to, in->cells + from, n * sizeof(in->cells[0]));
    in->node.n += by;
    for (int i = to; i < in->node.n; i++)
        in->child[i]->at = (int16_t)i;
}

/* All children from `from` on, to the end of another node that has room for them. */
static void move_children(struct ladder_inner *to, struct ladder_inner *in, int from)
{
    for (int i = from, j = to->node.n; i < in->node.n; i++, j++) {
        const struct ladder_key key = key_at(in, i);
        to->child[j] = in->child[i];
        to->child[j]->up = to;
        to->child[j]->at = (int16_t)j;
        put_key(to, j, &key);
        memcpy(to->cells[j], in->cells[i], sizeof(to->cells[j]));
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
    root->child[0]->at = 0;
    root->node.n = 1;
    open_first(root);
    l->root = &root->node;
    l->height++;
    if (l->room->height < l->height) l->room->height = l->height;
    return root;
}

/* `right` has been split off `left`; both have so many storeys below them. Where a node above is
 * split for it, the two remain in one, so that what is known of its cells remains true. */
void ladder_attach(struct ladder *l, struct ladder_node *left, struct ladder_node *right,
                   const struct ladder_key *key, int32_t height)
{
    struct ladder_inner *up = left->up ? left->up : raise_root(l);
    int at = left->at;

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
    right->at = (int16_t)(at + 1);
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

    if (node->n > slots / 4 || (node->n & (node->n - 1)) || !up || up->node.n == 1) return false;
    const int at = node->at;
    const int first = at + 1 < up->node.n ? at : at - 1;
    *left = up->child[first];
    *right = up->child[first + 1];
    return (*left)->n + (*right)->n <= slots / 2;
}

/* What is known of the cells of two children, now all of the left one. */
void ladder_join_known(struct ladder_inner *up, const struct ladder_node *left)
{
    const int at = left->at;

    for (int k = 0; k < LADDER_CLASSES; k++)
        up->cells[at][k] |= up->cells[at + 1][k];
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
    shift_children(up, node->at + 1, -1);
    up->price[up->node.n] = LADDER_END;
    if (up->node.n == 0) {
        ladder_detach(l, &up->node);
        ladder_give(l->room, NODE_INNER, up);
        return;
    }
    open_first(up);
    if (!ladder_can_join(&up->node, INNER_SLOTS, &left, &right)) return;

    struct ladder_inner *const into = (struct ladder_inner *)left, *const from =
                                                                       (struct ladder_inner *)right;
    const struct ladder_key key = key_at(right->up, right->at);
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
