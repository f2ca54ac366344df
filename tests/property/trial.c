/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/property/trial.h"

#include <assert.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/property/compare.h"
#include "tests/property/laws.h"

const char *const trial_kinds[KINDS] = {
    "none",
    "open_account",
    "credit",
    "put_node",
    "place_ask",
    "amend_ask",
    "cancel_ask",
    "submit_job",
    "amend_bid",
    "cancel_job",
    "accept_lease",
    "decline_lease",
    "lease_ready",
    "lease_cannot_start",
    "lease_exit",
    "lease_timeout",
    "lease_lost",
    "lease_spent",
    "expire_order",
    "request_payout",
    "complete_payout",
    "fail_payout",
    "reenter",
    "lease_ripe",
    "close_auction",
    "offer",
    "call",
    "rate_node",
    "rate_account",
    "invite",
    "join_team",
    "leave_team",
    "trim",
    "set_rules",
    "lease_prepared",
    "lease_checkpoint",
    "node_health",
    "drain_node",
    "lease_drained",
};

/* ---- Memory ---- */

static void *faulty_resize(void *arg, void *p, size_t size)
{
    struct faulty *f = arg;
    if (size > 0 && f->fail_in > 0 && --f->fail_in == 0) {
        if (f->fail_after) f->fail_in = 1;
        return NULL;
    }
    void *q = mem_heap.resize(mem_heap.arg, p, size);
    if (p == NULL && q != NULL) f->blocks++;
    if (p != NULL && size == 0) f->blocks--;
    return q;
}

static void arm(struct trial *t)
{
    t->faulty.fail_in = 1 + dice_below(&t->dice, 5);
    t->faulty.fail_after = dice_percent(&t->dice, 50);
}

/* ---- Failing ---- */

/* NOLINTBEGIN(bugprone-signal-handler): a dying test may say why, even from a handler. */

static struct trial *on_trial;       /* for the handler of signals only */
static const struct command *on_way; /* the command that is being applied */

static void say_ask(const struct ask_spec *a)
{
    fprintf(stderr,
            " node %" PRId64 " pool %d price %" PRId64 " floor %" PRId64 " units %d"
            " until %" PRId64 " seconds %d-%d sets %" PRIx64 "%s tier %d egress %d risk %d%s",
            a->node, a->pool, a->price.micros, a->floor.micros, a->units, a->until_us,
            a->seconds_min, a->seconds_max, (uint64_t)a->sets,
            a->interruptible ? " interruptible" : "", a->buyer_tier_min, a->egress_max,
            a->risk_seconds, a->post_only ? " post-only" : "");
}

static void say_bid(const struct bid_spec *b)
{
    const struct wish *w = &b->wish;
    for (int32_t i = 0; i < b->wants_n && i < WANTS_MAX; i++)
        fprintf(stderr, "%s %d of pool %d", i == 0 ? "" : " or", b->wants[i].units,
                b->wants[i].pool);
    fprintf(stderr,
            " limit %" PRId64 " rank %d budget %" PRId64 " nodes %d%s seconds %d checkpoint %d"
            " expires %" PRId64 " attempts %d tif %d own %d%s auction %d; regions %x tier %d"
            " verified %d isolation %d interconnect %d bandwidth %d label %" PRId64 " egress %d",
            b->limit.micros, (int)b->rank, b->budget.micros, b->nodes,
            b->same_site ? " of one site" : "", b->seconds, b->checkpoint_seconds, b->expires_us,
            b->attempts_max, (int)b->tif, (int)b->own, b->interruptible ? " interruptible" : "",
            b->auction_ms, (unsigned)w->regions, w->tier_min, w->verified, w->isolation_min,
            w->interconnect_min, w->bandwidth_min_mbps, w->label, w->egress);
}

static void say_node(int64_t node, const struct node_spec *s)
{
    const struct traits *t = &s->traits;
    fprintf(stderr,
            " node %" PRId64 " cpu %d memory %" PRId64 " scratch %" PRId64 " gpus %d of %d;"
            " region %d isolation %d interconnect %d bandwidth %d label %" PRId64 " site %" PRId64,
            node, s->cpu_millis, s->memory_bytes, s->scratch_bytes, s->gpus, s->gpu_pool, t->region,
            t->isolation, t->interconnect, t->bandwidth_mbps, t->label, t->site);
}

static bool is_of_lease(enum command_kind kind)
{
    return (kind >= COMMAND_ACCEPT_LEASE && kind <= COMMAND_LEASE_SPENT) ||
           kind == COMMAND_LEASE_RIPE || kind == COMMAND_LEASE_DRAINED;
}

static void say_command(const struct command *c)
{
    fprintf(stderr, "command %" PRId64 " at %" PRId64 " by %" PRId64 ": %s", c->seq, c->at_us,
            c->account, trial_kinds[c->kind]);
    if (c->kind == COMMAND_PLACE_ASK)
        say_ask(&c->u.place_ask);
    else if (c->kind == COMMAND_SUBMIT_JOB)
        say_bid(&c->u.submit_job);
    else if (c->kind == COMMAND_PUT_NODE)
        say_node(c->u.put_node.node, &c->u.put_node.spec);
    else if (c->kind == COMMAND_AMEND_ASK)
        fprintf(stderr, " ask %" PRId64 " price %" PRId64 " units %d", c->u.amend_ask.ask,
                c->u.amend_ask.price.micros, c->u.amend_ask.units);
    else if (c->kind == COMMAND_OFFER)
        fprintf(stderr, " bid %" PRId64 " ask %" PRId64 " price %" PRId64, c->u.offer.bid,
                c->u.offer.ask, c->u.offer.price.micros);
    else if (c->kind == COMMAND_RATE_NODE || c->kind == COMMAND_RATE_ACCOUNT)
        fprintf(stderr, " %" PRId64 " tier %d verified %d", c->u.rate.number, c->u.rate.tier,
                c->u.rate.verified);
    else if (c->kind == COMMAND_DRAIN_NODE)
        fprintf(stderr, " node %" PRId64 " from %" PRId64 " stops %d", c->u.drain_node.node,
                c->u.drain_node.from_us, c->u.drain_node.stops);
    else if (c->kind == COMMAND_INVITE)
        fprintf(stderr, " %" PRId64 " quota %d", c->u.invite.account, c->u.invite.quota);
    else if (is_of_lease(c->kind))
        fprintf(stderr,
                " lease %" PRId64 " epoch %d seconds %" PRId64 " exit %d reason %d fault %d",
                c->u.lease.lease, c->u.lease.epoch, c->u.lease.seconds, c->u.lease.exit_code,
                (int)c->u.lease.reason, (int)c->u.lease.fault);
    else
        fprintf(stderr, " %" PRId64 " %" PRId64, c->u.credit.account, c->u.credit.amount.micros);
    fprintf(stderr, "\n");
}

static void say_trial(const struct trial *t, const struct command *c)
{
    fprintf(stderr, "seed %" PRIu64 ", step %" PRId64 "\n", t->seed, t->steps);
    if (c != NULL) say_command(c);
    if (t->wide) return; /* it is part of every long run */
    fprintf(stderr, "repeat: test_market --seed %" PRIu64 " --markets 1 --commands %" PRId64 "\n",
            t->seed, (int64_t)t->log_max);
}

/* The open orders as the model has them, for whoever looks for the reason. */
static void say_orders(const struct naive *n)
{
    for (size_t i = 0; i < n->asks_n; i++) {
        const struct ask *a = &n->asks[i];
        fprintf(stderr,
                "  ask %" PRId64 " by %" PRId64 " state %d priority %" PRId64 " parked %" PRId64
                " free %d of",
                a->ask, a->account, (int)a->state, a->priority, a->parked, a->free);
        say_ask(&a->spec);
        fprintf(stderr, "; region %d tier %d isolation %d site %" PRId64 "%s\n", a->traits.region,
                a->traits.tier, a->traits.isolation, a->traits.site, a->stale ? " stale" : "");
    }
    for (size_t i = 0; i < n->bids_n; i++) {
        const struct bid *b = &n->bids[i];
        fprintf(stderr,
                "  bid %" PRId64 " by %" PRId64 " state %d priority %" PRId64 " parked %" PRId64
                "%s tier %d:",
                b->bid, b->account, (int)b->state, b->priority, b->parked,
                b->sealed ? " sealed" : "", b->tier);
        say_bid(&b->spec);
        fprintf(stderr, "\n");
    }
}

void trial_fail(struct trial *t, const struct command *c, const char *why)
{
    fprintf(stderr, "%s\n", why);
    say_trial(t, c);
    if (t->aloud) say_orders(t->model);
    exit(1);
}

/* An assertion of the market failed, or it crashed: say where before the program ends. */
static void on_signal(int number)
{
    if (on_trial != NULL) say_trial(on_trial, on_way);
    signal(number, SIG_DFL);
    raise(number);
}
/* NOLINTEND(bugprone-signal-handler) */

/* ---- Begin ---- */

/* So much money that the sum of an account or of the world is a few credits from its limit. */
static void lade(struct trial *t)
{
    struct naive *n = t->model;
    const int64_t spare = 1 + dice_below(&t->dice, INT64_C(3000000000000000));
    const int64_t second = dice_percent(&t->dice, 50) ? 0 : dice_below(&t->dice, 1000000000);
    for (int64_t a = 16; a <= 17; a++) {
        naive_add_account(n, a);
        naive_account(n, a)->available.micros = a == 16 ? INT64_MAX - spare - second : second;
    }
    n->accounts[0].available.micros = -(INT64_MAX - spare);
    n->last_seq = 17;
    for (size_t i = 0; i < n->accounts_n; i++)
        t->kept->balances[i] = n->accounts[i];
    t->kept->balances_n = n->accounts_n;
}

struct trial *trial_begin(uint64_t seed, const struct style *style, int64_t commands,
                          struct seen *seen)
{
    struct trial *t = mem_zalloc(sizeof(*t));
    t->seed = seed;
    t->dice.state = seed;
    t->seen = seen;
    t->style = *style;
    t->mem = (struct mem){ faulty_resize, &t->faulty };
    t->model = naive_new(&style->rules, style->pools, style->pools_n);
    t->kept = mem_zalloc(sizeof(*t->kept));
    t->log_max = (size_t)commands;
    t->log = mem_zalloc(t->log_max * sizeof(*t->log));
    t->group_max = 1;
    t->aloud = getenv("TRIAL_ALOUD") != NULL;
    /* The market's own accounts are there from the beginning. */
    t->kept->balances[0].account = ACCOUNT_WORLD;
    t->kept->balances[1].account = ACCOUNT_FEES;
    t->kept->balances[2].account = ACCOUNT_INSURANCE;
    t->kept->balances_n = 3;
    t->model->last_us = INT64_C(1000000000000000);
    if (style->late) t->model->last_seq = (INT64_C(1) << 45) + dice_below(&t->dice, 1000000);
    if (style->laden) lade(t);
    t->market = kept_rebuild(t->kept, t->model, &t->mem);
    if (t->market == NULL) trial_fail(t, NULL, "no market without any failure of memory");
    on_trial = t;
    signal(SIGABRT, on_signal);
    signal(SIGSEGV, on_signal);
    return t;
}

/* ---- One command ---- */

static size_t touched_n(struct market *m)
{
    struct touched x;
    market_touched(m, &x);
    return x.balances_n + x.standings_n + x.pools_n + x.offers_n + x.nodes_n + x.asks_n + x.bids_n +
           x.leases_n + x.payouts_n + x.trades_n;
}

/* Apply it, at times with failing memory: a refusal for want of memory must leave all as it was,
 * and then the command is applied again. */
static void apply(struct trial *t, const struct command *c, struct outcome *out)
{
    const bool watched = dice_percent(&t->dice, t->wide ? 1 : 30);
    const uint64_t before = watched ? market_hash(t->market) : 0;
    const size_t touched_before = touched_n(t->market);
    if (watched) arm(t);
    market_apply(t->market, c, out);
    t->faulty.fail_in = 0;
    const bool failed = out->refused == ERR_OVERLOADED;
    if (out->refused != ERR_NONE) {
        if (watched && market_hash(t->market) != before)
            trial_fail(t, c, "a refused command changed the state");
        if (touched_n(t->market) != touched_before)
            trial_fail(t, c, "a refused command touched objects");
        if (out->postings_n != 0 || out->trades_n != 0)
            trial_fail(t, c, "a refused command moved money or traded");
        if (out->why[0] == '\0' || memchr(out->why, '\0', sizeof(out->why)) == NULL)
            trial_fail(t, c, "a refused command does not say why");
    }
    if (!failed) return;
    t->seen->failures++;
    market_check(t->market);
    market_apply(t->market, c, out);
}

static void count_short(const struct naive *n, struct seen *s, const struct lease *l)
{
    const int64_t least_us = n->rules.min_run_seconds * SECOND_US;
    if (l->ended_us != n->now || l->base.micros == 0 ||
        (l->ready_us != 0 && n->now >= l->ready_us + least_us))
        return;
    if (l->own)
        s->short_own++;
    else if (l->fault == WHOSE_PROVIDER)
        s->short_faulty++;
    else
        s->short_owing += l->charge.micros > 0 && l->insurance.micros > 0;
}

static void count(struct trial *t, const struct command *c, const struct lease *before)
{
    struct seen *s = t->seen;
    if (t->model->refused == ERR_NONE)
        s->applied[c->kind]++;
    else
        s->refused[c->kind][t->model->refused]++;
    s->trades += (int64_t)t->model->trades_n;
    for (size_t i = 0; i < t->model->trades_n; i++) {
        const struct trade *x = &t->model->trades[i];
        s->own += x->own;
        s->displacing += x->displacing;
        s->gangs += naive_bid(t->model, x->bid)->spec.nodes > 1;
    }
    const struct lease *after = naive_lease(t->model, before->lease);
    if (after != NULL) s->ends[before->state][after->state]++;
    if (after != NULL && t->model->refused == ERR_NONE) count_short(t->model, s, after);
}

/* The lease that the command is about, as it is now; zero when none. */
static struct lease subject(struct naive *n, const struct command *c)
{
    int64_t number = 0;
    if (is_of_lease(c->kind)) number = c->u.lease.lease;
    if (c->kind == COMMAND_CANCEL_JOB && naive_bid(n, c->u.order.order) != NULL)
        number = naive_bid(n, c->u.order.order)->lease;
    const struct lease *l = naive_lease(n, number);
    return l != NULL ? *l : (struct lease){ 0 };
}

/* What the command did, for whoever follows a single market. */
static void say_step(const struct trial *t, const struct command *c, const struct outcome *o)
{
    say_command(c);
    fprintf(stderr, "    %s%s", o->refused == ERR_NONE ? "applied" : o->why,
            t->model->refused == o->refused ? "" : " (the model says otherwise)");
    for (size_t i = 0; i < t->model->trades_n; i++) {
        const struct trade *x = &t->model->trades[i];
        fprintf(stderr,
                "; lease %" PRId64 ": bid %" PRId64 " ask %" PRId64 " %d at %" PRId64 "%s%s",
                x->trade, x->bid, x->ask, x->units, x->price.micros, x->own ? " own" : "",
                x->displacing ? " displacing" : "");
    }
    fprintf(stderr, "\n");
}

void trial_step(struct trial *t, struct command *c)
{
    struct naive *n = t->model;
    struct outcome out;
    memset(&out, 0xa5, sizeof(out)); /* whatever was there before does not matter */
    c->seq = n->last_seq + 1;
    if (c->at_us < n->last_us) c->at_us = n->last_us;
    t->steps++;
    on_way = c;
    const struct lease before = subject(n, c);
    apply(t, c, &out);
    naive_apply(n, c);
    count(t, c, &before);
    if (t->aloud) say_step(t, c, &out);
    if (!compare_outcome(n, &out, market_trades(t->market)) || !compare_balances(t->market, n))
        trial_fail(t, c, out.refused == ERR_NONE ? "the command did something else" : out.why);
    const char *broken = t->wide ? NULL : law_broken(n);
    if (broken != NULL) trial_fail(t, c, broken);
    const int64_t ahead = dice_percent(&t->dice, 70) ? 0 : dice_below(&t->dice, 7200000000);
    if ((!t->wide || t->group == 0) && !compare_due(t->market, n, n->last_us + ahead))
        trial_fail(t, c, "something else is due");
    if (n->refused == ERR_NONE) {
        assert(t->log_n < t->log_max);
        t->log[t->log_n++] = *c;
    }
    if (++t->group >= t->group_max) trial_end_group(t);
    on_way = NULL;
}

/* ---- Groups, looks and rebuilding ---- */

static void count_objects(struct trial *t)
{
    const struct naive *n = t->model;
    struct seen *s = t->seen;
    for (size_t i = 0; i < n->leases_n; i++) {
        s->leases[n->leases[i].state]++;
        if (n->leases[i].ended_us != 0) s->lease_reasons[n->leases[i].reason]++;
    }
    for (size_t i = 0; i < n->asks_n; i++)
        s->parked += n->asks[i].parked != 0;
    for (size_t i = 0; i < n->bids_n; i++)
        s->parked += n->bids[i].parked != 0;
    for (size_t i = 0; i < n->asks_n; i++)
        if (n->asks[i].state != ORDER_OPEN) s->ask_reasons[n->asks[i].reason]++;
    for (size_t i = 0; i < n->bids_n; i++) {
        s->jobs[n->bids[i].job]++;
        if (n->bids[i].hold.micros == 0) s->bid_reasons[n->bids[i].reason]++;
        if (n->bids[i].state == ORDER_FAILED) s->failed_bids[n->bids[i].reason]++;
    }
}

/* Let a placed job have spent money before, as if by leases of the past, so that its budget may not
 * carry another start. Only a rebuilt market can be told. */
static void squeeze_budgets(struct trial *t)
{
    struct naive *n = t->model;
    const uint64_t before = market_hash(t->market);
    bool changed = false;
    assert(n->bids_n == t->kept->bids_n);
    for (size_t i = 0; i < n->bids_n; i++) {
        struct bid *b = &n->bids[i];
        const int64_t spare = b->spec.budget.micros - b->spent.micros - b->hold.micros;
        if (b->state != ORDER_FILLED || b->lease == 0 || spare <= 0) continue;
        b->spent.micros += dice_percent(&t->dice, 50) ? spare : 1 + dice_below(&t->dice, spare);
        t->kept->bids[i].spent = b->spent;
        changed = true;
        t->seen->squeezed++;
    }
    if (!changed) return;
    market_free(t->market);
    t->market = kept_rebuild(t->kept, t->model, &t->mem);
    if (t->market == NULL) trial_fail(t, NULL, "a market cannot be loaded");
    if (market_hash(t->market) == before) trial_fail(t, NULL, "another state has the same hash");
}

/* Build a second market from what is kept; it takes the place of the first. Now and then memory
 * fails on the way: then nothing may stay behind. */
static void rebuild(struct trial *t)
{
    if (dice_percent(&t->dice, 30)) {
        const int64_t blocks = t->faulty.blocks;
        t->faulty.fail_in = 1 + dice_below(&t->dice, 40);
        struct market *m = kept_rebuild(t->kept, t->model, &t->mem);
        t->faulty.fail_in = 0;
        market_free(m);
        if (t->faulty.blocks != blocks) trial_fail(t, NULL, "a failed load keeps memory");
    }
    struct market *m = kept_rebuild(t->kept, t->model, &t->mem);
    if (m == NULL) trial_fail(t, NULL, "a market cannot be loaded");
    if (market_hash(m) != market_hash(t->market))
        trial_fail(t, NULL, "a rebuilt market has another hash");
    market_free(t->market);
    t->market = m;
    t->seen->rebuilt++;
}

static void look(struct trial *t)
{
    const char *broken = law_broken(t->model);
    if (broken != NULL) trial_fail(t, on_way, broken);
    market_check(t->market);
    if (!compare_market(t->market, t->model)) trial_fail(t, on_way, "the state is another");
}

/* What has become final and is forgotten must not be found any more. */
static void check_dropped(struct trial *t)
{
    const struct kept *k = t->kept;
    struct naive *n = t->model;
    for (size_t i = 0; i < k->asks_n; i++)
        if (!naive_ask(n, k->asks[i].ask) && market_ask(t->market, k->asks[i].ask))
            trial_fail(t, on_way, "a final ask is still there");
    for (size_t i = 0; i < k->bids_n; i++)
        if (!naive_bid(n, k->bids[i].bid) && market_bid(t->market, k->bids[i].bid))
            trial_fail(t, on_way, "a final bid is still there");
    for (size_t i = 0; i < k->leases_n; i++)
        if (!naive_lease(n, k->leases[i].lease) && market_lease(t->market, k->leases[i].lease))
            trial_fail(t, on_way, "a final lease is still there");
}

void trial_end_group(struct trial *t)
{
    struct touched touched;
    const bool before = --t->until_look < 0;
    if (before) look(t);
    market_touched(t->market, &touched);
    if (!kept_take(t->kept, &touched) || !kept_compare(t->kept, t->model))
        trial_fail(t, on_way, "the store would keep something else");
    count_objects(t);
    market_settle_group(t->market);
    naive_settle_group(t->model);
    if (touched_n(t->market) != 0) trial_fail(t, on_way, "a settled group is still touched");
    t->group = 0;
    t->group_max = (int32_t)(dice_percent(&t->dice, 50) ? 1 : 1 + dice_below(&t->dice, 24));
    if (t->wide) t->group_max = GROUP_MAX;
    if (!before) {
        kept_drop(t->kept, t->model);
        return;
    }
    check_dropped(t);
    const bool rebuilds = dice_percent(&t->dice, 30);
    if (rebuilds && dice_percent(&t->dice, 30)) rebuild(t); /* with what is over: it is left out */
    kept_drop(t->kept, t->model);
    look(t);
    t->until_look = 3 + dice_below(&t->dice, 20);
    if (rebuilds) rebuild(t);
    if (rebuilds && t->style.squeezed) squeeze_budgets(t);
}

/* ---- End ---- */

/* The same commands, in one group, give the same market. */
static void replay(struct trial *t)
{
    struct kept *kept = mem_zalloc(sizeof(*kept));
    struct naive *start = naive_new(&t->style.rules, t->style.pools, t->style.pools_n);
    struct outcome out;
    const int64_t first = t->log_n > 0 ? t->log[0].seq : ACCOUNT_FIRST;
    start->last_seq = first - 1;
    struct market *m = kept_rebuild(kept, start, &t->mem);
    if (m == NULL) trial_fail(t, NULL, "a market cannot be loaded");
    for (size_t i = 0; i < t->log_n; i++) {
        market_apply(m, &t->log[i], &out);
        if (out.refused != ERR_NONE) trial_fail(t, &t->log[i], "a replay refuses");
    }
    market_settle_group(m);
    if (market_hash(m) != market_hash(t->market)) trial_fail(t, NULL, "a replay ends elsewhere");
    t->seen->replayed++;
    market_free(m);
    naive_free(start);
    mem_free(kept);
}

void trial_end(struct trial *t)
{
    t->until_look = 0;
    trial_end_group(t);
    look(t);
    if (!t->style.squeezed && !t->style.laden) replay(t);
    market_free(t->market);
    if (t->faulty.blocks != 0) trial_fail(t, NULL, "a freed market keeps memory");
    on_trial = NULL;
    naive_free(t->model);
    mem_free(t->kept);
    mem_free(t->log);
    mem_free(t);
}
