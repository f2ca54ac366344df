/* SPDX-License-Identifier: Apache-2.0 */
/* What the naive market is made of, as the auditor has it: commands, objects, bounds and names of
 * docs/market.md, written down a second time. Nothing here comes from server/domain.
 *
 * Property tests compile the same market with the server's structs instead (tests/property/shapes),
 * to compare both member by member; so members that both have are named alike. Numbers of kinds,
 * states and reasons are those that are stored (migrations) and stand in the log (docs/replay.md).
 * Money is micro-USD, times are microseconds since 1970, 0: not yet. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* ---- Bounds: part of the rules ---- */

#define LINE_LOOK          32
#define LIMIT_SKIPS        1024
#define WALK_LOOK          65536
#define CALL_MISSES        4096
#define GANGS              64
#define GANG_LOOK          4096
#define EVENT_LOOK         16384
#define OWN_LOOK           256
#define VICTIM_LOOK        64
#define PARK_MAX           8
#define CALL_PRICES        16
#define CALL_TRADES        256
#define CALL_LOOK          512
#define CALL_PARKED        256
#define REFERENCE_TRADES   15
#define WANTS_MAX          8
#define GANG_NODES_MAX     64
#define EXCLUDED_NODES_MAX 16
#define OFFERS_MAX         64
#define FILLS_MAX          4096

/* ---- Names with numbers ---- */

enum command_kind {
    COMMAND_OPEN_ACCOUNT = 1,
    COMMAND_CREDIT = 2,
    COMMAND_PUT_NODE = 3,
    COMMAND_PLACE_ASK = 4,
    COMMAND_AMEND_ASK = 5,
    COMMAND_CANCEL_ASK = 6,
    COMMAND_SUBMIT_JOB = 7,
    COMMAND_AMEND_BID = 8,
    COMMAND_CANCEL_JOB = 9,
    COMMAND_ACCEPT_LEASE = 10,
    COMMAND_DECLINE_LEASE = 11,
    COMMAND_LEASE_READY = 12,
    COMMAND_LEASE_CANNOT_START = 13,
    COMMAND_LEASE_EXIT = 14,
    COMMAND_LEASE_TIMEOUT = 15,
    COMMAND_LEASE_LOST = 16,
    COMMAND_LEASE_SPENT = 17,
    COMMAND_EXPIRE_ORDER = 18,
    COMMAND_REQUEST_PAYOUT = 19,
    COMMAND_COMPLETE_PAYOUT = 20,
    COMMAND_FAIL_PAYOUT = 21,
    COMMAND_REENTER = 22,
    COMMAND_LEASE_RIPE = 23,
    COMMAND_CLOSE_AUCTION = 24,
    COMMAND_OFFER = 25,
    COMMAND_CALL = 26,
    COMMAND_RATE_NODE = 27,
    COMMAND_RATE_ACCOUNT = 28,
    COMMAND_INVITE = 29,
    COMMAND_JOIN_TEAM = 30,
    COMMAND_LEAVE_TEAM = 31,
    COMMAND_TRIM = 32,
    COMMAND_SET_RULES = 33,
    COMMAND_LEASE_PREPARED = 34,
    COMMAND_LEASE_CHECKPOINT = 35,
    COMMAND_NODE_HEALTH = 36,
    COMMAND_DRAIN_NODE = 37,
    COMMAND_LEASE_DRAINED = 38,
};

#define ACCOUNT_WORLD     1
#define ACCOUNT_FEES      2
#define ACCOUNT_INSURANCE 3
#define ACCOUNT_FIRST     16

enum fault { WHOSE_NOBODY = 0, WHOSE_BUYER = 1, WHOSE_PROVIDER = 2 };

enum reason {
    REASON_NONE = 0,
    REASON_DONE = 1,
    REASON_CANCELLED = 2,
    REASON_EXPIRED = 3,
    REASON_DECLINED = 4,
    REASON_OFFER_TIMEOUT = 5,
    REASON_PREPARE_TIMEOUT = 6,
    REASON_IMAGE_UNAVAILABLE = 7,
    REASON_IMAGE_INVALID = 8,
    REASON_COMMAND_INVALID = 9,
    REASON_ENGINE_FAILED = 10,
    REASON_NODE_LOST = 11,
    REASON_TIME_SPENT = 12,
    REASON_BUDGET_SPENT = 13,
    REASON_OUT_OF_MEMORY = 14,
    REASON_NO_FUNDS = 15,
    REASON_ATTEMPTS_SPENT = 16,
    REASON_NODE_CHANGED = 17,
    REASON_NOT_FILLED = 18,
    REASON_DISPLACED = 19,
    REASON_GANG_BROKEN = 20,
    REASON_NODE_UNHEALTHY = 21,
    REASON_DRAINED = 22,
    REASON_EGRESS_SPENT = 23,
};
#define REASONS 24

enum order_state {
    ORDER_OPEN = 1,
    ORDER_FILLED = 2,
    ORDER_CANCELLED = 3,
    ORDER_EXPIRED = 4,
    ORDER_FAILED = 5
};

enum job_state {
    JOB_OPEN = 1,
    JOB_PLACED = 2,
    JOB_RUNNING = 3,
    JOB_CHECKING = 4,
    JOB_SETTLED = 5,
    JOB_FAILED = 6,
    JOB_CANCELLED = 7,
    JOB_EXPIRED = 8,
};

enum lease_state {
    LEASE_OFFERED = 0,
    LEASE_PREPARING = 1,
    LEASE_RUNNING = 2,
    LEASE_STOPPING = 3,
    LEASE_FINISHED = 4,
    LEASE_LOST = 5,
    LEASE_PREEMPTED = 6,
    LEASE_DISPUTED = 7,
    LEASE_SETTLED = 8,
    LEASE_VOID = 9,
};
#define LEASE_STATES 10

enum payout_state { PAYOUT_REQUESTED = 1, PAYOUT_PAID = 2, PAYOUT_FAILED = 3 };
enum verdict { VERDICT_NONE = 0, VERDICT_RETRY = 1, VERDICT_FAILED = 2, VERDICT_CANCELLED = 3 };
enum time_in_force {
    TIF_GOOD_TILL_TIME = 0,
    TIF_IMMEDIATE_OR_CANCEL = 1,
    TIF_FILL_OR_KILL = 2,
    TIF_POST_ONLY = 3
};
enum rank { RANK_PRICE = 0, RANK_VALUE = 1 };
enum own { OWN_FIRST = 0, OWN_ONLY = 1, OWN_NEVER = 2 };
enum price_rule { PRICE_RESTING = 0, PRICE_RUNNER_UP = 1 };
enum bucket { BUCKET_AVAILABLE = 0, BUCKET_HELD = 1 };

/* ---- What commands say ---- */

struct money {
    int64_t micros;
};

struct needs {
    int32_t gpus;
    int32_t cpu_millis;
    int64_t memory_bytes;
    int64_t scratch_bytes;
};

struct pool {
    int32_t number;
    char name[32];
    char gpu_model[64];
    struct needs unit;
    struct money tick;
    int64_t throughput; /* 0: unknown */
};

struct traits {
    int32_t region, tier, verified, isolation, interconnect, bandwidth_mbps;
    int64_t label, site;
};

struct node_spec {
    int32_t cpu_millis;
    int64_t memory_bytes, scratch_bytes;
    int32_t gpu_pool, gpus;
    struct traits traits;
};

struct ask_spec {
    int64_t node;
    int32_t pool;
    struct money price, floor;
    int32_t units;
    int64_t until_us;
    int32_t seconds_min, seconds_max;
    int64_t sets;
    bool interruptible;
    int32_t buyer_tier_min, egress_max, risk_seconds;
    bool post_only;
};

struct want {
    int32_t pool, units;
};

struct wish {
    int32_t regions, tier_min, verified, isolation_min, interconnect_min, bandwidth_min_mbps;
    int64_t label;
    int32_t egress;
};

struct bid_spec {
    struct want wants[WANTS_MAX];
    int32_t wants_n;
    struct money limit, budget;
    int32_t nodes;
    bool same_site;
    int32_t seconds, checkpoint_seconds;
    int64_t expires_us;
    int32_t attempts_max;
    struct wish wish;
    enum time_in_force tif;
    enum rank rank;
    enum own own;
    bool interruptible;
    int32_t auction_ms;
};

struct market_rules {
    int32_t fee_bps, bill_min_seconds, prepare_pay_max_seconds, offer_seconds, prepare_seconds;
    int32_t stop_seconds, quote_seconds, backoff_seconds, backoff_max_seconds, min_run_seconds;
    int32_t notice_seconds, displace_bps, pricing, collar_bps, collar_trades, call_seconds;
};

struct command {
    int64_t seq, at_us, account;
    enum command_kind kind;
    union {
        struct {
            int64_t account;
            struct money amount;
        } credit;
        struct {
            int64_t node;
            struct node_spec spec;
        } put_node;
        struct {
            int64_t node, from_us;
            bool stops;
        } drain_node;
        struct ask_spec place_ask;
        struct {
            int64_t ask;
            struct money price;
            int32_t units;
        } amend_ask;
        struct {
            int64_t order;
        } order;
        struct bid_spec submit_job;
        struct {
            int64_t bid;
            struct money limit;
        } amend_bid;
        struct {
            int64_t lease;
            int32_t epoch;
            int64_t seconds, looked;
            int32_t exit_code;
            enum reason reason;
            enum fault fault;
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
            int32_t tier, verified;
        } rate;
        struct {
            int64_t account;
            int32_t quota;
        } invite;
        struct {
            int64_t account;
        } team;
        struct market_rules set_rules;
        struct {
            int64_t node;
            int32_t well;
        } node_health;
    } u;
};

/* ---- What there is ---- */

/* How far the stored row of an object has been compared with it. */
struct seen {
    int64_t version; /* of the row; 0: none has come */
    uint64_t state;  /* a hash of the object as it was then */
};

struct balance {
    int64_t account;
    struct money available, held;
};

struct standing {
    int64_t account;
    int32_t tier;
    int64_t team;
    int32_t quota;
    int64_t invited_by;
    int32_t invited_quota;
};

struct node {
    int64_t node, account, at_us;
    struct node_spec spec;
    int32_t strikes;
    int64_t backoff_us, quoted_us, ill_since_us, ill_us, drain_us;
    bool drain_stops;
};

struct ask {
    int64_t ask, account, at_us, priority;
    struct ask_spec spec;
    struct traits traits;
    int64_t parked;
    bool stale;
    int32_t free;
    enum order_state state;
    enum reason reason;
    struct seen seen;
};

struct bid {
    int64_t bid, account, at_us, priority;
    struct bid_spec spec;
    int32_t tier;
    bool sealed;
    int64_t parked;
    int32_t parked_pool;
    enum order_state state;
    enum job_state job;
    struct money spent, hold;
    int64_t lease;
    int32_t leases_n, live, attempts;
    enum verdict verdict;
    enum reason verdict_reason;
    int32_t exit_code;
    enum reason reason;
    int64_t excluded[EXCLUDED_NODES_MAX];
    int32_t excluded_n;
    struct seen seen;
};

struct lease {
    int64_t lease, bid, ask, node, buyer, provider;
    int32_t pool, units;
    struct money price, base;
    bool own, ripe;
    int64_t waits;
    int32_t seconds_max;
    struct money hold;
    enum lease_state state;
    int32_t epoch;
    int64_t traded_us, accepted_us, ready_us, stopping_us, ended_us, prepared_us, gathered_us;
    int64_t ill_us;
    int64_t seconds_signed, seconds_observed, seconds_billed;
    int64_t checkpoint;
    int32_t seconds_kept, seconds_looked;
    struct money charge, fee, payout, insurance;
    int32_t exit_code;
    enum reason reason;
    enum fault fault;
    struct seen seen;
};

struct payout {
    int64_t payout, account;
    struct money amount;
    enum payout_state state;
    int64_t at_us;
    struct seen seen;
};

struct trade {
    int64_t trade, bid, ask, node, buyer, provider;
    int32_t pool, units;
    struct money price;
    bool bid_rested, own, displacing;
    int64_t at_us;
};

struct pool_state {
    int32_t pool;
    int64_t call_us, called_seq;
    struct money cursor_limit;
    int64_t cursor_priority;
    struct money recent[REFERENCE_TRADES];
    int64_t recent_sellers[REFERENCE_TRADES];
    int32_t recent_n;
};

struct offer {
    int64_t bid, ask;
    struct money price;
    int64_t seq;
};

struct posting {
    int64_t account;
    enum bucket bucket;
    struct money amount;
};
