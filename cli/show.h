/* SPDX-License-Identifier: Apache-2.0 */
/* From the server's JSON to a table, by a table: which member, under which title, in which form. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "json/json.h"

enum show_kind {
    SHOW_TEXT,
    SHOW_NUMBER,
    SHOW_MONEY,   /* by its text, without trailing zeros */
    SHOW_TIME,    /* "2026-11-24 09:00:00", UTC */
    SHOW_BYTES,   /* "1.4 MiB" */
    SHOW_SECONDS, /* "1h 02m 03s" */
    SHOW_TEXTS,   /* with commas between */
};

struct show {
    const char *title, *path; /* "balance.available" */
    enum show_kind kind;
};

/* clang-format off */
#define SHOW_END { NULL, NULL, SHOW_TEXT }
/* clang-format on */

/* The member at a dotted path. NULL: there is none, or it is null. */
const json_t *show_find(const json_t *j, const char *path);

/* What stands in a cell; "-" for what is absent. Text lives in `a` or in the JSON. */
struct str show_cell(const json_t *j, const struct show *show, struct arena *a);

/* A row per object of the array. */
void show_list(const json_t *array, const struct show *columns, struct arena *a, struct buf *out);

/* A line per member of the object: title, value. */
void show_one(const json_t *object, const struct show *members, struct arena *a, struct buf *out);
