/* SPDX-License-Identifier: Apache-2.0 */
/* What to ask next: the price of one open ask, from what is known of the market. Pure.
 *
 * Policies:
 *   fixed      the owner's price, for ever.
 *   undercut   one tick under the best other ask, at most the owner's price, never under the floor;
 *              when the other one leaves, back up to just under the next, or to the owner's price.
 *   adaptive   a seller of the ZIP kind (Cliff and Bruten 1997). Each look moves the price a part
 *              of the way to a target: above what was paid when units sell, below what others ask
 *              when they are cheaper, a little down when nobody comes. Between the floor and a
 *              ceiling: PRICING_CEILING times the owner's price, or the best bid if that is higher.
 *
 * A quote stands: no step comes earlier than `stand_us` after the last change, and none within that
 * time of the step before. Everything is in integers, and the same calls give the same prices: the
 * only chance in it, the ZIP coefficients, comes from the seed.
 *
 * A buyer who adapts is the mirror image: reflect all prices at one that nobody reaches. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum pricing_policy { PRICING_FIXED, PRICING_UNDERCUT, PRICING_ADAPTIVE };
#define PRICING_POLICIES 3
extern const char *const pricing_policy_names[PRICING_POLICIES + 1]; /* ends with NULL */

enum pricing_reason {
    PRICING_STANDS, /* nothing says that another price were better */
    PRICING_YOUNG,  /* the quote has not stood for long enough */
    PRICING_UNDER,  /* one tick under the best other ask */
    PRICING_FLOOR,  /* the best other ask is so low that the floor is all that is left */
    PRICING_BACK,   /* the best other ask is above the owner's price, or there is none */
    PRICING_SOLD,   /* our units sold */
    PRICING_TRADED, /* somebody else sold, at our price or higher */
    PRICING_BUSY,   /* nearly all units are sold */
    PRICING_DEARER, /* somebody asks less, or sold for less, than we ask */
    PRICING_IDLE,   /* nobody came for a while */
};
#define PRICING_REASONS 10

#define PRICING_STAND_US   INT64_C(60000000)
#define PRICING_REFUSED_US INT64_C(3600000000) /* no market sends anybody away for longer */
#define PRICING_PATIENCE   10 /* quote lives without a sale before idle time counts */
#define PRICING_CEILING    4  /* times the owner's price */

struct pricing_rule {
    enum pricing_policy policy;
    int64_t floor_micros; /* a multiple of the tick, as the market demands */
    int64_t tick_micros;
    int64_t stand_us; /* PRICING_STAND_US, but for simulations */
};

/* What is seen of the market. Prices per unit and hour; 0: not known, or there is none. */
struct pricing_seen {
    int64_t price_micros; /* of our ask, as it stands */
    int64_t units, units_free;
    int64_t fills;                            /* leases begun since the last look */
    int64_t best_ask_micros;                  /* of others, with a delivery record */
    int64_t best_bid_micros;                  /* of others */
    int64_t last_trade_micros, last_trade_us; /* in the pool */
    int64_t index_micros;                     /* stands in for the last trade when there is none */
};

/* What is remembered between two looks. Plain numbers, to be kept in a journal. */
struct pricing {
    uint64_t seed;
    int64_t start_micros;   /* the owner's price */
    int64_t price_micros;   /* as we last saw or set it */
    int64_t asked_micros;   /* what the last step said, until it is known to stand; 0: nothing */
    int64_t wanted_nanos;   /* the price that is meant, finer than a tick; thousandths of a micro */
    int64_t momentum_nanos; /* of the last step */
    int64_t changed_us;     /* when the price changed last */
    int64_t stepped_us;     /* when the price was last thought over; 0: never */
    int64_t not_before_us;  /* the market wants no change earlier */
    int64_t idle_from_us;   /* since when nobody has bought although there was something to sell */
    int64_t trade_us;       /* of the newest trade that was taken account of */
    int64_t sold_micros;    /* what we asked when we last sold; 0: never */
    int64_t fills;          /* not yet taken account of */
};

struct pricing_step {
    int64_t price_micros; /* the one that stands, when nothing is to be done */
    enum pricing_reason reason;
    int64_t fills;       /* sales that it takes account of */
    int64_t idle_us;     /* how long nobody has bought */
    int64_t earliest_us; /* when the next step may come */
};

/* An ask whose owner asks that price, now. The seed is any number that is the node's own. */
void pricing_begin(struct pricing *p, uint64_t seed, int64_t price_micros, int64_t now_us);

/* One look. A price other than the one we knew was set by the owner, and is his price from then on.
 * A clock that was put back only delays what comes next. The caller sets the price in the market if
 * it is not the one that stands, and then calls one of the two below; if he calls neither, the next
 * look says the same again. */
struct pricing_step pricing_next(struct pricing *p, const struct pricing_rule *r,
                                 const struct pricing_seen *seen, int64_t now_us);
void pricing_moved(struct pricing *p, int64_t price_micros, int64_t now_us);
/* The market would not hear of it before then. */
void pricing_refused(struct pricing *p, int64_t not_before_us);
