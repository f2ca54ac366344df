/* SPDX-License-Identifier: Apache-2.0 */
/* Memory with one lifetime: many small allocations, freed together.
 *
 * An arena belongs to one thread at a time. */
#pragma once

#include "base/str.h"

struct arena_block;
struct arena_deferred;

struct arena {
    struct arena_block *blocks;
    struct arena_deferred *deferred;
    size_t used, max;
};

void arena_init(struct arena *a, size_t max);
void arena_done(struct arena *a); /* runs the deferred calls, newest first, then frees all */

/* Zeroed, aligned for any type; NULL when the arena's maximum or the machine's memory is reached.
 */
void *arena_alloc(struct arena *a, size_t size);

/* A copy with a NUL behind it; NULL as above. */
char *arena_copy(struct arena *a, struct str s);
char *arena_fmt(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Have fn(arg) run when the arena ends. If there is no memory for the note, runs it at once and
 * returns false. */
MUST_CHECK bool arena_defer(struct arena *a, void (*fn)(void *arg), void *arg);
