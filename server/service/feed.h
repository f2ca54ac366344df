/* SPDX-License-Identifier: Apache-2.0 */
/* Market data: the tape kept added up in memory, and what is told live to who watches.
 *
 * Its source is the database: the feed reads trades behind the last one that it has, whenever a
 * group has become durable. So nothing is told that a power cut could take back, nothing is missed
 * when the market thread starts anew, and the market thread does no more for it than notify the
 * hub. Books come from the writer, some ten times a second.
 *
 * A thread of its own does that; whoever needs the newest (a handler that answers somebody who just
 * traded) calls feed_refresh() with a connection of his own. */
#pragma once

#include "service/events.h"
#include "service/info.h"
#include "service/view_market.h"
#include "service/writer.h"

enum channel { CHANNEL_TRADES, CHANNEL_DEPTH, CHANNEL_TICKER };
#define CHANNELS 3
extern const char *const channel_names[CHANNELS];

/* Topics of the stream: pool by pool in the order of the pools, each channel of it. */
#define FEED_TOPIC(pool_index, channel) ((pool_index)*CHANNELS + (size_t)(channel))

struct feed;

struct feed_options {
    const char *conninfo;
    struct hub *hub;
    struct writer *writer;
    const struct market_info *info; /* borrowed */
};

/* NULL: ERR_NO_MEMORY. */
struct feed *feed_start(const struct feed_options *o, struct err *err);
/* All streams end, now and later; the rest goes on. Takes NULL. */
void feed_close(struct feed *f);
/* The thread ends. Before the writer and the hub are freed. Takes NULL. */
void feed_stop(struct feed *f);
void feed_free(struct feed *f); /* when nobody streams any more; takes NULL */

/* Know all that was durable when this was called. May block on the database. */
MUST_CHECK bool feed_refresh(struct feed *f, struct db *db, struct err *err);

/* Has the tape been read? Then a stream can begin. */
bool feed_is_loaded(struct feed *f);

/* What the feed knows of a pool; asks and bids are not set. *last is the room for out->last. False:
 * there is no such pool. */
MUST_CHECK bool feed_figures(struct feed *f, int32_t pool, int64_t now_us, struct figures *out,
                             struct tape_row *last);
/* `n` candles of a whole number of minutes each, from a whole one on. False: not all of it is in
 * memory. */
MUST_CHECK bool feed_candles(struct feed *f, int32_t pool, int64_t from_us, int64_t width_us,
                             struct candle *out, size_t n);

/* ---- streams: service/events.h, with the lock taken care of ---- */

/* wanted[] has a place for each topic. NULL: closed, too many, or no memory. */
struct reader *feed_join(struct feed *f, const bool *wanted, struct str last_id,
                         reader_wake_fn *wake, void *arg);
void feed_leave(struct feed *f, struct reader *r);
enum reading feed_read(struct feed *f, struct reader *r, char *to, size_t max, size_t *n);
MUST_CHECK bool feed_sleep(struct feed *f, struct reader *r);
void feed_gone(struct feed *f, struct reader *r);
void feed_stats(struct feed *f, struct events_stats *out);
