/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/sort.h"

#include <stdbool.h>
#include <string.h>

static bool in_order(const struct sort_item *a, const struct sort_item *b)
{
    return a->first != b->first ? a->first < b->first : a->second <= b->second;
}

/* from[0 … half - 1] and from[half … n - 1] are in order; both together, to `to`. */
static void merge(struct sort_item *to, const struct sort_item *from, size_t half, size_t n)
{
    size_t a = 0, b = half;

    for (size_t i = 0; i < n; i++) {
        const bool left = b == n || (a < half && in_order(&from[a], &from[b]));
        to[i] = left ? from[a++] : from[b++];
    }
}

/* Runs of 1, 2, 4 … become runs of twice that, from one array to the other and back. */
void sort_items(struct sort_item *items, struct sort_item *spare, size_t n)
{
    struct sort_item *from = items, *to = spare;

    for (size_t run = 1; run < n; run *= 2) {
        for (size_t at = 0; at < n; at += 2 * run) {
            const size_t rest = n - at;
            merge(to + at, from + at, run < rest ? run : rest, 2 * run < rest ? 2 * run : rest);
        }
        struct sort_item *const swap = from;
        from = to;
        to = swap;
    }
    if (from != items && n > 0) memcpy(items, from, n * sizeof(*items));
}
