/* SPDX-License-Identifier: Apache-2.0 */
/* The adaptive policy in ZIP's terms. The price p follows a target t by Widrow-Hoff with momentum,
 *
 *     step = beta (t - p)        speed = gamma speed + (1 - gamma) step        p = p + speed
 *
 * and the target is a little beyond a price q that the market showed: t = R q + A upwards, R in
 * 1..1.05, and downwards R in 0.95..1, A up to two ticks. The paper's traders hear every shout;
 * ours looks once a minute, at its own sales, the last trade and the best other ask. What is new
 * against the paper is time: a seller whom nobody comes to goes down although nobody shouted, and
 * one who is sold out goes up, at most BUSY_MOST above what its last buyer paid, as nothing tests
 * that price.
 *
 * A step of a cheap pool is often smaller than a tick, so the price that is meant is kept in
 * thousandths of a micro-USD; what is quoted is the nearest tick. */
#include "domain/pricing.h"

#include <assert.h>
#include <stddef.h>

#define PPM          INT64_C(1000000)
#define NANOS        1000
#define PRICE_MAX    INT64_C(1000000000000000) /* a billion dollars */
#define BETA_LEAST   300000                    /* ppm */
#define BETA_MOST    900000
#define GAMMA_MOST   100000
#define STRETCH_MOST 50000   /* R is at most that far from 1 */
#define SHIFT_TICKS  2       /* A is at most so many ticks */
#define BUSY_PERCENT 80      /* of the units sold */
#define BUSY_MOST    1100000 /* ppm of the price of the last sale */

const char *const pricing_policy_names[PRICING_POLICIES + 1] = { "fixed", "undercut", "adaptive",
                                                                 NULL };

/* ---- small things ------------------------------------------------------------------------------
 */

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t part(int64_t v, int64_t ppm)
{
    return (int64_t)((__int128)v * ppm / PPM);
}

/* SplitMix64: number n of the seed's sequence, in 0..bound. */
static int64_t draw(uint64_t seed, uint64_t n, int64_t bound)
{
    uint64_t z = seed + (n + 1) * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    return (int64_t)(z % ((uint64_t)bound + 1));
}

static int64_t ceiling(const struct pricing *p, const struct pricing_rule *r,
                       const struct pricing_seen *seen)
{
    int64_t top = least(p->start_micros, PRICE_MAX / PRICING_CEILING) * PRICING_CEILING;
    top = least(most(top, seen->best_bid_micros), PRICE_MAX);
    return most(top - top % r->tick_micros, r->floor_micros);
}

/* The tick that is nearest, within the bounds, which are on tick themselves. */
static int64_t on_tick(int64_t nanos, const struct pricing_rule *r, int64_t top_micros)
{
    const int64_t tick = r->tick_micros, micros = (nanos + NANOS / 2) / NANOS;
    const int64_t price = (micros + tick / 2) / tick * tick;
    return least(most(price, r->floor_micros), top_micros);
}

/* ---- undercut ----------------------------------------------------------------------------------
 */

static void undercut(const struct pricing *p, const struct pricing_rule *r,
                     const struct pricing_seen *seen, struct pricing_step *out)
{
    const int64_t own = most(p->start_micros, r->floor_micros);
    const int64_t under = seen->best_ask_micros - r->tick_micros;
    const bool alone = seen->best_ask_micros <= 0 || under >= own;

    int64_t price = alone ? own : most(under, r->floor_micros);
    price -= price % r->tick_micros;
    if (price == seen->price_micros) return;
    out->price_micros = price;
    out->reason = alone ? PRICING_BACK : PRICING_UNDER;
    if (!alone && under < r->floor_micros) out->reason = PRICING_FLOOR;
}

/* ---- adaptive ----------------------------------------------------------------------------------
 */

/* Where to: upwards or downwards of a price that the market showed. */
struct aim {
    enum pricing_reason reason; /* PRICING_STANDS: nowhere */
    bool up;
    int64_t shown_micros;
    int64_t most_nanos; /* not above */
};

static bool is_busy(const struct pricing_seen *seen)
{
    return seen->units > 0 && seen->units_free * 100 <= seen->units * (100 - BUSY_PERCENT);
}

static struct aim choose_aim(const struct pricing *p, const struct pricing_rule *r,
                             const struct pricing_seen *seen, int64_t idle_us)
{
    const int64_t price = seen->price_micros, asked = seen->best_ask_micros;
    const bool traded = seen->last_trade_micros > 0 && seen->last_trade_us > p->trade_us;
    const int64_t paid = traded ? seen->last_trade_micros : 0;

    if (p->fills > 0) return (struct aim){ PRICING_SOLD, true, most(price, paid), INT64_MAX };
    if (paid >= price) return (struct aim){ PRICING_TRADED, true, paid, INT64_MAX };
    if (is_busy(seen)) {
        const int64_t cap = part(most(p->sold_micros, p->start_micros), BUSY_MOST) * NANOS;
        if (p->wanted_nanos >= cap) return (struct aim){ .reason = PRICING_STANDS };
        return (struct aim){ PRICING_BUSY, true, price, cap };
    }
    if (seen->units_free == 0) return (struct aim){ .reason = PRICING_STANDS };
    if (asked > 0 && asked < price) return (struct aim){ PRICING_DEARER, false, asked, INT64_MAX };
    if (paid > 0) return (struct aim){ PRICING_DEARER, false, paid, INT64_MAX };
    if (idle_us < PRICING_PATIENCE * r->stand_us) return (struct aim){ .reason = PRICING_STANDS };
    /* Far above what is usually paid there is no point in small steps. */
    const bool far = seen->index_micros > 0 && seen->index_micros < price;
    return (struct aim){ PRICING_IDLE, false, far ? seen->index_micros : price, INT64_MAX };
}

/* One step of Widrow-Hoff towards the aim. */
static void follow(struct pricing *p, const struct pricing_rule *r, const struct aim *aim,
                   int64_t top_micros)
{
    const int64_t beta = BETA_LEAST + draw(p->seed, 0, BETA_MOST - BETA_LEAST);
    const int64_t gamma = draw(p->seed, 1, GAMMA_MOST);
    const uint64_t moment = (uint64_t)p->stepped_us;
    const int64_t stretch = draw(p->seed ^ moment, 2, STRETCH_MOST);
    const int64_t shift = draw(p->seed ^ moment, 3, SHIFT_TICKS * r->tick_micros) * NANOS;
    const int64_t q = least(aim->shown_micros, PRICE_MAX) * NANOS;
    const int64_t target =
        aim->up ? part(q, PPM + stretch) + shift : part(q, PPM - stretch) - shift;

    const int64_t step = part(target - p->wanted_nanos, beta);
    p->momentum_nanos = part(p->momentum_nanos, gamma) + part(step, PPM - gamma);
    /* What is left of an earlier movement must not lead the other way. */
    if (aim->up ? p->momentum_nanos < 0 : p->momentum_nanos > 0) p->momentum_nanos = step;
    const int64_t bound = least(top_micros * NANOS, aim->most_nanos);
    const int64_t wanted = p->wanted_nanos + p->momentum_nanos;
    p->wanted_nanos = least(most(wanted, r->floor_micros * NANOS), bound);
    if (p->wanted_nanos != wanted) p->momentum_nanos = 0;
}

static void adapt(struct pricing *p, const struct pricing_rule *r, const struct pricing_seen *seen,
                  int64_t now_us, struct pricing_step *out)
{
    const int64_t top = ceiling(p, r, seen);
    const struct aim aim = choose_aim(p, r, seen, out->idle_us);

    out->fills = p->fills;
    p->fills = 0;
    p->trade_us = most(p->trade_us, seen->last_trade_us);
    p->stepped_us = now_us;
    if (aim.reason == PRICING_STANDS) return;
    follow(p, r, &aim, top);
    const int64_t price = on_tick(p->wanted_nanos, r, top);
    if (price == seen->price_micros) return;
    out->price_micros = price;
    out->reason = aim.reason;
}

/* ---- a look ------------------------------------------------------------------------------------
 */

static void restart(struct pricing *p, int64_t price_micros, int64_t now_us)
{
    p->start_micros = price_micros;
    p->price_micros = price_micros;
    p->asked_micros = 0;
    p->sold_micros = 0;
    p->wanted_nanos = price_micros * NANOS;
    p->momentum_nanos = 0;
    p->changed_us = now_us;
}

void pricing_begin(struct pricing *p, uint64_t seed, int64_t price_micros, int64_t now_us)
{
    assert(price_micros > 0 && price_micros <= PRICE_MAX);
    *p = (struct pricing){ .seed = seed, .idle_from_us = now_us, .trade_us = now_us };
    restart(p, price_micros, now_us);
}

/* The clock was put back: what it said before is no time to wait for. */
static void rebase(struct pricing *p, int64_t stand_us, int64_t now_us)
{
    p->changed_us = least(p->changed_us, now_us);
    p->stepped_us = least(p->stepped_us, now_us);
    p->idle_from_us = least(p->idle_from_us, now_us);
    if (p->not_before_us > now_us + PRICING_REFUSED_US) p->not_before_us = now_us + stand_us;
}

/* Who set the price that stands? If it is the one we asked for, the market's answer was lost. */
static void notice(struct pricing *p, const struct pricing_seen *seen, int64_t now_us)
{
    if (seen->price_micros != p->price_micros && seen->price_micros == p->asked_micros)
        pricing_moved(p, seen->price_micros, now_us);
    if (seen->price_micros != p->price_micros) restart(p, seen->price_micros, now_us);
    if (seen->fills > 0) {
        p->fills += seen->fills;
        p->sold_micros = seen->price_micros;
    }
    if (seen->fills > 0 || seen->units_free == 0) p->idle_from_us = now_us;
}

static int64_t earliest(const struct pricing *p, const struct pricing_rule *r)
{
    int64_t at = most(p->changed_us + r->stand_us, p->not_before_us);
    if (r->policy == PRICING_ADAPTIVE && p->stepped_us > 0)
        at = most(at, p->stepped_us + r->stand_us);
    return at;
}

struct pricing_step pricing_next(struct pricing *p, const struct pricing_rule *r,
                                 const struct pricing_seen *seen, int64_t now_us)
{
    assert(r->tick_micros > 0 && r->floor_micros > 0 && r->floor_micros % r->tick_micros == 0);
    assert(r->stand_us > 0 && seen->price_micros > 0 && seen->price_micros <= PRICE_MAX);

    rebase(p, r->stand_us, now_us);
    notice(p, seen, now_us);
    struct pricing_step out = { .price_micros = seen->price_micros,
                                .reason = PRICING_STANDS,
                                .idle_us = now_us - p->idle_from_us };
    if (now_us < earliest(p, r)) {
        out.reason = PRICING_YOUNG;
        out.earliest_us = earliest(p, r);
        return out;
    }
    switch (r->policy) {
    case PRICING_FIXED: break;
    case PRICING_UNDERCUT: undercut(p, r, seen, &out); break;
    case PRICING_ADAPTIVE: adapt(p, r, seen, now_us, &out); break;
    }
    if (out.price_micros != seen->price_micros) p->asked_micros = out.price_micros;
    out.earliest_us = earliest(p, r);
    assert(out.price_micros == seen->price_micros ||
           (out.price_micros >= r->floor_micros && out.price_micros % r->tick_micros == 0));
    return out;
}

void pricing_moved(struct pricing *p, int64_t price_micros, int64_t now_us)
{
    p->price_micros = price_micros;
    p->asked_micros = 0;
    p->changed_us = most(p->changed_us, now_us);
}

void pricing_refused(struct pricing *p, int64_t not_before_us)
{
    p->not_before_us = most(p->not_before_us, not_before_us);
}
