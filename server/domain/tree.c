/* SPDX-License-Identifier: Apache-2.0 */
/* AVL: the heights of the two sides of a place differ by at most one, so no sequence of prices,
 * however chosen, makes the tree deeper than 1.44 log2 n. (A treap is shorter, but its shape hangs
 * on a hash that a trader who may amend his price can work towards.) The recursion is as deep as
 * the tree, at most some forty calls. */
#include "domain/tree.h"

#include <assert.h>
#include <stdbool.h>

int tree_compare(const int64_t a[TREE_KEYS], const int64_t b[TREE_KEYS])
{
    for (int i = 0; i < TREE_KEYS; i++)
        if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
    return 0;
}

static int32_t height(const struct place *p)
{
    return p ? p->height : 0;
}

static void measure(struct place *p)
{
    const int32_t left = height(p->left), right = height(p->right);
    p->height = (left > right ? left : right) + 1;
    p->lightest = p->weight;
    if (p->left && p->left->lightest < p->lightest) p->lightest = p->left->lightest;
    if (p->right && p->right->lightest < p->lightest) p->lightest = p->right->lightest;
}

static struct place *rotate_right(struct place *p)
{
    struct place *up = p->left;

    assert(up);
    p->left = up->right;
    up->right = p;
    measure(p);
    measure(up);
    return up;
}

static struct place *rotate_left(struct place *p)
{
    struct place *up = p->right;

    assert(up);
    p->right = up->left;
    up->left = p;
    measure(p);
    measure(up);
    return up;
}

/* `p` after one of its sides has grown or shrunk by one: whoever stands there now. */
static struct place *balance(struct place *p)
{
    const int32_t lean = height(p->left) - height(p->right);

    if (lean > 1) {
        if (height(p->left->left) < height(p->left->right)) p->left = rotate_left(p->left);
        return rotate_right(p);
    }
    if (lean < -1) {
        if (height(p->right->right) < height(p->right->left)) p->right = rotate_right(p->right);
        return rotate_left(p);
    }
    measure(p);
    return p;
}

static struct place *grow(struct place *at, struct place *p)
{
    if (!at) return p;

    const int order = tree_compare(p->key, at->key);
    assert(order != 0);
    if (order < 0)
        at->left = grow(at->left, p);
    else
        at->right = grow(at->right, p);
    return balance(at);
}

/* Of a place that comes behind all others, as most do, no key is looked at. */
static struct place *grow_last(struct place *at, struct place *p)
{
    if (!at) return p;
    at->right = grow_last(at->right, p);
    return balance(at);
}

/* Cut the first place out of the tree at `at`: *first is it, the result what remains. */
static struct place *cut_first(struct place *at, struct place **first)
{
    if (!at->left) {
        *first = at;
        return at->right;
    }
    at->left = cut_first(at->left, first);
    return balance(at);
}

static struct place *cut(struct place *at, const struct place *p)
{
    assert(at);
    if (at != p) {
        if (tree_compare(p->key, at->key) < 0)
            at->left = cut(at->left, p);
        else
            at->right = cut(at->right, p);
        return balance(at);
    }
    if (!at->right) return at->left;

    struct place *heir;
    struct place *const right = cut_first(at->right, &heir);
    heir->left = at->left;
    heir->right = right;
    return balance(heir);
}

void tree_add(struct tree *t, struct place *p)
{
    assert(p->height == 0);

    const bool last = !t->last || tree_compare(t->last->key, p->key) < 0;
    p->next = last ? NULL : tree_from(t, p->key);
    p->prev = p->next ? p->next->prev : t->last;
    if (p->prev)
        p->prev->next = p;
    else
        t->first = p;
    if (p->next)
        p->next->prev = p;
    else
        t->last = p;

    p->left = p->right = NULL;
    measure(p);
    t->root = last ? grow_last(t->root, p) : grow(t->root, p);
    t->n++;
}

void tree_remove(struct tree *t, struct place *p)
{
    assert(p->height > 0);
    assert(t->n > 0);

    t->root = cut(t->root, p);
    t->n--;
    p->height = 0;

    if (p->prev)
        p->prev->next = p->next;
    else
        t->first = p->next;
    if (p->next)
        p->next->prev = p->prev;
    else
        t->last = p->prev;
}

struct place *tree_from(const struct tree *t, const int64_t key[TREE_KEYS])
{
    struct place *found = NULL;

    for (struct place *at = t->root; at;) {
        if (tree_compare(at->key, key) < 0) {
            at = at->right;
        } else {
            found = at;
            at = at->left;
        }
    }
    return found;
}

/* Of the subtrees that are looked into in vain, each hangs on the way down to `key`. */
static struct place *light_below(struct place *at, const int64_t key[TREE_KEYS], int64_t weight_max)
{
    if (!at || at->lightest > weight_max) return NULL;
    if (tree_compare(at->key, key) < 0) return light_below(at->right, key, weight_max);

    struct place *const before = light_below(at->left, key, weight_max);
    if (before) return before;
    if (at->weight <= weight_max) return at;
    return light_below(at->right, key, weight_max);
}

struct place *tree_from_light(const struct tree *t, const int64_t key[TREE_KEYS],
                              int64_t weight_max)
{
    return light_below(t->root, key, weight_max);
}

static int64_t lightest_of(const struct place *p)
{
    return p ? p->lightest : INT64_MAX;
}

/* What has been seen on the way through a tree, in order. */
struct seen {
    const struct place *last;
    size_t n;
};

static void check_place(const struct tree *t, const struct place *p, struct seen *seen)
{
    assert(p->prev == seen->last);
    assert((seen->last ? seen->last->next : t->first) == p);
    assert(!seen->last || tree_compare(seen->last->key, p->key) < 0);
    seen->last = p;
    seen->n++;
}

static void check_below(const struct tree *t, const struct place *p, struct seen *seen)
{
    if (!p) return;

    const int32_t left = height(p->left), right = height(p->right);
    assert(left - right <= 1 && right - left <= 1);
    assert(p->height == (left > right ? left : right) + 1);
    assert(p->lightest <= p->weight);
    assert(p->lightest <= lightest_of(p->left));
    assert(p->lightest <= lightest_of(p->right));
    assert(p->lightest == p->weight || p->lightest == lightest_of(p->left) ||
           p->lightest == lightest_of(p->right));
    check_below(t, p->left, seen);
    check_place(t, p, seen);
    check_below(t, p->right, seen);
}

void tree_check(const struct tree *t)
{
    struct seen seen = { 0 };

    assert(t->root || !t->first);
    check_below(t, t->root, &seen);
    assert(t->last == seen.last);
    assert(!seen.last || !seen.last->next);
    assert(t->n == seen.n);
}
