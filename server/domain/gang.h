/* SPDX-License-Identifier: Apache-2.0 */
/* Gangs: bids for several nodes at once, all or nothing. Private to the market. */
#pragma once

#include "domain/match.h"

/* What the gang would take now by its want `w`, cheapest asks first. False: it cannot fill. *looks
 * grows by the number of asks looked at or passed over (with same_site, when sites are counted).
 * Looks only. */
MUST_CHECK bool gang_plan(struct market *m, const struct bid_entry *b, int32_t w, int64_t now_us,
                          struct plan *out, int64_t *looks);

/* The shelf while an ask meets the bids. */
struct shelf {
    struct book *book;
    struct money limit; /* behind this gang comes the next; */
    int64_t priority;   /* 0: the first */
    int32_t tested;
    int64_t looks;
    bool stopped; /* there was a candidate more than may be tested */
};
void shelf_begin(struct shelf *sh, struct book *book);

/* The next gang that `a` could be part of; NULL: none, or no more in this event. */
struct bid_line *shelf_next(const struct step *s, struct shelf *sh, const struct ask_entry *a);

/* Test it: it trades, is parked, or is passed over. */
void shelf_test(struct step *s, struct shelf *sh, struct bid_line *line);

/* Keep the place where the next event goes on. */
void shelf_end(struct step *s, const struct shelf *sh);
