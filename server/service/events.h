/* SPDX-License-Identifier: Apache-2.0 */
/* What was published lately, once for all who watch, and how far each of them has read.
 *
 *      publish ──▶ ┌───────────────── ring ─────────────────┐
 *                  │ first …  n-1   n   n+1  …         next │   frames of server-sent events
 *                  └──────────▲──────────────▲──────────────┘
 *                          a reader       another: a number and an offset each
 *
 * A reader holds a place in the ring and no copy, so thousands cost little, and one that reads too
 * slowly finds its place overwritten and is cut off. Every event has a number in the ring (with the
 * epoch of this server its id, by which a reader resumes) and a sequence without gaps in its topic.
 *
 * Nothing here is locked: all calls are made under one lock of the caller's. What wakes readers is
 * handed out as a chain, to be walked after the lock is let go. */
#pragma once

#include "base/buf.h"

struct events;
struct reader;

struct events_stats {
    int64_t readers, published, cut;
};

/* For `topics` topics; the epoch tells this server's numbers from another's. */
struct events *events_new(size_t topics, int64_t epoch);
void events_free(struct events *e); /* asserts that nobody reads; takes NULL */

/* The sequence that the next event of a topic will have. */
int64_t events_sequence(const struct events *e, size_t topic);
/* Put it into the ring. `data` is one line of JSON that tells this sequence. False: no memory; the
 * sequence is not used. */
MUST_CHECK bool events_publish(struct events *e, size_t topic, const char *name, struct str data);
/* The same as a further event without a sequence of its own: a snapshot for those who check. */
MUST_CHECK bool events_repeat(struct events *e, size_t topic, const char *name, struct str data);

/* A topic as a whole, for who begins to read: kept until the next event of the topic. */
bool events_has_snapshot(const struct events *e, size_t topic);
MUST_CHECK bool events_set_snapshot(struct events *e, size_t topic, struct str data);

/* ---- readers ---- */

typedef void reader_wake_fn(void *arg); /* on any thread, without the lock */

/* Begin to read the topics that are true in wanted[]; last_id is the id that was read last, or
 * empty. What can be resumed goes on behind that id; else snapshots come first, one of each topic,
 * which must all be set. NULL: no memory, or closed. */
struct reader *reader_new(struct events *e, const bool *wanted, struct str last_id,
                          reader_wake_fn *wake, void *arg);
void reader_free(struct events *e, struct reader *r);

enum reading { READ_SOME, READ_NOTHING, READ_OVER }; /* over: cut off, gone, or closed */
/* Up to `max` bytes of what comes next. */
enum reading reader_read(struct events *e, struct reader *r, char *to, size_t max, size_t *n);
/* It has nothing to read and sleeps: it is woken once. False: there is something after all. */
MUST_CHECK bool reader_sleep(struct events *e, struct reader *r, int64_t now_us);

/* Those that were taken out of sleep, to be woken. */
struct reader *events_wanted(struct events *e);                 /* by what was published since */
struct reader *events_idle(struct events *e, int64_t since_us); /* asleep since then or longer */
struct reader *reader_gone(struct events *e, struct reader *r); /* its client has left */
struct reader *events_close(struct events *e);                  /* all, now and later */
void events_wake(struct reader *chain);                         /* without the lock; takes NULL */

void events_stats(const struct events *e, struct events_stats *out);
