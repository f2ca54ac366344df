/* SPDX-License-Identifier: Apache-2.0 */
/* A proof that an entry is in a log, to be kept and checked offline, c2sp.org/tlog-proof.
 *
 *      c2sp.org/tlog-proof@v1
 *      extra <base64>              may be absent; nobody vouches for it
 *      index <decimal>
 *      <base64 hash>               a line for each hash of the path, the entry's side first
 *      (an empty line)
 *      the checkpoint as it was signed and cosigned
 *
 * The entry travels beside it. */
#pragma once

#include "tlog/checkpoint.h"
#include "tlog/tree.h"

struct log_proof {
    struct str extra; /* base64, a view; empty: none */
    uint64_t index;
    struct hash path[TREE_PATH_MAX];
    size_t path_n;
    struct str checkpoint; /* view */
};

/* TLOG_TOO_LONG, TLOG_BAD_PROOF, TLOG_BAD_INDEX, TLOG_BAD_HASH, TLOG_LONG_PATH. The checkpoint is
 * not looked at. */
MUST_CHECK enum tlog_rc log_proof_parse(struct str bytes, struct log_proof *out);
void log_proof_text(const struct log_proof *p, struct buf *b); /* without extra */

/* Who is believed. */
struct log_trust {
    struct note_key log;
    const struct note_key *witnesses; /* cosignature keys */
    size_t witnesses_n;
    size_t needed; /* so many of them must have cosigned */
};

/* The whole check: the log has signed the checkpoint, enough witnesses have cosigned it, and the
 * path leads from the entry to its root. Any reason of log_proof_parse() and
 * checkpoint_note_open(); TLOG_FEW_WITNESSES; TLOG_NOT_INCLUDED. */
MUST_CHECK enum tlog_rc log_proof_verify(struct str bytes, struct str entry,
                                         const struct log_trust *trust);
