/* SPDX-License-Identifier: Apache-2.0 */
/* A lease on this machine, and the table of them.
 *
 * One worker thread takes a lease from step to step (runner.h). Beside it, the heartbeat signs its
 * ticks, the executioner (kill.h) ends it in time, and the watch measures its files. What they
 * share stands below `lock`; the journal entry is written to disk under that lock. */
#pragma once

#include <pthread.h>

#include "domain/plan.h"
#include "service/assignment.h"
#include "service/journal.h"
#include "service/ports.h"
#include "service/pump.h"
#include "wire/lease.h"

#define LEASES_MAX 128 /* of one machine at a time: more than any has vCPUs to sell by the one */

struct agent;

struct lease {
    struct agent *agent;
    struct assignment what; /* constant, as all down to `lock` */
    char lease_id[LEASE_ID_SIZE];
    char name[ENGINE_ID_SIZE];  /* of the container: bourse-<lease>-<epoch> */
    char *dir, *out_dir;        /* our scratch for it, and what it sees as /out, */
    char *save_dir, *stage_dir; /* and as /checkpoint; what is on its way from there */
    struct arena arena;         /* of the texts here and in `entry`; the worker's, once it runs */
    pthread_t worker;
    struct saver *saver; /* the worker's, from when it runs */
    struct pump *pump;   /* the worker's and its listeners'; from when it runs */

    pthread_mutex_t lock;   /* guards: everything below */
    pthread_cond_t changed; /* on CLOCK_MONOTONIC; the worker alone waits */
    bool poked;             /* something changed since the worker last looked */
    struct journal_entry entry;
    bool started;                            /* a worker was given it */
    bool over;                               /* the worker has ended */
    bool stopping;                           /* the market wants it to end; the receipt is due */
    bool displacing;                         /* to make room for another lease, */
    int64_t notice_us;                       /* within so long */
    bool gathered;                           /* all of its gang can start */
    bool save_wanted;                        /* the buyer wants a checkpoint now */
    bool forget;                             /* the market does not want to hear of it again */
    int64_t ready_boot_us, deadline_boot_us; /* 0: the meter has not started */
    int64_t stop_at_boot_us;                 /* when it was first told to stop; 0: not */
    int64_t ended_boot_us;                   /* when its end was seen; 0: not yet */
    bool termed, killed;                     /* the signals that it got from us */
    int64_t kill_retry_boot_us;
};

/* NULL: no memory. `what` and `entry` may point anywhere; their texts are copied. */
struct lease *lease_new(struct agent *agent, const struct assignment *what,
                        const struct journal_entry *entry);
void lease_free(struct lease *l);

/* network.c: does the lease have one; make it, or serve it again; what went through it, kept in
 * DIR/flows and told to the market; and its end. */
bool lease_has_network(const struct lease *l);
MUST_CHECK bool lease_open_network(struct lease *l, struct net_place *out, struct err *err);
void lease_keep_flows(struct lease *l);
enum link_result lease_tell_flows(struct lease *l, struct err *err);
void lease_close_network(struct lease *l);

/* Have the worker look again. lease_poke_locked: under the lock. arg is the lease. */
void lease_poke(void *lease);
void lease_poke_locked(struct lease *l);

/* Put the entry on disk as it is. Under the lock. False: the disk failed; err tells. */
MUST_CHECK bool lease_save(struct lease *l, struct err *err);

/* What the market calls this in a heartbeat. */
enum lease_state lease_state_of(enum step step, bool stopping, bool displacing);

/* ---- the table ---------------------------------------------------------------------------------
 */

struct leases {
    pthread_mutex_t lock; /* guards: v and n. Taken before any lease's own */
    struct lease *v[LEASES_MAX];
    size_t n;
};

void leases_init(struct leases *t);
void leases_done(struct leases *t); /* asserts that it is empty */

/* False: full. Then the lease stays the caller's. */
MUST_CHECK bool leases_add(struct leases *t, struct lease *l);

/* Call fn for each, under the table's lock; fn takes the lease's. */
void leases_each(struct leases *t, void (*fn)(void *arg, struct lease *l), void *arg);

/* Call fn for the one of that id and epoch (epoch 0: any), under the table's lock. False: none.
 * fn NULL: only see whether there is one. */
bool leases_with(struct leases *t, struct str lease_id, int64_t epoch,
                 void (*fn)(void *arg, struct lease *l), void *arg);

/* Take one out whose worker has ended, or (any true) one whose worker never began or has ended or
 * will soon; NULL: none. Its worker is to be joined by the caller. */
struct lease *leases_take_over(struct leases *t, bool any);
