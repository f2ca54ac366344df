/* SPDX-License-Identifier: Apache-2.0 */
/* The body of an add-checkpoint request:
 *
 *      old <size>
 *      <base64 hash>       a line for each hash of the consistency proof; none when old is 0
 *      (an empty line)
 *      the signed checkpoint */
#pragma once

#include "tlog/checkpoint.h"
#include "tlog/tree.h"

struct add_request {
    uint64_t old;
    struct hash path[TREE_PATH_MAX];
    size_t path_n;
    struct note note;
    struct checkpoint_note checkpoint;
};

/* TLOG_BAD_SIZE: of the first line, or of the checkpoint; TLOG_BAD_HASH; TLOG_LONG_PATH; the
 * reasons of a note and of a checkpoint. Views into `body`. */
MUST_CHECK enum tlog_rc add_request_parse(struct str body, struct add_request *out);
