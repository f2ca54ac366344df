/* SPDX-License-Identifier: Apache-2.0 */
/* Commands: the only way in which the market and its money change. Pure data.
 *
 * A command is numbered and stamped by the writer; (state, command, seq, at) decides everything, so
 * the sequence of commands can be replayed. Things that a command makes are named by its number:
 * an order is `seq`, a lease is `seq × 4096 + index` (see base/id.h). */
#pragma once

#include <stdbool.h>
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
    COMMAND_REENTER = 22,         /* clock: an order that was out of the books comes back */
    COMMAND_LEASE_RIPE = 23,      /* clock: an interruptible lease has run its least time */
    COMMAND_CLOSE_AUCTION = 24,   /* clock: the window of a sealed bid is over */
    COMMAND_OFFER = 25,           /* a sealed offer for one bid */
    COMMAND_CALL = 26,            /* clock: the call auction of a pool */
    COMMAND_RATE_NODE = 27,       /* operator */
    COMMAND_RATE_ACCOUNT = 28,    /* operator */
    COMMAND_INVITE = 29,          /* the leader of a team */
    COMMAND_JOIN_TEAM = 30,
    COMMAND_LEAVE_TEAM = 31,
    COMMAND_TRIM = 32,             /* clock: a bid holds more than its leases need */
    COMMAND_SET_RULES = 33,        /* operator: new parameters, from here on */
    COMMAND_LEASE_PREPARED = 34,   /* agent: of a gang, it could start */
    COMMAND_LEASE_CHECKPOINT = 35, /* agent: the job's folder was looked at, and is in the store */
    COMMAND_NODE_HEALTH = 36,   /* the node's agent, through us: it is unhealthy, or well again */
    COMMAND_DRAIN_NODE = 37,    /* its owner: it is to be empty from a time on; or not any more */
    COMMAND_LEASE_DRAINED = 38, /* clock: the time has come for a lease that runs there */
};
#define COMMANDS 39 /* one more than the highest number */

/* Accounts that the market itself owns; numbers below 16 are reserved. */
#define ACCOUNT_WORLD     1 /* all rails: money outside. Its balance is minus what is inside */
#define ACCOUNT_FEES      2 /* the operator's fees */
#define ACCOUNT_INSURANCE 3 /* what displacers paid above the ask */
#define ACCOUNT_FIRST     16

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
    REASON_NOT_FILLED = 18,   /* immediate-or-cancel, and nothing served it */
    REASON_DISPLACED = 19,    /* an interruptible lease made room */
    REASON_GANG_BROKEN = 20,  /* another lease of the gang ended */
    REASON_NODE_UNHEALTHY = 21,
    REASON_DRAINED = 22,      /* its node is being emptied */
    REASON_EGRESS_SPENT = 23, /* buyer: its network carried all the bytes that it may */
};
#define REASONS 24
extern const char *const reason_names[REASONS]; /* "node-lost", … */

/* What a bid may demand of a node, and what an ask keeps of it from when it entered. Regions:
 * 0 unknown, 1 Africa, 2 Asia, 3 Europe, 4 Middle East, 5 North America, 6 Oceania, 7 South
 * America. Isolation: 0 runc, 1 user namespaces, 2 gVisor, 3 virtual machine, 4 attested.
 * Interconnect of its GPUs: 0 PCIe or none, 1 NVLink, 2 NVSwitch. */
#define REGIONS       8
#define TIERS         4 /* of reputation, of nodes and of accounts */
#define ISOLATIONS    5
#define INTERCONNECTS 3
#define EGRESSES      3 /* 0 none, 1 allowlist, 2 open */

struct traits {
    int32_t region, tier, verified, isolation, interconnect;
    int32_t bandwidth_mbps;
    int64_t label; /* of the data it holds: a number made from the text; 0: none */
    int64_t site;  /* a node number; nodes of one site reach each other fast */
};

struct node_spec {
    int32_t cpu_millis;
    int64_t memory_bytes;
    int64_t scratch_bytes;
    int32_t gpu_pool; /* pool number of its GPUs, 0: none */
    int32_t gpus;
    struct traits traits; /* tier and verified are the market's: 0 here. site 0: the node itself */
};

struct ask_spec {
    int64_t node;
    int32_t pool;
    struct money price, floor;        /* floor <= price */
    int32_t units;                    /* offered in all, leases included */
    int64_t until_us;                 /* available until then */
    int32_t seconds_min, seconds_max; /* shortest and longest lease */
    int64_t sets;                     /* bit n - 1: n units can be leased together; 0: any number */
    bool interruptible;               /* serves only interruptible bids */
    int32_t buyer_tier_min;           /* lowest tier of a buyer */
    int32_t egress_max;               /* most open egress class it accepts */
    int32_t risk_seconds;             /* longest time without a checkpoint that it bears */
    bool post_only;
};

enum time_in_force {
    TIF_GOOD_TILL_TIME = 0,
    TIF_IMMEDIATE_OR_CANCEL = 1,
    TIF_FILL_OR_KILL = 2,
    TIF_POST_ONLY = 3
};
enum rank { RANK_PRICE = 0, RANK_VALUE = 1 };
enum own { OWN_FIRST = 0, OWN_ONLY = 1, OWN_NEVER = 2 };

struct want { /* a pool that a bid accepts */
    int32_t pool;
    int32_t units; /* of each node */
};

struct wish {        /* what a bid demands of a node, and what it means to do there. 0: nothing */
    int32_t regions; /* bit r: region r will do; 0: any */
    int32_t tier_min, verified, isolation_min, interconnect_min;
    int32_t bandwidth_min_mbps;
    int64_t label;
    int32_t egress; /* the class that it wants */
};

struct bid_spec {
    struct want wants[WANTS_MAX];
    int32_t wants_n;
    struct money limit; /* for the first want (docs/market.md) */
    struct money budget;
    int32_t nodes; /* more than 1: a gang */
    bool same_site;
    int32_t seconds;            /* longest run */
    int32_t checkpoint_seconds; /* longest time that it may lose */
    int64_t expires_us;         /* good till */
    int32_t attempts_max;
    struct wish wish;
    enum time_in_force tif;
    enum rank rank;
    enum own own;
    bool interruptible;
    int32_t auction_ms; /* sealed for that long; 0: not */
};

enum price_rule { PRICE_RESTING = 0, PRICE_RUNNER_UP = 1 };

struct market_rules {                /* versioned parameters of the operator, with their defaults */
    int32_t fee_bps;                 /* 100 */
    int32_t bill_min_seconds;        /* 60: least billed per start */
    int32_t prepare_pay_max_seconds; /* 900 */
    int32_t offer_seconds;           /* 30: an offer must be answered within */
    int32_t prepare_seconds;         /* 900: and the container be ready within */
    int32_t stop_seconds;            /* 60: a stopping lease must report within, else it is lost */
    int32_t quote_seconds;           /* 60: a price stands that long; 0: it need not */
    int32_t backoff_seconds;         /* 600: after the first strike, doubled with each more, */
    int32_t backoff_max_seconds;     /* 86400 */
    int32_t min_run_seconds;         /* 600: never displaced before */
    int32_t notice_seconds;          /* 120: to save a checkpoint */
    int32_t displace_bps;            /* 500: an interruptible bid must be that much above */
    int32_t pricing;                 /* enum price_rule */
    int32_t collar_bps;              /* 10000: trades beyond it wait for a call; 0: none do */
    int32_t collar_trades;           /* 5: and only once there were so many, at most 15 */
    int32_t call_seconds;            /* 60 */
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
        struct {
            int64_t node;
            int64_t from_us; /* not past it; 0: it drains no more */
            bool stops;      /* what runs then has to leave; else it runs to its end */
        } drain_node;
        struct ask_spec place_ask;
        struct {
            int64_t ask;
            struct money price;
            int32_t units;
        } amend_ask;
        struct {
            int64_t order;
        } order; /* cancel_ask, cancel_job, expire_order, reenter, close_auction, trim */
        struct bid_spec submit_job;
        struct {
            int64_t bid;
            struct money limit;
        } amend_bid;
        struct {
            int64_t lease;
            int32_t epoch;
            int64_t seconds;    /* exit: agent-signed metered seconds. checkpoint: of the run, when
                                 * what is saved had changed last, */
            int64_t looked;     /* and when the agent looked; both of the agent's meter */
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
        struct {
            int64_t bid, ask;
            struct money price;
        } offer;
        struct {
            int32_t pool;
        } call;
        struct {
            int64_t number;
            int32_t tier;
            int32_t verified; /* of a node */
        } rate;               /* rate_node, rate_account */
        struct {
            int64_t account;
            int32_t quota; /* units of own leases at once; 0: no limit */
        } invite;
        struct {
            int64_t account; /* join: the team's leader; leave: who leaves */
        } team;
        struct market_rules set_rules;
        struct {
            int64_t node;
            int32_t well; /* 0 or 1 */
        } node_health;
    } u;
};
