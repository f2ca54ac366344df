/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs as files of this machine: <folder>/aa/<64 hex>, aa being the first two of them. A name
 * appears when all of it is on the disk, and what has a name is never written again. */
#pragma once

#include "service/blob_store.h"

struct blob_dir;

/* Makes the folders. NULL: ERR_IO. */
struct blob_dir *blob_dir_new(const char *folder, struct err *err);
void blob_dir_free(void *dir); /* takes NULL */

extern const struct blob_store_ops blob_dir_ops;

/* blob_dir_ops' functions, for who is made of one. */
MUST_CHECK bool blob_dir_keep(void *dir, const struct hash *digest, const char *file,
                              struct err *err);
MUST_CHECK bool blob_dir_has(void *dir, const struct hash *digest, struct err *err);
MUST_CHECK int blob_dir_open(void *dir, const struct hash *digest, struct err *err);
MUST_CHECK bool blob_dir_remove(void *dir, const struct hash *digest, struct err *err);

/* Hold all blobs with the same first byte against others that ask so; close() lets go. -1: ERR_IO.
 */
MUST_CHECK int blob_dir_lock(const struct blob_dir *dir, const struct hash *digest,
                             struct err *err);
/* Remove those that were not opened for longest until at most `most` bytes are left; how many are.
 */
int64_t blob_dir_shrink(struct blob_dir *dir, int64_t most);

/* Note a failed call of the system in err: ERR_IO, with the path for the log. Always false. */
bool blob_io_failed(const char *what, const char *path, struct err *err);
