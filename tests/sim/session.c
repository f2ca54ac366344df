/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/session.h"

#include <assert.h>
#include <limits.h>

const char *const traders_names[TRADERS] = { "zi-c", "zi-u", "truth", "adaptive sellers",
                                             "adaptive" };

struct floor { /* where the traders stand */
    const struct session_plan *plan;
    const struct schedule *schedule;
    struct chance *chance;
    struct session *session;
    int64_t shout;                            /* number of the present one in the crowd's life */
    int bids[TRADERS_MAX], asks[TRADERS_MAX]; /* the quotes that stand; 0: none */
    int last_price;
    int64_t last_shout;
};

static int limit_of(const struct floor *f, bool buys, int who)
{
    return buys ? f->schedule->value[who][f->session->bought[who]]
                : f->schedule->cost[who][f->session->sold[who]];
}

static bool has_unit(const struct floor *f, bool buys, int who)
{
    const int done = buys ? f->session->bought[who] : f->session->sold[who];
    return done < f->schedule->units;
}

/* The best quote of this side but for one trader's. */
static int best_of(const int *quotes, bool highest, int but)
{
    int best = 0;

    for (int i = 0; i < TRADERS_MAX; i++) {
        if (i == but || quotes[i] == 0) continue;
        if (best == 0 || (highest ? quotes[i] > best : quotes[i] < best)) best = quotes[i];
    }
    return best;
}

static int adapted(const struct floor *f, bool buys, int who, int limit)
{
    struct crowd *const crowd = f->plan->crowd;
    assert(crowd);
    const int nth = buys ? f->session->bought[who] : f->session->sold[who];
    struct crowd_unit *const u = buys ? &crowd->bids[who][nth] : &crowd->asks[who][nth];
    const uint64_t name = (uint64_t)((buys ? 1 : 2) << 16 | who << 8 | nth);
    const int top = f->schedule->max_price;
    /* What an owner who knows nothing would ask: the first shout of a ZI-C trader. */
    struct chance own = { crowd->seed ^ name };
    const struct adaptive_terms terms = {
        .buys = buys,
        .limit = limit,
        .start = (int)(buys ? chance_between(&own, 1, limit) : chance_between(&own, limit, top)),
        .top = top,
        .life = f->schedule->buyers + f->schedule->sellers,
        .seed = chance_u64(&own),
    };
    const struct adaptive_view view = {
        .best_same = best_of(buys ? f->bids : f->asks, buys, who),
        .best_other = best_of(buys ? f->asks : f->bids, !buys, -1),
        .last_price = f->last_price,
        .last_at = f->last_shout,
        .now = f->shout,
        .dealt = u->dealt,
    };
    const int price = adaptive_quote(&u->adaptive, &terms, &view);

    u->dealt = false;
    return price > top ? top : price;
}

static int shouted(const struct floor *f, bool buys, int who, int limit)
{
    const int top = f->schedule->max_price;

    switch (f->plan->traders) {
    case TRADERS_ADAPTIVE: return adapted(f, buys, who, limit);
    case TRADERS_ADAPTIVE_SELLERS:
        if (!buys) return adapted(f, buys, who, limit);
        return (int)chance_between(f->chance, 1, limit);
    case TRADERS_ZI_C:
        return (int)(buys ? chance_between(f->chance, 1, limit)
                          : chance_between(f->chance, limit, top));
    case TRADERS_ZI_U: return (int)chance_between(f->chance, 1, top);
    case TRADERS_TRUTH: break;
    }
    return limit;
}

/* The best that anybody who has a unit left could ever accept. Values fall and costs rise from unit
 * to unit, so these only become worse, and whoever finds nobody now never will. */
struct reach {
    int value, cost;
};

static struct reach reach_of(const struct floor *f)
{
    struct reach r = { .value = INT_MIN, .cost = INT_MAX };

    for (int i = 0; i < f->schedule->buyers; i++) {
        if (has_unit(f, true, i) && limit_of(f, true, i) > r.value) r.value = limit_of(f, true, i);
    }
    for (int i = 0; i < f->schedule->sellers; i++) {
        if (has_unit(f, false, i) && limit_of(f, false, i) < r.cost) r.cost = limit_of(f, false, i);
    }
    if (f->plan->traders == TRADERS_ZI_U) { /* they accept anything */
        if (r.value > INT_MIN) r.value = INT_MAX;
        if (r.cost < INT_MAX) r.cost = INT_MIN;
    }
    return r;
}

static bool can_deal(const struct reach *r, bool buys, int limit)
{
    return buys ? limit >= r->cost : limit <= r->value;
}

static void note(struct floor *f, const struct deal *d)
{
    struct session *const s = f->session;
    struct crowd *const crowd = f->plan->crowd;

    assert(s->deals_n < DEALS_MAX);
    assert(has_unit(f, true, d->buyer) && has_unit(f, false, d->seller));
    s->surplus += limit_of(f, true, d->buyer) - limit_of(f, false, d->seller);
    if (crowd) {
        crowd->bids[d->buyer][s->bought[d->buyer]].dealt = true;
        crowd->asks[d->seller][s->sold[d->seller]].dealt = true;
    }
    s->bought[d->buyer]++;
    s->sold[d->seller]++;
    s->deals[s->deals_n++] = *d;
    f->bids[d->buyer] = f->asks[d->seller] = 0;
    f->last_price = d->price;
    f->last_shout = f->shout;
}

void session_hold(const struct session_plan *plan, struct chance *chance, const struct venue *venue,
                  struct session *out)
{
    const struct schedule *const s = plan->schedule;
    struct floor f = { .plan = plan, .schedule = s, .chance = chance, .session = out };
    const int64_t before = plan->crowd ? plan->crowd->shouts : 0;

    *out = (struct session){ 0 };
    struct reach reach = reach_of(&f);
    for (int k = 1; k <= plan->shouts; k++) {
        const int who = (int)chance_between(chance, 0, s->buyers + s->sellers - 1);
        const bool buys = who < s->buyers;
        const int i = buys ? who : who - s->buyers;
        struct deal deal;

        f.shout = before + k;
        if (!has_unit(&f, buys, i)) continue;
        const int limit = limit_of(&f, buys, i), price = shouted(&f, buys, i, limit);
        *(buys ? &f.bids[i] : &f.asks[i]) = price;
        if (!plan->every && !can_deal(&reach, buys, limit)) continue;
        out->told++;
        if (!venue->quote(venue->arg, buys, i, price, &deal)) continue;
        note(&f, &deal);
        reach = reach_of(&f);
    }
    if (plan->crowd) plan->crowd->shouts += plan->shouts;
}
