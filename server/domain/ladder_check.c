/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/ladder_node.h"

/* Along all leaves: what has come so far. */
struct so_far {
    const struct ladder_leaf *leaf; /* the last one */
    struct ladder_key key;          /* of the last order */
    size_t n;
};

static int compare(const struct ladder_key *a, const struct ladder_key *b)
{
    if (a->price != b->price) return a->price < b->price ? -1 : 1;
    if (a->size != b->size) return a->size < b->size ? -1 : 1;
    if (a->priority != b->priority) return a->priority < b->priority ? -1 : 1;
    if (a->number != b->number) return a->number < b->number ? -1 : 1;
    return 0;
}

/* What a leaf says of the end of a row is what a search finds. */
static void check_end(const struct ladder *l, const struct ladder_leaf *leaf, int p)
{
    if (p == 0 || leaf->price[p - 1] == LADDER_END) return;
    const struct ladder_key row = { leaf->price[p - 1], by_size(l) ? leaf->size[p - 1] : 0, 0, 0 };
    if (ladder_row_ends(l, leaf, p, &row))
        assert(ladder_leaf_of(l, &row, /* latest= */ true) == leaf &&
               slots_until(l, leaf->price, leaf->size, LEAF_SLOTS, &row) == p);
}

/* A dead slot or not, it stands behind the slot before. */
static void check_sorted(const struct ladder *l, const struct ladder_leaf *leaf, int i)
{
    if (i == 0) return;
    assert(leaf->price[i - 1] <= leaf->price[i]);
    assert(!by_size(l) || leaf->price[i - 1] < leaf->price[i] || leaf->price[i] == LADDER_END ||
           leaf->size[i - 1] <= leaf->size[i]);
}

static void check_line(const struct ladder *l, const struct ladder_leaf *leaf, int i,
                       const struct ladder_key *from, const struct ladder_key *to,
                       struct so_far *so_far)
{
    const uintptr_t line = leaf->line[i];
    const struct rung *last = NULL;

    assert(leaf->price[i] != LADDER_END);
    assert(leaf->size[i] > 0 && (l->fit || leaf->size[i] == 1));
    assert(slot_cells(l, leaf, i) != 0);
    if (line & TAG_QUEUE) {
        assert(as_queue(line)->leaf == leaf);
        assert(as_queue(line)->cells == slot_cells(l, leaf, i));
        assert(as_queue(line)->size == leaf->size[i]);
    }
    int32_t orders = 0;
    for (const struct rung *r = line_head(line); r; last = r, r = rung_after(r)) {
        orders++;
        const struct ladder_key key = { leaf->price[i], by_size(l) ? leaf->size[i] : 0, r->priority,
                                        r->number };
        if (last)
            assert(r->before == (uintptr_t)last);
        else
            assert(r->before == (line & TAG_QUEUE ? line : ((uintptr_t)leaf | TAG_LEAF)));
        assert(!from || compare(from, &key) <= 0);
        assert(!to || compare(&key, to) < 0);
        assert(so_far->n == 0 || compare(&so_far->key, &key) < 0);
        assert(key.priority < l->priority ||
               (key.priority == l->priority && key.number <= l->number));
        so_far->key = key;
        so_far->n++;
    }
    assert(last && last == line_tail(line));
    if (line & TAG_QUEUE)
        assert(orders <= as_queue(line)->taken && as_queue(line)->taken <= LADDER_LINE);
    assert(last->after == (line & TAG_QUEUE ? line : 0));
}

static void check_leaf(const struct ladder *l, const struct ladder_leaf *leaf,
                       const struct ladder_key *from, const struct ladder_key *to,
                       struct so_far *so_far, uint64_t cells[LADDER_CLASSES])
{
    int32_t n = 0;

    assert(so_far->n > 0 || l->first == leaf);
    assert(leaf->ladder == l);
    for (int i = 0; i < LEAF_SLOTS; i++) {
        check_sorted(l, leaf, i);
        check_end(l, leaf, i);
        assert(slot_live(leaf, i) == (leaf->line[i] != 0));
        if (!slot_live(leaf, i)) continue;
        check_line(l, leaf, i, from, to, so_far);
        n++;
        for (int k = 0; k <= ladder_class(l, leaf->size[i]); k++)
            cells[k] |= slot_cells(l, leaf, i);
    }
    assert(n > 0 && n == leaf->node.n);
}

/* What stands below `node` is from `from` on and before `to`, NULL: anything; its cells go into
 * `cells`. */
static void check_below(const struct ladder *l, const struct ladder_node *node, int32_t height,
                        const struct ladder_key *from, const struct ladder_key *to,
                        struct so_far *so_far, uint64_t cells[LADDER_CLASSES])
{
    if (height == 0) {
        check_leaf(l, (const struct ladder_leaf *)node, from, to, so_far, cells);
        return;
    }
    const struct ladder_inner *const in = (const struct ladder_inner *)node;
    const int n = node->n;

    assert(n > 0 && n <= INNER_SLOTS);
    assert(in->price[0] == LADDER_FIRST);
    for (int i = 0; i < INNER_SLOTS; i++) {
        assert((i < n) == (in->price[i] != LADDER_END));
        if (i >= n) continue;

        const struct ladder_key key = { in->price[i], in->size[i], in->priority[i], in->number[i] };
        struct ladder_key next = { 0 };
        if (i + 1 < n)
            next = (struct ladder_key){ in->price[i + 1], in->size[i + 1], in->priority[i + 1],
                                        in->number[i + 1] };
        assert(i < 1 || compare(&(struct ladder_key){ in->price[i - 1], in->size[i - 1],
                                                      in->priority[i - 1], in->number[i - 1] },
                                &key) < 0);
        uint64_t below[LADDER_CLASSES] = { 0 };
        assert(in->child[i]->up == in && in->child[i]->at == i);
        check_below(l, in->child[i], height - 1, i > 0 ? &key : from, i + 1 < n ? &next : to,
                    so_far, below);
        for (int k = 0; k < LADDER_CLASSES; k++) {
            assert((in->cells[i][k] & below[k]) == below[k]);
            assert(k == 0 || (in->cells[i][k] & ~in->cells[i][k - 1]) == 0);
            cells[k] |= in->cells[i][k]; /* what is promised here is promised above */
        }
    }
}

void ladder_check(const struct ladder *l)
{
    struct so_far so_far = { 0 };
    uint64_t cells[LADDER_CLASSES] = { 0 };

    if (!l->root) {
        assert(l->n == 0 && l->height == 0 && !l->first);
        return;
    }
    assert(!l->root->up);
    assert(l->height == 0 || l->root->n > 1);
    assert(l->height <= l->room->height);
    check_below(l, l->root, l->height, NULL, NULL, &so_far, cells);
    assert(so_far.n == l->n);
}
