/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/efficiency.h"

#include <math.h>
#include <string.h>

#include "tests/sim/exchange.h"
#include "tests/sim/reference.h"

struct sums {
    double efficiency, squares, alpha, price, deals;
};

static void hold_real(const struct trial_plan *p, const struct session_plan *plan,
                      struct chance *chance, struct session *out, int64_t *commands)
{
    struct exchange exchange;
    struct venue venue;

    exchange_open(&exchange, p->rules, plan->schedule, &venue);
    session_hold(plan, chance, &venue, out);
    exchange_close(&exchange, out);
    *commands += exchange.commands;
}

static void hold_reference(enum price_rule rule, const struct session_plan *plan,
                           struct chance *chance, struct session *out)
{
    struct reference book;
    struct venue venue;

    reference_open(&book, rule, &venue);
    session_hold(plan, chance, &venue, out);
}

static bool same_deals(const struct session *a, const struct session *b)
{
    if (a->deals_n != b->deals_n) return false;
    return memcmp(a->deals, b->deals, (size_t)a->deals_n * sizeof(a->deals[0])) == 0;
}

static void add(struct sums *sums, const struct schedule *s, const struct session *real)
{
    const double part = real->surplus / (double)schedule_possible(s);
    double price = 0, squares = 0;

    sums->efficiency += part;
    sums->squares += part * part;
    sums->deals += real->deals_n;
    if (real->deals_n == 0) return;
    for (int k = 0; k < real->deals_n; k++) {
        const double off = real->deals[k].price - s->equilibrium;
        price += real->deals[k].price;
        squares += off * off;
    }
    sums->price += price / real->deals_n;
    sums->alpha += 100 * sqrt(squares / real->deals_n) / s->equilibrium;
}

/* One market at both venues. True: the same deals every day. */
static bool hold_both(const struct trial_plan *p, const struct schedule *s, struct chance *chances,
                      struct session *real, int64_t *commands)
{
    const bool adapt = p->traders >= TRADERS_ADAPTIVE_SELLERS;
    const int days = adapt ? p->days : 1;
    struct crowd crowds[2];
    struct session reference;
    bool same = true;

    for (int k = 0; k < 2; k++)
        crowds[k] = (struct crowd){ .seed = adapt ? chance_u64(&chances[k]) : 0 };
    for (int day = 0; day < days; day++) {
        const struct session_plan plans[2] = {
            { s, p->traders, p->shouts, p->every, adapt ? &crowds[0] : NULL },
            { s, p->traders, p->shouts, p->every, adapt ? &crowds[1] : NULL },
        };
        hold_reference((enum price_rule)p->rules->pricing, &plans[0], &chances[0], &reference);
        hold_real(p, &plans[1], &chances[1], real, commands);
        same = same && same_deals(real, &reference);
    }
    return same;
}

void efficiency_measure(const struct trial_plan *p, const struct schedule *s,
                        struct efficiency *out)
{
    struct chance chances[2] = { { (uint64_t)p->seed }, { (uint64_t)p->seed } };
    struct sums sums = { 0 };
    const double n = p->markets;

    *out = (struct efficiency){ 0 };
    for (int i = 0; i < p->markets; i++) {
        struct session real;

        if (hold_both(p, s, chances, &real, &out->commands)) out->identical++;
        add(&sums, s, &real);
    }
    const double mean = sums.efficiency / n;
    out->mean = 100 * mean;
    out->sd = 100 * sqrt(fabs(sums.squares / n - mean * mean));
    out->alpha = sums.alpha / n;
    out->price = sums.price / n;
    out->deals = sums.deals / n;
}
