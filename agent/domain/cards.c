/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/cards.h"

static size_t free_in(const struct card *v, size_t count, int64_t island)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        n += v[i].free && v[i].island == island;
    return n;
}

static bool is_taken(const size_t *out, size_t taken, size_t place)
{
    for (size_t i = 0; i < taken; i++)
        if (out[i] == place) return true;
    return false;
}

/* The island of the first card that fits best: the fewest free that serve all of `n`, or if none
 * does, the most. Cards that are taken already do not count. */
static size_t best(const struct card *v, size_t count, size_t n, const size_t *out, size_t taken)
{
    size_t found = count, has = 0;
    for (size_t i = 0; i < count; i++) {
        if (!v[i].free || is_taken(out, taken, i)) continue;
        const size_t its = free_in(v, count, v[i].island);
        const bool serves = its >= n, served = has >= n;
        const bool better = found == count || (serves && (!served || its < has)) ||
                            (!serves && !served && its > has);
        if (!better) continue;
        found = i;
        has = its;
    }
    return found;
}

static void sort(size_t *out, size_t n)
{
    for (size_t i = 1; i < n; i++)
        for (size_t k = i; k > 0 && out[k - 1] > out[k]; k--) {
            const size_t kept = out[k];
            out[k] = out[k - 1];
            out[k - 1] = kept;
        }
}

bool cards_choose(const struct card *v, size_t count, size_t n, size_t *out)
{
    size_t there = 0, taken = 0;
    for (size_t i = 0; i < count; i++)
        there += v[i].free;
    if (there < n) return false;
    while (taken < n) {
        /* A whole island is taken from before the next is looked for. */
        const int64_t island = v[best(v, count, n - taken, out, taken)].island;
        for (size_t i = 0; i < count && taken < n; i++)
            if (v[i].free && v[i].island == island && !is_taken(out, taken, i)) out[taken++] = i;
    }
    sort(out, n);
    return true;
}
