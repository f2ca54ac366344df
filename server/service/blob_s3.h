/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs as objects of a bucket: <prefix>/aa/<64 hex>, the same names as in a directory, so that a
 * directory becomes a bucket by copying it.
 *
 * What is read comes by way of a cache of files on this machine, which holds at most
 * BLOB_CACHE_MAX bytes and loses what was not read for longest. So an image that a hundred machines
 * fetch is read from the store once, a range of it is a range of a file, and nothing leaves before
 * its digest was compared. */
#pragma once

#include "service/blob_store.h"
#include "service/s3.h"

/* `cache`: a folder for us alone. Puts a small object <prefix>/bourse: NULL with ERR_BLOBS_AWAY
 * when the store answers and refuses that, as then it will refuse all; ERR_IO, ERR_NO_MEMORY. One
 * that does not answer may yet. */
struct blob_s3;
struct blob_s3 *blob_s3_new(const struct s3_options *o, const char *prefix, const char *cache,
                            struct err *err);

extern const struct blob_store_ops blob_s3_ops;
