/* SPDX-License-Identifier: Apache-2.0 */
/* What most orders leave at its default, as the one list that their rows keep of it.
 *
 * asks.terms and bids.terms are arrays of numbers, NULL when all of them are 0; numbers at the end
 * that are 0 are left out. Their positions stand in the COMMENTs of migrations/0006_orders.sql and
 * in terms.c, next to bids.progress. */
#pragma once

#include "domain/market.h"

#define TERMS_MAX 32

struct terms {
    int64_t v[TERMS_MAX];
    int n; /* 0: NULL */
};

void terms_of_ask(const struct ask *a, struct terms *out);
void terms_of_bid(const struct bid *b, struct terms *out);
int64_t progress_of_bid(const struct bid *b); /* 0: NULL */

/* Back: fills in the members that the list holds. Those of the node, the first want and the rest
 * are columns of their own; so is the number under `parked`. */
void terms_to_ask(const struct terms *t, struct ask *a);
void terms_to_bid(const struct terms *t, int64_t progress, struct bid *b);

/* An array of bigint as it comes from the database (COL_BYTES), p NULL for NULL. False: not such an
 * array, or longer than `most`. */
MUST_CHECK bool terms_read(struct str column, int64_t *out, size_t most, int *n);
