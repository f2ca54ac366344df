/* SPDX-License-Identifier: Apache-2.0 */
/* POST /v1/agent/leases/{lease_id}/exit: the receipt that a lease is paid by.
 *
 * Before the market hears of it, each word of the receipt that the market knows is compared with
 * what it knows (names, epoch, image, command, pool, units; the image's digest with the one told
 * when the container ran), the signature is checked with the node's key, and each output must be in
 * the store. What is countersigned later was verified here, but for what only the agent can know
 * and claims: the digest itself, ready_at and ended_at, seconds (the market bills no more than it
 * observed), exit_code, reason, paths and origin of the outputs, log_sha256, ticks. */
#include "http/handlers.h"
#include "http/lease_report.h"

#include <string.h>

#include "base/limits.h"
#include "service/assignment.h"
#include "service/info.h"
#include "service/keeping.h"
#include "service/payload.h"
#include "service/view.h"
#include "sign/receipt.h"
#include "sign/sha.h"
#include "store/agents.h"
#include "store/blobs.h"
#include "store/entries.h"

struct told {
    int64_t epoch;
    struct str receipt;
    uint8_t signature[SIGNATURE_SIZE];
};

/* clang-format off */
#define T struct told
const struct json_field post_agent_lease_exit_fields[] = {
    JSON_I64(T, epoch, "epoch", JSON_NEED, 1, INT32_MAX, "The epoch of the lease, from the assignment."),
    JSON_TEXT(T, receipt, "receipt", JSON_NEED, 2, BODY_MAX, "The receipt, canonical JSON."),
    JSON_BASE64(T, signature, "signature", JSON_NEED, SIGNATURE_SIZE, "An Ed25519 signature, 64 bytes in base64."),
    JSON_END
};
#undef T
/* clang-format on */

struct exiting {
    struct told told;
    struct lease_row lease;
    struct receipt receipt;
    struct signature signature;
    struct public_key key;   /* the node's */
    struct str image_digest; /* p NULL: none was told when the container ran */
    json_t *blueprint;       /* the job's */
};

/* ---- what we know ---- */

static void drop(void *arg)
{
    json_decref(arg);
}

static bool look_up_image(struct req *rq, struct exiting *x)
{
    const enum db_rc rc =
        store_read_lease_image(rq->db, x->lease.lease, &rq->arena, &x->image_digest, &rq->err);

    return rc == DB_ONE || rc == DB_NONE;
}

/* The node's key and the job as it was submitted. False: rq->err. */
static bool look_up(struct req *rq, struct exiting *x)
{
    struct agent_key_row agent;
    struct command_row job;
    const struct lease_row *l = &x->lease;

    if (!db_found(store_find_agent_key(rq->db, l->node, &rq->arena, &agent, &rq->err), &rq->err))
        return false;
    if (agent.public_key.n != sizeof(x->key.b))
        return FAIL(&rq->err, ERR_INTERNAL, "The node's key cannot be read.");
    memcpy(x->key.b, agent.public_key.p, sizeof(x->key.b));
    if (!db_found(store_read_command(rq->db, l->bid, l->buyer, &rq->arena, &job, &rq->err),
                  &rq->err))
        return false;
    x->blueprint = payload_more(job.payload, &rq->err);
    if (!x->blueprint) return FAIL(&rq->err, ERR_INTERNAL, "The job cannot be read.");
    return arena_defer(&rq->arena, drop, x->blueprint) ||
           FAIL(&rq->err, ERR_NO_MEMORY, "No memory for the request.");
}

/* ---- what the receipt says ---- */

static void differs(struct req *rq, const char *field)
{
    complain(&rq->complaints, &rq->arena, &rq->err, "/receipt", "has another %s than the lease",
             field);
}

static void same_text(struct req *rq, const char *field, struct str said, struct str known)
{
    if (!str_eq(said, known)) differs(rq, field);
}

static void same_number(struct req *rq, const char *field, int64_t said, int64_t known)
{
    if (said != known) differs(rq, field);
}

static void same_id(struct req *rq, const char *field, struct str said, const char *prefix,
                    struct id known)
{
    char text[ID_TEXT_MAX];

    id_format(prefix, known, text);
    same_text(rq, field, said, str_of(text));
}

static void check_names(struct req *rq, const struct exiting *x)
{
    const struct receipt *r = &x->receipt;
    const struct lease_row *l = &x->lease;
    char key[45];

    public_key_text(&x->key, key);
    same_text(rq, "market_id", r->market_id, str_of(rq->svc->info->market_id));
    same_id(rq, "lease_id", r->lease_id, "lease_", lease_id_of(l->traded_us, l->lease));
    same_id(rq, "job_id", r->job_id, "job_", id_make(l->bid_at_us, l->bid, 0));
    same_id(rq, "node_id", r->node_id, "node_", id_make(l->node_at_us, l->node, 0));
    same_text(rq, "node_public_key", r->node_public_key, str_of(key));
    same_number(rq, "epoch", r->epoch, l->epoch);
}

static void check_work(struct req *rq, const struct exiting *x)
{
    const struct receipt *r = &x->receipt;
    const struct pool *pool = info_pool(rq->svc->info, (int32_t)x->lease.pool);
    char command[65] = "";

    same_text(rq, "image", r->image, json_get_text(x->blueprint, "image"));
    if (x->image_digest.p) same_text(rq, "image_digest", r->image_digest, x->image_digest);
    same_text(rq, "pool", r->pool, str_of(pool ? pool->name : NULL));
    same_number(rq, "units", r->units, x->lease.units);
    if (pool && r->ready_at_us > 0)
        same_number(rq, "gpus", (int64_t)r->gpus.n, x->lease.units * pool->unit.gpus);
    if (assignment_command_sha256(x->blueprint, command))
        same_text(rq, "command_sha256", r->command_sha256, str_of(command));
}

static bool find_reason(struct req *rq, struct str said, enum reason *out)
{
    static const enum reason may[] = { REASON_DONE,        REASON_OUT_OF_MEMORY,
                                       REASON_TIME_SPENT,  REASON_ENGINE_FAILED,
                                       REASON_DISPLACED,   REASON_DRAINED,
                                       REASON_EGRESS_SPENT };

    for (size_t i = 0; i < ARRAY_LEN(may); i++) {
        if (!str_is(said, reason_names[may[i]])) continue;
        *out = may[i];
        return true;
    }
    complain(&rq->complaints, &rq->arena, &rq->err, "/receipt",
             "has a reason that is none of done, out-of-memory, egress-spent, time-spent, "
             "engine-failed, displaced");
    return false;
}

/* Each file must be kept by the provider already, in the size that is said. False: rq->err. */
static bool check_outputs(struct req *rq, const struct receipt *r)
{
    for (size_t i = 0; i < r->outputs_n; i++) {
        struct hash digest;
        int64_t size = -1;
        if (!str_hex(str_of(r->outputs[i].sha256), digest.b, sizeof(digest.b))) continue;
        const enum db_rc rc = store_read_blob(rq->db, &digest, rq->who.account, &size, &rq->err);
        if (rc != DB_ONE && rc != DB_NONE) return false;
        if (rc == DB_ONE && size == r->outputs[i].size_bytes) continue;
        complain(&rq->complaints, &rq->arena, &rq->err, "/receipt",
                 "names in outputs a file of which the blob was not uploaded: %.*s",
                 (int)r->outputs[i].path.n, r->outputs[i].path.p);
    }
    return true;
}

/* False: rq->err and the complaints say why. */
static bool check(struct req *rq, struct exiting *x, enum reason *reason)
{
    struct err why = { 0 };

    if (!receipt_parse(x->told.receipt, &rq->arena, &x->receipt, &why)) {
        complain(&rq->complaints, &rq->arena, &rq->err, "/receipt", "%s", why.detail);
        return false;
    }
    memcpy(x->signature.b, x->told.signature, sizeof(x->signature.b));
    if (!public_key_verify_tagged(&x->key, TAG_RECEIPT, x->told.receipt, &x->signature)) {
        complain(&rq->complaints, &rq->arena, &rq->err, "/signature",
                 "is not the node's signature of the receipt");
        return false;
    }
    check_names(rq, x);
    check_work(rq, x);
    const bool known = find_reason(rq, x->receipt.reason, reason);
    /* Those of an exit that was accepted were there; the provider may have forgotten them since. */
    if (!x->lease.exited && !check_outputs(rq, &x->receipt)) return false;
    return known && rq->complaints.n == 0;
}

/* ---- afterwards ---- */

/* The buyer keeps the outputs from now on, whatever he has kept so far: he has paid for them. */
static bool give_outputs(struct req *rq, const struct exiting *x)
{
    const struct keeping k = { rq->svc->blobs, rq->db };

    for (size_t i = 0; i < x->receipt.outputs_n; i++) {
        const struct output *o = &x->receipt.outputs[i];
        struct hash digest;
        if (!str_hex(str_of(o->sha256), digest.b, sizeof(digest.b))) continue;
        if (!keeping_give(&k, &digest, x->lease.provider, x->lease.buyer, &rq->err)) return false;
    }
    return true;
}

static void answer(struct req *rq)
{
    const struct exiting *x = rq->state;
    const enum submitted result = rq->submission->result;

    if (result == SUBMIT_DONE || result == SUBMIT_REPLAYED) {
        hub_notify(rq->svc->hub, (struct topic){ TOPIC_LOG, x->lease.lease }); /* no more comes */
        if (!give_outputs(rq, x)) { /* repeated, it is done then */
            reply_problem(rq);
            return;
        }
    }
    lease_report_answer(rq);
}

void post_agent_lease_exit(struct req *rq)
{
    struct exiting *x = arena_alloc(&rq->arena, sizeof(*x));
    enum reason reason = REASON_DONE;

    if (!x) {
        reply_refusal(rq, ERR_NO_MEMORY, "No memory for the request.");
        return;
    }
    rq->state = x;
    if (!found_lease_of_node(rq, &x->lease) || !req_json(rq, &x->told)) return;
    if (x->told.epoch != x->lease.epoch) {
        reply_refusal(rq, ERR_STALE_EPOCH, "The lease has epoch %d.", (int)x->lease.epoch);
        return;
    }
    if (!look_up(rq, x) || !look_up_image(rq, x) || !check(rq, x, &reason)) {
        reply_problem(rq);
        return;
    }
    char signature[89];
    signature_text(&x->signature, signature);
    const struct lease_report e = { .kind = COMMAND_LEASE_EXIT,
                                    .epoch = x->told.epoch,
                                    .seconds = x->receipt.seconds,
                                    .exit_code = x->receipt.exit_code,
                                    .reason = reason,
                                    .said = sha256(x->told.receipt) };
    lease_report_submit(
        rq, &x->lease, &e,
        json_pack("{s:o, s:s}", "receipt", json_text(x->told.receipt), "signature", signature),
        answer);
}
