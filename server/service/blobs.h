/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of blobs, each named by its SHA-256: whole ones in a store (blob_store.h), uploads that
 * go on as files of this machine (blob_partial.h). Who may read what stands in the database. */
#pragma once

#include "base/arena.h"
#include "service/blob_partial.h"
#include "service/blob_store.h"

struct blobs;

struct blobs_options {
    const char *state_dir;
    const char *where;       /* NULL: <state>/blobs; else "s3://bucket" or "s3://bucket/prefix" */
    const char *s3_endpoint; /* NULL: Amazon's of the region */
    const char *s3_region;
    const char *s3_credentials; /* a file; NULL: "s3" in $CREDENTIALS_DIRECTORY */
};

/* NULL: ERR_VALIDATION_FAILED names the option; ERR_BLOBS_AWAY: the store answers and refuses;
 * ERR_NOT_FOUND, ERR_IO, ERR_NO_MEMORY. */
struct blobs *blobs_new(const struct blobs_options *o, struct err *err);
void blobs_free(struct blobs *b); /* takes NULL */

/* Hold what is kept of all blobs with the same first byte; close() lets go. Whoever adds a row of a
 * blob to the database, or removes the last one and the bytes, holds it meanwhile: so no row is
 * without its bytes. Nothing that takes long is done under it. -1: ERR_IO. */
MUST_CHECK int blobs_lock(const struct blobs *b, const struct hash *digest, struct err *err);

/* The store's, see there. */
MUST_CHECK bool blobs_keep(struct blobs *b, const struct hash *digest, const char *file,
                           struct err *err);
MUST_CHECK bool blobs_has(struct blobs *b, const struct hash *digest, struct err *err);
MUST_CHECK int blobs_open(struct blobs *b, const struct hash *digest, struct err *err);
MUST_CHECK bool blobs_remove(struct blobs *b, const struct hash *digest, struct err *err);

struct partials *blobs_partials(struct blobs *b); /* never NULL; the blobs' */
