/* SPDX-License-Identifier: Apache-2.0 */
/* A bid as it might be: to be asked about, never entered. Private to the market. */
#pragma once

#include "domain/match.h"

struct probe { /* stays where it is: its bid points into it */
    struct market *m;
    struct account nobody; /* who asks, when he has no account */
    struct owner none;
    int64_t now_us;
    bool rich;           /* the budget is no matter */
    bool flush;          /* what the account has is no matter */
    uint64_t misses_max; /* see explain.c */
    struct bid_line lines[WANTS_MAX];
    struct bid_entry bid;
};

/* The bid of the account (0: nobody's) with these terms, which must be valid (jobs.h). The account
 * is taken to have the money: who asks what something costs may not have it yet. */
void probe_spec(struct probe *p, struct market *m, int64_t account, const struct bid_spec *spec,
                int64_t now_us);

/* A bid that there is, as if it came anew. What follows from its terms is there once it has been
 * asked whether it matches. */
void probe_bid(struct probe *p, struct market *m, const struct bid_entry *b, int64_t now_us);

/* Its terms have been changed: would it trade at once, and be paid for? */
bool probe_matches(struct probe *p);

/* Would it have a lease displaced, though nothing serves it? */
bool probe_displaces(struct probe *p);
