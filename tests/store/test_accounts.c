/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts, keys, codes, tokens and nodes' agents on a real database with all migrations. */
#include "store/accounts.h"

#include "base/clock.h"
#include "store/agents.h"
#include "store/api_keys.h"
#include "store/join_tokens.h"
#include "store/migrate.h"
#include "tests/t.h"

#define AT_US INT64_C(1795509000123000)

static struct db *db;
static struct arena arena;
static struct err err;

/* What the market thread writes, and the application may not. */
static void begin(const char *conninfo)
{
    int applied = 0;
    struct db *owner = db_open(conninfo, DB_OWNER, &err);
    CHECK(owner && store_migrate(owner, &applied, &err));
    CHECK(db_script(owner,
                    "INSERT INTO accounts (account, at) VALUES"
                    " (100, timestamptz '1970-01-01Z' + interval '1795509000.123 seconds'),"
                    " (200, now()), (300, now());"
                    "INSERT INTO balances (account, available, held) VALUES (100, 5000000, 250000);"
                    "INSERT INTO nodes (node, account, at, cpu_millis, memory_bytes, scratch_bytes,"
                    " gpu_pool, gpus) SELECT n, 100,"
                    " timestamptz '1970-01-01Z' + interval '1795509000.123 seconds', 4000,"
                    " 8589934592, 9663676416, 4, 2 FROM generate_series(500, 509) n;"
                    "INSERT INTO leases SELECT 1000 + s, 1, 1, 501, 100, 200, 1, 1, 1, 60, 0, s, 1,"
                    " now(), NULL, NULL, NULL, NULL, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1"
                    " FROM generate_series(0, 9) s",
                    &err));
    db_close(owner);
    db = db_open(conninfo, DB_APP, &err);
    CHECK(db);
}

static struct hash hash(uint8_t first)
{
    return (struct hash){ { first, 1, 2, 3 } };
}

static const uint8_t *key(uint8_t first)
{
    static uint8_t bytes[8][32];
    static size_t next;
    uint8_t *k = bytes[next++ % 8];
    memset(k, 7, 32);
    k[0] = first;
    return k;
}

/* ---- accounts ---- */

TEST(an_account_has_its_balance)
{
    struct account_row a;
    CHECK_I64(store_find_account(db, 100, &a, &err), DB_ONE);
    CHECK_I64(a.account, 100);
    CHECK_I64(a.at_us, AT_US);
    CHECK_I64(a.available, 5000000);
    CHECK_I64(a.held, 250000);
}

TEST(an_account_without_a_balance_has_nothing)
{
    struct account_row a;
    CHECK_I64(store_find_account(db, 200, &a, &err), DB_ONE);
    CHECK_I64(a.available, 0);
    CHECK_I64(store_find_account(db, 201, &a, &err), DB_NONE);
}

TEST(an_account_is_named)
{
    CHECK_I64(store_name_account(db, 200, STR("Grace"), &err), DB_ONE);
    CHECK_I64(store_name_account(db, 201, STR("Nobody"), &err), DB_NONE);
}

TEST(a_login_key_opens_one_account)
{
    struct account_ref a;
    int64_t created = 0;
    CHECK_I64(store_find_account_of_key(db, key(1), &a, &err), DB_NONE);
    CHECK_I64(store_add_account_key(db, key(1), 100, STR("laptop"), &created, &err), DB_ONE);
    CHECK(created > AT_US - 1000000 * INT64_C(86400) * 365 * 20);
    CHECK_I64(store_find_account_of_key(db, key(1), &a, &err), DB_ONE);
    CHECK_I64(a.account, 100);
    CHECK_I64(a.at_us, AT_US);
    CHECK_I64(store_add_account_key(db, key(1), 200, STR(""), &created, &err), DB_NONE);
    CHECK_I64(store_find_account_of_key(db, key(1), &a, &err), DB_ONE);
    CHECK_I64(a.account, 100);
}

TEST(an_account_has_a_bounded_number_of_keys)
{
    int64_t created = 0;
    for (uint8_t i = 0; i < ACCOUNT_KEYS_MAX; i++)
        CHECK_I64(store_add_account_key(db, key(100 + i), 300, STR("k"), &created, &err), DB_ONE);
    CHECK_I64(store_add_account_key(db, key(200), 300, STR("k"), &created, &err), DB_NONE);
    struct account_ref a;
    CHECK_I64(store_find_account_of_key(db, key(200), &a, &err), DB_NONE);
}

TEST(login_keys_are_listed_newest_first_in_pages)
{
    struct account_key_row *rows = NULL;
    size_t n = 0;
    CHECK_I64(store_list_account_keys(db, 300, 0, 10, &arena, &rows, &n, &err), DB_ONE);
    CHECK_I64(n, 10);
    CHECK_I64(rows[0].public_key.n, 32);
    CHECK_I64((uint8_t)rows[0].public_key.p[0], 100 + ACCOUNT_KEYS_MAX - 1);
    CHECK(str_is(rows[0].name, "k"));
    CHECK_I64(store_list_account_keys(db, 300, rows[9].created_us, 10, &arena, &rows, &n, &err),
              DB_ONE);
    CHECK_I64(n, ACCOUNT_KEYS_MAX - 10);
    CHECK_I64((uint8_t)rows[n - 1].public_key.p[0], 100);
    CHECK_I64(store_list_account_keys(db, 300, rows[n - 1].created_us, 10, &arena, &rows, &n, &err),
              DB_NONE);
    CHECK_I64(n, 0);
}

TEST(a_recovery_code_is_spent_once)
{
    const struct hash code = hash(1), other = hash(2);
    struct account_ref a;
    CHECK_I64(store_add_recovery_code(db, &code, 100, &err), DB_ONE);
    CHECK_I64(store_spend_recovery_code(db, &other, &a, &err), DB_NONE);
    CHECK_I64(store_spend_recovery_code(db, &code, &a, &err), DB_ONE);
    CHECK_I64(a.account, 100);
    CHECK_I64(a.at_us, AT_US);
    CHECK_I64(store_spend_recovery_code(db, &code, &a, &err), DB_NONE);
}

/* ---- API keys ---- */

static struct id add_api_key(int64_t account, const struct hash *secret, const char *name)
{
    const struct new_api_key k = { .id = id_random(clock_wall_us()),
                                   .account = account,
                                   .secret = *secret,
                                   .name = str_of(name),
                                   .scopes = 5 };
    int64_t created = 0;
    CHECK_I64(store_add_api_key(db, &k, &created, &err), DB_ONE);
    CHECK(created > 0);
    return k.id;
}

TEST(an_api_key_is_found_by_its_secret_and_its_id)
{
    const struct hash secret = hash(10), other = hash(11);
    struct api_key_row row;
    const struct id id = add_api_key(100, &secret, "ci");
    CHECK_I64(store_find_api_key(db, &other, &arena, &row, &err), DB_NONE);
    CHECK_I64(store_find_api_key(db, &secret, &arena, &row, &err), DB_ONE);
    CHECK(id_eq(row.id, id));
    CHECK_I64(row.account, 100);
    CHECK_I64(row.account_at_us, AT_US);
    CHECK_I64(row.scopes, 5);
    CHECK(str_is(row.name, "ci"));
    CHECK_I64(row.last_used_us, 0);
    CHECK_I64(store_find_api_key_by_id(db, id, &arena, &row, &err), DB_ONE);
    CHECK(str_is(row.name, "ci"));
    CHECK_I64(store_find_api_key_by_id(db, id_random(AT_US), &arena, &row, &err), DB_NONE);
}

TEST(use_is_noted_once_a_minute)
{
    const struct hash secret = hash(12);
    struct api_key_row row;
    const struct id id = add_api_key(100, &secret, "used");
    CHECK_I64(store_use_api_key(db, id, &err), DB_ONE);
    CHECK_I64(store_use_api_key(db, id, &err), DB_NONE);
    CHECK_I64(store_find_api_key_by_id(db, id, &arena, &row, &err), DB_ONE);
    CHECK(row.last_used_us >= row.created_us);
}

TEST(only_its_owner_takes_an_api_key_back)
{
    const struct hash secret = hash(13);
    struct api_key_row row;
    const struct id id = add_api_key(100, &secret, "lost");
    CHECK_I64(store_delete_api_key(db, id, 200, &err), DB_NONE);
    CHECK_I64(store_find_api_key(db, &secret, &arena, &row, &err), DB_ONE);
    CHECK_I64(store_delete_api_key(db, id, 100, &err), DB_ONE);
    CHECK_I64(store_find_api_key(db, &secret, &arena, &row, &err), DB_NONE);
    CHECK_I64(store_delete_api_key(db, id, 100, &err), DB_NONE);
}

TEST(api_keys_are_bounded_and_listed_newest_first)
{
    struct api_key_row *rows = NULL;
    size_t n = 0;
    int64_t created = 0;
    for (int i = 0; i < API_KEYS_MAX; i++) {
        const struct hash h = { { 99, (uint8_t)i } };
        (void)add_api_key(200, &h, i == API_KEYS_MAX - 1 ? "last" : "other");
    }
    const struct new_api_key more = {
        .id = id_random(AT_US), .account = 200, .secret = hash(14), .name = STR("more"), .scopes = 1
    };
    CHECK_I64(store_add_api_key(db, &more, &created, &err), DB_NONE);
    CHECK_I64(store_list_api_keys(db, 200, 0, 60, &arena, &rows, &n, &err), DB_ONE);
    CHECK_I64(n, 60);
    CHECK(str_is(rows[0].name, "last"));
    CHECK(rows[0].created_us > rows[59].created_us);
    CHECK_I64(store_list_api_keys(db, 200, rows[59].created_us, 60, &arena, &rows, &n, &err),
              DB_ONE);
    CHECK_I64(n, API_KEYS_MAX - 60);
    CHECK_I64(store_list_api_keys(db, 300, 0, 60, &arena, &rows, &n, &err), DB_NONE);
}

/* ---- join tokens ---- */

TEST(a_join_token_belongs_to_the_first_key)
{
    const struct hash token = hash(20);
    struct join_token_row t;
    const int64_t expires = clock_wall_us() + 900000000;
    CHECK_I64(store_add_join_token(db, &token, 100, STR("rack"), expires, &err), DB_ONE);
    CHECK_I64(store_find_join_token(db, &token, &arena, &t, &err), DB_ONE);
    CHECK_I64(t.account, 100);
    CHECK_I64(t.account_at_us, AT_US);
    CHECK_I64(t.expires_us, expires);
    CHECK(!t.public_key.p);
    CHECK_I64(t.node, 0);
    CHECK_I64(store_use_join_token(db, &token, key(1), 501, &err), DB_ONE);
    CHECK_I64(store_use_join_token(db, &token, key(1), 501, &err), DB_ONE);
    CHECK_I64(store_use_join_token(db, &token, key(2), 502, &err), DB_NONE);
    CHECK_I64(store_find_join_token(db, &token, &arena, &t, &err), DB_ONE);
    CHECK(t.public_key.n == 32 && t.public_key.p[0] == 1);
    CHECK_I64(t.node, 501);
}

TEST(unused_join_tokens_are_bounded_and_old_ones_go)
{
    const int64_t now = clock_wall_us(), long_ago = now - INT64_C(2) * 86400 * 1000000;
    const struct hash old = hash(21), more = hash(22);
    struct join_token_row t;
    CHECK_I64(store_add_join_token(db, &old, 300, STR(""), long_ago, &err), DB_ONE);
    for (int i = 0; i < JOIN_TOKENS_MAX; i++) {
        const struct hash h = { { 98, (uint8_t)i } };
        CHECK_I64(store_add_join_token(db, &h, 300, STR(""), now + 900000000, &err), DB_ONE);
    }
    CHECK_I64(store_find_join_token(db, &old, &arena, &t, &err), DB_NONE);
    CHECK_I64(store_add_join_token(db, &more, 300, STR(""), now + 900000000, &err), DB_NONE);
    CHECK_I64(store_find_join_token(db, &more, &arena, &t, &err), DB_NONE);
    CHECK_I64(store_add_join_token(db, &more, 100, STR(""), now + 900000000, &err), DB_ONE);
}

/* ---- agents and nodes ---- */

static struct agent_row said(const char *name, int64_t seen_us)
{
    return (struct agent_row){ .name = str_of(name),
                               .agent_version = STR("1.0.0"),
                               .inventory = STR("{}"),
                               .engine = STR("null"),
                               .seen_us = seen_us };
}

TEST(a_node_has_one_agent_and_an_agent_one_node)
{
    const struct agent_row row = said("first", AT_US);
    struct agent_key_row k;
    int64_t node = 0;
    CHECK_I64(store_find_agent_key(db, 501, &arena, &k, &err), DB_NONE);
    CHECK_I64(store_add_agent(db, 501, key(1), &row, &err), DB_ONE);
    CHECK_I64(store_add_agent(db, 501, key(2), &row, &err), DB_NONE);
    CHECK_I64(store_add_agent(db, 502, key(1), &row, &err), DB_NONE);
    CHECK_I64(store_find_node_of_key(db, key(2), &node, &err), DB_NONE);
    CHECK_I64(store_find_node_of_key(db, key(1), &node, &err), DB_ONE);
    CHECK_I64(node, 501);
    CHECK_I64(store_find_agent_key(db, 501, &arena, &k, &err), DB_ONE);
    CHECK(k.public_key.n == 32 && k.public_key.p[0] == 1);
    CHECK_I64(k.node, 501);
    CHECK_I64(k.node_at_us, AT_US);
    CHECK_I64(k.account, 100);
    CHECK_I64(k.account_at_us, AT_US);
}

TEST(a_node_is_shown_with_its_agent_and_its_leases)
{
    struct node_row n;
    CHECK_I64(store_find_node(db, 502, &arena, &n, &err), DB_NONE); /* no agent */
    CHECK_I64(store_find_node(db, 501, &arena, &n, &err), DB_ONE);
    CHECK_I64(n.node, 501);
    CHECK_I64(n.account, 100);
    CHECK_I64(n.at_us, AT_US);
    CHECK_I64(n.spec.cpu_millis, 4000);
    CHECK_I64(n.spec.memory_bytes, 8589934592);
    CHECK_I64(n.spec.scratch_bytes, 9663676416);
    CHECK_I64(n.spec.gpu_pool, 4);
    CHECK_I64(n.spec.gpus, 2);
    CHECK(str_is(n.agent.name, "first"));
    CHECK(str_is(n.agent.agent_version, "1.0.0"));
    CHECK(str_is(n.agent.inventory, "{}"));
    CHECK(str_is(n.agent.engine, "null"));
    CHECK_I64(n.agent.seen_us, AT_US);
    CHECK_I64(n.leases_live, 5); /* offered, preparing, running, stopping, preempted */
}

TEST(what_an_agent_says_is_replaced_and_time_goes_forward)
{
    const struct agent_row later = said("renamed", AT_US + 10), earlier = said("again", AT_US);
    struct node_row n;
    CHECK_I64(store_update_agent(db, 501, &later, &err), DB_ONE);
    CHECK_I64(store_update_agent(db, 501, &earlier, &err), DB_ONE);
    CHECK_I64(store_update_agent(db, 502, &later, &err), DB_NONE);
    CHECK_I64(store_find_node(db, 501, &arena, &n, &err), DB_ONE);
    CHECK(str_is(n.agent.name, "again"));
    CHECK_I64(n.agent.seen_us, AT_US + 10);
}

TEST(nodes_are_listed_newest_first_in_pages)
{
    const struct agent_row row = said("more", AT_US);
    struct node_row *rows = NULL;
    size_t n = 0;
    for (uint8_t i = 3; i < 10; i++)
        CHECK_I64(store_add_agent(db, 500 + i, key(i), &row, &err), DB_ONE);
    CHECK_I64(store_list_nodes(db, 100, 0, 5, &arena, &rows, &n, &err), DB_ONE);
    CHECK_I64(n, 5);
    CHECK_I64(rows[0].node, 509);
    CHECK_I64(store_list_nodes(db, 100, rows[4].node, 5, &arena, &rows, &n, &err), DB_ONE);
    CHECK_I64(n, 3);
    CHECK_I64(rows[2].node, 501);
    CHECK_I64(rows[2].spec.gpus, 2);
    CHECK_I64(store_list_nodes(db, 200, 0, 5, &arena, &rows, &n, &err), DB_NONE);
}

int main(void)
{
    static const struct t_test all[] = {
        T(an_account_has_its_balance),
        T(an_account_without_a_balance_has_nothing),
        T(an_account_is_named),
        T(a_login_key_opens_one_account),
        T(an_account_has_a_bounded_number_of_keys),
        T(login_keys_are_listed_newest_first_in_pages),
        T(a_recovery_code_is_spent_once),
        T(an_api_key_is_found_by_its_secret_and_its_id),
        T(use_is_noted_once_a_minute),
        T(only_its_owner_takes_an_api_key_back),
        T(api_keys_are_bounded_and_listed_newest_first),
        T(a_join_token_belongs_to_the_first_key),
        T(unused_join_tokens_are_bounded_and_old_ones_go),
        T(a_node_has_one_agent_and_an_agent_one_node),
        T(a_node_is_shown_with_its_agent_and_its_leases),
        T(what_an_agent_says_is_replaced_and_time_goes_forward),
        T(nodes_are_listed_newest_first_in_pages),
    };
    const char *conninfo = getenv("BOURSE_TEST_DB");

    if (!conninfo) SKIP("BOURSE_TEST_DB is not set; tools/pg.sh run gives one");
    begin(conninfo);
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        arena_init(&arena, 4 << 20);
        all[i].run();
        arena_done(&arena);
        printf("ok %s\n", all[i].name);
    }
    db_close(db);
    return 0;
}
