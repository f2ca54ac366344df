/* SPDX-License-Identifier: Apache-2.0 */
/* What a request claims about its sender, put together from its parts: tokens (jwt.c), API keys and
 * nodes' keys as the database has them (known.c), challenges and nonces.
 *
 * No key serves two uses: that of tokens and those that others ask for come from jwt.key, each
 * under a label (master.c). */
#include "service/auth.h"

#include <assert.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/random.h"
#include "service/challenges.h"
#include "service/jwt.h"
#include "service/known.h"
#include "service/master.h"
#include "service/nonces.h"
#include "store/agents.h"
#include "store/api_keys.h"

#define US_PER_S       INT64_C(1000000)
#define ROW_MAX        4096      /* a row that is looked at here */
#define URI_MAX        16384     /* of a signed request; longer ones are refused in request.c */
#define NONCES_MAX     (1 << 19) /* of six minutes: 1,400 signed requests a second */
#define SECRET_SIZE    32
#define API_KEY_PREFIX "brs_live_"

struct auth {
    struct auth_options o;
    struct master master;
    uint8_t jwt_key[JWT_KEY_SIZE];
    char kid[17];
    struct jwt_issuer issuer;
    struct challenges *challenges;
    struct known *known;
    struct nonces *nonces;
    _Atomic int64_t begun_s;
};

/* ---- keys ---- */

void auth_derive(struct auth *a, const char *label, uint8_t out[32])
{
    master_derive(&a->master, label, out);
}

bool auth_init(const char *state_dir, struct err *err)
{
    return master_make(state_dir, err);
}

static void make_issuer(struct auth *a)
{
    uint8_t id[32];

    auth_derive(a, "jwt-hs256-v1", a->jwt_key);
    auth_derive(a, "jwt-kid-v1", id);
    hex_encode(id, 8, a->kid);
    a->issuer = (struct jwt_issuer){ a->jwt_key, sizeof(a->jwt_key), a->kid, a->o.market_id };
}

struct auth *auth_new(const struct auth_options *o, struct err *err)
{
    struct auth *a = mem_zalloc(sizeof(*a));

    a->o = *o;
    if (!master_load(o->state_dir, &a->master, err)) {
        auth_free(a);
        return NULL;
    }
    make_issuer(a);
    a->challenges = challenges_new();
    a->known = known_new();
    a->nonces = nonces_new((SIGNATURE_AGE_S + SIGNATURE_AHEAD_S) * US_PER_S, NONCES_MAX);
    auth_begin(a, clock_wall_us());
    return a;
}

void auth_free(struct auth *a)
{
    if (!a) return;
    challenges_free(a->challenges);
    known_free(a->known);
    nonces_free(a->nonces);
    explicit_bzero(a, sizeof(*a));
    mem_free(a);
}

void auth_begin(struct auth *a, int64_t now_us)
{
    atomic_store(&a->begun_s, now_us / US_PER_S);
}

void auth_secret_new(const char *prefix, char out[64])
{
    uint8_t bytes[SECRET_SIZE];
    struct buf b = { .p = out, .cap = 64, .max = 63 };

    random_bytes(bytes, sizeof(bytes));
    buf_c(&b, prefix);
    base64url_encode(bytes, sizeof(bytes), &b);
    assert(!b.failed);
    out[b.n] = '\0';
    explicit_bzero(bytes, sizeof(bytes));
}

struct hash auth_secret_hash(struct str secret)
{
    return sha256(secret);
}

/* ---- people ---- */

static enum auth_rc refuse(struct err *err, const char *detail)
{
    FAIL(err, ERR_UNAUTHENTICATED, "%s", detail);
    return AUTH_NO;
}

static void know(const struct api_key_row *row, struct known_key *out)
{
    *out = (struct known_key){
        .id = row->id,
        .account = row->account,
        .account_id = id_make(row->account_at_us, row->account, 0),
        .scopes = (unsigned)row->scopes,
    };
}

/* Ask the database, by secret or else by id. last_used_at is written here, where the database has
 * been asked anyway: at most once in the life of what is remembered. */
static enum auth_rc look_up_key(struct auth *a, struct db *db, const struct hash *secret,
                                struct id id, int64_t now_us, struct known_key *out,
                                struct err *err)
{
    struct arena arena;
    struct api_key_row row;
    const int64_t mark = known_mark(a->known);

    if (!db) return AUTH_NEEDS_DB;
    arena_init(&arena, ROW_MAX);
    const enum db_rc rc = secret ? store_find_api_key(db, secret, &arena, &row, err)
                                 : store_find_api_key_by_id(db, id, &arena, &row, err);
    arena_done(&arena);
    if (rc == DB_NONE) return refuse(err, "The API key is not valid.");
    if (rc != DB_ONE) return AUTH_NO;

    struct err unnoted; /* a note that fails is no reason to refuse */
    const enum db_rc noted = store_use_api_key(db, row.id, &unnoted);
    (void)noted;
    know(&row, out);
    known_put_key(a->known, secret, out, mark, now_us);
    return AUTH_OK;
}

static enum auth_rc by_secret(struct auth *a, struct db *db, struct str token, int64_t now_us,
                              struct who *out, struct err *err)
{
    struct known_key key;
    const struct hash secret = auth_secret_hash(token);

    if (!known_find_secret(a->known, &secret, now_us, &key)) {
        const enum auth_rc rc =
            look_up_key(a, db, &secret, (struct id){ { 0 } }, now_us, &key, err);
        if (rc != AUTH_OK) return rc;
    }
    *out = (struct who){
        .account = key.account, .account_id = key.account_id, .scopes = key.scopes, .key_id = key.id
    };
    return AUTH_OK;
}

/* A session made from an API key is worth no more than the key is now. */
static enum auth_rc still_worth(struct auth *a, struct db *db, struct who *who, int64_t now_us,
                                struct err *err)
{
    struct known_key key;

    if (!known_find_key(a->known, who->key_id, now_us, &key)) {
        const enum auth_rc rc = look_up_key(a, db, NULL, who->key_id, now_us, &key, err);
        if (rc != AUTH_OK) return rc;
    }
    if (key.account != who->account) return refuse(err, "The token is not valid.");
    who->scopes &= key.scopes;
    return AUTH_OK;
}

static enum auth_rc by_token(struct auth *a, struct db *db, struct str token, int64_t now_us,
                             struct who *out, struct err *err)
{
    struct jwt_claims c;

    if (!jwt_check(&a->issuer, token, now_us, &c, err)) return AUTH_NO;
    struct who who = { .account = id_seq(c.account),
                       .account_id = c.account,
                       .scopes = (unsigned)c.scopes,
                       .expires_us = c.expires_s * US_PER_S };
    if (c.from_key) {
        who.key_id = c.key;
        const enum auth_rc rc = still_worth(a, db, &who, now_us, err);
        if (rc != AUTH_OK) return rc;
    }
    *out = who;
    return AUTH_OK;
}

enum auth_rc auth_bearer(struct auth *a, struct db *db, struct str token, int64_t now_us,
                         struct who *out, struct err *err)
{
    if (str_starts(token, STR(API_KEY_PREFIX))) return by_secret(a, db, token, now_us, out, err);
    return by_token(a, db, token, now_us, out, err);
}

static bool is_set(struct id id)
{
    return !id_eq(id, (struct id){ { 0 } });
}

bool auth_token(struct auth *a, const struct who *who, int64_t life_s, int64_t now_us,
                struct arena *arena, const char **out, int64_t *expires_us, struct err *err)
{
    const int64_t now_s = now_us / US_PER_S;
    const struct jwt_claims c = {
        .account = who->account_id,
        .token = id_random(now_us),
        .from_key = is_set(who->key_id),
        .key = who->key_id,
        .scopes = who->scopes,
        .issued_s = now_s,
        .expires_s = now_s + life_s,
    };

    assert(life_s > 0 && life_s <= JWT_LIFE_MAX_S);
    assert(who->account == id_seq(who->account_id));
    if (!jwt_issue(&a->issuer, &c, arena, out, err)) return false;
    *expires_us = c.expires_s * US_PER_S;
    return true;
}

/* ---- challenges ---- */

/* What is signed, and the nonce in it. */
static void describe(const struct auth *a, const struct challenge_row *row, struct challenge *out)
{
    char key[45];
    struct buf nonce = { .p = out->nonce,
                         .cap = sizeof(out->nonce),
                         .max = sizeof(out->nonce) - 1 };

    public_key_text(&row->key, key);
    base64_encode(row->nonce, sizeof(row->nonce), &nonce);
    assert(!nonce.failed);
    out->nonce[nonce.n] = '\0';
    out->id = row->id;
    out->expires_us = row->expires_us;
    const int n = snprintf(out->message, sizeof(out->message), "bourse-login-v1|%s|%s|%s|%" PRId64,
                           a->o.market_id, out->nonce, key, row->expires_us / US_PER_S);
    assert(n > 0 && (size_t)n < sizeof(out->message));
}

bool auth_challenge(struct auth *a, const struct public_key *k, int64_t now_us,
                    struct challenge *out, struct err *err)
{
    struct challenge_row row = { .id = id_random(now_us), .key = *k };

    (void)err; /* it cannot fail: there is always room */
    row.expires_us = (now_us / US_PER_S + CHALLENGE_LIFE_S) * US_PER_S;
    random_bytes(row.nonce, sizeof(row.nonce));
    describe(a, &row, out);
    challenges_put(a->challenges, &row, now_us);
    return true;
}

bool auth_challenge_answer(struct auth *a, struct id challenge, const struct signature *s,
                           int64_t now_us, struct public_key *out, struct err *err)
{
    struct challenge_row row;
    struct challenge c;

    if (!challenges_take(a->challenges, challenge, now_us, &row))
        return FAIL(err, ERR_UNAUTHENTICATED, "The challenge or its answer is not valid.");
    describe(a, &row, &c);
    if (!public_key_verify(&row.key, str_of(c.message), s))
        return FAIL(err, ERR_UNAUTHENTICATED, "The challenge or its answer is not valid.");
    *out = row.key;
    return true;
}

/* ---- agents ---- */

static enum auth_rc look_up_node(struct auth *a, struct db *db, int64_t number, int64_t now_us,
                                 struct known_node *out, struct err *err)
{
    struct arena arena;
    struct agent_key_row row;
    const int64_t mark = known_mark(a->known);

    if (!db) return AUTH_NEEDS_DB;
    arena_init(&arena, ROW_MAX);
    const enum db_rc rc = store_find_agent_key(db, number, &arena, &row, err);
    if (rc == DB_ONE) {
        *out = (struct known_node){ .node = row.node,
                                    .account = row.account,
                                    .node_id = id_make(row.node_at_us, row.node, 0),
                                    .account_id = id_make(row.account_at_us, row.account, 0) };
        assert(row.public_key.n == sizeof(out->key.b));
        memcpy(out->key.b, row.public_key.p, sizeof(out->key.b));
    }
    arena_done(&arena);
    if (rc == DB_NONE) return refuse(err, "The signature is of no node that is known here.");
    if (rc != DB_ONE) return AUTH_NO;
    known_put_node(a->known, out, mark, now_us);
    return AUTH_OK;
}

static enum auth_rc find_node(struct auth *a, struct db *db, struct str keyid, int64_t now_us,
                              struct known_node *out, struct err *err)
{
    struct id id;

    if (!id_parse("node_", keyid, &id))
        return refuse(err, "The keyid of the signature is no node id.");
    if (!known_find_node(a->known, id_seq(id), now_us, out)) {
        const enum auth_rc rc = look_up_node(a, db, id_seq(id), now_us, out, err);
        if (rc != AUTH_OK) return rc;
    }
    if (!id_eq(out->node_id, id))
        return refuse(err, "The signature is of no node that is known here.");
    return AUTH_OK;
}

/* The digest that the header names is that of the body. *digest: NULL without a body. */
static bool digest_fits(const struct signed_request *r, struct hash *said,
                        const struct hash **digest, struct err *err)
{
    *digest = NULL;
    if (!r->body_hash && r->content_digest.n == 0) return true;
    const struct hash empty = sha256(STR(""));
    const struct hash *actual = r->body_hash ? r->body_hash : &empty;
    if (!content_digest_parse(r->content_digest, said))
        return FAIL(err, ERR_UNAUTHENTICATED, "Content-Digest must be sha-256=:…: alone.");
    if (!bytes_eq_ct(said->b, actual->b, sizeof(said->b)))
        return FAIL(err, ERR_UNAUTHENTICATED, "The body does not have its Content-Digest.");
    *digest = said;
    return true;
}

static bool is_signed_by(const struct auth *a, const struct signed_request *r,
                         const struct request_claim *claim, const struct public_key *key,
                         int64_t now_us, struct err *err)
{
    struct hash said;
    const struct hash *digest;
    auto_buf struct buf uri = { .max = URI_MAX };

    if (!digest_fits(r, &said, &digest, err)) return false;
    buf_c(&uri, a->o.agent_url);
    buf_str(&uri, r->path_and_query);
    if (uri.failed) return FAIL(err, ERR_UNAUTHENTICATED, "This URI cannot be signed.");
    return request_verify_digest(claim, key, r->method, buf_view(&uri), digest, now_us, err);
}

/* A request is good once. Of what was before we began the nonces are not known. Only what is signed
 * by a node's key comes here, so nobody else can fill the table. */
static bool is_first(struct auth *a, const struct known_node *node,
                     const struct request_claim *claim, int64_t now_us, struct err *err)
{
    const struct hash_part parts[] = { { node->node_id.b, sizeof(node->node_id.b) },
                                       { claim->nonce.p, claim->nonce.n } };
    const struct hash nonce = sha256_parts(parts, ARRAY_LEN(parts));

    if (claim->created < atomic_load(&a->begun_s))
        return FAIL(err, ERR_UNAUTHENTICATED,
                    "The signature is older than this server; sign the request again.");
    switch (nonces_add(a->nonces, &nonce, now_us)) {
    case NONCE_NEW: return true;
    case NONCE_SEEN: return FAIL(err, ERR_UNAUTHENTICATED, "The nonce was used before.");
    case NONCE_FULL: break;
    }
    return FAIL(err, ERR_OVERLOADED, "There are too many signed requests; try again shortly.");
}

static enum auth_rc by_join_key(const struct auth *a, const struct signed_request *r,
                                const struct request_claim *claim, int64_t now_us, struct who *out,
                                struct err *err)
{
    char text[45];

    public_key_text(r->join_key, text);
    if (!str_is(claim->keyid, text))
        return refuse(err, "The keyid of a join must be the public key in its body.");
    if (!is_signed_by(a, r, claim, r->join_key, now_us, err)) return AUTH_NO;
    *out = (struct who){ .account = 0 };
    return AUTH_OK;
}

enum auth_rc auth_agent(struct auth *a, struct db *db, const struct signed_request *r,
                        int64_t now_us, struct who *out, struct err *err)
{
    struct request_claim claim;
    struct known_node node;

    if (!request_claim_parse(r->signature_input, r->signature, &claim, err)) return AUTH_NO;
    if (r->join_key) return by_join_key(a, r, &claim, now_us, out, err);
    const enum auth_rc rc = find_node(a, db, claim.keyid, now_us, &node, err);
    if (rc != AUTH_OK) return rc;
    if (!is_signed_by(a, r, &claim, &node.key, now_us, err)) return AUTH_NO;
    if (!is_first(a, &node, &claim, now_us, err)) return AUTH_NO;
    *out = (struct who){ .account = node.account,
                         .account_id = node.account_id,
                         .node = node.node,
                         .node_id = node.node_id };
    return AUTH_OK;
}

void auth_forget_key(struct auth *a, struct id key_id)
{
    known_forget_key(a->known, key_id);
}

void auth_forget_node(struct auth *a, int64_t node)
{
    known_forget_node(a->known, node);
}
