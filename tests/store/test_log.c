/* SPDX-License-Identifier: Apache-2.0 */
/* The log in the database: read in pages, in one snapshot, and its pools stay what they are. */
#include <inttypes.h>

#include "domain/command.h"
#include "store/commands.h"
#include "store/load.h"
#include "store/migrate.h"
#include "store/trades.h"
#include "tests/t.h"

static const char *conninfo;
static struct db *owner, *auditor;
static struct arena arena;
static struct err err;

static bool sql(const char *text)
{
    err = (struct err){ 0 };
    return db_script(owner, text, &err);
}

static bool add_command(int64_t seq, int kind)
{
    char text[400];

    snprintf(
        text, sizeof(text),
        "INSERT INTO commands (seq, at, account, kind, key, body, status, leaf, payload) VALUES"
        " (%" PRId64 ", timestamptz '1970-01-01Z' + interval '%" PRId64 ".000001 seconds', 1, %d,"
        " gen_random_uuid(), '', 200, '', 'text of %" PRId64 "')",
        seq, 1795509000 + seq, kind, seq);
    return sql(text);
}

TEST(commands_are_listed_in_order_a_page_at_a_time)
{
    struct command_row *rows = NULL;
    int64_t after = 0, seen = 0;
    size_t n = 0;

    for (int64_t seq = 25; seq > 15; seq--) /* stored in any order */
        CHECK(add_command(seq, COMMAND_OPEN_ACCOUNT));
    do {
        CHECK(store_list_commands_after(auditor, after, 4, &arena, &rows, &n, &err));
        for (size_t i = 0; i < n; i++) {
            CHECK_I64(rows[i].seq, 16 + seen);
            CHECK_I64(rows[i].at_us, (1795509000 + rows[i].seq) * 1000000 + 1);
            char text[24];
            snprintf(text, sizeof(text), "text of %" PRId64, rows[i].seq);
            CHECK(str_is(rows[i].payload, text));
            after = rows[i].seq;
            seen++;
        }
    } while (n == 4);
    CHECK_I64(seen, 10);
}

TEST(the_last_rules_are_found)
{
    struct str payload;

    CHECK(store_last_rules(auditor, &arena, &payload, &err) == DB_NONE);
    CHECK(add_command(26, COMMAND_SET_RULES) && add_command(27, COMMAND_SET_RULES));
    CHECK(add_command(28, COMMAND_OPEN_ACCOUNT));
    CHECK(store_last_rules(auditor, &arena, &payload, &err) == DB_ONE);
    CHECK(str_is(payload, "text of 27"));
}

TEST(trades_are_listed_in_order_a_page_at_a_time)
{
    struct trade_row *rows = NULL;
    size_t n = 0;

    CHECK(sql("INSERT INTO trades SELECT 66000 - n, now(), 1, n, 1000, 1, 2, true"
              " FROM generate_series(1, 5) n"));
    CHECK(store_list_trades_after(auditor, 0, 3, &arena, &rows, &n, &err) == DB_ONE);
    CHECK(n == 3 && rows[0].trade == 65995 && rows[2].trade == 65997 && rows[2].units == 3);
    CHECK(store_list_trades_after(auditor, 65997, 3, &arena, &rows, &n, &err) == DB_ONE);
    CHECK(n == 2 && rows[1].trade == 65999);
    CHECK(store_list_trades_after(auditor, 65999, 3, &arena, &rows, &n, &err) == DB_NONE);
}

static enum db_rc look_twice(struct db *db, void *arg, struct err *e)
{
    struct command_row *rows = NULL;
    size_t before = 0, after = 0;

    (void)arg;
    CHECK(store_list_commands_after(db, 0, 1000, &arena, &rows, &before, e));
    CHECK(add_command(100, COMMAND_OPEN_ACCOUNT)); /* by another connection, committed */
    CHECK(store_list_commands_after(db, 0, 1000, &arena, &rows, &after, e));
    CHECK_I64(after, before);
    return DB_ONE;
}

TEST(a_snapshot_is_of_one_moment)
{
    struct command_row *rows = NULL;
    size_t n = 0;

    CHECK(db_snapshot(auditor, look_twice, NULL, &err) == DB_ONE);
    CHECK(store_list_commands_after(auditor, 99, 10, &arena, &rows, &n, &err));
    CHECK_I64(n, 1);
}

static enum db_rc give_up(struct db *db, void *arg, struct err *e)
{
    (void)db;
    ++*(int *)arg;
    FAIL(e, ERR_IO, "the disk is full");
    return DB_FAIL;
}

TEST(a_snapshot_that_fails_leaves_the_connection_usable)
{
    struct command_row *rows = NULL;
    int times = 0;
    size_t n = 0;

    CHECK(db_snapshot(auditor, give_up, &times, &err) == DB_FAIL);
    CHECK(times == 1 && err.code == ERR_IO);
    CHECK(store_list_commands_after(auditor, 0, 1, &arena, &rows, &n, &err));
    CHECK_I64(n, 1);
}

#define COLUMNS                                                                                    \
    "gpu_model, gpu_memory_bytes, unit_gpus, unit_cpu_millis, unit_memory_bytes,"                  \
    " unit_scratch_bytes, tick, throughput"

TEST(a_pool_stays_what_it_is)
{
    struct pool *pools = NULL;
    size_t n = 0;

    CHECK(!sql("UPDATE pools SET tick = 1 WHERE number = 5"));
    CHECK(!sql("DELETE FROM pools WHERE number = 5"));
    CHECK(!sql("TRUNCATE pools"));
    CHECK(!sql("INSERT INTO pools SELECT number, 2, name, gpu_model, gpu_memory_bytes, unit_gpus,"
               " unit_cpu_millis, unit_memory_bytes, unit_scratch_bytes, tick + 1, throughput"
               " FROM pools WHERE number = 5"));
    CHECK(strstr(err.internal, "pool 5 is in use with another definition"));
    CHECK(!sql("INSERT INTO pools SELECT number, 2, name, gpu_model, gpu_memory_bytes, unit_gpus,"
               " unit_cpu_millis, unit_memory_bytes, unit_scratch_bytes, tick, throughput + 1"
               " FROM pools WHERE number = 5"));
    CHECK(sql("INSERT INTO pools (number, version, name, " COLUMNS
              ") SELECT number, 2, 'renamed', " COLUMNS " FROM pools WHERE number = 5"));
    CHECK(sql("INSERT INTO pools (number, version, name, " COLUMNS ") SELECT 99, 1, 'new', " COLUMNS
              " FROM pools WHERE number = 5 AND version = 1"));
    CHECK(store_load_pools(auditor, &arena, &pools, &n, &err));
    CHECK(n == 9 && pools[8].number == 99);
    CHECK_STR(pools[4].name, "renamed");
}

int main(void)
{
    static const struct t_test all[] = {
        T(commands_are_listed_in_order_a_page_at_a_time),      T(the_last_rules_are_found),
        T(trades_are_listed_in_order_a_page_at_a_time),        T(a_snapshot_is_of_one_moment),
        T(a_snapshot_that_fails_leaves_the_connection_usable), T(a_pool_stays_what_it_is),
    };
    int applied = 0;

    conninfo = getenv("BOURSE_TEST_DB");
    if (!conninfo) SKIP("BOURSE_TEST_DB is not set; tools/pg.sh run gives one");
    owner = db_open(conninfo, DB_OWNER, &err);
    CHECK(owner && store_migrate(owner, &applied, &err));
    auditor = db_open(conninfo, DB_AUDITOR, &err);
    CHECK(auditor);
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        arena_init(&arena, 4 << 20);
        all[i].run();
        arena_done(&arena);
        printf("ok %s\n", all[i].name);
    }
    db_close(auditor);
    db_close(owner);
    return 0;
}
