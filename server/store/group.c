/* SPDX-License-Identifier: Apache-2.0 */
#include "store/group.h"

#include <assert.h>

#include "base/mem.h"
#include "store/pipeline.h"
#include "store/sheet.h"
#include "store/sql.h"
#include "store/terms.h"

enum sheet_name {
    ACCOUNTS_NEW,
    COMMAND_ROWS,
    FOREIGN,
    BALANCES_NEW,
    BALANCES,
    STANDINGS,
    NODES_NEW,
    NODES,
    ASKS_NEW,
    ASKS,
    BIDS_NEW,
    BIDS_RESTING,
    BIDS,
    AUCTIONS,
    OFFERS,
    TRADES,
    LEASES_NEW,
    LEASES,
    LEASE_COMMANDS,
    PAYOUTS_NEW,
    PAYOUTS,
    POOLS,
    OUTBOX,
    SHEETS
};

/* In the order in which they are sent. */
static const struct {
    const struct sql_stmt *stmt;
    const char *elements;
} sheet_kinds[SHEETS] = {
    [ACCOUNTS_NEW] = { &SQL_group_accounts_new, "it" },
    [COMMAND_ROWS] = { &SQL_group_commands, "itiiubibbiiII" },
    [FOREIGN] = { &SQL_group_foreign, "ii" },
    [BALANCES_NEW] = { &SQL_group_balances_new, "iii" },
    [BALANCES] = { &SQL_group_balances, "iii" },
    [STANDINGS] = { &SQL_group_standings, "iiiiii" },
    [NODES_NEW] = { &SQL_group_nodes_new, "iitiiiiiiiiiiiiiitttiti" },
    [NODES] = { &SQL_group_nodes, "iiiiiiiiiiiiiiitttiti" },
    [ASKS_NEW] = { &SQL_group_asks_new, "iitiiiiiiitiiiiiiiI" },
    [ASKS] = { &SQL_group_asks, "iiiiitiiiiiI" },
    [BIDS_NEW] = { &SQL_group_bids_new, "iitiiiiiitiiiiiiiiiiiiiiiiI" },
    [BIDS_RESTING] = { &SQL_group_bids_resting, "iitiiiiitiii" },
    [BIDS] = { &SQL_group_bids, "iiiiiiiiiiiiiiiiI" },
    [AUCTIONS] = { &SQL_group_auctions, "it" },
    [OFFERS] = { &SQL_group_offers, "iiii" },
    [TRADES] = { &SQL_group_trades, "itiiiiiooo" },
    [LEASES_NEW] = { &SQL_group_leases_new, "iiiiiiiiiiiiiiiototttttiiiiiiiiiiittiiii" },
    [LEASES] = { &SQL_group_leases, "iiiiotttttiiiiiiiiiiittiiii" },
    [LEASE_COMMANDS] = { &SQL_group_lease_commands, "iii" },
    [PAYOUTS_NEW] = { &SQL_group_payouts_new, "iiiiti" },
    [PAYOUTS] = { &SQL_group_payouts, "iii" },
    [POOLS] = { &SQL_group_pools, "itiiiiiI" },
    [OUTBOX] = { &SQL_group_outbox, "iiii" },
};

enum outbox_topic { OUTBOX_LEASE = 3, OUTBOX_TRADE = 4 };

#define LINE_ACCOUNTS 11 /* loose columns of group_commands */
#define LINE_AMOUNTS  12

struct group {
    struct sheet sheets[SHEETS];
    int64_t outbox_n;
};

struct group *group_new(void)
{
    struct group *g = mem_zalloc(sizeof(*g));

    for (int i = 0; i < SHEETS; i++)
        sheet_init(&g->sheets[i], sheet_kinds[i].stmt, sheet_kinds[i].elements);
    return g;
}

void group_free(struct group *g)
{
    if (!g) return;
    for (int i = 0; i < SHEETS; i++)
        sheet_done(&g->sheets[i]);
    mem_free(g);
}

void group_clear(struct group *g)
{
    for (int i = 0; i < SHEETS; i++)
        sheet_clear(&g->sheets[i]);
    g->outbox_n = 0;
}

/* ---- commands ---- */

static void add_entry(struct sheet *s, const struct outcome *o)
{
    int64_t first = 0, last = 0;

    for (int32_t i = 0; i < o->postings_n; i++) {
        const struct posting *p = &o->postings[i];
        last = sheet_loose(s, LINE_ACCOUNTS, p->account * 4 + (int64_t)p->bucket);
        (void)sheet_loose(s, LINE_AMOUNTS, p->amount.micros);
        if (i == 0) first = last;
    }
    sheet_i64(s, first);
    sheet_i64(s, last);
}

static void add_foreign(struct sheet *s, const struct command *c, const struct outcome *o)
{
    int64_t before = 0;

    for (int32_t i = 0; i < o->postings_n; i++) { /* sorted by account */
        const int64_t account = o->postings[i].account;
        if (account == before || account == c->account) continue;
        sheet_i64(s, account);
        sheet_i64(s, c->seq);
        before = account;
    }
}

static bool is_lease_command(enum command_kind k)
{
    return (k >= COMMAND_ACCEPT_LEASE && k <= COMMAND_LEASE_SPENT) || k == COMMAND_LEASE_RIPE ||
           k == COMMAND_LEASE_PREPARED || k == COMMAND_LEASE_DRAINED;
}

void group_add_command(struct group *g, const struct group_command *c)
{
    struct sheet *s = &g->sheets[COMMAND_ROWS];
    const struct command *cmd = c->command;

    assert(c->outcome->refused == ERR_NONE);
    sheet_i64(s, cmd->seq);
    sheet_time(s, cmd->at_us);
    sheet_i64(s, cmd->account);
    sheet_i64(s, cmd->kind);
    sheet_uuid(s, c->key);
    sheet_bytes(s, c->body);
    sheet_i64(s, c->status);
    sheet_bytes(s, (struct str){ (const char *)c->leaf.b, sizeof(c->leaf.b) });
    sheet_bytes(s, c->payload);
    add_entry(s, c->outcome);
    add_foreign(&g->sheets[FOREIGN], cmd, c->outcome);
    if (cmd->kind == COMMAND_OPEN_ACCOUNT) {
        sheet_i64(&g->sheets[ACCOUNTS_NEW], cmd->seq);
        sheet_time(&g->sheets[ACCOUNTS_NEW], cmd->at_us);
    }
    if (is_lease_command(cmd->kind)) {
        sheet_i64(&g->sheets[LEASE_COMMANDS], cmd->u.lease.lease);
        sheet_i64(&g->sheets[LEASE_COMMANDS], cmd->kind);
        sheet_i64(&g->sheets[LEASE_COMMANDS], cmd->seq);
    }
}

/* ---- what they touched ---- */

static void add_outbox(struct group *g, int64_t version, enum outbox_topic topic, int64_t number)
{
    struct sheet *s = &g->sheets[OUTBOX];

    sheet_i64(s, version);
    sheet_i64(s, g->outbox_n++);
    sheet_i64(s, topic);
    sheet_i64(s, number);
}

static void add_balance(struct group *g, const struct balance *b)
{
    struct sheet *s = &g->sheets[b->touch.fresh ? BALANCES_NEW : BALANCES];

    sheet_i64(s, b->account);
    sheet_i64(s, b->available.micros);
    sheet_i64(s, b->held.micros);
}

/* Most accounts never have one: then they have no row. */
static void add_standing(struct group *g, const struct standing *st)
{
    struct sheet *s = &g->sheets[STANDINGS];
    const int64_t cells[] = { st->account, st->tier,       st->team,
                              st->quota,   st->invited_by, st->invited_quota };
    bool plain = st->touch.fresh;

    for (size_t i = 1; i < ARRAY_LEN(cells); i++)
        plain = plain && cells[i] == 0;
    for (size_t i = 0; i < ARRAY_LEN(cells) && !plain; i++)
        sheet_i64(s, cells[i]);
}

/* A list of its own in a cell: the values go to the loose column, the row names first and last. */
static void add_list(struct sheet *s, const int64_t *v, int n)
{
    int64_t first = 0, last = 0;

    for (int i = 0; i < n; i++) {
        last = sheet_loose(s, s->cells_n, v[i]);
        if (i == 0) first = last;
    }
    sheet_i64(s, first);
    sheet_i64(s, last);
}

static void add_node(struct group *g, const struct node *n)
{
    struct sheet *s = &g->sheets[n->touch.fresh ? NODES_NEW : NODES];

    sheet_i64(s, n->node);
    if (n->touch.fresh) {
        sheet_i64(s, n->account);
        sheet_time(s, n->at_us);
    }
    sheet_i64(s, n->spec.cpu_millis);
    sheet_i64(s, n->spec.memory_bytes);
    sheet_i64(s, n->spec.scratch_bytes);
    sheet_i64(s, n->spec.gpu_pool);
    sheet_i64(s, n->spec.gpus);
    const struct traits *t = &n->spec.traits;
    const int64_t rest[] = { t->region,    t->tier,         t->verified,
                             t->isolation, t->interconnect, t->bandwidth_mbps,
                             t->label,     t->site,         n->strikes };
    for (size_t i = 0; i < ARRAY_LEN(rest); i++)
        sheet_i64(s, rest[i]);
    sheet_time(s, n->backoff_us);
    sheet_time(s, n->quoted_us);
    sheet_time(s, n->ill_since_us);
    sheet_i64(s, n->ill_us);
    sheet_time(s, n->drain_us);
    sheet_i64(s, n->drain_stops);
}

static void add_ask(struct group *g, const struct ask *a, int64_t version)
{
    const bool fresh = a->touch.fresh;
    struct sheet *s = &g->sheets[fresh ? ASKS_NEW : ASKS];

    sheet_i64(s, a->ask);
    if (fresh) {
        sheet_i64(s, a->account);
        sheet_time(s, a->at_us);
    }
    sheet_i64(s, a->priority);
    if (fresh) {
        sheet_i64(s, a->spec.node);
        sheet_i64(s, a->spec.pool);
    }
    sheet_i64(s, a->spec.price.micros);
    if (fresh) sheet_i64(s, a->spec.floor.micros);
    sheet_i64(s, a->spec.units);
    sheet_i64(s, a->free);
    sheet_time(s, a->spec.until_us);
    if (fresh) {
        sheet_i64(s, a->spec.seconds_min);
        sheet_i64(s, a->spec.seconds_max);
    }
    sheet_i64(s, a->state);
    sheet_i64(s, a->reason);
    struct terms terms;
    terms_of_ask(a, &terms);
    add_list(s, terms.v, terms.n);
    sheet_i64(s, version);
}

static void add_auction(struct group *g, const struct bid *b)
{
    sheet_i64(&g->sheets[AUCTIONS], b->bid);
    sheet_time(&g->sheets[AUCTIONS], b->at_us + (int64_t)b->spec.auction_ms * 1000);
}

static bool has_terms(const struct bid *b)
{
    struct terms terms;

    terms_of_bid(b, &terms);
    return terms.n > 0;
}

/* Most bids that enter rest, and then half of their columns say that nothing has happened. To send
 * these costs as much as to send the others, so such bids have a statement of their own. */
static bool is_resting(const struct bid *b)
{
    return b->touch.fresh && b->priority == b->bid && b->state == ORDER_OPEN &&
           b->job == JOB_OPEN && b->spent.micros == 0 && b->lease == 0 && b->attempts == 0 &&
           b->exit_code == 0 && b->reason == REASON_NONE && b->excluded_n == 0 && b->parked == 0 &&
           progress_of_bid(b) == 0 && !has_terms(b);
}

static void add_resting(struct group *g, const struct bid *b, int64_t version)
{
    struct sheet *s = &g->sheets[BIDS_RESTING];

    sheet_i64(s, b->bid);
    sheet_i64(s, b->account);
    sheet_time(s, b->at_us);
    sheet_i64(s, b->spec.wants[0].pool);
    sheet_i64(s, b->spec.limit.micros);
    sheet_i64(s, b->spec.budget.micros);
    sheet_i64(s, b->spec.wants[0].units);
    sheet_i64(s, b->spec.seconds);
    sheet_time(s, b->spec.expires_us);
    sheet_i64(s, b->spec.attempts_max);
    sheet_i64(s, b->hold.micros);
    sheet_i64(s, version);
}

static void add_bid(struct group *g, const struct bid *b, int64_t version)
{
    const bool fresh = b->touch.fresh;
    struct sheet *s = &g->sheets[fresh ? BIDS_NEW : BIDS];

    sheet_i64(s, b->bid);
    if (fresh) {
        sheet_i64(s, b->account);
        sheet_time(s, b->at_us);
    }
    sheet_i64(s, b->priority);
    if (fresh) sheet_i64(s, b->spec.wants[0].pool);
    sheet_i64(s, b->spec.limit.micros);
    if (fresh) {
        sheet_i64(s, b->spec.budget.micros);
        sheet_i64(s, b->spec.wants[0].units);
        sheet_i64(s, b->spec.seconds);
        sheet_time(s, b->spec.expires_us);
        sheet_i64(s, b->spec.attempts_max);
    }
    sheet_i64(s, b->state);
    sheet_i64(s, b->job);
    sheet_i64(s, b->spent.micros);
    sheet_i64(s, b->hold.micros);
    sheet_i64(s, b->lease);
    sheet_i64(s, b->attempts);
    sheet_i64(s, b->exit_code);
    sheet_i64(s, b->reason);
    sheet_i64(s, progress_of_bid(b));
    sheet_i64(s, b->parked);
    add_list(s, b->excluded, b->excluded_n);
    if (fresh) {
        struct terms terms;
        terms_of_bid(b, &terms);
        add_list(s, terms.v, terms.n);
    }
    sheet_i64(s, version);
    if (fresh && b->sealed) add_auction(g, b);
}

/* When the command came that made a lease: its trade says so. The lease itself may have waited for
 * another since, and counts from then. */
static int64_t born_us(const struct touched *t, const struct lease *l)
{
    size_t from = 0, to = t->trades_n;

    while (from < to) {
        const size_t mid = from + (to - from) / 2;
        if (t->trades[mid].trade == l->lease) return t->trades[mid].at_us;
        if (t->trades[mid].trade < l->lease)
            from = mid + 1;
        else
            to = mid;
    }
    assert(false && "a new lease without its trade");
    return l->traded_us;
}

static void add_lease(struct group *g, const struct touched *t, const struct lease *l,
                      int64_t version)
{
    const bool fresh = l->touch.fresh;
    struct sheet *s = &g->sheets[fresh ? LEASES_NEW : LEASES];

    sheet_i64(s, l->lease);
    if (fresh) {
        const int64_t fixed[] = {
            l->bid,  l->ask,   l->node,         l->buyer,       l->provider,
            l->pool, l->units, l->price.micros, l->seconds_max, l->hold.micros
        };
        for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
            sheet_i64(s, fixed[i]);
    }
    sheet_i64(s, l->state);
    sheet_i64(s, l->epoch);
    sheet_i64(s, l->waits);
    if (fresh) {
        sheet_i64(s, l->base.micros);
        sheet_bool(s, l->own);
        sheet_time(s, born_us(t, l));
    }
    sheet_bool(s, l->ripe);
    sheet_time(s, l->traded_us);
    sheet_time(s, l->accepted_us);
    sheet_time(s, l->ready_us);
    sheet_time(s, l->stopping_us);
    sheet_time(s, l->ended_us);
    const int64_t moving[] = {
        l->seconds_signed, l->seconds_observed, l->seconds_billed, l->charge.micros, l->fee.micros,
        l->payout.micros,  l->insurance.micros, l->exit_code,      l->reason,        l->fault
    };
    for (size_t i = 0; i < ARRAY_LEN(moving); i++)
        sheet_i64(s, moving[i]);
    sheet_i64(s, version);
    sheet_time(s, l->prepared_us);
    sheet_time(s, l->gathered_us);
    sheet_i64(s, l->checkpoint);
    sheet_i64(s, l->seconds_kept);
    sheet_i64(s, l->seconds_looked);
    sheet_i64(s, l->ill_us);
    add_outbox(g, version, OUTBOX_LEASE, l->lease);
}

static void add_trade(struct group *g, const struct trade *t, int64_t version)
{
    struct sheet *s = &g->sheets[TRADES];

    sheet_i64(s, t->trade);
    sheet_time(s, t->at_us);
    sheet_i64(s, t->pool);
    sheet_i64(s, t->units);
    sheet_i64(s, t->price.micros);
    sheet_i64(s, t->bid);
    sheet_i64(s, t->ask);
    sheet_bool(s, t->bid_rested);
    sheet_bool(s, t->own);
    sheet_bool(s, t->displacing);
    add_outbox(g, version, OUTBOX_TRADE, t->trade);
}

static void add_payout(struct group *g, const struct payout *p, int64_t version)
{
    struct sheet *s = &g->sheets[p->touch.fresh ? PAYOUTS_NEW : PAYOUTS];

    sheet_i64(s, p->payout);
    if (p->touch.fresh) {
        sheet_i64(s, p->account);
        sheet_i64(s, p->amount.micros);
    }
    sheet_i64(s, p->state);
    if (p->touch.fresh) sheet_time(s, p->at_us);
    sheet_i64(s, version);
}

static void add_offer(struct group *g, const struct offer *o)
{
    struct sheet *s = &g->sheets[OFFERS];

    sheet_i64(s, o->bid);
    sheet_i64(s, o->ask);
    sheet_i64(s, o->price.micros);
    sheet_i64(s, o->seq);
}

/* One statement may not write a row twice; a group has few offers. */
static bool is_replaced(const struct touched *t, size_t i)
{
    for (size_t k = i + 1; k < t->offers_n; k++)
        if (t->offers[k].bid == t->offers[i].bid && t->offers[k].ask == t->offers[i].ask)
            return true;
    return false;
}

static void add_pool(struct group *g, const struct pool_state *p)
{
    struct sheet *s = &g->sheets[POOLS];
    int64_t pairs[2 * REFERENCE_TRADES] = { 0 };

    int64_t *at = pairs;
    for (int32_t i = 0; i < p->recent_n; i++) {
        *at++ = p->recent[i].micros;
        *at++ = p->recent_sellers[i];
    }
    sheet_i64(s, p->pool);
    sheet_time(s, p->call_us);
    sheet_i64(s, p->called_seq);
    sheet_i64(s, p->cursor_limit.micros);
    sheet_i64(s, p->cursor_priority);
    add_list(s, pairs, 2 * p->recent_n);
}

void group_add_touched(struct group *g, const struct touched *t, int64_t version)
{
    for (size_t i = 0; i < t->balances_n; i++)
        add_balance(g, t->balances[i]);
    for (size_t i = 0; i < t->standings_n; i++)
        add_standing(g, t->standings[i]);
    for (size_t i = 0; i < t->nodes_n; i++)
        add_node(g, t->nodes[i]);
    for (size_t i = 0; i < t->asks_n; i++)
        add_ask(g, t->asks[i], version);
    for (size_t i = 0; i < t->bids_n; i++)
        (is_resting(t->bids[i]) ? add_resting : add_bid)(g, t->bids[i], version);
    for (size_t i = 0; i < t->offers_n; i++)
        if (!is_replaced(t, i)) add_offer(g, &t->offers[i]);
    for (size_t i = 0; i < t->leases_n; i++)
        add_lease(g, t, t->leases[i], version);
    for (size_t i = 0; i < t->trades_n; i++)
        add_trade(g, &t->trades[i], version);
    for (size_t i = 0; i < t->payouts_n; i++)
        add_payout(g, t->payouts[i], version);
    for (size_t i = 0; i < t->pools_n; i++)
        add_pool(g, t->pools[i]);
}

bool group_send(struct group *g, struct db *db, int64_t epoch, struct err *err)
{
    const struct sql_arg fence[] = { SQL_I64(epoch) };

    if (!db_pipeline_begin(db, err)) return false;
    if (!db_pipeline_add(db, &SQL_leader_check, fence, 1, err)) return false;
    for (int i = 0; i < SHEETS; i++)
        if (!sheet_send(&g->sheets[i], db, err)) return false;
    return db_pipeline_send(db, err);
}
