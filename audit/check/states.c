/* SPDX-License-Identifier: Apache-2.0 */
/* What has no version: balances, standings, nodes and pools as they are after the last command. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "check/inside.h"

static const enum finding_kind meanings[COLUMNS] = {
#define TABLE(T, name, from, key)
#define COLUMN(T, C, name, type, finding) [T##_##C] = FIND_##finding,
#include "rows/tables.def"
#undef TABLE
#undef COLUMN
};

static bool compare(struct audit *a, const struct row *want, const struct row *got,
                    const char *kind)
{
    char w[512], g[512], object[96];
    const enum column first = table_infos[got->table].first;

    for (int i = 0; i < table_columns(got->table); i++) {
        const enum column c = (enum column)((int)first + i);
        const char type = column_infos[c].type;
        if (cell_eq(type, &want->cells[i], &got->cells[i])) continue;
        cell_print(type, &want->cells[i], w, sizeof(w));
        cell_print(type, &got->cells[i], g, sizeof(g));
        snprintf(object, sizeof(object), "%s.%s", object_named(kind, got->cells[0].i),
                 column_infos[c].name);
        return find(&a->f, meanings[c], a->n->last_seq, object, w, g);
    }
    return true;
}

static bool extra(struct audit *a, enum finding_kind kind, const char *what, int64_t number)
{
    return find(&a->f, kind, a->n->last_seq, object_named(what, number), "none, or one", "a row");
}

static bool check_balance(struct audit *a, const struct row *r)
{
    const struct balance *b = naive_account(a->n, r->cells[0].i);
    struct row want = { .table = r->table };

    /* in order: the one whose turn it is */
    if (!b || b != &a->n->accounts[a->balances_seen]) {
        const bool missing = b && b > &a->n->accounts[a->balances_seen];
        if (!missing) return extra(a, FIND_BALANCE_ROW, "account", r->cells[0].i);
        return find(&a->f, FIND_BALANCE_ROW, a->n->last_seq,
                    object_named("account", a->n->accounts[a->balances_seen].account), "a balance",
                    "none");
    }
    a->balances_seen++;
    row_at(&want, BALANCES_ACCOUNT)->i = b->account;
    row_at(&want, BALANCES_AVAILABLE)->i = b->available.micros;
    row_at(&want, BALANCES_HELD)->i = b->held.micros;
    return compare(a, &want, r, "account");
}

static bool is_plain(const struct standing *s)
{
    return s->tier == 0 && s->team == 0 && s->quota == 0 && s->invited_by == 0 &&
           s->invited_quota == 0;
}

static bool check_standing(struct audit *a, const struct row *r)
{
    const struct standing *s = naive_standing(a->n, r->cells[0].i);
    struct row want = { .table = r->table };

    if (!s) return extra(a, FIND_STANDING, "account", r->cells[0].i);
    a->standings_seen += !is_plain(s);
    row_at(&want, STANDINGS_ACCOUNT)->i = s->account;
    row_at(&want, STANDINGS_TIER)->i = s->tier;
    row_at(&want, STANDINGS_TEAM)->i = s->team;
    row_at(&want, STANDINGS_QUOTA)->i = s->quota;
    row_at(&want, STANDINGS_INVITED_BY)->i = s->invited_by;
    row_at(&want, STANDINGS_INVITED_QUOTA)->i = s->invited_quota;
    return compare(a, &want, r, "account");
}

static void expect_node(const struct node *n, struct row *want)
{
    const struct traits *t = &n->spec.traits;
    const int64_t cells[] = { n->node,
                              n->account,
                              n->at_us,
                              n->spec.cpu_millis,
                              n->spec.memory_bytes,
                              n->spec.scratch_bytes,
                              n->spec.gpu_pool,
                              n->spec.gpus,
                              t->region,
                              t->tier,
                              t->verified,
                              t->isolation,
                              t->interconnect,
                              t->bandwidth_mbps,
                              t->label,
                              t->site,
                              n->strikes,
                              n->backoff_us,
                              n->quoted_us,
                              n->ill_since_us,
                              n->ill_us,
                              n->drain_us,
                              n->drain_stops };

    for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++)
        want->cells[i].i = cells[i];
}

static bool check_node(struct audit *a, const struct row *r)
{
    const struct node *n = naive_node(a->n, r->cells[0].i);
    struct row want = { .table = r->table };

    if (!n || n < &a->n->nodes[a->nodes_seen])
        return extra(a, FIND_NODE_ROW, "node", r->cells[0].i);
    if (n != &a->n->nodes[a->nodes_seen])
        return find(&a->f, FIND_NODE_ROW, a->n->last_seq,
                    object_named("node", a->n->nodes[a->nodes_seen].node), "a row", "none");
    a->nodes_seen++;
    expect_node(n, &want);
    return compare(a, &want, r, "node");
}

static bool is_untouched(const struct pool_state *s)
{
    return s->call_us == 0 && s->called_seq == 0 && s->cursor_priority == 0 && s->recent_n == 0;
}

static bool check_pool(struct audit *a, const struct row *r)
{
    const struct pool_state *s = naive_pool_state(a->n, (int32_t)r->cells[0].i);
    struct row want = { .table = r->table };
    int64_t recent[2 * REFERENCE_TRADES];

    if (!s) return extra(a, FIND_POOL_STATE, "pool", r->cells[0].i);
    a->pools_seen += !is_untouched(s);
    for (size_t i = 0; i < (size_t)s->recent_n; i++) {
        recent[2 * i] = s->recent[i].micros;
        recent[2 * i + 1] = s->recent_sellers[i];
    }
    row_at(&want, POOL_STATES_POOL)->i = s->pool;
    row_at(&want, POOL_STATES_CALL)->i = s->call_us;
    row_at(&want, POOL_STATES_CALLED_SEQ)->i = s->called_seq;
    row_at(&want, POOL_STATES_CURSOR_LIMIT)->i = s->cursor_limit.micros;
    row_at(&want, POOL_STATES_CURSOR_PRIORITY)->i = s->cursor_priority;
    row_at(&want, POOL_STATES_RECENT)->list = recent;
    row_at(&want, POOL_STATES_RECENT)->list_n = 2 * (size_t)s->recent_n;
    return compare(a, &want, r, "pool");
}

bool check_state(struct audit *a, const struct row *r)
{
    switch ((int)r->table) {
    case TABLE_BALANCES: return check_balance(a, r);
    case TABLE_STANDINGS: return check_standing(a, r);
    case TABLE_NODES: return check_node(a, r);
    case TABLE_POOL_STATES: return check_pool(a, r);
    default: assert(false && "not a table of states"); return false;
    }
}

bool check_states_end(struct audit *a)
{
    const struct naive *n = a->n;
    size_t standings = 0, pools = 0;

    for (size_t i = 0; i < n->accounts_n; i++)
        standings += !is_plain(&n->standings[i]);
    for (size_t i = 0; i < n->pools_n; i++)
        pools += !is_untouched(&n->states[i]);
    if (a->balances_seen != n->accounts_n)
        return find_i64(&a->f, FIND_BALANCE_ROW, n->last_seq, "balances", (int64_t)n->accounts_n,
                        (int64_t)a->balances_seen);
    if (a->nodes_seen != n->nodes_n)
        return find_i64(&a->f, FIND_NODE_ROW, n->last_seq, "nodes", (int64_t)n->nodes_n,
                        (int64_t)a->nodes_seen);
    if (a->standings_seen != standings)
        return find_i64(&a->f, FIND_STANDING, n->last_seq, "standings", (int64_t)standings,
                        (int64_t)a->standings_seen);
    if (a->pools_seen != pools)
        return find_i64(&a->f, FIND_POOL_STATE, n->last_seq, "pool_states", (int64_t)pools,
                        (int64_t)a->pools_seen);
    return true;
}
