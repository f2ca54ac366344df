/* SPDX-License-Identifier: Apache-2.0 */
/* The market thread: sole owner of books and balances, sole writer of market and ledger tables.
 *
 * It takes what waits (at most GROUP_MAX), applies each command to the market in memory, writes all
 * of them and what they touched in ONE transaction, and answers the waiters when that is on disk;
 * meanwhile it goes on with the next groups. If a transaction fails, memory is thrown away and
 * rebuilt from PostgreSQL; the commands of all groups that were not answered are processed once
 * more: what was committed after all is then found by its key. Only if that fails too they are
 * answered SUBMIT_FAILED. An epoch row, checked in every transaction, fences a writer that is no
 * longer the leader: it becomes a standby and waits for its turn. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "domain/depth.h"
#include "domain/market.h"
#include "merkle/merkle.h"
#include "service/hub.h"
#include "service/looks.h"
#include "sign/sequence.h"
#include "store/db.h"

enum submitted {
    SUBMIT_DONE,     /* durable */
    SUBMIT_REPLAYED, /* this account used this key for the same request before: seq and at_us are of
                        then */
    SUBMIT_REFUSED,  /* by the rules: outcome.refused and why; nothing was written */
    SUBMIT_KEY_REUSED, /* this key was used for another request */
    SUBMIT_BUSY,       /* the queue is full, or the writer is rebuilding; nothing was written */
    SUBMIT_FAILED,     /* see err; with ERR_OUTCOME_UNKNOWN repeat with the same key */
};

/* A command on its way through. The caller's until writer_submit(), the writer's until done(). */
struct submission {
    struct command command; /* seq and at_us are the writer's to set */
    bool keyed;
    uint8_t key[16];     /* first 16 bytes of SHA-256 of the idempotency key and route */
    struct hash body;    /* SHA-256 of the request's body; told in the statement of its sequence */
    struct str payload;  /* canonical JSON of the command as it enters the log */
    struct arena *arena; /* for trades; the caller's own */
    void (*done)(void *arg); /* exactly once, on the market thread (or the caller's when busy) */
    void *arg;

    enum submitted result;
    struct err err;
    struct outcome outcome;
    /* The object the command is about, as it is after it; by kind. */
    union {
        struct balance balance;
        struct standing standing;
        struct node node;
        struct ask ask;
        struct bid bid;
        struct lease lease;
        struct payout payout;
    } now;
    struct trade *trades; /* of this command, in the arena */
    size_t trades_n;
    struct sequence sequence; /* with DONE, for who waits: the market's word on its place */
    struct submission *next;  /* the queue's */
};

struct writer;

/* Does a COMMIT wait for the disk itself, or does a second connection flush while further groups
 * are committed (ADR 17)? AUTO: measured when it begins to lead; overlapped when a flush takes
 * longer than a millisecond. */
enum overlap { OVERLAP_AUTO, OVERLAP_ON, OVERLAP_OFF };

struct writer_options {
    const char *conninfo;
    const char *name; /* of this server, in the leader row */
    struct hub *hub;
    const uint8_t *log_key; /* 32 bytes: salts the commitments of log leaves */
    const char *market_id;
    const struct key *key; /* signs where in the sequence a command stands; NULL: nobody does */
    const struct market_rules *rules;
    int64_t amnesty_us;       /* after taking the lead no agent's silence is due for so long */
    const struct pool *pools; /* borrowed until writer_stop() */
    size_t pools_n;
    enum overlap overlap;
    void (*led)(
        void *arg); /* on the market thread, when it leads for the first time; may be NULL */
    void *led_arg;
};

/* Start the thread, which waits until it may lead, takes the epoch and loads the market; until then
 * (writer_stats.ready) everything submitted is answered SUBMIT_BUSY. NULL: ERR_NO_MEMORY. */
struct writer *writer_start(const struct writer_options *o, struct err *err);
/* Finish the group in hand, answer what waits SUBMIT_BUSY, end the thread; from then on everything
 * is answered SUBMIT_BUSY at once. Takes NULL. */
void writer_stop(struct writer *w);
void writer_free(struct writer *w); /* after writer_stop(); takes NULL */

/* Queue `s`; never blocks. */
void writer_submit(struct writer *w, struct submission *s);

/* Submit and wait: for start-up and tests. */
void writer_submit_wait(struct writer *w, struct submission *s);

/* How often groups on their way were given up and the market was rebuilt. */
int64_t writer_losses(struct writer *w);

/* Rows of a group can be read before it is on disk. Wait until all that can be read now is, so that
 * it may be told. `losses` is writer_losses() from before the reading. False: the market was
 * rebuilt since, and what was read may never have been. Returns at once when nothing is on its way.
 * Not on the market thread. */
MUST_CHECK bool writer_settled(struct writer *w, int64_t losses);

/* A look at the depth of a pool as of the last durable group, at most DEPTH_AGE_US old. */
struct depth {
    int64_t sequence; /* last command applied */
    struct depth_side asks, bids;
    struct money displacing; /* the lowest limit that has a lease make room; 0: none has */
};
/* False: no such pool, or the market is not ready. */
MUST_CHECK bool writer_depth(struct writer *w, int32_t pool, struct depth *out);

/* Look at the market itself, on its thread (service/looks.h); never blocks. What is seen may not be
 * on disk yet. */
void writer_look(struct writer *w, struct look *look);

struct writer_stats {
    int64_t commands, groups, refused, replayed, failed_groups, queue_len, group_us_total;
    int64_t epoch, last_seq;
    bool ready, overlapped;
};
/* Does this server lead, with the market in memory? Cheap; may change at any moment. */
bool writer_ready(struct writer *w);

void writer_stats(struct writer *w, struct writer_stats *out);
