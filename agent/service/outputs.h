/* SPDX-License-Identifier: Apache-2.0 */
/* The files that a container left in /out.
 *
 * The folder is full of names that a stranger chose. It is walked by file descriptors only, never
 * through a symbolic link; what is no regular file, or has a name that no receipt can hold, is
 * passed over. */
#pragma once

#include <sys/stat.h>

#include "base/arena.h"
#include "sign/receipt.h"
#include "json/field.h"

#define OUTPUTS_SEEN_MAX  20000 /* entries of one /out: more is a bomb */
#define OUTPUTS_DEPTH_MAX 64    /* folders within folders */
#define OUTPUTS_FOLDERS   65536 /* folders take blocks, too: an empty one is no offence */

/* Call fn for each entry below `dir` that is no folder, with its path from there. False: fn said so
 * (then it ended), or there is more than may be looked at. _and_folders: for these too, each before
 * what is in it. */
typedef bool outputs_fn(void *arg, struct str path, const struct stat *st);
bool outputs_each(const char *dir, outputs_fn *fn, void *arg);
bool outputs_each_and_folders(const char *dir, outputs_fn *fn, void *arg);

/* Take the disk that the files below `dir` use from `*left`. False: there was not so much. */
bool outputs_count(const char *dir, int64_t *left);

/* Do the files below `dir` take no more than `bytes` of disk, and are there not too many? False
 * also when they could not be counted. */
bool outputs_within(const char *dir, int64_t bytes);

struct outputs {
    struct output *v; /* sorted by path; digests filled in */
    size_t n;
    int64_t passed_over; /* files that cannot or shall not stand in a receipt */
};

/* Regular files below `dir` that lie at or below one of `wanted` (absolute, as seen inside:
 * "/out/…"; empty: all), at most OUTPUTS_MAX and `bytes_max` in all, the first ones in order of
 * path. Texts live in `a`. ERR_IO, ERR_NO_MEMORY. */
MUST_CHECK bool outputs_collect(const char *dir, const struct str_list *wanted, int64_t bytes_max,
                                struct arena *a, struct outputs *out, struct err *err);

/* One of them, to be read. -1: it is not there any more. */
int outputs_open(const char *dir, struct str path);

/* Remove a folder and all that is in it. ERR_IO. */
MUST_CHECK bool tree_remove(const char *dir, struct err *err);
