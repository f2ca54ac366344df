/* SPDX-License-Identifier: Apache-2.0 */
/* A market by chance, made by the server's own rules and stored by its own statements, with keys,
 * leaves and receipts as the service makes them: what the auditor must find nothing in.
 *
 *     make_market CONNINFO SEED POSTINGS
 *
 * into an empty database of which CONNINFO is the owner. Commands come until their entries
 * have POSTINGS lines. The log key is 32 times the byte 7. Prints one line of JSON. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/mem.h"
#include "service/payload.h"
#include "sign/receipt.h"
#include "sign/sha.h"
#include "store/group.h"
#include "store/migrate.h"
#include "store/pipeline.h"
#include "tests/property/random_commands.h"
#include "tests/t.h"

#define BEGINS_US   INT64_C(1795509000000000)
#define GROUP_MOST  200
#define NODES_MOST  4096
#define WINDOW_US   INT64_C(172800000000)
#define MARKET_NAME 48

struct maker {
    struct dice dice;
    struct style style;
    struct naive *model;
    struct market *market;
    struct group *group;
    struct db *db;
    struct key *key;
    char market_id[MARKET_NAME];
    uint8_t log_key[32];
    int64_t in_group, group_most, commands, postings, receipts;
    int64_t *times; /* of commands, by number */
    size_t times_cap;
    struct key *nodes[NODES_MOST]; /* their keys, in order of node */
    int64_t node_numbers[NODES_MOST];
    size_t nodes_n;
};

static struct err err;

/* ---- the market's name, keys ---- */

static void name_market(struct maker *m)
{
    static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
    const struct public_key k = key_public(m->key);
    const struct hash h = sha256((struct str){ (const char *)k.b, sizeof(k.b) });

    snprintf(m->market_id, sizeof(m->market_id), "mkt_");
    for (int i = 0; i < 26; i++) {
        unsigned five = 0;
        for (int bit = 5 * i; bit < 5 * i + 5; bit++)
            five = five << 1 | ((unsigned)h.b[bit / 8] >> (7 - bit % 8) & 1);
        m->market_id[4 + i] = digits[five];
    }
    m->market_id[30] = '\0';
    CHECK(store_identity_set(m->db, str_of(m->market_id),
                             (struct str){ (const char *)k.b, sizeof(k.b) }, &err));
}

static struct key *key_of(const struct maker *m, int64_t node)
{
    for (size_t i = 0; i < m->nodes_n; i++)
        if (m->node_numbers[i] == node) return m->nodes[i];
    CHECK(false);
    return NULL;
}

static bool is_keyed(const struct command *c)
{
    switch ((int)c->kind) {
    case COMMAND_OPEN_ACCOUNT:
    case COMMAND_CREDIT:
    case COMMAND_PLACE_ASK:
    case COMMAND_SUBMIT_JOB:
    case COMMAND_REQUEST_PAYOUT: return true;
    default: return c->kind == COMMAND_PUT_NODE && c->u.put_node.node == 0;
    }
}

/* ---- what commands are about ---- */

static json_t *about_exit(struct maker *m, const struct command *c, struct arena *a)
{
    const struct lease *l = market_lease(m->market, c->u.lease.lease);
    const struct bid *b = market_bid(m->market, l->bid);
    const struct node *n = market_node(m->market, l->node);
    struct key *key = key_of(m, l->node);
    const struct public_key public = key_public(key);
    char lease[ID_TEXT_MAX], job[ID_TEXT_MAX], node[ID_TEXT_MAX], key_text[45], signature[89];
    const int64_t seq = l->lease / 4096;

    id_format("lease_", id_make(m->times[seq], seq, (int)(l->lease % 4096)), lease);
    id_format("job_", id_make(b->at_us, b->bid, 0), job);
    id_format("node_", id_make(n->at_us, n->node, 0), node);
    public_key_text(&public, key_text);
    const struct receipt r = {
        .market_id = str_of(m->market_id),
        .lease_id = str_of(lease),
        .job_id = str_of(job),
        .node_id = str_of(node),
        .node_public_key = str_of(key_text),
        .epoch = l->epoch,
        .image = STR("docker.io/library/alpine:3.20"),
        .image_digest = STR("sha256:0"),
        .command_sha256 = STR("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        .pool = str_of(market_pool(m->market, l->pool)->name),
        .reason = str_of(reason_names[c->u.lease.reason]),
        .units = l->units,
        .seconds = c->u.lease.seconds,
        .exit_code = c->u.lease.exit_code,
        .ready_at_us = l->ready_us / 1000 * 1000,
        .ended_at_us = c->at_us / 1000 * 1000,
        .log_sha256 = STR("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    };
    const struct str text = receipt_text(&r, a);
    const struct signature s = key_sign_tagged(key, TAG_RECEIPT, text);
    signature_text(&s, signature);
    return json_pack("{s:o, s:s}", "receipt", json_text(text), "signature", signature);
}

/* Before the market applies it; NULL: it is about nothing more. */
static json_t *about(struct maker *m, const struct command *c, struct arena *a)
{
    char text[45];

    if (c->kind == COMMAND_LEASE_EXIT && market_lease(m->market, c->u.lease.lease))
        return about_exit(m, c, a);
    if (c->kind == COMMAND_SUBMIT_JOB)
        return json_pack("{s:s, s:[s]}", "image", "docker.io/library/alpine:3.20", "command",
                         "true");
    if (c->kind != COMMAND_PUT_NODE || c->u.put_node.node != 0) return NULL;
    CHECK(m->nodes_n < NODES_MOST);
    struct key *key = key_new();
    const struct public_key k = key_public(key);
    m->node_numbers[m->nodes_n] = c->seq;
    m->nodes[m->nodes_n] = key;
    public_key_text(&k, text);
    return json_pack("{s:s}", "public_key", text);
}

/* ---- storing ---- */

static void store_key(const struct command *c, struct group_command *row, const struct hash *body)
{
    const uint64_t window = (uint64_t)(c->at_us / WINDOW_US);

    for (int i = 0; i < 8; i++)
        row->key[8 + i] = (uint8_t)((uint64_t)c->seq >> (56 - 8 * i));
    if (!is_keyed(c)) return;
    memcpy(row->key, "a client", 8);
    for (int i = 0; i < 8; i++)
        row->key[8 + i] ^= (uint8_t)(window >> (8 * i));
    row->body = (struct str){ (const char *)body->b, sizeof(body->b) };
}

static void end_group(struct maker *m)
{
    struct touched t;

    if (m->in_group == 0) return;
    market_touched(m->market, &t);
    group_add_touched(m->group, &t, market_last_seq(m->market));
    const bool stored = group_send(m->group, m->db, 0, &err) &&
                        db_pipeline_result(m->db, true, &err) == DB_ONE &&
                        db_pipeline_end(m->db, &err);
    if (!stored) fprintf(stderr, "%s %s\n", err.detail, err.internal);
    CHECK(stored);
    market_settle_group(m->market);
    naive_settle_group(m->model);
    group_clear(m->group);
    m->in_group = 0;
    m->group_most = 1 + dice_below(&m->dice, GROUP_MOST);
}

static void note_time(struct maker *m, const struct command *c)
{
    const size_t at = (size_t)c->seq;

    if (at >= m->times_cap) {
        m->times_cap = 2 * at + 1024;
        m->times = mem_heap.resize(mem_heap.arg, m->times, m->times_cap * sizeof(*m->times));
        CHECK(m->times != NULL);
    }
    m->times[at] = c->at_us;
}

/* What no agent could say, since the service reads its receipt first. */
static void tame(const struct maker *m, struct command *c)
{
    const struct lease *l =
        c->kind == COMMAND_LEASE_EXIT ? market_lease(m->market, c->u.lease.lease) : NULL;

    if (!l) return;
    if (l->ready_us == 0) c->u.lease.seconds = 0;
    if (c->u.lease.seconds > INT32_MAX) c->u.lease.seconds = INT32_MAX;
}

/* One command through both markets; what the server's refuses leaves no trace. */
static void give(struct maker *m, struct command *c)
{
    struct outcome out;
    struct arena a;

    c->seq = market_last_seq(m->market) + 1;
    if (c->at_us < BEGINS_US) c->at_us = BEGINS_US;
    note_time(m, c);
    tame(m, c);
    arena_init(&a, 1 << 20);
    struct group_command row = { .command = c, .body = STR(""), .outcome = &out };
    json_t *more = about(m, c, &a);
    naive_apply(m->model, c);
    market_apply(m->market, c, &out);
    if (out.refused == ERR_NONE) { /* others may say what no text can */
        row.payload = payload_make(c, json_incref(more), &a);
        CHECK(row.payload.p != NULL);
        const struct hash body = sha256(row.payload);
        store_key(c, &row, &body);
        row.status = is_keyed(c) ? 201 : 200;
        row.leaf = payload_leaf(c, payload_commit(c, row.payload, m->log_key));
        group_add_command(m->group, &row);
        m->nodes_n += c->kind == COMMAND_PUT_NODE && c->u.put_node.node == 0;
        m->in_group++;
        m->commands++;
        m->receipts += c->kind == COMMAND_LEASE_EXIT;
        m->postings += out.postings_n;
    } else if (c->kind == COMMAND_PUT_NODE && c->u.put_node.node == 0) {
        key_free(m->nodes[m->nodes_n]);
    }
    json_decref(more);
    arena_done(&a);
    if (m->in_group >= m->group_most) end_group(m);
}

/* ---- the style's pools instead of the usual ones ---- */

static void put_pools(struct maker *m)
{
    char sql[1024];

    CHECK(db_script(m->db, "SET session_replication_role = replica; DELETE FROM pools", &err));
    for (size_t i = 0; i < m->style.pools_n; i++) {
        const struct pool *p = &m->style.pools[i];
        snprintf(
            sql, sizeof(sql),
            "INSERT INTO pools (number, version, name, gpu_model, gpu_memory_bytes, unit_gpus, "
            "unit_cpu_millis, unit_memory_bytes, unit_scratch_bytes, tick, throughput) VALUES "
            "(%d, 1, '%s', '%s', 0, %d, %d, %" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64 ")",
            (int)p->number, p->name, p->gpu_model, (int)p->unit.gpus, (int)p->unit.cpu_millis,
            p->unit.memory_bytes, p->unit.scratch_bytes, p->tick.micros, p->throughput);
        CHECK(db_script(m->db, sql, &err));
    }
    CHECK(db_script(m->db, "SET session_replication_role = origin", &err));
}

static void set_up(struct maker *m, const char *conninfo, int64_t seed)
{
    int applied = 0;

    m->dice.state = (uint64_t)seed;
    style_roll(&m->dice, &m->style);
    m->style.late = m->style.laden = m->style.squeezed = false;
    memset(m->log_key, 7, sizeof(m->log_key));
    m->db = db_open(conninfo, DB_OWNER, &err);
    CHECK(m->db != NULL && store_migrate(m->db, &applied, &err));
    m->key = key_new();
    name_market(m);
    put_pools(m);
    m->model = naive_new(&market_rules_default, m->style.pools, m->style.pools_n);
    m->market = market_new(&mem_heap, &market_rules_default, m->style.pools, m->style.pools_n);
    m->group = group_new();
    m->group_most = 1;
}

int main(int argc, char **argv)
{
    int64_t seed, postings;

    if (argc != 4 || !str_i64(str_of(argv[2]), 0, INT64_MAX, &seed) ||
        !str_i64(str_of(argv[3]), 0, INT64_MAX, &postings)) {
        fprintf(stderr, "usage: make_market CONNINFO SEED POSTINGS\n");
        return 2;
    }
    struct maker *m = mem_zalloc(sizeof(*m));
    set_up(m, argv[1], seed);
    const int64_t begun = clock_monotonic_us();
    struct command c = { .account = ACCOUNT_WORLD, .kind = COMMAND_SET_RULES };
    c.u.set_rules = m->style.rules;
    for (give(m, &c); m->postings < postings; give(m, &c))
        random_command(&m->dice, &m->style, m->model, &c);
    end_group(m);
    printf("{\"commands\":%" PRId64 ",\"postings\":%" PRId64 ",\"receipts\":%" PRId64
           ",\"seconds\":%.1f}\n",
           m->commands, m->postings, m->receipts, (double)(clock_monotonic_us() - begun) / 1e6);
    group_free(m->group);
    market_free(m->market);
    naive_free(m->model);
    for (size_t i = 0; i < m->nodes_n; i++)
        key_free(m->nodes[i]);
    key_free(m->key);
    db_close(m->db);
    mem_free(m->times);
    mem_free(m);
    return 0;
}
