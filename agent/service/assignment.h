/* SPDX-License-Identifier: Apache-2.0 */
/* An assignment: the market's signed order to run one container.
 *
 * Nothing in it is believed before the signature is checked with the pinned key, nor when it is for
 * another node or another market. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "domain/isolation.h"
#include "domain/plan.h"
#include "sign/key.h"
#include "json/field.h"

struct assignment {
    struct str document, signature; /* as they came: the journal keeps both */
    struct str lease_id, node_id, job_id, market_id, image, workdir, pool, egress, isolation;
    struct str_list command, entrypoint, outputs, allow;
    struct str_map env;
    int64_t epoch, sequence, units, cpu_millis, memory_bytes, scratch_bytes, pids_max, max_seconds,
        gpus;
    int64_t issued_at_us;
    int64_t nodes, rank;        /* of a gang: how many machines, and which this is */
    int64_t checkpoint_seconds; /* the longest time of its work that it may lose */
    bool registry_login;        /* its image is fetched with a login of the buyer */
    struct str checkpoint;      /* the manifest to go on from, hex; p NULL: none */
};

/* Whom we believe, and who we are. */
struct trust {
    struct public_key market_key;
    struct str market_id, node_id;
};

/* Check and read; texts live in `a`. ERR_UNAUTHENTICATED: not signed by our market;
 * ERR_FORBIDDEN: signed, but for another node or market; ERR_VALIDATION_FAILED: not understood. */
MUST_CHECK bool assignment_read(struct str document, struct str signature,
                                const struct trust *trust, struct arena *a, struct assignment *out,
                                struct err *err);

struct share assignment_share(const struct assignment *a);

/* Is there nothing in it beyond what this agent can do, with the isolation that it has, with or
 * without networks? Else a sentence about it; NULL: nothing. */
const char *assignment_beyond_us(const struct assignment *a, enum isolation have, bool networks);

/* SHA-256 of the canonical JSON {"command":[…],"entrypoint":[…]}: what a receipt says about it. */
void assignment_command_sha256(const struct assignment *a, char out[65]);
