/* SPDX-License-Identifier: Apache-2.0 */
/* Counters and a histogram for each route, in the text format of Prometheus. No ids in labels: a
 * route counts under its template. Any thread; what is read together need not be of one instant. */
#pragma once

#include "base/buf.h"

struct metrics;
struct route;

struct metrics *metrics_new(void);
void metrics_free(struct metrics *m); /* takes NULL */

#define METRICS_TABLES 4
/* Count the routes of a daemon, too; at most METRICS_TABLES. m may be NULL. One thread. */
void metrics_add_table(struct metrics *m, const char *daemon, const struct route *routes, size_t n);

/* A request was answered; a route of no table, or NULL, counts as none found. */
void metrics_answered(struct metrics *m, const struct route *route, unsigned status, int64_t us);

/* Of all daemons together. */
enum metric { GAUGE_CONNECTIONS, GAUGE_INFLIGHT, COUNTER_CUT, METRICS };
void metrics_count(struct metrics *m, enum metric which, int64_t add); /* m may be NULL */
int64_t metrics_get(struct metrics *m, enum metric which);

/* The lines of the routes. */
void metrics_write(struct metrics *m, struct buf *out);

/* One gauge or counter without labels, or with the one given as `label="value"`; help NULL: a
 * further line of the same metric. */
void metrics_line(struct buf *out, const char *name, const char *type, const char *help,
                  const char *label, int64_t value);
