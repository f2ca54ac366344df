/* SPDX-License-Identifier: Apache-2.0 */
/* What we promised, on disk before we do it: DIR/leases/<lease_id>.json, one file a lease, replaced
 * whole at each step.
 *
 * With it, with a container's name that follows from lease and epoch, and with the engine's own
 * memory of containers, an agent that was killed at any point finds its place again
 * (domain/plan.h). */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "domain/plan.h"
#include "service/ports.h"

#define JOURNAL_MAX                                                                                \
    ((size_t)8 * BODY_MAX) /* an assignment and a receipt, each a body, with their escapes */
#define BOOT_ID_SIZE   40
#define GPUS_TEXT_SIZE (GPUS_MAX * GPU_UUID_SIZE)

struct journal_entry {
    struct str document, signature; /* the assignment, as it came */
    enum step step;
    int64_t max_seconds; /* what the market granted when we accepted; 0: as in the document */

    char image_id[ENGINE_ID_SIZE];
    char image_digest[ENGINE_ID_SIZE];
    char gpus[GPUS_TEXT_SIZE]; /* "GPU-…,GPU-…": its cards; empty: none chosen */

    char boot_id[BOOT_ID_SIZE];                /* the boot in which ready_boot_us counts */
    int64_t ready_boot_us, ready_wall_us;      /* when the meter started; 0: not */
    int64_t ended_wall_us, seconds, exit_code; /* from STEP_EXITED on */
    int64_t ticks;                             /* signed so far */
    bool over_quota;                           /* stopped because its files passed its scratch */
    bool over_bytes;                           /* or its network carried all that it may */
    bool displaced;                            /* it was told to make room for another lease */

    int64_t log_next;    /* number of the next chunk */
    int64_t log_sent;    /* bytes in the chunks before it */
    int64_t log_pending; /* length of chunk log_next, if it may have been sent already; else 0 */
    enum log_stream log_pending_stream;

    char log_sha256[SHA_TEXT_SIZE]; /* from STEP_EXITED on */
    char reason[32], fault[16];     /* of the exit, or why it cannot start */
    struct str detail;
    struct str receipt, receipt_signature; /* from STEP_SIGNED on */
};

/* Keep it. ERR_IO: it may or may not be kept; nothing further may be done for this lease. */
MUST_CHECK bool journal_write(const char *dir, struct str lease_id, const struct journal_entry *e,
                              struct err *err);

/* Read one back; texts live in `a`. ERR_NOT_FOUND, ERR_IO, ERR_VALIDATION_FAILED. */
MUST_CHECK bool journal_read(const char *dir, struct str lease_id, struct arena *a,
                             struct journal_entry *out, struct err *err);

/* Forget a lease: its file, and what a crash left of earlier writes. ERR_IO. */
MUST_CHECK bool journal_remove(const char *dir, struct str lease_id, struct err *err);

struct journal_names {
    struct str_list leases;  /* in the journal */
    struct str_list folders; /* leases with a scratch, in the journal or not */
};

/* The ids of what lies in DIR/leases, each in `a`. Left-overs of writes are cleared away.
 * ERR_IO, ERR_NO_MEMORY. */
MUST_CHECK bool journal_list(const char *dir, struct arena *a, struct journal_names *out,
                             struct err *err);

/* When the meter started, on the clock of this boot. After another boot the wall clock is all there
 * is to count with. */
int64_t journal_ready_boot_us(const struct journal_entry *e, const char *boot_id,
                              int64_t now_boot_us, int64_t now_wall_us);

/* The kernel's name for this boot; empty when it has none. */
void boot_id_read(char out[BOOT_ID_SIZE]);

extern const char *const step_names[STEPS + 1]; /* "taken", … as in the file; ends with NULL */
