/* SPDX-License-Identifier: Apache-2.0 */
/* Groups of statements, each in a transaction of its own and one round trip, for the writer.
 *
 * Statements are queued between db_pipeline_begin() and db_pipeline_send(); several groups may be
 * under way at once and are answered in order. After any failure the connection is of no use until
 * db_reset(), and of the groups under way nothing may be assumed. Nothing else may run on the
 * connection before db_pipeline_end(). */
#pragma once

#include <stddef.h>

#include "store/db.h"

struct pollfd;

/* Begin a group. */
MUST_CHECK bool db_pipeline_begin(struct db *db, struct err *err);
/* A statement that must touch so many rows (-1: any number); the parameters are copied. */
MUST_CHECK bool db_pipeline_add(struct db *db, const struct sql_stmt *s, const struct sql_arg *args,
                                int64_t rows_expected, struct err *err);
/* End the group and send it; does not wait. */
MUST_CHECK bool db_pipeline_send(struct db *db, struct err *err);

/* What became of the oldest group under way. DB_ONE: committed. DB_NONE: no answer yet (never with
 * `wait`). DB_FAIL: err says which statement and why; ERR_OUTCOME_UNKNOWN when it may have been
 * committed. */
MUST_CHECK enum db_rc db_pipeline_result(struct db *db, bool wait, struct err *err);
size_t db_pipeline_groups(const struct db *db); /* under way */

/* Send one group and wait for it and all before it. */
MUST_CHECK enum db_rc db_pipeline_commit(struct db *db, struct err *err);

/* For poll(): when db_pipeline_result() may have news. Sends what the socket takes. */
void db_pipeline_watch(struct db *db, struct pollfd *out);

/* Other statements may run again. False: a group is still under way, which breaks the connection.
 */
MUST_CHECK bool db_pipeline_end(struct db *db, struct err *err);
