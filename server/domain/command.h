/* SPDX-License-Identifier: Apache-2.0 */
/* Commands: the only way in which the market and its money change. Pure data.
 *
 * A command is numbered and stamped by the writer; (state, command, seq, at) decides everything, so
 * the sequence of commands can be replayed. Things that a command makes are named by its number:
 * an order is `seq`, a lease is `seq × 4096 + index` (see base/id.h). */
#pragma once

#include <stdint.h>

#include "base/limits.h"
#include "domain/money.h"
#include "domain/pool.h"

/* Stored in commands.kind and in the public log: numbers are never reused. */
enum command_kind {
    COMMAND_OPEN_ACCOUNT = 1,
    COMMAND_CREDIT = 2,   /* operator: money enters by a rail */
    COMMAND_PUT_NODE = 3, /* a node joins, or its inventory changed */
    COMMAND_PLACE_ASK = 4,
    COMMAND_AMEND_ASK = 5,
    COMMAND_CANCEL_ASK = 6,
    COMMAND_SUBMIT_JOB = 7, /* a job and its bid */
    COMMAND_AMEND_BID = 8,
    COMMAND_CANCEL_JOB = 9,
    COMMAND_ACCEPT_LEASE = 10,       /* agent */
    COMMAND_DECLINE_LEASE = 11,      /* agent */
    COMMAND_LEASE_READY = 12,        /* agent */
    COMMAND_LEASE_CANNOT_START = 13, /* agent */
    COMMAND_LEASE_EXIT = 14,         /* agent, receipt already verified */
    COMMAND_LEASE_TIMEOUT = 15,      /* clock: offer not answered, or preparing too long */
    COMMAND_LEASE_LOST = 16,         /* clock: silence */
    COMMAND_LEASE_SPENT = 17,        /* clock: time or budget spent */
    COMMAND_EXPIRE_ORDER = 18,       /* clock */
    COMMAND_REQUEST_PAYOUT = 19,
    COMMAND_COMPLETE_PAYOUT = 20, /* operator: the rail did it */
    COMMAND_FAIL_PAYOUT = 21,     /* operator: the rail could not */
};

/* Accounts that the market itself owns; numbers below 16 are reserved. */
#define ACCOUNT_WORLD                                                                              \
    1                   /* all rails: money that is outside. Its balance is minus what is inside   \
                         */
#define ACCOUNT_FEES  2 /* the operator's fees */
#define ACCOUNT_FIRST 16

enum fault { WHOSE_NOBODY = 0, WHOSE_BUYER = 1, WHOSE_PROVIDER = 2 };

/* Why something ended: typed, stored as a number, shown by name (reason_names). */
enum reason {
    REASON_NONE = 0,
    REASON_DONE = 1,      /* exited by itself */
    REASON_CANCELLED = 2, /* by the buyer or the owner of an ask */
    REASON_EXPIRED = 3,   /* good-till time passed */
    REASON_DECLINED = 4,
    REASON_OFFER_TIMEOUT = 5,
    REASON_PREPARE_TIMEOUT = 6,
    REASON_IMAGE_UNAVAILABLE = 7, /* buyer: no such image, or it may not be read */
    REASON_IMAGE_INVALID = 8,     /* buyer: not an image, or not the digest */
    REASON_COMMAND_INVALID = 9,   /* buyer: the container could not be started as asked */
    REASON_ENGINE_FAILED = 10,    /* provider */
    REASON_NODE_LOST = 11,        /* provider */
    REASON_TIME_SPENT = 12,
    REASON_BUDGET_SPENT = 13,
    REASON_OUT_OF_MEMORY = 14, /* buyer: the container passed its memory */
    REASON_NO_FUNDS = 15,      /* could not be held again on requeue */
    REASON_ATTEMPTS_SPENT = 16,
    REASON_NODE_CHANGED = 17, /* inventory no longer backs the ask */
};
#define REASONS 18
extern const char *const reason_names[REASONS]; /* "node-lost", … */

struct node_spec {
    int32_t cpu_millis;
    int64_t memory_bytes;
    int64_t scratch_bytes;
    int32_t gpu_pool; /* pool number of its GPUs, 0: none */
    int32_t gpus;
};

struct ask_spec {
    int64_t node;
    int32_t pool;
    struct money price, floor;        /* floor <= price */
    int32_t units;                    /* offered in all, leases included */
    int64_t until_us;                 /* available until then */
    int32_t seconds_min, seconds_max; /* shortest and longest lease */
};

struct bid_spec {
    int32_t pool;
    struct money limit;
    struct money budget;
    int32_t units;
    int32_t seconds;    /* longest run */
    int64_t expires_us; /* good till */
    int32_t attempts_max;
};

struct command {
    int64_t seq;
    int64_t at_us;
    int64_t account; /* who asks; ACCOUNT_WORLD for clock and operator */
    enum command_kind kind;
    union {
        struct {
            int64_t account;
            struct money amount;
        } credit;
        struct {
            int64_t node;
            struct node_spec spec;
        } put_node; /* node 0: a new one, named by seq */
        struct ask_spec place_ask;
        struct {
            int64_t ask;
            struct money price;
            int32_t units;
        } amend_ask;
        struct {
            int64_t order;
        } order; /* cancel_ask, cancel_job, expire_order */
        struct bid_spec submit_job;
        struct {
            int64_t bid;
            struct money limit;
        } amend_bid;
        struct {
            int64_t lease;
            int32_t epoch;
            int64_t seconds;    /* exit: agent-signed metered seconds */
            int32_t exit_code;  /* exit */
            enum reason reason; /* decline, cannot_start, exit, timeout */
            enum fault fault;   /* cannot_start */
        } lease;
        struct {
            struct money amount;
        } request_payout;
        struct {
            int64_t payout;
        } payout;
    } u;
};
