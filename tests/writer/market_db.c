/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/writer/market_db.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "service/payload.h"
#include "store/load.h"
#include "store/migrate.h"
#include "tests/t.h"

const char *market_db_new(void)
{
    static char conninfo[512];
    char script[128], name[32];
    const char *server = getenv("BOURSE_TEST_DB");
    struct err err = { 0 };
    int applied = 0;

    if (!server) SKIP("BOURSE_TEST_DB names no PostgreSQL");
    snprintf(name, sizeof(name), "t%016" PRIx64, random_u64());
    snprintf(script, sizeof(script), "CREATE DATABASE %s", name);
    struct db *db = db_open(server, DB_OWNER, &err);
    CHECK(db && db_script(db, script, &err));
    db_close(db);
    snprintf(conninfo, sizeof(conninfo), "%s dbname=%s", server, name);
    db = market_db_open(conninfo);
    CHECK(store_migrate(db, &applied, &err));
    CHECK(applied > 0);
    db_close(db);
    return conninfo;
}

struct db *market_db_open(const char *conninfo)
{
    struct err err = { 0 };
    struct db *db = db_open(conninfo, DB_OWNER, &err);

    CHECK(db != NULL);
    return db;
}

struct number {
    int64_t n;
};

int64_t market_db_number(struct db *db, const char *sql)
{
    static struct sql_stmt stmts[128]; /* a connection remembers statements by their address */
    static char names[128][16], texts[128][512];
    static size_t used;
    static const struct sql_col cols[] = { COL_I64(struct number, n) };
    const struct sql_rows rows = { cols, 1, sizeof(struct number), NULL };
    size_t at = 0;
    struct number out = { -1 };
    struct err err = { 0 };

    while (at < used && strcmp(texts[at], sql) != 0)
        at++;
    CHECK(at < ARRAY_LEN(stmts));
    if (at == used) {
        snprintf(names[at], sizeof(names[at]), "number_%zu", at);
        CHECK(snprintf(texts[at], sizeof(texts[at]), "%s", sql) < (int)sizeof(texts[at]));
        stmts[used++] = (struct sql_stmt){ names[at], texts[at], 0 };
    }
    CHECK(db_one(db, &stmts[at], NULL, &rows, &out, &err) == DB_ONE);
    return out.n;
}

enum overlap stage_overlap = OVERLAP_AUTO;

void stage_open(struct stage *s, const char *conninfo)
{
    stage_open_with(s, conninfo, &market_rules_default);
}

void stage_open_with(struct stage *s, const char *conninfo, const struct market_rules *rules)
{
    static const uint8_t log_key[32] = { 1, 2, 3 };
    struct err err = { 0 };
    struct db *db = market_db_open(conninfo);

    *s = (struct stage){ .conninfo = conninfo, .hub = hub_new(), .rules = *rules };
    arena_init(&s->arena, 64 << 20);
    CHECK(store_load_pools(db, &s->arena, &s->pools, &s->pools_n, &err));
    db_close(db);
    const struct writer_options o = {
        .conninfo = conninfo,
        .name = "test",
        .hub = s->hub,
        .log_key = log_key,
        .rules = &s->rules,
        .pools = s->pools,
        .pools_n = s->pools_n,
        .overlap = stage_overlap,
    };
    s->writer = writer_start(&o, &err);
    CHECK(s->writer != NULL);
}

void stage_wait_ready(struct stage *s)
{
    for (int i = 0; i < 1000 && !writer_ready(s->writer); i++)
        clock_sleep_us(10000);
    CHECK(writer_ready(s->writer));
}

void stage_close(struct stage *s)
{
    hub_close(s->hub);
    writer_stop(s->writer);
    writer_free(s->writer);
    hub_free(s->hub);
    arena_done(&s->arena);
}

struct submission stage_do(struct stage *s, struct command c, int64_t key)
{
    struct submission sub = { .command = c, .keyed = key != 0, .arena = &s->arena };

    memcpy(sub.key, &key, sizeof(key));
    sub.payload = payload_make(&c, NULL, &s->arena);
    CHECK(sub.payload.p != NULL);
    writer_submit_wait(s->writer, &sub);
    return sub;
}

int64_t stage_account(struct stage *s, int64_t micros, int64_t key)
{
    struct submission open = stage_do(
        s, (struct command){ .kind = COMMAND_OPEN_ACCOUNT, .account = ACCOUNT_WORLD }, key);
    CHECK(open.result == SUBMIT_DONE);
    if (micros == 0) return open.command.seq;
    struct command c = { .kind = COMMAND_CREDIT, .account = ACCOUNT_WORLD };
    c.u.credit.account = open.command.seq;
    c.u.credit.amount = (struct money){ micros };
    CHECK(stage_do(s, c, key + 1).result == SUBMIT_DONE);
    return open.command.seq;
}

int64_t stage_node(struct stage *s, int64_t account, int64_t key)
{
    struct command c = { .kind = COMMAND_PUT_NODE, .account = account };

    c.u.put_node.spec = (struct node_spec){ .cpu_millis = 64000,
                                            .memory_bytes = INT64_C(1) << 40,
                                            .scratch_bytes = INT64_C(1) << 42 };
    struct submission sub = stage_do(s, c, key);
    CHECK(sub.result == SUBMIT_DONE);
    return sub.command.seq;
}

struct command bid_of(int64_t account, int64_t limit_micros, int32_t units)
{
    struct command c = { .kind = COMMAND_SUBMIT_JOB, .account = account };

    c.u.submit_job = (struct bid_spec){
        .wants = { { .pool = 1, .units = units } },
        .wants_n = 1,
        .limit = { limit_micros },
        .budget = { 1000000000 },
        .nodes = 1,
        .seconds = 3600,
        .checkpoint_seconds = 3600,
        .expires_us = clock_wall_us() + INT64_C(86400000000),
        .attempts_max = 3,
    };
    return c;
}

struct command ask_of(int64_t account, int64_t node, int64_t price_micros, int32_t units)
{
    struct command c = { .kind = COMMAND_PLACE_ASK, .account = account };

    c.u.place_ask = (struct ask_spec){
        .node = node,
        .pool = 1,
        .price = { price_micros },
        .floor = { price_micros },
        .units = units,
        .until_us = clock_wall_us() + INT64_C(86400000000),
        .seconds_min = 60,
        .seconds_max = 86400,
        .risk_seconds = 3600,
    };
    return c;
}
