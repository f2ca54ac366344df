/* SPDX-License-Identifier: Apache-2.0 */
#include "store/load.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "store/array.h"
#include "store/sql.h"
#include "store/terms.h"

#define ROW_BYTES_MAX 65536

/* Rows are read as plain 64-bit numbers and then put into the domain's structs, whose members have
 * the widths of the rules. */
struct row {
    int64_t n[40];
    struct str lists[2]; /* arrays of numbers */
};

/* clang-format off */
#define N(i) { "n" #i, SQL_T_I64,  offsetof(struct row, n[i]) }
#define T(i) { "n" #i, SQL_T_TIME, offsetof(struct row, n[i]) }
#define L(i) { "list" #i, SQL_T_BYTES, offsetof(struct row, lists[i]) }
/* clang-format on */

/* False: what the row says cannot be, or there is no memory for it. */
typedef bool load_fn(struct market *m, const struct row *r);

static bool load_balance(struct market *m, const struct row *r)
{
    const struct balance b = { .account = r->n[0], .available = { r->n[1] }, .held = { r->n[2] } };
    return market_load_balance(m, &b);
}

static bool load_standing(struct market *m, const struct row *r)
{
    const struct standing s = {
        .account = r->n[0],
        .tier = (int32_t)r->n[1],
        .team = r->n[2],
        .quota = (int32_t)r->n[3],
        .invited_by = r->n[4],
        .invited_quota = (int32_t)r->n[5],
    };
    return market_load_standing(m, &s);
}

static bool load_node(struct market *m, const struct row *r)
{
    const struct node n = {
        .node = r->n[0],
        .account = r->n[1],
        .at_us = r->n[2],
        .spec = { .cpu_millis = (int32_t)r->n[3],
                  .memory_bytes = r->n[4],
                  .scratch_bytes = r->n[5],
                  .gpu_pool = (int32_t)r->n[6],
                  .gpus = (int32_t)r->n[7],
                  .traits = { .region = (int32_t)r->n[8],
                              .tier = (int32_t)r->n[9],
                              .verified = (int32_t)r->n[10],
                              .isolation = (int32_t)r->n[11],
                              .interconnect = (int32_t)r->n[12],
                              .bandwidth_mbps = (int32_t)r->n[13],
                              .label = r->n[14],
                              .site = r->n[15] } },
        .strikes = (int32_t)r->n[16],
        .backoff_us = r->n[17],
        .quoted_us = r->n[18],
        .ill_since_us = r->n[19],
        .ill_us = r->n[20],
        .drain_us = r->n[21],
        .drain_stops = r->n[22] != 0,
    };
    return market_load_node(m, &n);
}

static bool read_terms(const struct row *r, int list, struct terms *out)
{
    *out = (struct terms){ .n = 0 };
    return terms_read(r->lists[list], out->v, ARRAY_LEN(out->v), &out->n);
}

static bool load_ask(struct market *m, const struct row *r)
{
    struct terms terms;
    struct ask a = {
        .ask = r->n[0],
        .account = r->n[1],
        .at_us = r->n[2],
        .priority = r->n[3],
        .spec = { .node = r->n[4],
                  .pool = (int32_t)r->n[5],
                  .price = { r->n[6] },
                  .floor = { r->n[7] },
                  .units = (int32_t)r->n[8],
                  .until_us = r->n[10],
                  .seconds_min = (int32_t)r->n[11],
                  .seconds_max = (int32_t)r->n[12] },
        .free = (int32_t)r->n[9],
        .state = (enum order_state)r->n[13],
        .reason = (enum reason)r->n[14],
    };
    if (!read_terms(r, 0, &terms)) return false;
    terms_to_ask(&terms, &a);
    return market_load_ask(m, &a);
}

static bool load_bid(struct market *m, const struct row *r)
{
    struct terms terms;
    int excluded_n = 0;
    struct bid b = {
        .bid = r->n[0],
        .account = r->n[1],
        .at_us = r->n[2],
        .priority = r->n[3],
        .spec = { .wants = { { (int32_t)r->n[4], (int32_t)r->n[7] } },
                  .limit = { r->n[5] },
                  .budget = { r->n[6] },
                  .seconds = (int32_t)r->n[8],
                  .expires_us = r->n[9],
                  .attempts_max = (int32_t)r->n[10] },
        .state = (enum order_state)r->n[11],
        .job = (enum job_state)r->n[12],
        .spent = { r->n[13] },
        .hold = { r->n[14] },
        .lease = r->n[15],
        .attempts = (int32_t)r->n[16],
        .exit_code = (int32_t)r->n[17],
        .reason = (enum reason)r->n[18],
    };
    if (!terms_read(r->lists[0], b.excluded, ARRAY_LEN(b.excluded), &excluded_n)) return false;
    if (!read_terms(r, 1, &terms)) return false;
    b.excluded_n = excluded_n;
    terms_to_bid(&terms, r->n[19], &b);
    b.parked = r->n[20];
    return market_load_bid(m, &b);
}

static bool load_lease(struct market *m, const struct row *r)
{
    const struct lease l = {
        .lease = r->n[0],
        .bid = r->n[1],
        .ask = r->n[2],
        .node = r->n[3],
        .buyer = r->n[4],
        .provider = r->n[5],
        .pool = (int32_t)r->n[6],
        .units = (int32_t)r->n[7],
        .price = { r->n[8] },
        .seconds_max = (int32_t)r->n[9],
        .hold = { r->n[10] },
        .state = (enum lease_state)r->n[11],
        .epoch = (int32_t)r->n[12],
        .traded_us = r->n[13],
        .accepted_us = r->n[14],
        .ready_us = r->n[15],
        .stopping_us = r->n[16],
        .ended_us = r->n[17],
        .seconds_signed = r->n[18],
        .seconds_observed = r->n[19],
        .seconds_billed = r->n[20],
        .charge = { r->n[21] },
        .fee = { r->n[22] },
        .payout = { r->n[23] },
        .exit_code = (int32_t)r->n[24],
        .reason = (enum reason)r->n[25],
        .fault = (enum fault)r->n[26],
        .base = { r->n[27] },
        .own = r->n[28] != 0,
        .ripe = r->n[29] != 0,
        .waits = r->n[30],
        .insurance = { r->n[31] },
        .prepared_us = r->n[32],
        .gathered_us = r->n[33],
        .checkpoint = r->n[34],
        .seconds_kept = (int32_t)r->n[35],
        .seconds_looked = (int32_t)r->n[36],
        .ill_us = r->n[37],
    };
    return market_load_lease(m, &l);
}

static bool load_payout(struct market *m, const struct row *r)
{
    const struct payout p = {
        .payout = r->n[0],
        .account = r->n[1],
        .amount = { r->n[2] },
        .state = (enum payout_state)r->n[3],
        .at_us = r->n[4],
    };
    return market_load_payout(m, &p);
}

static bool load_pool_state(struct market *m, const struct row *r)
{
    int64_t pairs[2 * REFERENCE_TRADES];
    int n = 0;
    struct pool_state p = {
        .pool = (int32_t)r->n[0],
        .call_us = r->n[1],
        .called_seq = r->n[2],
        .cursor_limit = { r->n[3] },
        .cursor_priority = r->n[4],
    };

    if (!terms_read(r->lists[0], pairs, ARRAY_LEN(pairs), &n) || n % 2 != 0) return false;
    p.recent_n = n / 2;
    const int64_t *at = pairs;
    for (int32_t i = 0; i < p.recent_n; i++) {
        p.recent[i] = (struct money){ *at++ };
        p.recent_sellers[i] = *at++;
    }
    return market_load_pool(m, &p);
}

static bool load_offer(struct market *m, const struct row *r)
{
    const struct offer o = { .bid = r->n[0], .ask = r->n[1], .price = { r->n[2] }, .seq = r->n[3] };
    return market_load_offer(m, &o);
}

/* clang-format off */
static const struct sql_col balance_cols[] = { N(0), N(1), N(2) };
static const struct sql_col standing_cols[] = {
    N(0), N(1), N(2), N(3), N(4), N(5),
};
static const struct sql_col node_cols[] = {
    N(0), N(1), T(2), N(3), N(4), N(5), N(6), N(7), N(8), N(9), N(10), N(11), N(12), N(13), N(14),
    N(15), N(16), T(17), T(18), T(19), N(20), T(21), N(22),
};
static const struct sql_col ask_cols[] = {
    N(0), N(1), T(2), N(3), N(4), N(5), N(6), N(7), N(8), N(9), T(10), N(11), N(12), N(13), N(14),
    L(0),
};
static const struct sql_col bid_cols[] = {
    N(0), N(1), T(2), N(3), N(4), N(5), N(6), N(7), N(8), T(9), N(10), N(11), N(12), N(13), N(14),
    N(15), N(16), N(17), N(18), N(19), N(20), L(0), L(1),
};
static const struct sql_col lease_cols[] = {
    N(0), N(1), N(2), N(3), N(4), N(5), N(6), N(7), N(8), N(9), N(10), N(11), N(12), T(13), T(14),
    T(15), T(16), T(17), N(18), N(19), N(20), N(21), N(22), N(23), N(24), N(25), N(26), N(27),
    N(28), N(29), N(30), N(31), T(32), T(33), N(34), N(35), N(36), N(37),
};
static const struct sql_col pool_state_cols[] = {
    N(0), T(1), N(2), N(3), N(4), L(0),
};
static const struct sql_col offer_cols[] = {
    N(0), N(1), N(2), N(3),
};
static const struct sql_col payout_cols[] = { N(0), N(1), N(2), N(3), T(4) };

/* In an order in which each object finds what it names. */
static const struct {
    const struct sql_stmt *stmt;
    const struct sql_col *cols;
    size_t ncols;
    load_fn *load;
} kinds[] = {
    { &SQL_load_balances,    balance_cols,    ARRAY_LEN(balance_cols),    load_balance },
    { &SQL_load_standings,   standing_cols,   ARRAY_LEN(standing_cols),   load_standing },
    { &SQL_load_nodes,       node_cols,       ARRAY_LEN(node_cols),       load_node },
    { &SQL_load_asks,        ask_cols,        ARRAY_LEN(ask_cols),        load_ask },
    { &SQL_load_noted_bids,  bid_cols,        ARRAY_LEN(bid_cols),        load_bid },
    { &SQL_load_bids,        bid_cols,        ARRAY_LEN(bid_cols),        load_bid },
    { &SQL_load_leases,      lease_cols,      ARRAY_LEN(lease_cols),      load_lease },
    { &SQL_load_payouts,     payout_cols,     ARRAY_LEN(payout_cols),     load_payout },
    { &SQL_load_pool_states, pool_state_cols, ARRAY_LEN(pool_state_cols), load_pool_state },
    { &SQL_load_offers,      offer_cols,      ARRAY_LEN(offer_cols),      load_offer },
};
static const struct sql_col last_cols[] = { N(0), T(1) };
/* clang-format on */

struct loading {
    struct market *market;
    load_fn *load;
};

static bool load_row(void *arg, const void *row, struct err *err)
{
    const struct loading *l = arg;

    return l->load(l->market, row) ||
           FAIL(err, ERR_NO_MEMORY, "No memory to hold the market, or a row is not its own.");
}

static bool load_kind(struct db *db, struct market *m, size_t kind, struct err *err)
{
    struct loading l = { m, kinds[kind].load };
    const struct sql_rows rows = { kinds[kind].cols, kinds[kind].ncols, sizeof(struct row), NULL };

    return db_copy(db, kinds[kind].stmt, &rows, load_row, &l, err) == DB_ONE;
}

/* A large market may take longer than a statement usually may; and what is open is found by keys,
 * however the planner guesses. Both for the length of the transaction. */
static bool begin_load(struct db *db, struct err *err)
{
    return db_one(db, &SQL_load_begin, NULL, NULL, NULL, err) == DB_ONE;
}

struct load {
    struct market *market;
    struct row last; /* number and time of the last command */
};

static enum db_rc load_all(struct db *db, void *arg, struct err *err)
{
    struct load *l = arg;
    struct arena none;

    arena_init(&none, 1024);
    const struct sql_rows rows = { last_cols, ARRAY_LEN(last_cols), sizeof(l->last), &none };
    if (!begin_load(db, err)) return DB_FAIL;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (!load_kind(db, l->market, i, err)) return DB_FAIL;
    const enum db_rc rc = db_one(db, &SQL_load_last, NULL, &rows, &l->last, err);
    return rc == DB_ONE || rc == DB_NONE ? DB_ONE : rc;
}

enum db_rc store_load_state(struct db *db, void *arg, struct err *err)
{
    struct load l = { arg, { .n = { ACCOUNT_FIRST - 1 } } };
    const enum db_rc rc = load_all(db, &l, err);

    if (rc != DB_ONE || market_load_end(l.market, l.last.n[0], l.last.n[1])) return rc;
    FAIL(err, ERR_NO_MEMORY, "No memory to hold the market.");
    return DB_FAIL;
}

/* All is read of one moment, as the note of what is open may be written anew meanwhile. What is
 * long and needs no database comes after the transaction, as one that does nothing is ended by the
 * server. */
bool store_load_market(struct db *db, struct market *m, int64_t *read_us, struct err *err)
{
    const int64_t began = clock_monotonic_us();
    struct load l = { m, { .n = { ACCOUNT_FIRST - 1 } } };

    if (db_snapshot(db, load_all, &l, err) != DB_ONE) return false;
    *read_us = clock_monotonic_us() - began;
    return market_load_end(m, l.last.n[0], l.last.n[1]) ||
           FAIL(err, ERR_NO_MEMORY, "No memory to hold the market.");
}

struct pool_row {
    int64_t number, gpu_memory, gpus, cpu, memory, scratch, tick, throughput;
    struct str name, model;
};

static const struct sql_col pool_cols[] = {
    COL_I64(struct pool_row, number), COL_TEXT(struct pool_row, name),
    COL_TEXT(struct pool_row, model), COL_I64(struct pool_row, gpu_memory),
    COL_I64(struct pool_row, gpus),   COL_I64(struct pool_row, cpu),
    COL_I64(struct pool_row, memory), COL_I64(struct pool_row, scratch),
    COL_I64(struct pool_row, tick),   COL_I64(struct pool_row, throughput),
};

static bool copy_text(char *out, size_t size, struct str s)
{
    if (s.n >= size) return false;
    memcpy(out, s.p, s.n);
    out[s.n] = '\0';
    return true;
}

static bool fill_pool(struct pool *p, const struct pool_row *r)
{
    p->number = (int32_t)r->number;
    p->gpu_memory_bytes = r->gpu_memory;
    p->unit = (struct bundle){ (int32_t)r->gpus, (int32_t)r->cpu, r->memory, r->scratch };
    p->tick = (struct money){ r->tick };
    p->throughput = r->throughput;
    return copy_text(p->name, sizeof(p->name), r->name) &&
           copy_text(p->gpu_model, sizeof(p->gpu_model), r->model);
}

bool store_load_pools(struct db *db, struct arena *a, struct pool **out, size_t *n, struct err *err)
{
    const struct sql_rows rows = { pool_cols, ARRAY_LEN(pool_cols), sizeof(struct pool_row), a };
    void *array = NULL;
    size_t count = 0;
    const enum db_rc rc = db_many(db, &SQL_load_pools, NULL, &rows, &array, &count, err);

    if (rc == DB_NONE) return FAIL(err, ERR_DB, "The database has no pools.");
    if (rc != DB_ONE) return false;
    struct pool *pools = arena_alloc(a, count * sizeof(*pools));
    if (!pools) return FAIL(err, ERR_NO_MEMORY, "No memory for the pools.");
    for (size_t i = 0; i < count; i++)
        if (!fill_pool(&pools[i], (const struct pool_row *)array + i))
            return FAIL(err, ERR_DB, "A pool's name or model is too long.");
    *out = pools;
    *n = count;
    return true;
}

static const struct sql_col key_cols[] = {
    COL_I64(struct stored_key, account), COL_BYTES(struct stored_key, key),
    COL_BYTES(struct stored_key, body),  COL_I64(struct stored_key, seq),
    COL_TIME(struct stored_key, at_us),
};

struct loading_keys {
    int64_t since_us;
    stored_key_fn *fn;
    void *arg;
};

static bool load_key(void *arg, const void *row, struct err *err)
{
    const struct loading_keys *l = arg;

    return l->fn(l->arg, row) || FAIL(err, ERR_NO_MEMORY, "No memory for the keys of requests.");
}

static enum db_rc load_keys(struct db *db, void *arg, struct err *err)
{
    struct loading_keys *l = arg;
    struct arena a;
    const struct sql_arg args[] = { SQL_TIME(l->since_us) };
    const struct sql_rows rows = { key_cols, ARRAY_LEN(key_cols), sizeof(struct stored_key), &a };

    if (!begin_load(db, err)) return DB_FAIL;
    arena_init(&a, ROW_BYTES_MAX);
    const enum db_rc rc = db_each(db, &SQL_load_keys, args, &rows, load_key, l, err);
    arena_done(&a);
    return rc;
}

bool store_load_keys(struct db *db, int64_t since_us, stored_key_fn *fn, void *arg, struct err *err)
{
    struct loading_keys l = { since_us, fn, arg };

    return db_tx(db, load_keys, &l, err) == DB_ONE;
}

static enum db_rc note_open(struct db *db, void *arg, struct err *err)
{
    const struct sql_arg args[] = { SQL_I64(*(const int64_t *)arg) };

    if (!begin_load(db, err)) return DB_FAIL;
    return db_one(db, &SQL_open_note, args, NULL, NULL, err);
}

bool store_note_open(struct db *db, int64_t step, struct err *err)
{
    const enum db_rc rc = db_tx(db, note_open, &step, err);

    return rc == DB_ONE || rc == DB_NONE;
}

struct locked {
    bool locked;
};

bool store_leader_lock(struct db *db, bool *locked, struct err *err)
{
    static const struct sql_col cols[] = { COL_BOOL(struct locked, locked) };
    const struct sql_rows rows = { cols, 1, sizeof(struct locked), NULL };
    struct locked row = { false };

    if (db_one(db, &SQL_leader_lock, NULL, &rows, &row, err) != DB_ONE) return false;
    *locked = row.locked;
    return true;
}

struct epoch_row {
    int64_t epoch;
};

bool store_leader_take(struct db *db, const char *name, int64_t *epoch, struct err *err)
{
    static const struct sql_col cols[] = { COL_I64(struct epoch_row, epoch) };
    const struct sql_rows rows = { cols, 1, sizeof(struct epoch_row), NULL };
    const struct sql_arg args[] = { SQL_C(name) };
    struct epoch_row row = { 0 };

    if (db_one(db, &SQL_leader_take, args, &rows, &row, err) != DB_ONE) return false;
    *epoch = row.epoch;
    return true;
}
