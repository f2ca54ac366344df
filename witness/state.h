/* SPDX-License-Identifier: Apache-2.0 */
/* What a witness keeps: a file for each log, named after the SHA-256 of its origin, that holds the
 * text of the checkpoint it has cosigned last. */
#pragma once

#include "base/err.h"
#include "tlog/checkpoint.h"

struct last_seen {
    uint64_t size; /* 0: none yet */
    struct hash root;
};

/* ERR_IO; ERR_VALIDATION_FAILED: the file is none of ours. */
MUST_CHECK bool state_read(const char *folder, struct str origin, struct last_seen *out,
                           struct err *err);
/* The old or the new one, whole, after a crash too; on disk when it returns. ERR_IO. */
MUST_CHECK bool state_write(const char *folder, const struct checkpoint_note *c, struct err *err);
