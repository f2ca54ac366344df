/* SPDX-License-Identifier: Apache-2.0 */
/* POST /v1/agent/leases/{lease_id}/checkpoint: what the job has saved so far.
 *
 * The agent has put the manifest into the store, and signs which one it is and of which second of
 * the run. The answer names the blobs that are missing: the agent sends these and says the same
 * again. When none is missing the job keeps all of them, the market is told, and what its earlier
 * checkpoint alone needed is forgotten.
 *
 * A blob counts as there when this provider has sent it, or the job keeps it already; that another
 * account has it is nobody's business. */
#include "http/handlers.h"
#include "http/lease_report.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/limits.h"
#include "service/checkpoints.h"
#include "service/info.h"
#include "service/liveness.h"
#include "service/payload.h"
#include "service/view.h"
#include "sign/checkpoint.h"
#include "sign/sha.h"
#include "store/agents.h"

#define DOCUMENT_MAX    1024
#define MANIFEST_MEMORY ((size_t)32 << 20) /* a manifest's text, its tree and its tables */
#define KEY_TEXT        160

struct told {
    struct str document;
    uint8_t signature[SIGNATURE_SIZE];
};

/* clang-format off */
#define T struct told
const struct json_field post_agent_lease_checkpoint_fields[] = {
    JSON_TEXT(T, document, "document", JSON_NEED, 2, DOCUMENT_MAX, "Canonical JSON. The signature is over `bourse-checkpoint-v1\\n` and this text."),
    JSON_BASE64(T, signature, "signature", JSON_NEED, SIGNATURE_SIZE, "An Ed25519 signature, 64 bytes in base64."),
    JSON_END
};
#undef T
/* clang-format on */

struct checkpointing {
    struct told told;
    struct lease_row lease;
    struct checkpoint said;
    struct hash manifest;
    int64_t files, bytes;
    json_t *missing;
};

static void complain_of(struct req *rq, const char *pointer, const char *why)
{
    complain(&rq->complaints, &rq->arena, &rq->err, pointer, "%s", why);
}

/* ---- the statement ---- */

/* False: rq->err, and the complaints say why. */
static bool check_statement(struct req *rq, struct checkpointing *x)
{
    char lease_id[ID_TEXT_MAX];
    struct agent_key_row agent;
    struct public_key key;
    struct signature s;
    struct err why = { 0 };

    if (!db_found(store_find_agent_key(rq->db, x->lease.node, &rq->arena, &agent, &rq->err),
                  &rq->err))
        return false;
    if (agent.public_key.n != sizeof(key.b))
        return FAIL(&rq->err, ERR_INTERNAL, "The node's key cannot be read.");
    memcpy(key.b, agent.public_key.p, sizeof(key.b));
    memcpy(s.b, x->told.signature, sizeof(s.b));
    if (!checkpoint_parse(x->told.document, &rq->arena, &x->said, &why)) {
        complain_of(rq, "/document", why.detail);
        return false;
    }
    if (!public_key_verify_tagged(&key, TAG_CHECKPOINT, x->told.document, &s)) {
        complain_of(rq, "/signature", "is not the node's signature of the document");
        return false;
    }
    id_format("lease_", lease_id_of(x->lease.traded_us, x->lease.lease), lease_id);
    if (!str_is(x->said.lease_id, lease_id)) {
        complain_of(rq, "/document", "is of another lease");
        return false;
    }
    return str_hex(x->said.manifest_sha256, x->manifest.b, sizeof(x->manifest.b));
}

/* ---- the manifest ---- */

/* How long it is, if it is there; 0: it is missing. False: rq->err. */
static bool find_manifest(struct req *rq, const struct checkpointing *x, int64_t *size)
{
    enum db_rc rc = store_read_blob(rq->db, &x->manifest, rq->who.account, size, &rq->err);

    if (rc == DB_NONE)
        rc = store_read_saved_size(rq->db, &x->manifest, rq->who.account, rq->who.node, size,
                                   &rq->err);
    if (rc == DB_NONE) *size = 0;
    return rc == DB_ONE || rc == DB_NONE;
}

static bool read_whole(int fd, char *to, size_t n)
{
    for (size_t at = 0; at < n;) {
        const ssize_t got = read(fd, to + at, n - at);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        at += (size_t)got;
    }
    return true;
}

static bool read_manifest(struct req *rq, const struct checkpointing *x, int64_t size,
                          struct arena *a, struct manifest *out)
{
    struct err why = { 0 };
    char *text = size <= CHECKPOINT_MANIFEST_MAX ? arena_alloc(a, (size_t)size + 1) : NULL;

    if (size > CHECKPOINT_MANIFEST_MAX) {
        complain_of(rq, "/document", "names a manifest that is too long");
        return false;
    }
    if (!text) return FAIL(&rq->err, ERR_NO_MEMORY, "No memory for a manifest.");
    auto_close int fd = blobs_open(rq->svc->blobs, &x->manifest, &rq->err);
    if (fd < 0) return false;
    if (!read_whole(fd, text, (size_t)size))
        return FAIL(&rq->err, ERR_IO, "A manifest could not be read.");
    if (manifest_parse((struct str){ text, (size_t)size }, a, out, &why)) return true;
    complain_of(rq, "/document", why.detail);
    return false;
}

/* All of it must fit the disk that the lease has: else no other node could take it. */
static bool fits(struct req *rq, struct checkpointing *x, const struct manifest *m)
{
    const struct pool *pool = info_pool(rq->svc->info, (int32_t)x->lease.pool);

    x->files = (int64_t)m->n;
    x->bytes = manifest_bytes(m);
    if (pool && x->bytes <= x->lease.units * pool->unit.scratch_bytes) return true;
    complain_of(rq, "/document", "names a manifest of more bytes than the lease has scratch");
    return false;
}

/* ---- its blobs ---- */

static bool is_full(const struct checkpointing *x)
{
    return json_array_size(x->missing) >= CHECKPOINT_MISSING_MAX;
}

static bool save(struct req *rq, struct checkpointing *x, const struct hash *digest, int64_t size)
{
    const struct keeping k = { rq->svc->blobs, rq->db };
    const struct saved s = { x->lease.bid, x->manifest, *digest, size };
    const enum db_rc rc = checkpoints_save(&k, &s, rq->who.account, &rq->err);
    char hex[65];

    if (rc != DB_NONE) return rc == DB_ONE;
    hex_encode(digest->b, sizeof(digest->b), hex);
    (void)json_array_append_new(x->missing, json_string(hex));
    return true;
}

static bool save_file(struct req *rq, struct checkpointing *x, const struct saved_file *f)
{
    for (size_t i = 0; i < f->pieces.n && !is_full(x); i++) {
        struct hash digest;
        if (!str_hex(f->pieces.v[i], digest.b, sizeof(digest.b))) return false;
        if (!save(rq, x, &digest, checkpoint_piece_size(f->size_bytes, (int64_t)i))) return false;
    }
    return true;
}

static bool save_all(struct req *rq, struct checkpointing *x, int64_t size, struct arena *a)
{
    struct manifest m = { 0 };

    if (!read_manifest(rq, x, size, a, &m) || !fits(rq, x, &m)) return false;
    if (!save(rq, x, &x->manifest, size)) return false;
    for (size_t i = 0; i < m.n && !is_full(x); i++)
        if (!save_file(rq, x, &m.files[i])) return false;
    return true;
}

/* What is there is the job's now; what is not is in `missing`. False: rq->err. */
static bool gather(struct req *rq, struct checkpointing *x)
{
    struct arena a;
    int64_t size = 0;
    bool ok;

    if (!find_manifest(rq, x, &size)) return false;
    if (size == 0) {
        (void)json_array_append_new(x->missing, json_text(x->said.manifest_sha256));
        return true;
    }
    arena_init(&a, MANIFEST_MEMORY);
    ok = save_all(rq, x, size, &a);
    arena_done(&a);
    return ok;
}

/* ---- the market ---- */

static void reply_kept(struct req *rq, const struct checkpointing *x, bool kept)
{
    reply_json(rq, 200, json_pack("{s:O, s:b}", "missing", x->missing, "kept", kept));
}

static void answer(struct req *rq)
{
    const struct checkpointing *x = rq->state;
    const struct submission *s = rq->submission;
    const struct keeping k = { rq->svc->blobs, rq->db };

    if (s->result == SUBMIT_REFUSED && s->outcome.refused == ERR_NOT_FOUND)
        reply_refusal(rq, ERR_WRONG_STATE, "The lease is over.");
    else if (s->result != SUBMIT_DONE && s->result != SUBMIT_REPLAYED)
        reply_refused(rq);
    else if (checkpoints_settle(&k, x->lease.bid, &x->manifest, x->lease.provider, &rq->err))
        reply_kept(rq, x, true);
    else
        reply_problem(rq); /* repeated, it is done then */
}

/* Each statement is its own: the same one again changes nothing. */
static void fill_key(struct submission *s, const struct checkpointing *x)
{
    char text[KEY_TEXT];
    const int n = snprintf(text, sizeof(text), "lease-checkpoint %" PRId64 " %" PRId64 " %" PRId64,
                           x->lease.lease, x->said.epoch, x->said.at_us);
    const struct hash h = sha256((struct str){ text, (size_t)n });

    s->keyed = true;
    memcpy(s->key, h.b, sizeof(s->key));
    s->body = sha256(x->told.document);
}

static void submit(struct req *rq, const struct checkpointing *x)
{
    struct submission *s = rq->submission;
    char manifest[65];

    hex_encode(x->manifest.b, sizeof(x->manifest.b), manifest);
    s->command = (struct command){
        .kind = COMMAND_LEASE_CHECKPOINT,
        .account = rq->who.account,
        .u.lease = { .lease = x->lease.lease,
                     .epoch = (int32_t)x->said.epoch,
                     .seconds = x->said.seconds,
                     .looked = x->said.looked_seconds },
    };
    fill_key(s, x);
    s->payload =
        payload_make(&s->command,
                     json_pack("{s:s, s:I, s:I, s:o}", "manifest_sha256", manifest, "files",
                               (json_int_t)x->files, "bytes", (json_int_t)x->bytes, "statement",
                               json_text(x->told.document)),
                     &rq->arena);
    if (s->payload.p)
        req_submit(rq, answer, /* on_worker= */ true);
    else
        reply_refusal(rq, ERR_NO_MEMORY, "No memory for the request.");
}

static void drop(void *arg)
{
    json_decref(arg);
}

void post_agent_lease_checkpoint(struct req *rq)
{
    struct checkpointing *x = arena_alloc(&rq->arena, sizeof(*x));

    if (!x || !(x->missing = json_array()) || !arena_defer(&rq->arena, drop, x->missing)) {
        reply_refusal(rq, ERR_NO_MEMORY, "No memory for the request.");
        return;
    }
    rq->state = x;
    liveness_heard(rq->svc->liveness, rq->who.node, clock_wall_us());
    if (!found_lease_of_node(rq, &x->lease) || !req_json(rq, &x->told)) return;
    if (!check_statement(rq, x)) {
        reply_problem(rq);
        return;
    }
    if (x->said.epoch != x->lease.epoch)
        reply_refusal(rq, ERR_STALE_EPOCH, "The lease has epoch %d.", (int)x->lease.epoch);
    else if (lease_is_final((enum lease_state)x->lease.state))
        reply_refusal(rq, ERR_WRONG_STATE, "The lease is over.");
    else if (x->lease.nodes > 1)
        reply_refusal(rq, ERR_NOT_SUPPORTED, "Jobs on several machines have no checkpoints.");
    else if (!gather(rq, x))
        reply_problem(rq);
    else if (json_array_size(x->missing) > 0)
        reply_kept(rq, x, false);
    else
        submit(rq, x);
}
