/* SPDX-License-Identifier: Apache-2.0 */
/* The public log: how fast entries are appended, what they weigh, and how long a proof takes.
 *
 *     bench_log CONNINFO COMMANDS ENTRIES
 *
 * Writes COMMANDS commands as the market thread would, then appends them as the server does, batch
 * by batch, each with its signed checkpoint. Then, in the same tables, emptied, the tiles of a log
 * of ENTRIES entries: proofs of random ones, made as the server makes them, each checked. One line
 * of JSON. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "service/payload.h"
#include "service/publog_inside.h"
#include "sign/sha.h"
#include "store/group.h"
#include "store/migrate.h"
#include "store/pipeline.h"

#define GROUP      256
#define PROOFS     2000
#define ARENA_SIZE ((size_t)4 << 20)
#define SAMPLE_MORE                                                                                \
    "{\"command\":[\"python3\",\"train.py\",\"--epochs\",\"3\"],\"env\":{\"SEED\":\"17\"},"        \
    "\"image\":\"docker.io/library/python@sha256:"                                                 \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\",\"name\":\"sweep-17\"}"

struct bench {
    struct publog *log;
    struct key *secret;
    struct note_key key;
    uint8_t log_key[32];
};

static void die(const char *what, const struct err *err)
{
    fprintf(stderr, "bench_log: %s: %s %s\n", what, err ? err->detail : "",
            err ? err->internal : "");
    exit(1);
}

static double cpu_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- commands, as the market thread writes them ---- */

static void add_command(struct group *g, const struct bench *b, int64_t seq, struct arena *a)
{
    const struct command c = {
        .seq = seq,
        .at_us = INT64_C(1764000000000000) + seq,
        .account = 16 + seq % 1000,
        .kind = COMMAND_SUBMIT_JOB,
        .u.submit_job = { .wants = { { 1, 1 } },
                          .wants_n = 1,
                          .limit = { 11000 + seq % 100 },
                          .budget = { 2000000 },
                          .nodes = 1,
                          .seconds = 3600,
                          .expires_us = INT64_C(1764604800000000),
                          .attempts_max = 3 },
    };
    static const struct outcome nothing;
    struct group_command row = { .command = &c, .status = 201, .outcome = &nothing };

    row.payload = payload_of(&c, STR(SAMPLE_MORE), a);
    row.leaf = payload_leaf(&c, payload_commit(&c, row.payload, b->log_key));
    memcpy(row.key, &seq, sizeof(seq));
    group_add_command(g, &row);
}

static void write_commands(const struct bench *b, struct db *db, int64_t n)
{
    struct group *g = group_new();
    struct err err = { 0 };

    for (int64_t seq = 16; seq < 16 + n;) {
        struct arena a;
        arena_init(&a, ARENA_SIZE);
        group_clear(g);
        for (int i = 0; i < GROUP && seq < 16 + n; i++)
            add_command(g, b, seq++, &a);
        if (!group_send(g, db, 0, &err) || db_pipeline_result(db, true, &err) != DB_ONE)
            die("write commands", &err);
        arena_done(&a);
    }
    if (!db_pipeline_end(db, &err)) die("write commands", &err);
    group_free(g);
}

/* ---- appending ---- */

static int64_t number(struct db *db, const struct sql_stmt *s)
{
    struct row {
        int64_t n;
    } out = { 0 };
    static const struct sql_col cols[] = { { "n", SQL_T_I64, 0 } };
    const struct sql_rows rows = { cols, 1, sizeof(out), NULL };
    struct err err = { 0 };

    if (db_one(db, s, NULL, &rows, &out, &err) != DB_ONE) die(s->name, &err);
    return out.n;
}

static void append_all(const struct bench *b, int64_t n)
{
    static const struct sql_stmt sizes[] = {
        { "entries", "SELECT pg_total_relation_size('log_entries') AS n", 0 },
        { "tiles", "SELECT pg_total_relation_size('log_tiles') AS n", 0 },
    };
    enum appended done = APPENDED_MORE;
    int64_t batches = 0;
    const int64_t began = clock_monotonic_us();
    const double cpu = cpu_s();

    while (done == APPENDED_MORE) {
        struct buf note = { .max = 0 };
        struct hash root;
        struct err err = { 0 };
        done = publog_append(b->log, 0, &note, &root, &err);
        if (done == APPEND_FAILED) die("append", &err);
        buf_done(&note);
        batches++;
    }
    const double seconds = (double)(clock_monotonic_us() - began) / 1e6;
    if ((int64_t)b->log->edge.size != n) die("not all commands are logged", NULL);
    printf("{\"bench\":\"log\",\"appended\":%" PRId64 ",\"batches\":%" PRId64
           ",\"entries_per_s\":%.0f,\"server_cpu_us_per_entry\":%.2f,",
           n, batches, (double)n / seconds, (cpu_s() - cpu) * 1e6 / (double)n);
    printf("\"bytes_per_entry\":%.1f,\"bytes_of_tiles_per_entry\":%.1f,",
           (double)number(b->log->db, &sizes[0]) / (double)n,
           (double)number(b->log->db, &sizes[1]) / (double)n);
}

/* ---- proofs ---- */

static size_t entry_of(uint64_t i, char out[32])
{
    return (size_t)snprintf(out, 32, "entry %" PRIu64, i);
}

static void store_tile(void *arg, int level, uint64_t n, const struct hash hashes[TILE_WIDTH])
{
    struct db *db = arg;
    struct err err = { 0 };
    const struct str bytes = { (const char *)hashes, TILE_WIDTH * sizeof(hashes[0]) };

    if (!store_publog_tile_add(db, level, (int64_t)n, bytes, &err)) die("store a tile", &err);
}

struct filling {
    struct log_edge *edge;
    uint64_t to;
};

static enum db_rc fill(struct db *db, void *arg, struct err *err)
{
    struct filling *f = arg;
    char entry[32];

    (void)err;
    while (f->edge->size < f->to) {
        const size_t n = entry_of(f->edge->size, entry);
        log_edge_add(f->edge, sha256_parts, merkle_leaf(sha256_parts, entry, n), store_tile, db);
    }
    return DB_ONE;
}

/* A log of that size is published: its tiles are stored, its note is signed. */
static void make_log(const struct bench *b, uint64_t size)
{
    struct publog *l = b->log;
    struct err err = { 0 };
    auto_buf struct buf text = { .max = 4096 };

    l->published = (struct log_edge){ .size = 0 };
    while (l->published.size < size) {
        struct filling f = { &l->published, l->published.size + 1000000 };
        if (f.to > size) f.to = size;
        if (db_tx(l->db, fill, &f, &err) != DB_ONE) die("make a log", &err);
    }
    const struct checkpoint_note c = { str_of(b->key.name), size,
                                       log_edge_root(&l->published, sha256_parts) };
    checkpoint_note_text(&c, &text);
    buf_init(&l->note, NOTE_MAX);
    note_sign(&l->note, buf_view(&text), &b->key, b->secret);
    if (text.failed || l->note.failed) die("make a log", NULL);
}

static int by_value(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int64_t prove_one(const struct bench *b, uint64_t index)
{
    const struct log_trust trust = { .log = b->key };
    struct err err = { 0 };
    struct arena a;
    struct str proof;
    char entry[32];

    arena_init(&a, ARENA_SIZE);
    const int64_t began = clock_monotonic_us();
    if (!publog_proof(b->log, b->log->db, index, &a, &proof, &err)) die("prove", &err);
    const int64_t us = clock_monotonic_us() - began;
    const struct str text = { entry, entry_of(index, entry) };
    const enum tlog_rc rc = log_proof_verify(proof, text, &trust);
    if (rc != TLOG_OK) {
        fprintf(stderr, "bench_log: %s\n", tlog_reason(rc));
        exit(1);
    }
    arena_done(&a);
    return us;
}

static void prove_many(const struct bench *b, uint64_t size)
{
    static int64_t us[PROOFS];
    uint64_t at = 88172645463325252u; /* xorshift64 */

    for (int i = 0; i < PROOFS; i++) {
        at ^= at << 13;
        at ^= at >> 7;
        at ^= at << 17;
        us[i] = prove_one(b, at % size);
    }
    qsort(us, PROOFS, sizeof(us[0]), by_value);
    printf("\"log_entries\":%" PRIu64 ",\"proofs\":%d,\"proof_us_median\":%" PRId64
           ",\"proof_us_p99\":%" PRId64 "}\n",
           size, PROOFS, us[PROOFS / 2], us[PROOFS * 99 / 100]);
}

/* ---- all of it ---- */

static void open_log(struct bench *b, const char *conninfo)
{
    struct err err = { 0 };
    int applied = 0;
    struct publog *l = mem_zalloc(sizeof(*l));
    const struct public_key public = (b->secret = key_new(), key_public(b->secret));
    struct db *owner = db_open(conninfo, DB_OWNER, &err);

    if (!owner || !store_migrate(owner, &applied, &err)) die("migrate", &err);
    db_close(owner);
    b->key = note_key_of(STR("bench/log"), NOTE_ED25519, &public);
    l->o = (struct publog_options){
        .conninfo = conninfo, .log_key = b->log_key, .key = b->secret, .note_key = &b->key
    };
    pthread_mutex_init(&l->lock, NULL);
    l->db = db_open(conninfo, DB_APP, &err);
    if (!l->db) die("connect", &err);
    b->log = l;
}

static void empty_tiles(const char *conninfo)
{
    struct err err = { 0 };
    struct db *owner = db_open(conninfo, DB_OWNER, &err);

    if (!owner ||
        !db_script(owner, "SET session_replication_role = replica; TRUNCATE log_tiles;", &err))
        die("empty the tiles", &err);
    db_close(owner);
}

int main(int argc, char **argv)
{
    static struct bench b;
    int64_t commands = 0, entries = 0;
    struct err err = { 0 };

    if (argc != 4 || !str_i64(str_of(argv[2]), 1, 100000000, &commands) ||
        !str_i64(str_of(argv[3]), 1, 1000000000, &entries)) {
        fprintf(stderr, "bench_log CONNINFO COMMANDS ENTRIES\n");
        return 2;
    }
    open_log(&b, argv[1]);
    struct db *writer = db_open(argv[1], DB_APP, &err);
    if (!writer) die("connect", &err);
    write_commands(&b, writer, commands);
    db_close(writer);
    append_all(&b, commands);
    empty_tiles(argv[1]);
    make_log(&b, (uint64_t)entries);
    prove_many(&b, (uint64_t)entries);
    buf_done(&b.log->note);
    db_close(b.log->db);
    mem_free(b.log);
    key_free(b.secret);
    return 0;
}
