/* SPDX-License-Identifier: Apache-2.0 */
/* Which GPUs does a lease get? Pure.
 *
 * Cards of one island talk to each other fast (NVLink, or else one PCIe switch). A lease gets the
 * smallest island that serves it whole, so that large ones stay whole for large leases: the same
 * reason for which the market fills the smallest free set first. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct card {
    int64_t island;
    bool free;
};

/* Write the places of `n` free cards to `out`, in rising order. False: fewer are free; `out` is
 * untouched. When no island has so many, the fullest islands are taken from, one after the other.
 */
bool cards_choose(const struct card *v, size_t count, size_t n, size_t *out);
