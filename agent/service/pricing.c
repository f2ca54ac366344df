/* SPDX-License-Identifier: Apache-2.0 */
#include "service/pricing.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "service/pricing_file.h"

#define SECOND INT64_C(1000000)

/* FNV-1a: nodes differ, restarts do not. */
static uint64_t seed_of(struct str node_id)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < node_id.n; i++)
        h = (h ^ (uint8_t)node_id.p[i]) * UINT64_C(1099511628211);
    return h;
}

struct pricer *pricer_new(const char *dir, struct str node_id)
{
    struct err err;
    struct pricer *p = mem_zalloc(sizeof(*p));
    p->dir = dir;
    p->seed = seed_of(node_id);
    if (!pricer_read(p, &err) && err.code != ERR_NOT_FOUND)
        log_err(LOG_WARN, "pricing.forgotten", &err);
    for (size_t i = 0; i < p->n; i++)
        p->v[i].state.seed = p->seed;
    return p;
}

void pricer_free(struct pricer *p)
{
    mem_free(p);
}

/* What is not kept is only forgotten; the market has the history too. */
static void keep(struct pricer *p)
{
    struct err err;
    if (!p->changed) return;
    if (!pricer_write(p, &err)) log_err(LOG_WARN, "pricing.not_kept", &err);
    p->changed = false;
}

/* ---- the book of asks --------------------------------------------------------------------------
 */

static struct priced *find(struct pricer *p, struct str ask_id)
{
    for (size_t i = 0; i < p->n; i++)
        if (str_is(ask_id, p->v[i].ask_id)) return &p->v[i];
    return NULL;
}

/* NULL: too many, or an id that is none. */
static struct priced *make(struct pricer *p, const struct ask_seen *ask, int64_t offered_micros,
                           int64_t now_us)
{
    if (p->n == PRICED_MAX || ask->ask_id.n >= ASK_ID_SIZE) return NULL;
    struct priced *e = &p->v[p->n++];
    *e = (struct priced){ .offered_micros = offered_micros };
    memcpy(e->ask_id, ask->ask_id.p, ask->ask_id.n);
    pricing_begin(&e->state, p->seed, ask->price_micros, now_us);
    /* An ask of ours that we know nothing of: its price has moved, the owner's has not. */
    if (offered_micros > 0) e->state.start_micros = offered_micros;
    p->changed = true;
    return e;
}

static void forget_others(struct pricer *p)
{
    size_t kept = 0;
    for (size_t i = 0; i < p->n; i++) {
        if (!p->v[i].there) continue;
        if (kept < i) p->v[kept] = p->v[i];
        kept++;
    }
    p->changed = p->changed || kept < p->n;
    p->n = kept;
}

static void remember(struct pricer *p, struct priced *e, const struct price_move *move)
{
    if (e->moves_n == MOVES_KEPT) {
        e->moves_n--;
        memmove(&e->moves[0], &e->moves[1], e->moves_n * sizeof(e->moves[0]));
    }
    e->moves[e->moves_n++] = *move;
    p->changed = true;
}

/* ---- moving a price ----------------------------------------------------------------------------
 */

/* One look at all asks: what is the same for each of them. */
struct look {
    struct pricer *p;
    struct agent *a;
    int64_t fills;         /* since the look before */
    int64_t next_us;       /* when the next step may come */
    struct str pool;       /* of the ask at hand; asks of one machine are mostly of one pool */
    struct pool_seen seen; /* that pool */
};

/* Ask the market for the move's price. What we mean to ask for is on disk before: else a crash
 * would make it look like the owner's. False: no answer. */
static bool change(struct look *l, struct priced *e, const struct ask_seen *ask,
                   const struct price_move *move)
{
    struct err err;
    int64_t wait_s = 0;
    const struct link *m = &l->a->market;
    const struct ask_change c = { move->to_micros, 0, str_of(move->reason) };
    keep(l->p);
    const enum link_result r = m->ops->ask_amend(m->self, ask->ask_id, &c, &wait_s, &err);
    const int64_t now = clock_wall_us();
    l->p->changed = true;
    if (r == LINK_DONE) {
        pricing_moved(&e->state, move->to_micros, now);
        remember(l->p, e, move);
        LOG(LOG_INFO, "ask.repriced", LOG_C("ask", e->ask_id),
            LOG_I64("from_micros", move->from_micros), LOG_I64("to_micros", move->to_micros),
            LOG_C("reason", move->reason));
        return true;
    }
    /* "Not yet" is no failure: the market counts the quote's life by its own clock. An ask that is
     * gone, or has changed, is seen at the next look. */
    const int64_t quote_us = l->a->settings.quote_us;
    const int64_t wait_us = r == LINK_STALE && wait_s == 0 ? quote_us : wait_s * SECOND;
    if (wait_us > 0) pricing_refused(&e->state, now + wait_us);
    if (wait_us > 0 || r == LINK_GONE) return true;
    log_err(LOG_WARN, "ask.not_repriced", &err);
    return false;
}

/* The owner wrote another price into the configuration: that one stands next, at once. */
static bool obey_owner(struct look *l, struct priced *e, const struct ask_seen *ask)
{
    const int64_t now = clock_wall_us();
    struct price_move move = { .at_us = now,
                               .from_micros = ask->price_micros,
                               .to_micros = l->a->offer->price_micros };
    snprintf(move.reason, sizeof(move.reason), "the owner set another price");
    if (now < e->state.not_before_us) return true;
    if (move.from_micros != move.to_micros) {
        if (!change(l, e, ask, &move)) return false;
        if (e->state.price_micros != move.to_micros) return true; /* not yet */
    }
    e->offered_micros = move.to_micros;
    pricing_begin(&e->state, l->p->seed, move.to_micros, now);
    l->p->changed = true;
    return true;
}

static struct pricing_seen seen_of(const struct look *l, const struct ask_seen *ask)
{
    return (struct pricing_seen){ .price_micros = ask->price_micros,
                                  .units = ask->units,
                                  .units_free = ask->units_free,
                                  .fills = l->fills,
                                  .best_ask_micros = l->seen.best_other_micros,
                                  .best_bid_micros = l->seen.best_bid_micros,
                                  .last_trade_micros = l->seen.last_trade_micros,
                                  .last_trade_us = l->seen.last_trade_us,
                                  .index_micros = l->seen.index_micros };
}

/* One step of one ask. */
static bool step(struct look *l, struct priced *e, const struct ask_seen *ask)
{
    const int64_t now = clock_wall_us();
    const struct pricing_rule rule = { ask->policy, ask->floor_micros, l->seen.tick_micros,
                                       l->a->settings.quote_us };
    struct price_move move = { .at_us = now,
                               .from_micros = ask->price_micros,
                               .seen = seen_of(l, ask) };
    const struct pricing before = e->state;
    const struct pricing_step s = pricing_next(&e->state, &rule, &move.seen, now);
    bool ok = true;
    l->p->changed = l->p->changed || memcmp(&before, &e->state, sizeof(before)) != 0;
    if (s.price_micros != ask->price_micros) {
        move.to_micros = s.price_micros;
        pricing_words(&s, &rule, &move.seen, move.reason);
        ok = change(l, e, ask, &move);
    }
    if (s.earliest_us < l->next_us) l->next_us = s.earliest_us;
    return ok;
}

/* ---- a look ------------------------------------------------------------------------------------
 */

static bool look_at_pool(struct look *l, struct str pool)
{
    struct err err;
    const struct link *m = &l->a->market;
    if (str_eq(l->pool, pool) && pool.n > 0) return true;
    if (m->ops->pool_look(m->self, pool, &l->seen, &err) != LINK_DONE) {
        if (!agent_is_stopping(l->a)) log_err(LOG_DEBUG, "pool.not_seen", &err);
        return false;
    }
    l->pool = pool;
    return true;
}

/* What came from outside may be anything; the policies are promised more. */
static bool is_sound(const struct ask_seen *ask, const struct pool_seen *pool)
{
    return pool->tick_micros > 0 && ask->floor_micros % pool->tick_micros == 0 &&
           ask->units_free <= ask->units;
}

static bool look_at_ask(struct look *l, struct priced *e, const struct ask_seen *ask)
{
    const struct offer *offer = l->a->offer;
    if (offer && e->offered_micros != offer->price_micros) return obey_owner(l, e, ask);
    if (!look_at_pool(l, ask->pool)) {
        e->state.fills += l->fills; /* for the next look */
        return false;
    }
    return !is_sound(ask, &l->seen) || step(l, e, ask);
}

static void mark_there(struct pricer *p, const struct ask_seen *asks, size_t n)
{
    for (size_t i = 0; i < p->n; i++)
        p->v[i].there = false;
    for (size_t i = 0; i < n; i++) {
        struct priced *e = find(p, asks[i].ask_id);
        if (e) e->there = true;
    }
}

bool pricer_look(struct pricer *p, struct agent *a, const struct ask_seen *asks, size_t n,
                 int64_t *next_us)
{
    const int64_t sold = agent_sold(a);
    struct look l = { .p = p, .a = a, .fills = sold - p->sold, .next_us = INT64_MAX };
    bool ok = true;

    p->sold = sold;
    mark_there(p, asks, n);
    forget_others(p);
    for (size_t i = 0; i < n; i++) {
        if (asks[i].policy == PRICING_FIXED) continue;
        struct priced *e = find(p, asks[i].ask_id);
        if (!e) e = make(p, &asks[i], a->offer ? a->offer->price_micros : 0, clock_wall_us());
        if (e) ok = look_at_ask(&l, e, &asks[i]) && ok;
    }
    keep(p);
    *next_us = l.next_us;
    return ok;
}

/* ---- for people --------------------------------------------------------------------------------
 */

static void print_ask(const struct priced *e)
{
    printf("ask      %s\n", e->ask_id);
    for (size_t i = 0; i < e->moves_n; i++) {
        const struct price_move *m = &e->moves[i];
        char at[RFC3339_SIZE], from[PRICE_TEXT_SIZE], to[PRICE_TEXT_SIZE];
        rfc3339_format(m->at_us, at);
        price_text(m->from_micros, from);
        price_text(m->to_micros, to);
        printf("         %s  %s -> %s: %s\n", at, from, to, m->reason);
    }
}

void pricer_print(const char *dir)
{
    struct err err;
    struct pricer *p = mem_zalloc(sizeof(*p));
    p->dir = dir;
    if (pricer_read(p, &err))
        for (size_t i = 0; i < p->n; i++)
            print_ask(&p->v[i]);
    pricer_free(p);
}
