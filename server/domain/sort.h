/* SPDX-License-Identifier: Apache-2.0 */
/* Objects in the order of two numbers, by merging: O(n log n), whatever they are, and stable.
 * Private to the market. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct sort_item {
    int64_t first, second; /* compared in this order */
    void *object;
};

/* Sorts the `n` items; `spare` has room for as many, and what it holds afterwards is of no use. */
void sort_items(struct sort_item *items, struct sort_item *spare, size_t n);
