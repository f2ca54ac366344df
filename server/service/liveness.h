/* SPDX-License-Identifier: Apache-2.0 */
/* Which nodes have been heard of: heartbeats go past the market and are kept here and, in batches,
 * in the database. A node whose silence lasts lease_seconds loses its leases and asks by commands
 * of the reaper. After a start nothing is lost before one full lease_seconds of being able to hear
 * (reference: outage amnesty). */
#pragma once

#include "service/info.h"
#include "service/writer.h"
#include "store/db.h"

struct liveness;

struct liveness *liveness_new(const struct market_info *info, struct writer *w);
void liveness_free(struct liveness *l);

/* A signed request of this node just came. Any thread. */
void liveness_heard(struct liveness *l, int64_t node, int64_t now_us);
/* Something of this node is on the market now, though not by its own word: count its silence from
 * now on, if it is not counted yet. Any thread. */
void liveness_watch(struct liveness *l, int64_t node, int64_t now_us);
/* When it was last heard of, 0: not since the start. */
int64_t liveness_last(struct liveness *l, int64_t node);

/* Called about once a second by the reaper thread, and never waits for the market: stores new
 * last_seen times, submits lost and cancel_ask commands for silent nodes. ERR_DB is logged by the
 * caller. */
MUST_CHECK bool liveness_tick(struct liveness *l, struct db *db, int64_t now_us, struct err *err);
