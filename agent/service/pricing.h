/* SPDX-License-Identifier: Apache-2.0 */
/* The prices of our asks: looked at in turn, moved as each ask's policy says (domain/pricing.h),
 * and with each move the sentence that tells the owner why.
 *
 * What a policy remembers, and the last moves, are in DIR/pricing.json, so that a restart goes on
 * where it was. The file is no promise to anybody: when it is lost, the prices go on from what the
 * market shows. */
#pragma once

#include "service/agent.h"

#define PRICED_MAX  64 /* asks of one machine at a time */
#define MOVES_KEPT  16 /* of each, the newest */
#define REASON_SIZE (ASK_REASON_MAX + 1)

struct price_move {
    int64_t at_us, from_micros, to_micros; /* wall clock */
    char reason[REASON_SIZE];
    struct pricing_seen seen; /* what it was decided by */
};

struct priced {
    char ask_id[ASK_ID_SIZE];
    int64_t offered_micros; /* the owner's price, as this machine's configuration has it; 0: the ask
                               is not from there */
    struct pricing state;
    struct price_move moves[MOVES_KEPT]; /* oldest first */
    size_t moves_n;
    bool there; /* in the listing at hand */
};

struct pricer {
    const char *dir;
    uint64_t seed; /* the node's own */
    int64_t sold;  /* of agent_sold(), what has been told to the policies */
    struct priced v[PRICED_MAX];
    size_t n;
    bool changed; /* since it was written */
};

/* NULL of no error: what cannot be read is forgotten, and logged. Takes pricer_free(). */
struct pricer *pricer_new(const char *dir, struct str node_id);
void pricer_free(struct pricer *p); /* takes NULL */

/* One look at our open asks. *next_us: when the next step may come, on the wall clock; INT64_MAX:
 * no ask has a policy that moves. False: the market did not answer something. */
MUST_CHECK bool pricer_look(struct pricer *p, struct agent *a, const struct ask_seen *asks,
                            size_t n, int64_t *next_us);

/* Print the moves that a directory remembers, for a person. */
void pricer_print(const char *dir);

/* Why a step says what it says: "idle for 12 min, best other ask 0.305". */
void pricing_words(const struct pricing_step *step, const struct pricing_rule *rule,
                   const struct pricing_seen *seen, char out[REASON_SIZE]);
/* "0.305": as few decimals as say it, at least two. */
#define PRICE_TEXT_SIZE 24
void price_text(int64_t micros, char out[PRICE_TEXT_SIZE]);
