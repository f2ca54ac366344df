/* SPDX-License-Identifier: Apache-2.0 */
/* A job's folder /checkpoint as a manifest and pieces, and back again (sign/checkpoint.h).
 *
 * A program writes there under another name and renames: names that end in ".tmp" are not looked
 * at. What is read is compared with a second look at all names, sizes and times; when anything has
 * changed in between it is read again, so that a manifest is of one moment. The folder is full of
 * names that a stranger chose: only regular files are taken, never through a symbolic link. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "sign/checkpoint.h"

#define SAVED_TRIES 5 /* readings of a folder that changes meanwhile */

struct saved_stat {
    struct str path;
    int64_t size, mtime_ns, ctime_ns;
    uint64_t inode;
    uint32_t mode;
};

/* One reading. Its texts live in `arena`. */
struct snapshot {
    struct arena arena;
    struct saved_stat *stats; /* sorted by path, as manifest.files */
    struct manifest manifest;
    struct buf text; /* of the manifest */
    char sha256[65];
    int64_t newest_ns;  /* when the newest of the files got what it has, by the kernel's clock; */
    int64_t now_ns;     /* and when the reading began. newest 0: there are no files */
    char (*pieces)[65]; /* all of them, sorted, each once */
    size_t pieces_n;
};

void snapshot_init(struct snapshot *s);
void snapshot_done(struct snapshot *s);

enum shot {
    SHOT_TAKEN,
    SHOT_RESTLESS, /* it was written to all the time */
    SHOT_TOO_MUCH, /* more files, pieces or bytes than a checkpoint holds */
    SHOT_FAILED,   /* err: ERR_IO, ERR_NO_MEMORY */
};

/* Read `dir`. Pieces that `before` (NULL: nothing) has not are put into `stage` as files named by
 * their digests, so that what is sent is what was read. `out` was made by snapshot_init(). */
MUST_CHECK enum shot saved_take(const char *dir, const char *stage, const struct snapshot *before,
                                int64_t bytes_max, struct snapshot *out, struct err *err);

/* Is anything else there than at that reading? Looks at names and times alone. */
bool saved_has_changed(const char *dir, const struct snapshot *before);

/* Make the file of a manifest in `dir`, open for writing, with the folders that it lies in. -1:
 * ERR_IO; there is such a name already. */
int saved_create(const char *dir, const struct saved_file *f, struct err *err);

/* Give all below `dir` to the user of containers; where we are not root, to everybody. ERR_IO. */
MUST_CHECK bool saved_give(const char *dir, struct err *err);
