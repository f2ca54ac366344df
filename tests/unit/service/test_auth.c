/* SPDX-License-Identifier: Apache-2.0 */
/* What can be told about a sender without a database; the rest is in tests/writer/test_auth_db.c.
 */
#include "service/auth.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/limits.h"
#include "service/challenges.h"
#include "service/jwt.h"
#include "service/known.h"
#include "service/nonces.h"
#include "tests/t.h"

#define S      INT64_C(1000000)
#define MARKET "mkt_01m86ch3mge00800000000000g"
#define AGENTS "http://127.0.0.1:8081"

static char dir[] = "/tmp/bourse-auth-XXXXXX";
static struct arena arena;
static struct auth *auth;
static struct err err;
static int64_t now;

static struct auth *opened(void)
{
    const struct auth_options o = { dir, MARKET, "http://127.0.0.1:8080", AGENTS };
    return auth_new(&o, &err);
}

static struct who person(int64_t account, unsigned scopes)
{
    return (
        struct who){ .account = account, .account_id = id_make(now, account, 0), .scopes = scopes };
}

static struct str token_of(const struct who *who, int64_t life_s)
{
    const char *token = NULL;
    int64_t expires = 0;
    CHECK(auth_token(auth, who, life_s, now, &arena, &token, &expires, &err));
    CHECK_I64(expires, now / S * S + life_s * S);
    return str_of(token);
}

/* ---- keys ---- */

TEST(a_second_key_file_is_not_made)
{
    CHECK(!auth_init(dir, &err));
    CHECK_I64(err.code, ERR_WRONG_STATE);
}

TEST(a_key_file_that_others_may_read_is_refused)
{
    const char *path = arena_fmt(&arena, "%s/jwt.key", dir);
    CHECK(chmod(path, 0640) == 0);
    CHECK(!opened());
    CHECK_I64(err.code, ERR_IO);
    CHECK(chmod(path, 0600) == 0);
}

TEST(a_short_key_file_is_refused)
{
    char other[] = "/tmp/bourse-auth-XXXXXX";
    CHECK(mkdtemp(other));
    const char *path = arena_fmt(&arena, "%s/jwt.key", other);
    const struct auth_options o = { other, MARKET, "http://127.0.0.1:8080", AGENTS };
    CHECK(!auth_new(&o, &err));
    CHECK_I64(err.code, ERR_NOT_FOUND);
    CHECK(file_write(path, STR("thirty-one bytes are one too few"), 0600, &err));
    struct auth *whole = auth_new(&o, &err);
    CHECK(whole);
    auth_free(whole);
    CHECK(file_write(path, STR("thirty-one bytes are one too fe"), 0600, &err));
    CHECK(!auth_new(&o, &err));
    CHECK_I64(err.code, ERR_IO);
    CHECK(unlink(path) == 0 && rmdir(other) == 0);
}

TEST(derived_keys_differ_by_label_and_stay)
{
    uint8_t a[32], b[32], again[32];
    auth_derive(auth, "cursor", a);
    auth_derive(auth, "log", b);
    CHECK(memcmp(a, b, sizeof(a)) != 0);
    struct auth *other = opened();
    auth_derive(other, "cursor", again);
    auth_free(other);
    CHECK(memcmp(a, again, sizeof(a)) == 0);
}

TEST(secrets_are_long_and_each_is_new)
{
    char a[64], b[64];
    auth_secret_new("brs_live_", a);
    auth_secret_new("brs_live_", b);
    CHECK(strncmp(a, "brs_live_", 9) == 0);
    CHECK_I64(strlen(a), 9 + 43);
    CHECK(strcmp(a, b) != 0);
}

/* ---- tokens ---- */

TEST(a_token_tells_who_asks)
{
    const struct who p = person(77, SCOPE_READ | SCOPE_TRADE);
    struct who who;
    CHECK_I64(auth_bearer(auth, NULL, token_of(&p, 900), now, &who, &err), AUTH_OK);
    CHECK_I64(who.account, 77);
    CHECK(id_eq(who.account_id, p.account_id));
    CHECK_I64(who.scopes, SCOPE_READ | SCOPE_TRADE);
    CHECK_I64(who.node, 0);
    CHECK_I64(who.expires_us, now / S * S + 900 * S);
}

TEST(an_expired_token_tells_nothing)
{
    const struct who p = person(77, SCOPE_ALL);
    struct who who;
    CHECK_I64(auth_bearer(auth, NULL, token_of(&p, 900), now + 900 * S, &who, &err), AUTH_NO);
    CHECK_I64(err.code, ERR_UNAUTHENTICATED);
}

TEST(the_token_of_another_server_key_tells_nothing)
{
    char other[] = "/tmp/bourse-auth-XXXXXX";
    CHECK(mkdtemp(other) && auth_init(other, &err));
    const struct auth_options o = { other, MARKET, "http://127.0.0.1:8080", AGENTS };
    struct auth *stranger = auth_new(&o, &err);
    const struct who p = person(77, SCOPE_ALL);
    const char *token = NULL;
    int64_t expires = 0;
    struct who who;
    CHECK(auth_token(stranger, &p, 900, now, &arena, &token, &expires, &err));
    CHECK_I64(auth_bearer(auth, NULL, str_of(token), now, &who, &err), AUTH_NO);
    auth_free(stranger);
    CHECK(unlink(arena_fmt(&arena, "%s/jwt.key", other)) == 0 && rmdir(other) == 0);
}

TEST(an_api_key_needs_the_database)
{
    struct who who;
    CHECK_I64(auth_bearer(auth, NULL, STR("brs_live_x"), now, &who, &err), AUTH_NEEDS_DB);
}

TEST(a_session_made_from_an_api_key_needs_the_database)
{
    struct who p = person(77, SCOPE_ALL), who;
    p.key_id = id_random(now);
    CHECK_I64(auth_bearer(auth, NULL, token_of(&p, 900), now, &who, &err), AUTH_NEEDS_DB);
}

/* ---- challenges ---- */

static struct challenge challenged(const struct key *key, int64_t at)
{
    const struct public_key public = key_public(key);
    struct challenge c;
    CHECK(auth_challenge(auth, &public, at, &c, &err));
    return c;
}

TEST(a_challenge_says_what_is_signed)
{
    struct key *key = key_new();
    const struct public_key public = key_public(key);
    char text[45];
    const struct challenge c = challenged(key, now);
    public_key_text(&public, text);
    CHECK_STR(c.message, arena_fmt(&arena, "bourse-login-v1|%s|%s|%s|%" PRId64, MARKET, c.nonce,
                                   text, now / S + 60));
    CHECK_I64(c.expires_us, (now / S + 60) * S);
    key_free(key);
}

TEST(an_answer_is_good_once)
{
    struct key *key = key_new();
    const struct challenge c = challenged(key, now);
    const struct signature s = key_sign(key, str_of(c.message));
    const struct public_key want = key_public(key);
    struct public_key got;
    CHECK(auth_challenge_answer(auth, c.id, &s, now, &got, &err));
    CHECK(memcmp(got.b, want.b, sizeof(got.b)) == 0);
    CHECK(!auth_challenge_answer(auth, c.id, &s, now, &got, &err));
    CHECK_I64(err.code, ERR_UNAUTHENTICATED);
    key_free(key);
}

TEST(a_wrong_answer_spends_the_challenge)
{
    struct key *key = key_new(), *other = key_new();
    const struct challenge c = challenged(key, now);
    const struct signature wrong = key_sign(other, str_of(c.message));
    const struct signature right = key_sign(key, str_of(c.message));
    struct public_key got;
    CHECK(!auth_challenge_answer(auth, c.id, &wrong, now, &got, &err));
    CHECK(!auth_challenge_answer(auth, c.id, &right, now, &got, &err));
    key_free(key);
    key_free(other);
}

TEST(an_answer_comes_in_time)
{
    struct key *key = key_new();
    const struct challenge c = challenged(key, now), d = challenged(key, now);
    const struct signature s = key_sign(key, str_of(c.message)),
                           t = key_sign(key, str_of(d.message));
    struct public_key got;
    CHECK(!auth_challenge_answer(auth, c.id, &s, c.expires_us, &got, &err));
    CHECK(auth_challenge_answer(auth, d.id, &t, d.expires_us - 1, &got, &err));
    key_free(key);
}

TEST(an_unknown_challenge_is_refused_like_a_wrong_answer)
{
    struct key *key = key_new();
    const struct challenge c = challenged(key, now);
    const struct signature s = key_sign(key, STR("another text"));
    struct public_key got;
    char wrong[240];
    CHECK(!auth_challenge_answer(auth, c.id, &s, now, &got, &err));
    snprintf(wrong, sizeof(wrong), "%s", err.detail);
    CHECK(!auth_challenge_answer(auth, id_random(now), &s, now, &got, &err));
    CHECK_STR(err.detail, wrong);
    key_free(key);
}

TEST(those_that_expire_first_make_room_for_others)
{
    struct challenges *c = challenges_new();
    const struct challenge_row row = { .id = id_random(now), .expires_us = now + 60 * S };
    struct challenge_row got;
    challenges_put(c, &row, now);
    for (int i = 0; i < 200000; i++) {
        const struct challenge_row old = { .id = id_random(now), .expires_us = now + 1 };
        challenges_put(c, &old, now);
    }
    CHECK(challenges_take(c, row.id, now, &got));
    CHECK(!challenges_take(c, row.id, now, &got));
    challenges_free(c);
}

/* ---- joins ---- */

struct sent {
    struct key *key;
    struct public_key public;
    struct request_signature headers;
    struct hash body_hash;
    struct signed_request r;
};

static struct sent *sent(const char *method, const char *path, const char *body)
{
    struct sent *x = arena_alloc(&arena, sizeof(*x));
    char keyid[45];
    x->key = key_new();
    x->public = key_public(x->key);
    public_key_text(&x->public, keyid);
    CHECK(request_sign(x->key, str_of(keyid), str_of(method),
                       str_of(arena_fmt(&arena, AGENTS "%s", path)), str_of(body), now, &arena,
                       &x->headers, &err));
    x->body_hash = sha256(str_of(body));
    x->r = (struct signed_request){ .signature_input = str_of(x->headers.signature_input),
                                    .signature = str_of(x->headers.signature),
                                    .content_digest = str_of(x->headers.content_digest),
                                    .method = str_of(method),
                                    .path_and_query = str_of(path),
                                    .body_hash = &x->body_hash,
                                    .join_key = &x->public };
    key_free(x->key);
    return x;
}

static bool joins(const struct sent *x, int64_t at)
{
    struct who who = { .account = 1 };
    const enum auth_rc rc = auth_agent(auth, NULL, &x->r, at, &who, &err);
    CHECK(rc == AUTH_NO || (rc == AUTH_OK && who.account == 0 && who.node == 0 && who.scopes == 0));
    return rc == AUTH_OK;
}

TEST(a_join_is_signed_by_the_key_in_its_body)
{
    CHECK(joins(sent("POST", "/v1/agent/join", "{}"), now));
}

TEST(a_join_may_be_repeated)
{
    const struct sent *x = sent("POST", "/v1/agent/join", "{}");
    CHECK(joins(x, now));
    CHECK(joins(x, now));
}

TEST(a_join_with_another_key_in_its_body_is_refused)
{
    struct sent *x = sent("POST", "/v1/agent/join", "{}");
    const struct sent *other = sent("POST", "/v1/agent/join", "{}");
    x->r.join_key = &other->public;
    CHECK(!joins(x, now));
    CHECK_I64(err.code, ERR_UNAUTHENTICATED);
}

TEST(method_path_and_body_are_covered)
{
    struct sent *x = sent("POST", "/v1/agent/join?a=1", "{}");
    const struct hash other = sha256(STR("{ }"));
    CHECK(joins(x, now));
    x->r.method = STR("PUT");
    CHECK(!joins(x, now));
    x->r.method = STR("POST");
    x->r.path_and_query = STR("/v1/agent/join?a=2");
    CHECK(!joins(x, now));
    x->r.path_and_query = STR("/v1/agent/join?a=1");
    x->r.body_hash = &other;
    CHECK(!joins(x, now));
    x->r.body_hash = NULL;
    CHECK(!joins(x, now));
    x->r.content_digest = STR("");
    CHECK(!joins(x, now));
    x->r.body_hash = &x->body_hash;
    CHECK(!joins(x, now));
    x->r.content_digest = str_of(x->headers.content_digest);
    CHECK(joins(x, now));
}

TEST(an_old_signature_and_one_of_the_future_are_refused)
{
    const struct sent *x = sent("POST", "/v1/agent/join", "{}");
    CHECK(joins(x, now + SIGNATURE_AGE_S * S));
    CHECK(!joins(x, now + (SIGNATURE_AGE_S + 1) * S));
    CHECK(joins(x, now - SIGNATURE_AHEAD_S * S));
    CHECK(!joins(x, now - (SIGNATURE_AHEAD_S + 1) * S));
}

TEST(a_node_is_looked_up_in_the_database)
{
    struct key *key = key_new();
    struct request_signature headers;
    struct who who;
    char keyid[ID_TEXT_MAX];
    id_format("node_", id_make(now, 99, 0), keyid);
    CHECK(request_sign(key, str_of(keyid), STR("GET"), STR(AGENTS "/v1/agent/asks"), STR(""), now,
                       &arena, &headers, &err));
    const struct signed_request r = { .signature_input = str_of(headers.signature_input),
                                      .signature = str_of(headers.signature),
                                      .method = STR("GET"),
                                      .path_and_query = STR("/v1/agent/asks") };
    CHECK_I64(auth_agent(auth, NULL, &r, now, &who, &err), AUTH_NEEDS_DB);
    key_free(key);
}

/* ---- nonces ---- */

static struct hash nonce(int i)
{
    return sha256((struct str){ (const char *)&i, sizeof(i) });
}

TEST(a_nonce_is_new_once)
{
    struct nonces *n = nonces_new(360 * S, 100);
    const struct hash a = nonce(1), b = nonce(2);
    CHECK_I64(nonces_add(n, &a, now), NONCE_NEW);
    CHECK_I64(nonces_add(n, &a, now), NONCE_SEEN);
    CHECK_I64(nonces_add(n, &b, now), NONCE_NEW);
    nonces_free(n);
}

TEST(a_nonce_is_remembered_for_a_period_at_least)
{
    struct nonces *n = nonces_new(360 * S, 100);
    const struct hash first = nonce(0), late = nonce(1), other = nonce(2);
    CHECK_I64(nonces_add(n, &first, now), NONCE_NEW);
    CHECK_I64(nonces_add(n, &late, now + 359 * S), NONCE_NEW);
    CHECK_I64(nonces_add(n, &other, now + 360 * S), NONCE_NEW); /* a generation ends */
    CHECK_I64(nonces_add(n, &late, now + 719 * S), NONCE_SEEN);
    CHECK_I64(nonces_add(n, &other, now + 719 * S), NONCE_SEEN);
    CHECK_I64(nonces_add(n, &late, now + 720 * S), NONCE_NEW);
    nonces_free(n);
}

TEST(a_full_table_refuses_and_forgets_nothing)
{
    struct nonces *n = nonces_new(360 * S, 5000);
    for (int i = 0; i < 5000; i++) {
        const struct hash h = nonce(i);
        CHECK_I64(nonces_add(n, &h, now), NONCE_NEW);
    }
    const struct hash more = nonce(5000);
    CHECK_I64(nonces_add(n, &more, now), NONCE_FULL);
    for (int i = 0; i < 5000; i++) {
        const struct hash h = nonce(i);
        CHECK_I64(nonces_add(n, &h, now), NONCE_SEEN);
    }
    CHECK_I64(nonces_add(n, &more, now + 360 * S), NONCE_NEW);
    nonces_free(n);
}

TEST(a_clock_that_jumps_back_forgets_nothing)
{
    struct nonces *n = nonces_new(360 * S, 100);
    const struct hash a = nonce(1);
    CHECK_I64(nonces_add(n, &a, now), NONCE_NEW);
    CHECK_I64(nonces_add(n, &a, now - 10000 * S), NONCE_SEEN);
    CHECK_I64(nonces_add(n, &a, now), NONCE_SEEN);
    nonces_free(n);
}

/* ---- what is remembered ---- */

TEST(a_key_is_remembered_for_a_minute)
{
    struct known *k = known_new();
    const struct hash secret = nonce(1), other = nonce(2);
    const struct known_key key = { .id = id_random(now), .account = 77, .scopes = 3 };
    struct known_key got = { .account = 0 };
    known_put_key(k, &secret, &key, known_mark(k), now);
    CHECK(known_find_secret(k, &secret, now + 60 * S - 1, &got) && got.account == 77);
    CHECK(known_find_key(k, key.id, now + 60 * S - 1, &got) && got.scopes == 3);
    CHECK(!known_find_secret(k, &other, now, &got));
    CHECK(!known_find_key(k, id_random(now), now, &got));
    CHECK(!known_find_secret(k, &secret, now + 60 * S, &got));
    CHECK(!known_find_key(k, key.id, now + 60 * S, &got));
    known_free(k);
}

/* Two secrets whose place in the table is the same do not drive each other out. */
TEST(secrets_that_meet_are_both_remembered)
{
    struct known *k = known_new();
    struct hash secrets[4];
    struct known_key got;
    for (int64_t i = 0; i < 4; i++) {
        secrets[i] = nonce(1);
        secrets[i].b[31] = (uint8_t)i;
        const struct known_key key = { .id = id_random(now), .account = 77 + i };
        known_put_key(k, &secrets[i], &key, known_mark(k), now);
    }
    for (int64_t i = 0; i < 4; i++)
        CHECK(known_find_secret(k, &secrets[i], now, &got) && got.account == 77 + i);
    known_free(k);
}

TEST(a_forgotten_key_is_gone_at_once)
{
    struct known *k = known_new();
    const struct hash secret = nonce(1);
    const struct known_key key = { .id = id_random(now), .account = 77 };
    struct known_key got;
    const int64_t mark = known_mark(k);
    known_put_key(k, &secret, &key, mark, now);
    known_forget_key(k, key.id);
    CHECK(!known_find_secret(k, &secret, now, &got));
    CHECK(!known_find_key(k, key.id, now, &got));
    known_put_key(k, &secret, &key, mark, now); /* read before the deletion, told after it */
    CHECK(!known_find_secret(k, &secret, now, &got));
    CHECK(!known_find_key(k, key.id, now, &got));
    known_free(k);
}

TEST(a_node_is_remembered_until_forgotten)
{
    struct known *k = known_new();
    const struct known_node node = { .node = 99, .account = 77 };
    struct known_node got = { .account = 0 };
    known_put_node(k, &node, known_mark(k), now);
    CHECK(known_find_node(k, 99, now, &got) && got.account == 77);
    CHECK(!known_find_node(k, 99 + 4096, now, &got)); /* the same place */
    CHECK(!known_find_node(k, 99, now + 60 * S, &got));
    known_forget_node(k, 99 + 4096);
    CHECK(known_find_node(k, 99, now, &got));
    known_forget_node(k, 99);
    CHECK(!known_find_node(k, 99, now, &got));
    known_free(k);
}

int main(void)
{
    static const struct t_test all[] = {
        T(a_second_key_file_is_not_made),
        T(a_key_file_that_others_may_read_is_refused),
        T(a_short_key_file_is_refused),
        T(derived_keys_differ_by_label_and_stay),
        T(secrets_are_long_and_each_is_new),
        T(a_token_tells_who_asks),
        T(an_expired_token_tells_nothing),
        T(the_token_of_another_server_key_tells_nothing),
        T(an_api_key_needs_the_database),
        T(a_session_made_from_an_api_key_needs_the_database),
        T(a_challenge_says_what_is_signed),
        T(an_answer_is_good_once),
        T(a_wrong_answer_spends_the_challenge),
        T(an_answer_comes_in_time),
        T(an_unknown_challenge_is_refused_like_a_wrong_answer),
        T(those_that_expire_first_make_room_for_others),
        T(a_join_is_signed_by_the_key_in_its_body),
        T(a_join_may_be_repeated),
        T(a_join_with_another_key_in_its_body_is_refused),
        T(method_path_and_body_are_covered),
        T(an_old_signature_and_one_of_the_future_are_refused),
        T(a_node_is_looked_up_in_the_database),
        T(a_nonce_is_new_once),
        T(a_nonce_is_remembered_for_a_period_at_least),
        T(a_full_table_refuses_and_forgets_nothing),
        T(a_clock_that_jumps_back_forgets_nothing),
        T(a_key_is_remembered_for_a_minute),
        T(secrets_that_meet_are_both_remembered),
        T(a_forgotten_key_is_gone_at_once),
        T(a_node_is_remembered_until_forgotten),
    };

    now = clock_wall_us();
    CHECK(mkdtemp(dir) && auth_init(dir, &err));
    auth = opened();
    CHECK(auth);
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        arena_init(&arena, 1 << 20);
        err = (struct err){ .code = ERR_NONE };
        all[i].run();
        arena_done(&arena);
        printf("ok %s\n", all[i].name);
    }
    auth_free(auth);
    arena_init(&arena, 4096);
    CHECK(unlink(arena_fmt(&arena, "%s/jwt.key", dir)) == 0 && rmdir(dir) == 0);
    arena_done(&arena);
    return 0;
}
