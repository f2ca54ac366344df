/* SPDX-License-Identifier: Apache-2.0 */
#include "check/audit.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "check/inside.h"
#include "sign/sha.h"

#define SWEEP_EVERY 256  /* commands */
#define LAWS_EVERY  4096 /* commands: what they check is checked line by line too */

struct audit *audit_new(const struct audit_options *o)
{
    struct audit *a = mem_zalloc(sizeof(*a));

    a->o = *o;
    a->keys = keys_new();
    a->receipts = receipts_new();
    a->publog = publog_new();
    return a;
}

void audit_free(struct audit *a)
{
    if (!a) return;
    naive_free(a->n);
    keys_free(a->keys);
    receipts_free(a->receipts);
    publog_free(a->publog);
    mem_free(a->pools);
    mem_free(a->born);
    mem_free(a->states);
    mem_free(a);
}

const struct finding *audit_finding(const struct audit *a)
{
    return &a->f;
}

bool audit_receipt(struct audit *a, struct str document)
{
    return receipts_document(a, document);
}

struct hash audit_root(const struct audit *a)
{
    return tree_root(&a->tree);
}

void audit_count(const struct audit *a, struct audit_counts *out)
{
    *out = a->counts;
    out->keys = (int64_t)keys_count(a->keys);
    out->last_seq = a->n ? a->n->last_seq : 0;
    out->last_us = a->n ? a->n->last_us : 0;
}

/* ---- the market and its pools ---- */

/* "mkt_" and 26 digits of the hash of its key, five bits each. */
static void id_of_key(const struct public_key *k, char out[32])
{
    static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
    const struct hash h = sha256((struct str){ (const char *)k->b, sizeof(k->b) });

    snprintf(out, 32, "mkt_");
    for (int i = 0; i < 26; i++) {
        const int at = 5 * i / 8, shift = 11 - 5 * i % 8;
        const unsigned pair = (unsigned)h.b[at] << 8 | (at + 1 < 32 ? h.b[at + 1] : 0u);
        out[4 + i] = digits[pair >> shift & 31];
    }
    out[30] = '\0';
}

static bool check_market(struct audit *a, const struct row *r)
{
    const struct str id = row_cell(r, MARKET_ID)->s, key = row_cell(r, MARKET_KEY)->s;
    char made[32];

    if (key.n != sizeof(a->market_key.b) || id.n >= sizeof(a->market_id))
        return find(&a->f, FIND_IDENTITY, 0, "market", "an id and a key", "something else");
    memcpy(a->market_key.b, key.p, key.n);
    memcpy(a->market_id, id.p, id.n);
    a->market_id[id.n] = '\0';
    id_of_key(&a->market_key, made);
    if (strcmp(made, a->market_id) != 0)
        return find(&a->f, FIND_IDENTITY, 0, "market", made, a->market_id);
    if (a->o.market_id && strcmp(a->o.market_id, a->market_id) != 0)
        return find(&a->f, FIND_IDENTITY, 0, "market", a->o.market_id, a->market_id);
    return true;
}

static bool copy_text(struct str from, char *to, size_t size)
{
    if (from.n >= size) return false;
    memcpy(to, from.p ? from.p : "", from.n);
    to[from.n] = '\0';
    return true;
}

static bool check_pool_row(struct audit *a, const struct row *r)
{
    struct pool p = {
        .number = (int32_t)row_i64(r, POOLS_NUMBER),
        .unit = { (int32_t)row_i64(r, POOLS_GPUS), (int32_t)row_i64(r, POOLS_CPU_MILLIS),
                  row_i64(r, POOLS_MEMORY_BYTES), row_i64(r, POOLS_SCRATCH_BYTES) },
        .tick = { row_i64(r, POOLS_TICK) },
        .throughput = row_i64(r, POOLS_THROUGHPUT),
    };
    struct pool *more = mem_zalloc((a->pools_n + 1) * sizeof(*more));

    if (a->pools_n > 0) memcpy(more, a->pools, a->pools_n * sizeof(*more));
    mem_free(a->pools);
    a->pools = more;
    if (!copy_text(row_cell(r, POOLS_NAME)->s, p.name, sizeof(p.name)) ||
        !copy_text(row_cell(r, POOLS_GPU_MODEL)->s, p.gpu_model, sizeof(p.gpu_model)) ||
        p.tick.micros <= 0 || (a->pools_n > 0 && p.number <= a->pools[a->pools_n - 1].number))
        return find(&a->f, FIND_POOL, 0, object_named("pool", p.number), "a pool", "none");
    a->pools[a->pools_n++] = p;
    return true;
}

/* Before the first command. */
static void begin(struct audit *a)
{
    static const struct market_rules first_rules = {
        .fee_bps = 100,
        .bill_min_seconds = 60,
        .prepare_pay_max_seconds = 900,
        .offer_seconds = 30,
        .prepare_seconds = 900,
        .stop_seconds = 60,
        .quote_seconds = 60,
        .backoff_seconds = 600,
        .backoff_max_seconds = 86400,
        .min_run_seconds = 600,
        .notice_seconds = 120,
        .displace_bps = 500,
        .pricing = PRICE_RESTING,
        .collar_bps = 10000,
        .collar_trades = 5,
        .call_seconds = 60,
    };
    if (a->n) return;
    a->n = naive_new(&first_rules, a->pools, a->pools_n);
    publog_begin(a);
}

/* ---- rows ---- */

static bool check_foreign(struct audit *a, const struct row *r)
{
    const struct naive *n = a->n;
    const int64_t account = row_i64(r, FOREIGN_ACCOUNT);
    int64_t before = 0;
    size_t at = 0;

    for (size_t i = 0; i < n->lines_n; i++) {
        const int64_t other = n->lines[i].account;
        if (other == before || other == a->command.account) continue;
        before = other;
        if (at++ != a->foreign_seen) continue;
        a->foreign_seen++;
        if (other == account) return true;
        return find_i64(&a->f, FIND_FOREIGN_ENTRY, r->key, "foreign_entries.account", other,
                        account);
    }
    return find_i64(&a->f, FIND_FOREIGN_ENTRY, r->key, "foreign_entries.account", 0, account);
}

static bool check_account_row(struct audit *a, const struct row *r)
{
    const int64_t account = row_i64(r, ACCOUNTS_ACCOUNT), at = row_i64(r, ACCOUNTS_AT);

    if (a->command.kind != COMMAND_OPEN_ACCOUNT || a->account_row)
        return find(&a->f, FIND_ACCOUNT_ROW, r->key, object_named("account", account), "none",
                    "a row");
    a->account_row = true;
    if (at == a->command.at_us) return true;
    return find_i64(&a->f, FIND_ACCOUNT_ROW, r->key, object_named("account", account),
                    a->command.at_us, at);
}

static bool check_lease_command(struct audit *a, const struct row *r)
{
    const struct command *c = &a->command;

    if (!kind_tells_lease(c->kind) || a->lease_row)
        return find(&a->f, FIND_LEASE_COMMAND, r->key, "lease_commands", "none", "a row");
    a->lease_row = true;
    if (row_i64(r, LEASE_COMMANDS_KIND) != c->kind)
        return find_i64(&a->f, FIND_LEASE_COMMAND, r->key, "lease_commands.kind", c->kind,
                        row_i64(r, LEASE_COMMANDS_KIND));
    if (row_i64(r, LEASE_COMMANDS_LEASE) == c->u.lease.lease) return true;
    return find_i64(&a->f, FIND_LEASE_COMMAND, r->key, "lease_commands.lease", c->u.lease.lease,
                    row_i64(r, LEASE_COMMANDS_LEASE));
}

static bool check_offer(struct audit *a, const struct row *r)
{
    const struct command *c = &a->command;

    if (c->kind != COMMAND_OFFER || c->u.offer.bid != row_i64(r, OFFERS_BID) ||
        c->u.offer.ask != row_i64(r, OFFERS_ASK))
        return find(&a->f, FIND_OFFER, r->key, object_named("bid", row_i64(r, OFFERS_BID)), "none",
                    "an offer");
    if (c->u.offer.price.micros == row_i64(r, OFFERS_PRICE)) return true;
    return find_i64(&a->f, FIND_OFFER, r->key, "offers.price", c->u.offer.price.micros,
                    row_i64(r, OFFERS_PRICE));
}

/* What a row is that stands behind no command that there is. */
static const enum finding_kind strays[TABLES] = {
    [TABLE_TRADES] = FIND_TRADE_EXTRA,
    [TABLE_FOREIGN] = FIND_FOREIGN_ENTRY,
    [TABLE_ACCOUNTS] = FIND_ACCOUNT_ROW,
    [TABLE_LEASE_COMMANDS] = FIND_LEASE_COMMAND,
    [TABLE_OFFERS] = FIND_OFFER,
    [TABLE_ASKS] = FIND_VERSION,
    [TABLE_BIDS] = FIND_VERSION,
    [TABLE_LEASES] = FIND_VERSION,
    [TABLE_PAYOUTS] = FIND_VERSION,
    [TABLE_LOG_ENTRIES] = FIND_LOG_ENTRY,
    [TABLE_LOG_CHECKPOINTS] = FIND_LOG_CHECKPOINT,
};

static bool is_stray(struct audit *a, enum table t, int64_t key, int64_t number)
{
    return find(&a->f, strays[t], key, object_named(table_infos[t].name, number), "no such row",
                "a row of a command that there is not");
}

/* A row that comes behind the command at hand and no other. */
static bool check_behind(struct audit *a, const struct row *r)
{
    if (!a->at_hand || a->command.seq != r->key)
        return is_stray(a, r->table, r->key, r->cells[0].i);
    switch ((int)r->table) {
    case TABLE_TRADES: return check_trade(a, r);
    case TABLE_FOREIGN: return check_foreign(a, r);
    case TABLE_ACCOUNTS: return check_account_row(a, r);
    case TABLE_LEASE_COMMANDS: return check_lease_command(a, r);
    default: return check_offer(a, r);
    }
}

static bool is_behind_one(enum table t)
{
    return t == TABLE_TRADES || t == TABLE_FOREIGN || t == TABLE_ACCOUNTS ||
           t == TABLE_LEASE_COMMANDS || t == TABLE_OFFERS;
}

static bool now_and_then(struct audit *a)
{
    if (++a->since_sweep % SWEEP_EVERY == 0 && !sweep(a, false)) return false;
    return a->counts.commands % LAWS_EVERY != 0 || check_laws(a);
}

/* A row whose command has not come: when another comes, it is this one that is missing; when none
 * does, the row is of a command that there never was. */
static bool note_early(struct audit *a, const struct row *r)
{
    if (a->early_key == 0) {
        a->early_key = r->key;
        a->early_table = r->table;
        a->early_number = r->cells[0].i;
    }
    return true;
}

static bool check_early(struct audit *a)
{
    return a->early_key == 0 || is_stray(a, a->early_table, a->early_key, a->early_number);
}

static bool check_next_command(struct audit *a, const struct row *r)
{
    const int64_t due = a->n->last_seq + 1;

    if (!check_command_end(a) || !now_and_then(a)) return false;
    if (a->early_key != 0)
        return find_i64(&a->f, r->key == due ? FIND_ORDER : FIND_SEQUENCE, due, "commands.seq", due,
                        r->key);
    return check_command(a, r);
}

static bool check(struct audit *a, const struct row *r)
{
    if (r->key < a->key)
        return find_i64(&a->f, FIND_ORDER, r->key, table_infos[r->table].name, a->key, r->key);
    a->key = r->key;
    a->counts.rows++;
    if (r->table == TABLE_MARKET) return check_market(a, r);
    if (r->table == TABLE_POOLS) return check_pool_row(a, r);
    if (r->table == TABLE_LOG_IDENTITY) return check_log_identity(a, r);
    begin(a);
    if (r->table == TABLE_COMMANDS) return check_next_command(a, r);
    if (r->key != KEY_END && r->key > a->n->last_seq) return note_early(a, r);
    if (is_behind_one(r->table)) return check_behind(a, r);
    if (!check_command_end(a)) return false;
    if (r->table == TABLE_LOG_ENTRIES) return check_log_entries(a, r);
    if (r->table == TABLE_LOG_CHECKPOINTS) return check_log_checkpoint(a, r);
    return r->key == KEY_END ? check_early(a) && check_state(a, r) : check_object(a, r);
}

bool audit_row(struct audit *a, const struct row *r)
{
    return !audit_fails(a) && check(a, r);
}

/* Every document that a party showed was of an exit that came. */
static bool check_documents(struct audit *a)
{
    if (receipts_count(a->receipts) == 0) return true;
    return find_i64(&a->f, FIND_COUNTERSIGN_FORM, a->n->last_seq, "receipts without an exit", 0,
                    (int64_t)receipts_count(a->receipts));
}

bool audit_end(struct audit *a, bool whole)
{
    if (audit_fails(a)) return false;
    begin(a);
    if (!check_command_end(a) || !check_early(a) || !check_laws(a)) return false;
    if (!whole) return true;
    if (!sweep(a, true) || !check_states_end(a) || !check_documents(a)) return false;
    if (a->o.root && a->tree.n < (uint64_t)a->o.root_size)
        return find_i64(&a->f, FIND_TREE, a->n->last_seq, "leaves", a->o.root_size,
                        (int64_t)a->tree.n);
    return true;
}

void audit_again(struct audit *a)
{
    a->key = 0;
    if (a->counts.commands > 0) publog_off(a);
    a->balances_seen = a->nodes_seen = a->pools_seen = a->standings_seen = 0;
}
