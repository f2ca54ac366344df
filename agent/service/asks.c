/* SPDX-License-Identifier: Apache-2.0 */
/* Our offer in the market: looked at now and then, and put right; then the prices, also those of
 * asks that the owner placed by hand. When the market withdraws an ask
 * of ours, something was wrong with this machine; so the next one comes after a while, and after a
 * longer one each time. */
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "service/agent.h"
#include "service/pricing.h"

#define ASKS_MAX    64
#define ASKS_MEMORY ((size_t)2 * BODY_MAX)
#define KEY_SIZE    33

struct shop {
    struct agent *agent;
    struct offer offer; /* the owner's, less what runs outside our open asks */
    struct pricer *pricer;
    int64_t next_us;   /* when a price may move again, wall clock; INT64_MAX: none will */
    bool placed;       /* an ask of this process was open when we last looked */
    int64_t placed_us; /* since then */
    int withdrawn;     /* how often in a row the market took one back */
    int64_t not_before_us;
    char key[KEY_SIZE]; /* of the wish under way; empty: none */
    bool unfit;         /* the self-test was not passed */
    bool refused;       /* the market does not want what the owner wants */
};

static void new_key(struct shop *s)
{
    uint8_t bytes[(KEY_SIZE - 1) / 2];
    random_bytes(bytes, sizeof(bytes));
    hex_encode(bytes, sizeof(bytes), s->key);
}

static bool place(struct shop *s)
{
    struct agent *a = s->agent;
    struct err err;
    if (clock_monotonic_us() < s->not_before_us) return true;
    if (s->key[0] == '\0') new_key(s);
    int64_t wait_s;
    const enum link_result r =
        a->market.ops->ask_place(a->market.self, s->key, &s->offer, &wait_s, &err);
    if (r != LINK_UNREACHABLE) s->key[0] = '\0';
    s->refused = r == LINK_REFUSED;
    if (wait_s > 0) s->not_before_us = clock_monotonic_us() + wait_s * INT64_C(1000000);
    if (r != LINK_DONE) {
        log_err(LOG_WARN, "ask.not_placed", &err);
        return false;
    }
    s->placed = true;
    s->placed_us = clock_monotonic_us();
    LOG(LOG_INFO, "ask.placed", LOG_STR("pool", s->offer.pool), LOG_I64("units", s->offer.units),
        LOG_I64("price_micros", s->offer.price_micros));
    return true;
}

static bool act(struct shop *s, const struct ask_action *action, const struct ask_seen *asks)
{
    struct agent *a = s->agent;
    struct err err;
    struct ask_change change;
    int64_t wait_s;
    enum link_result r = LINK_DONE;
    switch (action->act) {
    case ASK_PLACE: return place(s);
    case ASK_CANCEL:
        r = a->market.ops->ask_cancel(a->market.self, asks[action->index].ask_id, &err);
        break;
    case ASK_AMEND:
        change = (struct ask_change){ s->offer.price_micros, s->offer.units, STR("") };
        if (s->offer.policy != PRICING_FIXED)
            change.price_micros = asks[action->index].price_micros;
        r = a->market.ops->ask_amend(a->market.self, asks[action->index].ask_id, &change, &wait_s,
                                     &err);
        break;
    }
    if (r == LINK_DONE || r == LINK_GONE) return true;
    log_err(LOG_WARN, "ask.not_changed", &err);
    return false;
}

/* Was one of ours taken back since we looked? */
static void notice(struct shop *s, size_t open)
{
    const struct settings *set = &s->agent->settings;
    const int64_t now = clock_monotonic_us();
    if (open > 0 && !s->placed) s->placed_us = now;
    if (open > 0 && now - s->placed_us > set->ask_retry_most_us) s->withdrawn = 0;
    if (open == 0 && s->placed) {
        s->withdrawn++;
        s->not_before_us =
            now + backoff_us(s->withdrawn, set->ask_retry_us, set->ask_retry_most_us, random_u64());
        LOG(LOG_WARN, "ask.withdrawn", LOG_I64("times", s->withdrawn));
    }
    s->placed = open > 0;
}

/* Nothing is for sale while a card is ill; the market takes the asks back as well. */
static bool close_shop(struct shop *s, const struct ask_seen *asks, size_t n)
{
    bool ok = true;
    for (size_t i = 0; i < n; i++) {
        const struct ask_action cancel = { ASK_CANCEL, i };
        ok = act(s, &cancel, asks) && ok;
    }
    s->placed = false;
    return ok;
}

static void add_units(void *arg, struct lease *l)
{
    int64_t *units = arg;
    pthread_mutex_lock(&l->lock);
    if (l->entry.step < STEP_EXITED && !l->over && !l->forget) *units += l->what.units;
    pthread_mutex_unlock(&l->lock);
}

/* Leases of an ask that was withdrawn go on, and what they hold cannot be sold a second time. */
static int64_t sold_elsewhere(struct shop *s, const struct ask_seen *asks, size_t n)
{
    int64_t units = 0;
    leases_each(&s->agent->leases, add_units, &units);
    for (size_t i = 0; i < n; i++)
        units -= asks[i].units - asks[i].units_free;
    return units > 0 ? units : 0;
}

/* Make the offer stand. False: something did not work. */
static bool put_right(struct shop *s, const struct ask_seen *asks, size_t n)
{
    if (!health_all_well(&s->agent->health)) return close_shop(s, asks, n);
    if (agent_drains(s->agent)) {
        s->placed = false; /* what ends now was not taken back */
        return true;
    }
    struct ask_action actions[ASKS_MAX + 1];
    bool ok = true;
    notice(s, n);
    s->offer = *s->agent->offer;
    s->offer.units -= sold_elsewhere(s, asks, n);
    if (s->offer.units <= 0) return true;
    const size_t actions_n = offer_plan(&s->offer, asks, n, actions);
    for (size_t i = 0; i < actions_n; i++)
        ok = act(s, &actions[i], asks) && ok;
    return ok;
}

/* What does not pass its own test sells nothing. False: something did not work. */
static bool take_back(struct shop *s, const struct ask_seen *asks, size_t n)
{
    bool ok = true;
    for (size_t i = 0; i < n; i++)
        ok = act(s, &(const struct ask_action){ ASK_CANCEL, i }, asks) && ok;
    return ok;
}

static bool list(struct shop *s, struct arena *a, struct ask_seen *out, size_t *n)
{
    const struct link *m = &s->agent->market;
    struct err err;
    if (m->ops->asks_list(m->self, a, out, ASKS_MAX, n, &err) == LINK_DONE) return true;
    if (!agent_is_stopping(s->agent)) log_err(LOG_DEBUG, "asks.not_listed", &err);
    return false;
}

/* One look: offer first, then prices, of what stood before: an ask that was changed or placed just
 * now is too young to move. False: something did not work; to be tried again. */
static bool look(struct shop *s)
{
    struct arena arena;
    struct ask_seen asks[ASKS_MAX];
    size_t n = 0;

    arena_init(&arena, ASKS_MEMORY);
    bool ok = list(s, &arena, asks, &n);
    if (ok && s->unfit)
        ok = take_back(s, asks, n);
    else if (ok && s->agent->offer)
        ok = put_right(s, asks, n);
    if (ok && !s->unfit) ok = pricer_look(s->pricer, s->agent, asks, n, &s->next_us);
    arena_done(&arena);
    return ok;
}

/* The market must know the machine before it can take an ask of it. */
static bool put_node(struct agent *a)
{
    struct err err;
    for (int failures = 1;; failures++) {
        if (a->market.ops->put_node(a->market.self, &a->report, &err) == LINK_DONE) return true;
        if (!agent_is_stopping(a)) log_err(LOG_WARN, "node.not_told", &err);
        if (!agent_pause(a, agent_backoff_us(a, failures))) return false;
    }
}

/* Until something is to be done. False: the agent is stopping. */
static bool wait_for_work(struct shop *s, bool ok, int failures)
{
    struct agent *a = s->agent;
    const int64_t now = clock_monotonic_us();
    /* A refusal will not be another one in a second: the owner has to change something. */
    int64_t us = ok || s->refused ? a->settings.asks_us : agent_backoff_us(a, failures);
    if (s->not_before_us > now && s->not_before_us - now < us) us = s->not_before_us - now;
    const int64_t price_us = s->next_us - clock_wall_us();
    if (ok && price_us > 0 && price_us < us) us = price_us;
    return agent_wait_poked(a, POKE_ASKS, us);
}

void *asks_main(void *arg)
{
    struct agent *a = arg;
    struct shop s = { .agent = a, .next_us = INT64_MAX };
    enum isolation isolation;
    if (!agent_await_fitness(a, &isolation)) return NULL;
    s.unfit = isolation == ISOLATION_NONE;
    if (!put_node(a)) return NULL;
    s.pricer = pricer_new(a->dir, a->id->trust.node_id);
    int failures = 0;
    bool ok;
    do {
        ok = look(&s);
        failures = ok ? 0 : failures + 1;
    } while (wait_for_work(&s, ok, failures));
    pricer_free(s.pricer);
    return NULL;
}
