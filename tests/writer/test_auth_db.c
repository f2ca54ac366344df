/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks, where the database knows it: API keys, sessions made from them, nodes. */
#include "service/auth.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "store/agents.h"
#include "store/api_keys.h"
#include "tests/t.h"
#include "tests/writer/market_db.h"

#define S      INT64_C(1000000)
#define MARKET "mkt_01m86ch3mge00800000000000g"
#define AGENTS "http://127.0.0.1:8081"
#define AT_US  INT64_C(1795509000123000)
#define NODE   500

static char dir[] = "/tmp/bourse-auth-XXXXXX";
static struct arena arena;
static struct auth *auth;
static struct db *db, *owner;
static struct key *node_key;
static struct err err;
static int64_t now;

static void write_rows(void)
{
    const struct public_key public = key_public(node_key);
    const struct agent_row row = { .name = STR("n"),
                                   .agent_version = STR("1"),
                                   .inventory = STR("{}"),
                                   .engine = STR("null"),
                                   .seen_us = AT_US };
    CHECK(db_script(
        owner,
        "INSERT INTO accounts (account, at) VALUES"
        " (100, timestamptz '1970-01-01Z' + interval '1795509000.123 seconds');"
        "INSERT INTO nodes VALUES (500, 100,"
        " timestamptz '1970-01-01Z' + interval '1795509000.123 seconds', 1000, 1, 1, 0, 0)",
        &err));
    CHECK_I64(store_add_agent(db, NODE, public.b, &row, &err), DB_ONE);
}

/* ---- API keys ---- */

struct made {
    struct id id;
    struct str secret;
};

static struct made make_key(unsigned scopes)
{
    char *secret = arena_alloc(&arena, 64);
    int64_t created = 0;
    auth_secret_new("brs_live_", secret);
    const struct new_api_key k = { .id = id_random(now),
                                   .account = 100,
                                   .secret = auth_secret_hash(str_of(secret)),
                                   .name = STR("k"),
                                   .scopes = scopes };
    CHECK_I64(store_add_api_key(db, &k, &created, &err), DB_ONE);
    return (struct made){ k.id, str_of(secret) };
}

static void delete_key_elsewhere(const struct made *k)
{
    CHECK_I64(store_delete_api_key(db, k->id, 100, &err), DB_ONE);
}

TEST(an_api_key_tells_who_asks_and_is_then_remembered)
{
    const struct made k = make_key(SCOPE_READ | SCOPE_PROVIDER);
    struct who who;
    CHECK_I64(auth_bearer(auth, NULL, k.secret, now, &who, &err), AUTH_NEEDS_DB);
    CHECK_I64(auth_bearer(auth, db, k.secret, now, &who, &err), AUTH_OK);
    CHECK_I64(auth_bearer(auth, NULL, k.secret, now, &who, &err), AUTH_OK);
    CHECK_I64(who.account, 100);
    CHECK(id_eq(who.account_id, id_make(AT_US, 100, 0)));
    CHECK_I64(who.scopes, SCOPE_READ | SCOPE_PROVIDER);
    CHECK(id_eq(who.key_id, k.id));
    CHECK_I64(who.expires_us, 0);
}

TEST(an_unknown_api_key_is_refused)
{
    struct who who;
    CHECK_I64(auth_bearer(auth, db, STR("brs_live_unknown"), now, &who, &err), AUTH_NO);
    CHECK_I64(err.code, ERR_UNAUTHENTICATED);
}

TEST(a_key_deleted_here_is_gone_at_once)
{
    const struct made k = make_key(SCOPE_READ);
    struct who who;
    CHECK_I64(auth_bearer(auth, db, k.secret, now, &who, &err), AUTH_OK);
    delete_key_elsewhere(&k);
    auth_forget_key(auth, k.id);
    CHECK_I64(auth_bearer(auth, NULL, k.secret, now, &who, &err), AUTH_NEEDS_DB);
    CHECK_I64(auth_bearer(auth, db, k.secret, now, &who, &err), AUTH_NO);
}

TEST(a_key_deleted_elsewhere_is_gone_within_a_minute)
{
    const struct made k = make_key(SCOPE_READ);
    struct who who;
    CHECK_I64(auth_bearer(auth, db, k.secret, now, &who, &err), AUTH_OK);
    delete_key_elsewhere(&k);
    CHECK_I64(auth_bearer(auth, NULL, k.secret, now + 59 * S, &who, &err), AUTH_OK);
    CHECK_I64(auth_bearer(auth, NULL, k.secret, now + 60 * S, &who, &err), AUTH_NEEDS_DB);
    CHECK_I64(auth_bearer(auth, db, k.secret, now + 60 * S, &who, &err), AUTH_NO);
}

TEST(the_use_of_a_key_is_noted)
{
    const struct made k = make_key(SCOPE_READ);
    struct api_key_row row;
    struct who who;
    CHECK_I64(auth_bearer(auth, db, k.secret, now, &who, &err), AUTH_OK);
    CHECK_I64(store_find_api_key_by_id(db, k.id, &arena, &row, &err), DB_ONE);
    CHECK(row.last_used_us >= row.created_us);
}

/* ---- sessions made from a key ---- */

static struct str session_of(const struct made *k)
{
    struct who who;
    const char *token = NULL;
    int64_t expires = 0;
    CHECK_I64(auth_bearer(auth, db, k->secret, now, &who, &err), AUTH_OK);
    CHECK(auth_token(auth, &who, 12 * 3600, now, &arena, &token, &expires, &err));
    return str_of(token);
}

TEST(a_session_made_from_a_key_has_its_scopes)
{
    const struct made k = make_key(SCOPE_READ | SCOPE_TRADE);
    const struct str session = session_of(&k);
    struct who who;
    CHECK_I64(auth_bearer(auth, NULL, session, now, &who, &err), AUTH_OK);
    CHECK_I64(who.account, 100);
    CHECK_I64(who.scopes, SCOPE_READ | SCOPE_TRADE);
    CHECK(id_eq(who.key_id, k.id));
}

TEST(a_session_made_from_a_key_ends_with_it)
{
    const struct made k = make_key(SCOPE_READ);
    const struct str session = session_of(&k);
    struct who who;
    delete_key_elsewhere(&k);
    auth_forget_key(auth, k.id);
    CHECK_I64(auth_bearer(auth, NULL, session, now, &who, &err), AUTH_NEEDS_DB);
    CHECK_I64(auth_bearer(auth, db, session, now, &who, &err), AUTH_NO);
    CHECK_I64(err.code, ERR_UNAUTHENTICATED);
}

TEST(a_session_can_do_no_more_than_its_key_can_now)
{
    const struct made k = make_key(SCOPE_READ | SCOPE_TRADE);
    const struct str session = session_of(&k);
    struct who who;
    CHECK(db_script(owner, "UPDATE api_keys SET scopes = 1", &err));
    auth_forget_key(auth, k.id);
    CHECK_I64(auth_bearer(auth, db, session, now, &who, &err), AUTH_OK);
    CHECK_I64(who.scopes, SCOPE_READ);
}

/* ---- nodes ---- */

static enum auth_rc request(const struct key *key, struct id node, int64_t created_us, bool twice,
                            struct who *who)
{
    struct request_signature h;
    char keyid[ID_TEXT_MAX];
    id_format("node_", node, keyid);
    CHECK(request_sign(key, str_of(keyid), STR("GET"), STR(AGENTS "/v1/agent/asks"), STR(""),
                       created_us, &arena, &h, &err));
    const struct signed_request r = { .signature_input = str_of(h.signature_input),
                                      .signature = str_of(h.signature),
                                      .method = STR("GET"),
                                      .path_and_query = STR("/v1/agent/asks") };
    const enum auth_rc rc = auth_agent(auth, db, &r, now, who, &err);
    if (!twice) return rc;
    CHECK_I64(rc, AUTH_OK);
    return auth_agent(auth, NULL, &r, now, who, &err);
}

static struct id node_id(void)
{
    return id_make(AT_US, NODE, 0);
}

TEST(a_node_is_known_by_its_key)
{
    struct who who;
    CHECK_I64(request(node_key, node_id(), now, false, &who), AUTH_OK);
    CHECK_I64(who.node, NODE);
    CHECK(id_eq(who.node_id, node_id()));
    CHECK_I64(who.account, 100);
    CHECK(id_eq(who.account_id, id_make(AT_US, 100, 0)));
    CHECK_I64(who.scopes, SCOPE_NONE);
}

TEST(a_signed_request_is_good_once)
{
    struct who who;
    CHECK_I64(request(node_key, node_id(), now, true, &who), AUTH_NO);
    CHECK_I64(err.code, ERR_UNAUTHENTICATED);
    CHECK_STR(err.detail, "The nonce was used before.");
}

TEST(another_key_is_not_the_node)
{
    struct key *other = key_new();
    struct who who;
    CHECK_I64(request(other, node_id(), now, false, &who), AUTH_NO);
    CHECK_I64(err.code, ERR_UNAUTHENTICATED);
    key_free(other);
}

TEST(a_node_is_named_by_its_whole_id)
{
    struct who who;
    CHECK_I64(request(node_key, id_make(AT_US + 1000, NODE, 0), now, false, &who), AUTH_NO);
    CHECK_I64(request(node_key, id_make(AT_US, NODE, 1), now, false, &who), AUTH_NO);
    CHECK_I64(request(node_key, id_make(AT_US, NODE + 1, 0), now, false, &who), AUTH_NO);
    CHECK_I64(err.code, ERR_UNAUTHENTICATED);
}

TEST(what_was_signed_before_this_server_began_is_refused)
{
    struct who who;
    CHECK_I64(request(node_key, node_id(), now - 10 * S, false, &who), AUTH_NO);
    auth_begin(auth, now - 10 * S);
    CHECK_I64(request(node_key, node_id(), now - 10 * S, false, &who), AUTH_OK);
    CHECK_I64(request(node_key, node_id(), now - 11 * S, false, &who), AUTH_NO);
    auth_begin(auth, now);
}

TEST(a_database_that_fails_is_our_fault)
{
    struct db *bare = db_open(getenv("BOURSE_TEST_DB"), DB_APP, &err); /* without our tables */
    struct who who;
    CHECK(bare);
    CHECK_I64(auth_bearer(auth, bare, STR("brs_live_x"), now, &who, &err), AUTH_NO);
    CHECK_I64(err.code, ERR_DB);
    CHECK_I64(auth_bearer(auth, db, STR("brs_live_x"), now, &who, &err), AUTH_NO);
    CHECK_I64(err.code, ERR_UNAUTHENTICATED);
    db_close(bare);
}

int main(void)
{
    static const struct t_test all[] = {
        T(an_api_key_tells_who_asks_and_is_then_remembered),
        T(an_unknown_api_key_is_refused),
        T(a_key_deleted_here_is_gone_at_once),
        T(a_key_deleted_elsewhere_is_gone_within_a_minute),
        T(the_use_of_a_key_is_noted),
        T(a_session_made_from_a_key_has_its_scopes),
        T(a_session_made_from_a_key_ends_with_it),
        T(a_session_can_do_no_more_than_its_key_can_now),
        T(a_node_is_known_by_its_key),
        T(a_signed_request_is_good_once),
        T(another_key_is_not_the_node),
        T(a_node_is_named_by_its_whole_id),
        T(what_was_signed_before_this_server_began_is_refused),
        T(a_database_that_fails_is_our_fault),
    };
    const char *conninfo = market_db_new();
    const struct auth_options o = { dir, MARKET, "http://127.0.0.1:8080", AGENTS };

    owner = market_db_open(conninfo);
    db = db_open(conninfo, DB_APP, &err);
    CHECK(owner && db);
    node_key = key_new();
    write_rows();
    CHECK(mkdtemp(dir) && auth_init(dir, &err));
    auth = auth_new(&o, &err);
    CHECK(auth);
    now = clock_wall_us();
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        arena_init(&arena, 1 << 20);
        all[i].run();
        arena_done(&arena);
        printf("ok %s\n", all[i].name);
    }
    auth_free(auth);
    key_free(node_key);
    db_close(db);
    db_close(owner);
    arena_init(&arena, 4096);
    CHECK(unlink(arena_fmt(&arena, "%s/jwt.key", dir)) == 0 && rmdir(dir) == 0);
    arena_done(&arena);
    return 0;
}
