/* SPDX-License-Identifier: Apache-2.0 */
/* What db.c and pipeline.c share: the connection and its statements. For nobody else. */
#pragma once

#include <libpq-fe.h>

#include "store/db.h"

#define DB_ROW_MAX   1024 /* bytes of a row that is read without holding them all */
#define PREPARED_MAX 256
#define PARAMS_MAX   40
#define STEPS_MAX    256 /* of all groups under way */

struct step {         /* of a pipeline, to be answered in order */
    const char *name; /* NULL: the Sync that ends a group */
    int64_t rows;     /* how many it must touch; -1: any */
};

struct db {
    PGconn *conn;
    enum db_role role;
    const struct sql_stmt *prepared[PREPARED_MAX];
    size_t prepared_n;
    struct step steps[STEPS_MAX]; /* a ring */
    size_t steps_first, steps_n, groups_n;
    bool piping;
    bool broken; /* what was sent through the pipeline failed: of no use until db_reset() */
};

struct params {
    Oid types[PARAMS_MAX];
    const char *values[PARAMS_MAX];
    int lengths[PARAMS_MAX], formats[PARAMS_MAX];
    uint64_t numbers[PARAMS_MAX];
    char bools[PARAMS_MAX];
};

/* Fill *p. False: an array ran out of memory. */
MUST_CHECK bool db_bind(struct params *p, const struct sql_arg *args, int n);
bool db_is_prepared(struct db *db, const struct sql_stmt *s);
int64_t db_affected(PGresult *res); /* rows touched, or given back */

/* Set err from a failed result, or from the connection; `what` completes "could not …". */
bool db_failed(struct db *db, const PGresult *res, const char *what, struct err *err);
enum db_rc db_classify(struct db *db, const PGresult *res, const char *what, struct err *err);

/* A column's value, p NULL for NULL, to its place in the row. Texts and bytes are not copied. */
void db_read_column(const struct sql_col *c, struct str v, void *row);
