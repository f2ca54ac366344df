/* SPDX-License-Identifier: Apache-2.0 */
/* One auction experiment: traders with a schedule shout prices at a venue until time is up.
 *
 * The same session can be held at different venues (the rules of the market, a reference book, a
 * file). With equal seeds the traders shout the same as long as the venue makes the same deals, so
 * two venues are compared by their deals. A trader deals its units in order and has one quote at
 * most; a new shout replaces the older quote, better or worse. */
#pragma once

#include <stdbool.h>

#include "tests/sim/adaptive.h"
#include "tests/sim/chance.h"
#include "tests/sim/schedule.h"

enum traders {
    TRADERS_ZI_C,             /* shout a uniform price at which they cannot lose */
    TRADERS_ZI_U,             /* any price */
    TRADERS_TRUTH,            /* their value or cost */
    TRADERS_ADAPTIVE_SELLERS, /* sellers price as nodes do, buyers are ZI-C */
    TRADERS_ADAPTIVE,         /* both do */
};
#define TRADERS 5
extern const char *const traders_names[TRADERS];

struct deal {
    int buyer, seller; /* by index in the schedule */
    int price;         /* ticks */
};

struct venue {
    /* Replaces the older quote of this trader. True: the two deal, and both have no quote now. */
    bool (*quote)(void *arg, bool buys, int who, int price, struct deal *out);
    void *arg;
};

enum { DEALS_MAX = TRADERS_MAX * TRADER_UNITS, SHOUTS = 4000 };

struct session {
    int bought[TRADERS_MAX], sold[TRADERS_MAX];
    struct deal deals[DEALS_MAX];
    int deals_n;
    int surplus; /* ticks */
    int told;    /* quotes that the venue was sent */
};

/* `every` quote is sent to the venue; else those of traders are left out who can deal with nobody
 * any more, whatever is shouted, which changes no deal. Random numbers are drawn either way. */
/* What adaptive traders remember from session to session: what they ask for each unit. All zero but
 * for the seed at first. */
struct crowd {
    uint64_t seed;
    int64_t shouts; /* so far */
    struct crowd_unit {
        struct adaptive adaptive;
        bool dealt; /* since it was quoted last */
    } bids[TRADERS_MAX][TRADER_UNITS], asks[TRADERS_MAX][TRADER_UNITS];
};

struct session_plan {
    const struct schedule *schedule;
    enum traders traders;
    int shouts;
    bool every;
    struct crowd *crowd; /* for adaptive traders */
};
void session_hold(const struct session_plan *plan, struct chance *chance, const struct venue *venue,
                  struct session *out);
