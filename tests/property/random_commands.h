/* SPDX-License-Identifier: Apache-2.0 */
/* Commands by chance, from a seed: most make sense in the present market, the rest try its doors.
 */
#pragma once

#include "market/naive.h"

/* A seeded generator (splitmix64): the same seed gives the same market on every machine. */
struct dice {
    uint64_t state;
};
uint64_t dice_roll(struct dice *d);
int64_t dice_below(struct dice *d, int64_t n); /* 0 … n − 1 */
bool dice_percent(struct dice *d, int percent);

#define STYLE_POOLS 16

/* What kind of market it is: its rules and pools, how full, how rich, how fast. */
struct style {
    struct market_rules rules;
    struct pool pools[STYLE_POOLS];
    size_t pools_n;
    int64_t price_base;             /* ticks; prices are this and a few more, so that orders meet */
    size_t accounts, nodes, orders; /* how many there may be */
    int64_t purse;                  /* a usual credit */
    int pace;                       /* percent of commands that let time pass */
    int64_t price_steps;            /* how many ticks prices differ */
    int fancy;     /* percent of the traits, wishes and terms that are not the plain ones */
    int gangs;     /* percent of bids */
    int yielding;  /* percent of bids that are interruptible */
    bool crowd;    /* long interruptible runs, and bids that want their places */
    bool deep;     /* one pool, a price or two: long lines */
    bool squeezed; /* now and then budgets turn out to be spent; see trial.c */
    bool late;     /* begins with high numbers */
    bool laden;    /* begins with so much money that sums come to their limits */
};
void style_roll(struct dice *d, struct style *out);

/* The next command of the market that `n` models. It looks at the model to hit what is there; the
 * number is the next one, the time not before the last. */
void random_command(struct dice *d, const struct style *s, struct naive *n, struct command *out);
