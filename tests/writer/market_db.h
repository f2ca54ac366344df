/* SPDX-License-Identifier: Apache-2.0 */
/* A fresh, migrated database for one test, on the PostgreSQL of $BOURSE_TEST_DB; and what tests of
 * the writer say again and again. */
#pragma once

#include "service/writer.h"

/* Connection string of a new database; skips the test when there is no PostgreSQL. */
const char *market_db_new(void);

/* A connection that owns it. */
struct db *market_db_open(const char *conninfo);

/* One number from SQL. */
int64_t market_db_number(struct db *db, const char *sql);

struct stage { /* a writer at work on a database */
    const char *conninfo;
    struct hub *hub;
    struct writer *writer;
    struct arena arena;
    struct pool *pools;
    size_t pools_n;
    struct market_rules rules;
};

extern enum overlap stage_overlap; /* of what is opened from now on; at first AUTO */
void stage_open(struct stage *s, const char *conninfo);
void stage_open_with(struct stage *s, const char *conninfo, const struct market_rules *rules);
void stage_close(struct stage *s);
void stage_wait_ready(struct stage *s);

/* Submit and wait. With a key (not 0) the command is keyed by that number. */
struct submission stage_do(struct stage *s, struct command c, int64_t key);

/* An account with this much money; its number. */
int64_t stage_account(struct stage *s, int64_t micros, int64_t key);
int64_t stage_node(struct stage *s, int64_t account, int64_t key);
struct command bid_of(int64_t account, int64_t limit_micros, int32_t units);
struct command ask_of(int64_t account, int64_t node, int64_t price_micros, int32_t units);
