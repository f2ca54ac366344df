/* SPDX-License-Identifier: Apache-2.0 */
/* What a log says of itself, c2sp.org/tlog-checkpoint: the text of a signed note.
 *
 *      origin \n size in decimal \n base64(root) \n        then lines that we do not use
 *
 * The key that signs for a log is named as its origin. A log must never sign two that do not agree.
 */
#pragma once

#include "merkle/merkle.h"
#include "tlog/note.h"

struct checkpoint_note {
    struct str origin; /* view */
    uint64_t size;     /* at most INT64_MAX */
    struct hash root;
};

/* TLOG_BAD_ORIGIN, TLOG_BAD_SIZE, TLOG_BAD_ROOT, TLOG_BAD_EXTENSION. */
MUST_CHECK enum tlog_rc checkpoint_note_parse(struct str text, struct checkpoint_note *out);
void checkpoint_note_text(const struct checkpoint_note *c, struct buf *b);

/* A signed checkpoint of the log that `log` signs for: the note's reasons, the checkpoint's, and
 * TLOG_OTHER_ORIGIN when its first line is not the name of that key. Views into `bytes`. */
MUST_CHECK enum tlog_rc checkpoint_note_open(struct str bytes, const struct note_key *log,
                                             struct note *note, struct checkpoint_note *out);
