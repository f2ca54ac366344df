/* SPDX-License-Identifier: Apache-2.0 */
/* An audit: rows in, the first thing that does not fit out.
 *
 * Each command is read, applied to a naive market (market/naive.h), and what stands in its row and
 * in the rows behind it is compared with what the market did. What is open is kept until it is over
 * and its row has been seen; so memory is bounded by what is open, a row's lag and the idempotency
 * keys of four days, not by what has been. */
#pragma once

#include "check/finding.h"
#include "market/naive.h"
#include "merkle/merkle.h"
#include "rows/row.h"
#include "sign/key.h"

struct audit_options {
    const uint8_t *log_key;  /* 32 bytes, to open leaves with; NULL: leaves are not opened */
    bool receipts;           /* every exit must carry one; else those that do are checked */
    const char *market_id;   /* must be this one; NULL: any */
    const struct hash *root; /* over the first `root_size` leaves; NULL: not asked for */
    int64_t root_size;
};

struct audit_counts {
    int64_t commands, postings, trades, settled, receipts, rows, keys;
    int64_t last_seq, last_us;
    int64_t open; /* objects in memory now */
    int64_t open_most;
};

struct audit;
struct audit *audit_new(const struct audit_options *o);
void audit_free(struct audit *a);

/* A countersigned receipt as a party has it (GET …/receipt), to be compared when its lease is
 * settled. Before the first row. False: it can't be read; the finding says why. */
bool audit_receipt(struct audit *a, struct str document);

/* The next row, in the order of rows/row.h. False: the finding is made. */
bool audit_row(struct audit *a, const struct row *r);

/* No more rows: what should have come and did not. With `whole`, the tables behind all commands
 * were among them. False: the finding is made. */
bool audit_end(struct audit *a, bool whole);

/* Follow on: later commands come next, or rows of what was not yet seen as it is; and then, again,
 * those behind all commands. */
void audit_again(struct audit *a);

/* The numbers of the asks, bids, leases and payouts (0 … 3) whose rows have not been seen as they
 * are now; yours to mem_free(). */
int64_t *audit_awaits(struct audit *a, int which, size_t *n);

const struct finding *audit_finding(const struct audit *a);
void audit_count(const struct audit *a, struct audit_counts *out);
struct hash audit_root(const struct audit *a); /* over all leaves so far */
