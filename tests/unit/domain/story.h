/* SPDX-License-Identifier: Apache-2.0 */
/* A market to tell stories with: a few words for the commands, and an eye on everything.
 *
 * Before the first commands of a kind a second market is given them without any memory. After each
 * command every invariant is checked, a refused one is seen to have changed nothing, what was
 * touched is copied as the store would, and a second market is built from the copies, which must
 * have the same hash and the same next thing to do. */
#pragma once

#include "domain/market.h"

#define STORY_CPU   1 /* unit: one vCPU, 1 GiB, 4 GiB of scratch */
#define STORY_GPU   2 /* unit: one GPU, eight vCPUs, 64 GiB, 256 GiB of scratch */
#define STORY_LIGHT 3 /* the same GPU with one vCPU, 1 GiB, 1 GiB */
#define STORY_OTHER 4 /* another GPU, as light */

/* Prices in whole ticks of the GPU pool, a tenth of a cent; money in cents. */
#define TICKS(n) ((struct money){ INT64_C(1000) * (n) })
#define CENTS(n) ((struct money){ INT64_C(10000) * (n) })

/* A price of so many micros a second for each unit: makes charges easy to see. */
#define PER_SECOND(micros) ((struct money){ INT64_C(3600) * (micros) })

#define STORY_GIB   (INT64_C(1) << 30)
#define STORY_HOUR  INT64_C(3600)
#define STORY_DAY   INT64_C(86400)
#define STORY_START INT64_C(1767225600000000) /* 2026-01-01 */
#define STORY_KEPT  512                       /* objects of a kind that a story may touch */

/* The pools of every story. */
#define STORY_POOLS 4
const struct pool *pools_of_story(void);

struct story_kept {
    struct balance balances[STORY_KEPT];
    struct node nodes[STORY_KEPT];
    struct ask asks[STORY_KEPT];
    struct bid bids[STORY_KEPT];
    struct lease leases[STORY_KEPT];
    struct payout payouts[STORY_KEPT];
    struct standing standings[STORY_KEPT];
    struct pool_state pools[8]; /* by number */
    struct offer offers[STORY_KEPT];
    size_t balances_n, nodes_n, asks_n, bids_n, leases_n, payouts_n, standings_n, offers_n;
};

struct story {
    struct market *m;
    struct market_rules rules;
    struct mem mem; /* what the market gets its memory from */
    int64_t now_us;
    struct outcome out;      /* of the last command */
    struct trade trades[64]; /* its trades, out.trades_n of them */
    struct story_kept kept;  /* what a store would hold, final objects included */
    int64_t blocks;          /* of memory that the market has */
    int64_t memory_left;     /* how many more times it gets some; negative: always */
    int32_t poor[COMMANDS];  /* how often a command of the kind was tried without memory */
    bool one_group;          /* leave the group open: what is over stays in memory */
    bool rebuild;            /* build a second market after each command */
};

/* A new market with two pools, and the rules given, or the default ones without quote life,
 * back-off and collar: what these do is told by tests of their own. Ends with story_end(), which
 * sees that all memory was given back. */
void story_begin(struct story *s);
void story_begin_with(struct story *s, const struct market_rules *rules);
void story_end(struct story *s);

/* Apply it now, with the next number. False: refused. */
bool story_do(struct story *s, struct command c);

/* The same for commands that must be applied; where something is made, its number. */
int64_t story_account(struct story *s, struct money amount); /* opened, and credited unless 0 */
int64_t story_node(struct story *s, int64_t account, struct node_spec spec);
int64_t story_cpu_node(struct story *s, int64_t account, int32_t cpus);
int64_t story_gpu_node(struct story *s, int64_t account, int32_t gpus);

/* An order with everything that a test does not care for: until or expiring in a day, leases of a
 * minute to a day, the widest budget, three attempts. Change it, then place it with story_do(). */
struct command story_ask_of(const struct story *s, int64_t node, int32_t units, struct money price);
struct command story_job_of(const struct story *s, int64_t account, int32_t pool, int32_t units,
                            struct money limit);
int64_t story_ask(struct story *s, int64_t node, int32_t units, struct money price);
int64_t story_job(struct story *s, int64_t account, int32_t pool, int32_t units,
                  struct money limit);

/* A command about the live lease of a job, by its provider or, for the clock's, by the market. */
struct command story_lease_of(const struct story *s, int64_t job, enum command_kind kind);
bool story_lease(struct story *s, int64_t job, enum command_kind kind);
void story_run(struct story *s, int64_t job); /* accept and ready */
bool story_exit(struct story *s, int64_t job, int64_t seconds, int32_t exit_code);
bool story_cancel(struct story *s, int64_t account, int64_t order);

void story_wait(struct story *s, int64_t seconds); /* the clock goes on, nothing is applied */
int story_clock(struct story *s); /* apply all clock commands that are due now; how many */

/* As they were last seen: in the copies, so also when they have left the market. */
const struct balance *story_balance(const struct story *s, int64_t account);
const struct ask *story_kept_ask(const struct story *s, int64_t ask);
const struct bid *story_kept_bid(const struct story *s, int64_t bid);
const struct lease *story_kept_lease(const struct story *s, int64_t lease);
const struct lease *story_lease_for(const struct story *s, int64_t job); /* its newest */

/* A second market from the copies, to be freed. */
struct market *story_rebuilt(struct story *s);

/* As after a restart: the market is thrown away and built again, with nothing to spare. */
void story_restart(struct story *s);
