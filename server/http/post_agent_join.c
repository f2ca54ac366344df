/* SPDX-License-Identifier: Apache-2.0 */
/* A machine joins, in three steps of which each may be repeated: the token is looked at, the market
 * makes the node (a command keyed by the token, so that it makes one), and one transaction writes
 * the agent and marks the token as used by this key. */
#include <string.h>

#include "base/limits.h"
#include "http/agent_body.h"
#include "http/handlers.h"
#include "service/liveness.h"
#include "service/payload.h"
#include "store/join_tokens.h"

struct join_body {
    struct str token;
    struct public_key key;
    struct agent_said said;

    struct hash hash; /* of the token */
    struct agent_row row;
    int64_t node, node_at_us, account, account_at_us;
};

const struct json_field post_agent_join_fields[] = {
    JSON_TEXT(struct join_body, token, "token", JSON_NEED, 1, 128, "The join token."),
    JSON_BASE64(struct join_body, key, "public_key", JSON_NEED, PUBLIC_KEY_SIZE,
                "An Ed25519 public key, 32 bytes in base64."),
    AGENT_SAID(struct join_body, said),
    JSON_END,
};

static void reply_bad_token(struct req *rq)
{
    reply_refusal(rq, ERR_UNAUTHENTICATED, "The join token is not valid.");
}

static void reply_joined(struct req *rq, const struct join_body *j)
{
    const struct market_info *info = rq->svc->info;
    const struct public_key market = key_public(info->key);
    char node[ID_TEXT_MAX], account[ID_TEXT_MAX], key[45];

    id_format("node_", id_make(j->node_at_us, j->node, 0), node);
    id_format("acct_", id_make(j->account_at_us, j->account, 0), account);
    public_key_text(&market, key);
    liveness_heard(rq->svc->liveness, j->node, j->row.seen_us);
    reply_json(rq, 201,
               json_pack("{s:s,s:s,s:s,s:s,s:i,s:i}", "node_id", node, "account_id", account,
                         "market_id", info->market_id, "market_public_key", key, "lease_seconds",
                         (int)info->lease_seconds, "heartbeat_seconds",
                         (int)info->heartbeat_seconds));
}

/* The last step. DB_NONE: another key was faster with this token. */
static enum db_rc keep(struct db *db, void *arg, struct err *err)
{
    const struct join_body *j = arg;
    int64_t node = 0;

    enum db_rc rc = store_use_join_token(db, &j->hash, j->key.b, j->node, err);
    if (rc != DB_ONE) return rc;
    rc = store_add_agent(db, j->node, j->key.b, &j->row, err);
    if (rc != DB_NONE) return rc;
    rc = store_find_node_of_key(db, j->key.b, &node, err); /* a repetition, or the key is taken */
    if (rc == DB_ONE && node == j->node) return DB_ONE;
    if (rc == DB_ONE || rc == DB_NONE) {
        FAIL(err, ERR_WRONG_STATE, "This key is a node's already; join with a new key.");
        rc = DB_FAIL;
    }
    return rc;
}

static void made(struct req *rq)
{
    struct join_body *j = rq->state;

    if (rq->submission->result == SUBMIT_REFUSED) {
        reply_refused(rq);
        return;
    }
    j->node = rq->submission->command.seq;
    j->node_at_us = rq->submission->command.at_us;
    switch (db_tx(rq->db, keep, j, &rq->err)) {
    case DB_ONE: reply_joined(rq, j); return;
    case DB_NONE: reply_bad_token(rq); return;
    case DB_RETRY:
    case DB_FAIL: reply_problem(rq); return;
    }
}

static void make_node(struct req *rq, const struct join_body *j)
{
    struct submission *sub = rq->submission;
    struct node_spec spec;
    char key[45];

    if (!agent_said_spec(rq, &j->said, (struct node_of){ j->account, 0 }, &spec)) return;
    public_key_text(&j->key, key);
    sub->command = (struct command){ .kind = COMMAND_PUT_NODE,
                                     .account = j->account,
                                     .u.put_node.spec = spec };
    sub->keyed = true;
    memcpy(sub->key, j->hash.b, sizeof(sub->key));
    sub->body = j->hash; /* not the inventory, which may be another at the next try */
    sub->payload = payload_make(&sub->command, json_pack("{s:s}", "public_key", key), &rq->arena);
    if (sub->payload.p)
        req_submit(rq, made, /* on_worker= */ true);
    else
        reply_refusal(rq, ERR_NO_MEMORY, "No memory was left for the join.");
}

/* The same key asks again: the same node is the answer, and nothing changes. */
static void repeat(struct req *rq, struct join_body *j)
{
    struct agent_key_row row;

    if (!db_found(store_find_agent_key(rq->db, j->node, &rq->arena, &row, &rq->err), &rq->err)) {
        reply_problem(rq);
        return;
    }
    j->node_at_us = row.node_at_us;
    reply_joined(rq, j);
}

static void join_anew(struct req *rq, const struct join_body *j)
{
    int64_t node = 0;

    switch (store_find_node_of_key(rq->db, j->key.b, &node, &rq->err)) {
    case DB_ONE:
        reply_refusal(rq, ERR_WRONG_STATE, "This key is a node's already; join with a new key.");
        return;
    case DB_NONE: make_node(rq, j); return;
    case DB_RETRY:
    case DB_FAIL: reply_problem(rq); return;
    }
}

static void join(struct req *rq, struct join_body *j, const struct join_token_row *t)
{
    const struct str key = { (const char *)j->key.b, sizeof(j->key.b) };
    const bool used = t->public_key.p != NULL;

    j->account = t->account;
    j->account_at_us = t->account_at_us;
    j->node = t->node;
    if (t->expires_us <= j->row.seen_us || (used && !str_eq(t->public_key, key)))
        reply_bad_token(rq);
    else if (used)
        repeat(rq, j);
    else
        join_anew(rq, j);
}

/* POST /v1/agent/join: signed by the key in its body, which shows that the agent has it; the token
 * shows for whom it works. */
void post_agent_join(struct req *rq)
{
    struct join_body *j = arena_alloc(&rq->arena, sizeof(*j));
    struct join_token_row t;

    if (!j) {
        reply_refusal(rq, ERR_NO_MEMORY, "No memory was left for the join.");
        return;
    }
    rq->state = j;
    if (!req_json(rq, j) || !agent_said_check(rq, &j->said)) return;
    if (!agent_said_row(rq, &j->said, clock_wall_us(), &j->row)) return;
    j->hash = auth_secret_hash(j->token);
    switch (store_find_join_token(rq->db, &j->hash, &rq->arena, &t, &rq->err)) {
    case DB_ONE: join(rq, j, &t); return;
    case DB_NONE: reply_bad_token(rq); return;
    case DB_RETRY:
    case DB_FAIL: reply_problem(rq); return;
    }
}
