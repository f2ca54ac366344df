/* SPDX-License-Identifier: Apache-2.0 */
/* Uploads that go on: files of this machine, <folder>/<account>/<64 hex>, whose size is how much
 * has come.
 *
 * Bytes go into the file as they arrive, so that of a line that is cut, or of a server that is
 * killed, nothing is lost that had come. Whoever begins where the file ends takes the upload over:
 * a client whose line was cut comes back before we know that the old one is dead, and whatever
 * still trickles in there is refused from then on. When all is there nobody may write any more, as
 * the file becomes a blob under a name that promises its content. One without news for a day is
 * forgotten. Any thread. */
#pragma once

#include <stddef.h>

#include "base/err.h"
#include "merkle/merkle.h"

struct partials;
struct partial; /* one that somebody writes */

/* No other server may use the folder. NULL: ERR_IO. */
struct partials *partials_new(const char *folder, struct err *err);
void partials_free(struct partials *ps); /* takes NULL */

/* A piece of an upload: bytes at .. at + size of a blob of `total`. */
struct blob_piece {
    int64_t account;
    struct hash digest;
    int64_t at, size, total;
};

enum partial_rc {
    PARTIAL_OPEN,
    PARTIAL_MISPLACED, /* the piece does not begin where the upload stands */
    PARTIAL_BUSY,      /* all of it is there and becomes a blob just now */
    PARTIAL_FAILED,    /* ERR_IO, ERR_NO_MEMORY */
};

/* Begin a piece. *offset: where the upload stands, but for FAILED. *out is to be closed. */
MUST_CHECK enum partial_rc partial_open(struct partials *ps, const struct blob_piece *p,
                                        struct partial **out, int64_t *offset, struct err *err);
/* The piece's next bytes. ERR_IO; ERR_WRONG_STATE: another has taken the upload over. */
MUST_CHECK bool partial_write(struct partial *w, const void *bytes, size_t n, struct err *err);
/* The bytes of this piece were not what was sent: take them back. */
void partial_undo(struct partial *w);

enum partial_end {
    PARTIAL_PART,    /* more has to come */
    PARTIAL_WHOLE,   /* all is there and has its digest; the file is *path until it is closed */
    PARTIAL_WRONG,   /* all is there and has another digest: the upload is forgotten */
    PARTIAL_NOT_END, /* ERR_IO, ERR_WRONG_STATE */
};
/* The piece is there. *offset: where the upload stands. */
MUST_CHECK enum partial_end partial_end(struct partial *w, const char **path, int64_t *offset,
                                        struct err *err);
/* `kept`: it is a blob now, and forgotten as an upload. Takes NULL. */
void partial_close(struct partial *w, bool kept);

/* Where an upload stands; 0: nothing has come. */
int64_t partials_offset(const struct partials *ps, int64_t account, const struct hash *digest);
/* Bytes of all uploads of the account that go on, without what pieces that come just now have
 * brought. */
int64_t partials_bytes(struct partials *ps, int64_t account);
/* Forget those of all accounts that had no news for a day. */
void partials_forget(struct partials *ps, int64_t now_us);
