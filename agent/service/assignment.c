/* SPDX-License-Identifier: Apache-2.0 */
#include "service/assignment.h"

#include <stddef.h>

#include "base/limits.h"
#include "sign/sha.h"
#include "json/parse.h"

#define SHARE_MAX (INT64_C(1) << 50) /* bytes: a petabyte, far from overflow in every sum */
#define CPU_MAX   4096000
#define SHA_HEX   64

/* clang-format off */
#define A struct assignment
static const struct json_field fields[] = {
    JSON_TEXT(A, lease_id, "lease_id", JSON_NEED, 1, 64, "The lease."),
    JSON_I64(A, epoch, "epoch", JSON_NEED, 1, INT32_MAX, "The epoch of the lease."),
    JSON_I64(A, sequence, "sequence", JSON_NEED, 1, INT64_MAX, "Its place among those of the node."),
    JSON_TEXT(A, node_id, "node_id", JSON_NEED, 1, 64, "The node."),
    JSON_TEXT(A, job_id, "job_id", JSON_NEED, 1, 64, "The job."),
    JSON_TEXT(A, image, "image", JSON_NEED, 1, IMAGE_MAX, "The image."),
    JSON_BOOL(A, registry_login, "registry_login", JSON_MAY, "It is fetched with a login, which we ask for."),
    JSON_TEXTS(A, command, "command", JSON_MAY, COMMAND_ARGS_MAX, "The command's words."),
    JSON_TEXTS(A, entrypoint, "entrypoint", JSON_MAY, COMMAND_ARGS_MAX, "The entrypoint's words."),
    JSON_TEXT_MAP(A, env, "env", JSON_MAY, ENV_MAX, "Environment variables."),
    JSON_TEXT(A, workdir, "workdir", JSON_MAY, 0, TEXT_MAX, "Working directory."),
    JSON_TEXT(A, pool, "pool", JSON_NEED, 1, 64, "The pool."),
    JSON_I64(A, units, "units", JSON_NEED, 1, UNITS_MAX, "Units of the pool."),
    JSON_I64(A, cpu_millis, "cpu_millis", JSON_NEED, 1, CPU_MAX, "Thousandths of a vCPU."),
    JSON_I64(A, memory_bytes, "memory_bytes", JSON_NEED, 1, SHARE_MAX, "Memory limit."),
    JSON_I64(A, scratch_bytes, "scratch_bytes", JSON_NEED, 0, SHARE_MAX, "Disk limit."),
    JSON_I64(A, gpus, "gpus", JSON_MAY, 0, GPUS_MAX, "Devices, each its own."),
    JSON_I64(A, pids_max, "pids_max", JSON_NEED, 1, 1 << 22, "Processes at most."),
    JSON_I64(A, max_seconds, "max_seconds", JSON_NEED, 1, (int64_t)DURATION_MAX_S, "The agent stops it then."),
    JSON_I64(A, nodes, "nodes", JSON_MAY, 1, GANG_NODES_MAX, "Machines that the job runs on at once."),
    JSON_I64(A, rank, "rank", JSON_MAY, 0, FILLS_MAX - 1, "Which of them this is, from 0."),
    JSON_I64(A, checkpoint_seconds, "checkpoint_seconds", JSON_MAY, DURATION_MIN_S, (int64_t)DURATION_MAX_S, "The longest time of its work that it may lose."),
    JSON_TEXT(A, checkpoint, "checkpoint", JSON_MAY, SHA_HEX, SHA_HEX, "The manifest that it goes on from, or null."),
    JSON_TEXT(A, egress, "egress", JSON_NEED, 1, 32, "Network of the container."),
    JSON_TEXTS(A, allow, "allow", JSON_MAY, EGRESS_ALLOW_MAX, "Whom it may reach, if egress is allowlist."),
    JSON_TEXT(A, isolation, "isolation", JSON_MAY, 1, 32, "The weakest class that it may run in."),
    JSON_TEXTS(A, outputs, "outputs", JSON_MAY, COMMAND_ARGS_MAX, "Files in /out to keep."),
    JSON_TIME(A, issued_at_us, "issued_at", JSON_NEED, "When the market said so."),
    JSON_TEXT(A, market_id, "market_id", JSON_NEED, 1, 64, "The market."),
    JSON_END
};

static const struct json_field command_fields[] = {
    JSON_TEXTS(A, command, "command", JSON_NEED, COMMAND_ARGS_MAX, "The command's words."),
    JSON_TEXTS(A, entrypoint, "entrypoint", JSON_NEED, COMMAND_ARGS_MAX, "The entrypoint's words."),
    JSON_END
};
#undef A
/* clang-format on */

static bool is_signed(struct str document, struct str signature, const struct public_key *key)
{
    struct signature s;
    return signature_parse(signature, &s) &&
           public_key_verify_tagged(key, TAG_ASSIGNMENT, document, &s);
}

static bool read_fields(struct str document, struct arena *a, struct assignment *out,
                        struct err *err)
{
    struct complaints c = { .n = 0 };
    auto_json json_t *j = json_parse(document, err);
    if (!j) return false;
    if (json_read(j, fields, a, out, &c, err)) return true;
    if (c.n > 0)
        return FAIL(err, ERR_VALIDATION_FAILED, "The assignment's %s %s", c.v[0].pointer,
                    c.v[0].detail);
    return false;
}

bool assignment_read(struct str document, struct str signature, const struct trust *trust,
                     struct arena *a, struct assignment *out, struct err *err)
{
    if (!is_signed(document, signature, &trust->market_key))
        return FAIL(err, ERR_UNAUTHENTICATED, "The assignment is not signed by our market.");

    /* What is in a journal may be older than gangs and checkpoints. */
    struct assignment made = { .nodes = 1, .checkpoint_seconds = RISK_DEFAULT_S };
    const char *text = arena_copy(a, document), *sig = arena_copy(a, signature);
    if (!text || !sig) return FAIL(err, ERR_NO_MEMORY, "No memory was left for an assignment.");
    if (!read_fields(document, a, &made, err)) return false;
    if (!str_eq(made.market_id, trust->market_id))
        return FAIL(err, ERR_FORBIDDEN, "The assignment is of another market.");
    if (!str_eq(made.node_id, trust->node_id))
        return FAIL(err, ERR_FORBIDDEN, "The assignment is for another node.");
    made.document = (struct str){ text, document.n };
    made.signature = (struct str){ sig, signature.n };
    *out = made;
    return true;
}

struct share assignment_share(const struct assignment *a)
{
    return (struct share){ a->cpu_millis, a->memory_bytes, a->scratch_bytes, a->gpus };
}

const char *assignment_beyond_us(const struct assignment *a, enum isolation have, bool networks)
{
    const enum isolation least =
        a->isolation.n > 0 ? isolation_named(a->isolation) : ISOLATION_RUNC;
    if (have == ISOLATION_NONE) return "This machine's self-test of its isolation is not passed.";
    if (least == ISOLATION_NONE) return "This agent does not know the isolation that is asked for.";
    if (least > have) return "This machine's isolation is weaker than asked for.";
    const bool known =
        str_is(a->egress, "none") || str_is(a->egress, "allowlist") || str_is(a->egress, "open");
    if (!known || (!networks && !str_is(a->egress, "none")))
        return "This machine does not give containers such a network.";
    if (!str_is(a->pool, "cpu") && a->gpus == 0)
        return "A lease of a pool of GPUs names how many; this one does not.";
    return NULL;
}

void assignment_command_sha256(const struct assignment *a, char out[65])
{
    struct buf text;
    buf_init(&text, (size_t)8 * BODY_MAX); /* a word may grow by its escapes */
    auto_json json_t *j = json_write(command_fields, a);
    if (j) json_canonical(j, &text);
    sha256_hex(buf_view(&text), out);
    buf_done(&text);
}
