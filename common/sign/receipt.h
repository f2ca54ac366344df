/* SPDX-License-Identifier: Apache-2.0 */
/* A receipt: the agent's signed statement of what ran, countersigned by the market. Both ends and
 * the CLI build and check it here.
 *
 * Signed bytes: "bourse-receipt-v1\n" and the canonical JSON of the receipt; countersigned:
 * "bourse-countersign-v1\n" and the canonical JSON that names the receipt's SHA-256 and what was
 * paid. Tick: "bourse-tick-v1\n" and {at, epoch, lease_id, n, seconds}.
 *
 * A text is canonical when it is byte for byte what the functions below write: keys sorted, no
 * blanks, every field there, times as UTC with milliseconds. Absent texts are written as "". Whole
 * texts with the signatures of known keys, to compare another implementation with, stand in
 * tests/unit/sign/test_receipt.c. */
#pragma once

#include "base/arena.h"
#include "merkle/merkle.h"
#include "sign/key.h"
#include "json/field.h"
#include "json/json.h"

#define OUTPUT_PATH_MAX 512 /* so that a receipt with OUTPUTS_MAX of them fits a body as a text */

struct output {
    struct str path; /* relative to /out, output_path_ok() */
    char sha256[65];
    int64_t size_bytes;
};

struct receipt {
    struct str market_id, lease_id, job_id, node_id, node_public_key;
    int64_t epoch;
    struct str image, image_digest, command_sha256, pool, reason;
    int64_t units, seconds, exit_code, ticks;
    int64_t ready_at_us, ended_at_us; /* agent's clock; ready 0: never ran */
    struct str log_sha256;
    const struct output *outputs; /* sorted by path, at most OUTPUTS_MAX */
    size_t outputs_n;
    struct str_list gpus; /* digests of the UUIDs of its GPUs, at most GPUS_MAX */
};

/* May it stand in a receipt? Relative, 1 to OUTPUT_PATH_MAX bytes of UTF-8 without control
 * characters, '"' and '\\', no empty part, no "." and no "..". Who makes a receipt asks this first:
 * the functions below assert it. */
bool output_path_ok(struct str path);

/* The canonical text; outputs_root is computed. Text lives in `a`; NULL p: no memory. */
struct str receipt_text(const struct receipt *r, struct arena *a);

/* Parse and check the shape of a receipt's text: canonical, all fields, root fits the outputs.
 * ERR_VALIDATION_FAILED says what is wrong; ERR_NO_MEMORY. Views live in `a`. */
MUST_CHECK bool receipt_parse(struct str text, struct arena *a, struct receipt *out,
                              struct err *err);

/* Merkle root over the canonical JSON {path, sha256, size_bytes} of outputs sorted by path. */
struct hash outputs_root(const struct output *outputs, size_t n);

struct tick {
    struct str lease_id;
    int64_t epoch, n, seconds, at_us;
};
struct str tick_text(const struct tick *t, struct arena *a);
MUST_CHECK bool tick_parse(struct str text, struct arena *a, struct tick *out, struct err *err);

/* What the market says of a receipt when it settles. */
struct countersign {
    char receipt_sha256[65];
    struct signature agent_signature;
    struct str lease_id;
    int64_t seconds_observed, seconds_billed, units, entry;
    int64_t price_per_unit_hour, charge, fee, payout; /* micros */
    int64_t settled_at_us;
};
struct str countersign_text(const struct countersign *c, struct arena *a);
MUST_CHECK bool countersign_parse(struct str text, struct arena *a, struct countersign *out,
                                  struct err *err);

/* The document of GET …/receipt from its parts. NULL: no memory. Yours to decref. */
json_t *receipt_document(struct str receipt, const struct signature *agent_signature,
                         const struct public_key *agent_key, struct str countersign,
                         const struct signature *countersignature,
                         const struct public_key *market_key);

/* Check the JSON document of GET …/receipt offline: the agent's signature by the key inside, the
 * market's countersignature by `market` (the pinned key), the digest between them, the arithmetic
 * (charge = floor(price × units × billed ÷ 3600), payout = charge − fee,
 * billed <= max(min(signed, observed), 60)). `node` may be NULL; else the agent's key must equal
 * it. ERR_VALIDATION_FAILED names what fails. */
MUST_CHECK bool receipt_document_verify(const json_t *document, const struct public_key *market,
                                        const struct public_key *node, struct err *err);
