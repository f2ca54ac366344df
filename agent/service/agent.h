/* SPDX-License-Identifier: Apache-2.0 */
/* The running agent: what all its threads share, and how it is started and stopped.
 *
 *   poll         asks the market for work, reconciles (loop.c)
 *   heartbeat    tells the market that we live; obeys its commands (heartbeat.c)
 *   executioner  ends containers in time, by the boot clock alone (kill.c)
 *   watch        measures the files of running leases (watch.c)
 *   asks         keeps our offer standing (asks.c) and moves its price (pricing.c)
 *   worker       one a lease; while its container runs, two more that listen to the engine */
#pragma once

#include "domain/isolation.h"
#include "service/health.h"
#include "service/identity.h"
#include "service/images.h"
#include "service/lease.h"
#include "service/ports.h"

/* Times; a test has shorter ones. */
struct settings {
    int64_t heartbeat_us;
    int64_t poll_wait_s;
    int64_t log_flush_us;                    /* a byte of output waits no longer than this */
    int64_t watch_us;                        /* between two looks at files */
    int64_t look_us;                         /* between two at engine and journal */
    int64_t stop_grace_us;                   /* from SIGTERM to SIGKILL */
    int64_t kill_retry_us;                   /* when the engine did not obey */
    int64_t retry_us, retry_most_us;         /* after a failed call */
    int64_t asks_us;                         /* between two looks at our asks */
    int64_t quote_us;                        /* between two changes of a price */
    int64_t ask_retry_us, ask_retry_most_us; /* after the market withdrew one */
};
extern const struct settings settings_default;

enum poke { POKE_ASKS, POKE_BEAT };

struct agent {
    /* The caller fills this in; constant while the agent runs. */
    struct engine engine;
    struct link market;
    struct net_port net;
    struct gpus gpus; /* ops NULL: none */
    const struct identity *id;
    const char *dir;
    const char *pool; /* what may be asked of us */
    struct offer
        *offer; /* NULL: nothing is for sale; its egress is lowered by the self-test if need be */
    struct node_report report; /* its engine is filled in at the start */
    struct settings settings;
    bool tests_itself; /* run the self-test at the start; else the engine is taken for runc (tests
                          with a fake) */

    /* agent_run() fills this in. */
    char boot_id[BOOT_ID_SIZE];
    struct images *images;
    struct health health;
    struct leases leases;
    int kill_fd;   /* eventfd: the executioner looks again */
    bool outdated; /* too old for the market; the heartbeat's alone until agent_run() returns */

    pthread_mutex_t lock;   /* guards: everything below */
    pthread_cond_t changed; /* on CLOCK_MONOTONIC */
    bool stopping;
    bool tested;              /* the self-test has ended, */
    enum isolation isolation; /* with this; ISOLATION_NONE: nothing is for sale */
    bool disks;               /* /out of a lease is a disk of its own (disk.h) */
    bool no_networks;         /* the engine joins no network of ours */
    bool poked[2];            /* by enum poke */
    bool drains;              /* nothing new is to be offered */
    int64_t sold;             /* leases taken on since the start */
};

/* Make what agent_stop() needs; agent_done() after agent_run() has returned. */
void agent_init(struct agent *a);
void agent_done(struct agent *a);

/* Adopt what the journal and the engine know of, then work until agent_stop(). Containers go on
 * when it returns. False: it could not even begin. */
MUST_CHECK bool agent_run(struct agent *a, struct err *err);

/* Have agent_run() return soon. From any thread. */
void agent_stop(struct agent *a);

bool agent_is_stopping(struct agent *a);
bool agent_drains(struct agent *a);
void agent_set_drains(struct agent *a, bool drains);
/* Wait. False: the agent is stopping. */
bool agent_pause(struct agent *a, int64_t us);
/* The time for the try after `failures`, from the settings. */
int64_t agent_backoff_us(const struct agent *a, int failures);
/* Have agent_wait_poked() of the thread that sells, or of the one that beats, return; it waits like
 * agent_pause(). */
void agent_poke(struct agent *a, enum poke which);
bool agent_wait_poked(struct agent *a, enum poke which, int64_t us);

/* fitness.c: run the self-test until it could be run, and have it declared: into the report, and
 * for agent_await_fitness(). The engine must have answered before. */
void agent_test_itself(struct agent *a);
/* Until that is known. False: the agent is stopping. */
bool agent_await_fitness(struct agent *a, enum isolation *out);
/* What is known now; ISOLATION_NONE before the self-test has ended. */
enum isolation agent_fitness(struct agent *a);
/* Is /out of a lease a disk of its own? Not before the self-test has ended. */
bool agent_has_disks(struct agent *a);
/* Does this machine give leases networks, as far as is known? */
bool agent_gives_networks(struct agent *a);

/* One more lease was taken on; how many there were. */
void agent_count_sale(struct agent *a);
int64_t agent_sold(struct agent *a);

/* The threads' mains; arg is the agent. */
void *heartbeat_main(void *agent);
void *kill_main(void *agent);
void *watch_main(void *agent);
void *asks_main(void *agent);
