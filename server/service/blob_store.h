/* SPDX-License-Identifier: Apache-2.0 */
/* Where whole blobs are kept: a directory of this machine, or a bucket that several servers share.
 *
 * A store is a few functions over names that are the SHA-256 of what they name (ADR 37). It knows
 * nothing of accounts: who keeps what stands in the database, uploads that go on are files of this
 * machine (blob_partial.h). Any thread; each call may take as long as the line to the store. */
#pragma once

#include "base/err.h"
#include "merkle/merkle.h"

struct blob_store_ops {
    /* Keep a file that has this digest; it may lose its name. True: it outlives this machine's
     * power, or the store says so. To keep what is there already changes nothing. ERR_IO: this
     * machine; ERR_BLOBS_AWAY: the store does not answer or refuses. */
    MUST_CHECK bool (*keep)(void *self, const struct hash *digest, const char *file,
                            struct err *err);
    /* Is it there? As open, but cheap. */
    MUST_CHECK bool (*has)(void *self, const struct hash *digest, struct err *err);
    /* To be read, from its start; the caller's to close. -1: ERR_NOT_FOUND, ERR_IO,
     * ERR_BLOBS_AWAY, ERR_PROTOCOL (its bytes are not those of its name). */
    MUST_CHECK int (*open)(void *self, const struct hash *digest, struct err *err);
    /* What is not there is removed already. Tried once. ERR_IO, ERR_BLOBS_AWAY. */
    MUST_CHECK bool (*remove)(void *self, const struct hash *digest, struct err *err);
    void (*free)(void *self);
};

struct blob_store {
    const struct blob_store_ops *ops;
    void *self;
};
