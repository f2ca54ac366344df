/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands: kinds, their members, and what those may be. codec.h says how it is read
 * and how it grows. Whether a price or a count makes sense is the market's to say, not this
 * table's: ranges stand here only where a number chooses a name (reasons, faults). */
#include "service/codec.h"

#include "base/limits.h"

/* clang-format off */
/* A member of a kind's own part: always there; only there when not zero; and with a range. */
#define IS(name, m)             CODEC_IS(struct command, name, u.m)
#define MAY(name, m)            CODEC_MAY(struct command, name, u.m)
#define MAY_IN(name, m, lo, hi) CODEC_MAY_IN(struct command, name, u.m, lo, hi)
#define BUT(name, m, usual)     CODEC_BUT(struct command, name, u.m, usual)
/* An array, the int32_t that counts it, and the table of one element. */
#define SOME(name, m, count, rows) CODEC_SOME(struct command, name, u.m, u.count, rows)

#define FIELDS(name) static const struct codec_field name[]

/* Every FIELDS is sorted by name. */
FIELDS(credit) = {
    IS("account", credit.account),
    IS("amount",  credit.amount),
};
FIELDS(drain_node) = {
    IS("from_us", drain_node.from_us),
    IS("node",    drain_node.node),
    MAY("stops",  drain_node.stops),
};
FIELDS(put_node) = {
    MAY("bandwidth_mbps", put_node.spec.traits.bandwidth_mbps),
    IS("cpu_millis",      put_node.spec.cpu_millis),
    IS("gpu_pool",        put_node.spec.gpu_pool),
    IS("gpus",            put_node.spec.gpus),
    MAY("interconnect",   put_node.spec.traits.interconnect),
    MAY("isolation",      put_node.spec.traits.isolation),
    MAY("label",          put_node.spec.traits.label),
    IS("memory_bytes",    put_node.spec.memory_bytes),
    IS("node",            put_node.node),
    MAY("region",         put_node.spec.traits.region),
    IS("scratch_bytes",   put_node.spec.scratch_bytes),
    MAY("site",           put_node.spec.traits.site),
    MAY("tier",           put_node.spec.traits.tier),
    MAY("verified",       put_node.spec.traits.verified),
};
FIELDS(place_ask) = {
    MAY("buyer_tier_min", place_ask.buyer_tier_min),
    MAY("egress_max",     place_ask.egress_max),
    IS("floor",           place_ask.floor),
    MAY("interruptible",  place_ask.interruptible),
    IS("node",            place_ask.node),
    IS("pool",            place_ask.pool),
    MAY("post_only",      place_ask.post_only),
    IS("price",           place_ask.price),
    BUT("risk_seconds",   place_ask.risk_seconds, RISK_DEFAULT_S),
    IS("seconds_max",     place_ask.seconds_max),
    IS("seconds_min",     place_ask.seconds_min),
    CODEC_BITS(struct command, "sets", u.place_ask.sets),
    IS("units",           place_ask.units),
    IS("until_us",        place_ask.until_us),
};
FIELDS(amend_ask) = {
    IS("ask",   amend_ask.ask),
    IS("price", amend_ask.price),
    IS("units", amend_ask.units),
};
FIELDS(order) = {
    IS("order", order.order),
};
/* The first want stands beside the others: most bids have no more. */
FIELDS(want) = {
    CODEC_IS(struct want, "pool",  pool),
    CODEC_IS(struct want, "units", units),
};
FIELDS(submit_job) = {
    IS("attempts_max",        submit_job.attempts_max),
    MAY("auction_ms",         submit_job.auction_ms),
    MAY("bandwidth_min_mbps", submit_job.wish.bandwidth_min_mbps),
    IS("budget",              submit_job.budget),
    BUT("checkpoint_seconds", submit_job.checkpoint_seconds, RISK_DEFAULT_S),
    MAY("egress",             submit_job.wish.egress),
    IS("expires_us",          submit_job.expires_us),
    MAY("interconnect_min",   submit_job.wish.interconnect_min),
    MAY("interruptible",      submit_job.interruptible),
    MAY("isolation_min",      submit_job.wish.isolation_min),
    MAY("label",              submit_job.wish.label),
    IS("limit",               submit_job.limit),
    BUT("nodes",              submit_job.nodes, 1),
    MAY("own",                submit_job.own),
    IS("pool",                submit_job.wants[0].pool),
    MAY("rank",               submit_job.rank),
    MAY("regions",            submit_job.wish.regions),
    MAY("same_site",          submit_job.same_site),
    IS("seconds",             submit_job.seconds),
    MAY("tier_min",           submit_job.wish.tier_min),
    MAY("tif",                submit_job.tif),
    IS("units",               submit_job.wants[0].units),
    MAY("verified",           submit_job.wish.verified),
    CODEC_REST(struct command, "wants", u.submit_job.wants, u.submit_job.wants_n, want, 1),
};
FIELDS(amend_bid) = {
    IS("bid",   amend_bid.bid),
    IS("limit", amend_bid.limit),
};
FIELDS(lease) = {
    IS("epoch",      lease.epoch),
    IS("lease",      lease.lease),
    MAY_IN("reason", lease.reason, 0, REASONS - 1),
};
FIELDS(lease_cannot_start) = {
    IS("epoch",      lease.epoch),
    MAY_IN("fault",  lease.fault, 0, WHOSE_PROVIDER),
    IS("lease",      lease.lease),
    MAY_IN("reason", lease.reason, 0, REASONS - 1),
};
FIELDS(lease_exit) = {
    IS("epoch",      lease.epoch),
    MAY("exit_code", lease.exit_code),
    IS("lease",      lease.lease),
    MAY_IN("reason", lease.reason, 0, REASONS - 1),
    IS("seconds",    lease.seconds),
};
FIELDS(lease_checkpoint) = {
    IS("epoch",   lease.epoch),
    IS("lease",   lease.lease),
    IS("looked",  lease.looked),
    IS("seconds", lease.seconds),
};
FIELDS(offer) = {
    IS("ask",   offer.ask),
    IS("bid",   offer.bid),
    IS("price", offer.price),
};
FIELDS(call) = {
    IS("pool", call.pool),
};
FIELDS(rate_node) = {
    IS("node",     rate.number),
    IS("tier",     rate.tier),
    IS("verified", rate.verified),
};
FIELDS(node_health) = {
    IS("node",     node_health.node),
    MAY("well",    node_health.well),
};
FIELDS(rate_account) = {
    IS("account", rate.number),
    IS("tier",    rate.tier),
};
FIELDS(invite) = {
    IS("account", invite.account),
    MAY("quota",  invite.quota),
};
FIELDS(join_team) = {
    IS("team", team.account),
};
FIELDS(leave_team) = {
    IS("account", team.account),
};
FIELDS(request_payout) = {
    IS("amount", request_payout.amount),
};
const struct codec_field codec_rules[CODEC_RULES] = {
    CODEC_IS(struct market_rules, "backoff_max_seconds",      backoff_max_seconds),
    CODEC_IS(struct market_rules, "backoff_seconds",          backoff_seconds),
    CODEC_IS(struct market_rules, "bill_min_seconds",         bill_min_seconds),
    CODEC_IS(struct market_rules, "call_seconds",             call_seconds),
    CODEC_IS(struct market_rules, "collar_bps",               collar_bps),
    CODEC_IS(struct market_rules, "collar_trades",            collar_trades),
    CODEC_IS(struct market_rules, "displace_bps",             displace_bps),
    CODEC_IS(struct market_rules, "fee_bps",                  fee_bps),
    CODEC_IS(struct market_rules, "min_run_seconds",          min_run_seconds),
    CODEC_IS(struct market_rules, "notice_seconds",           notice_seconds),
    CODEC_IS(struct market_rules, "offer_seconds",            offer_seconds),
    CODEC_IS(struct market_rules, "prepare_pay_max_seconds",  prepare_pay_max_seconds),
    CODEC_IS(struct market_rules, "prepare_seconds",          prepare_seconds),
    CODEC_IS(struct market_rules, "pricing",                  pricing),
    CODEC_IS(struct market_rules, "quote_seconds",            quote_seconds),
    CODEC_IS(struct market_rules, "stop_seconds",             stop_seconds),
};
FIELDS(set_rules) = {
    CODEC_HAS(struct command, "rules", u.set_rules, codec_rules),
};
FIELDS(payout) = {
    IS("payout", payout.payout),
};

#define KIND(name, fields) { name, fields, ARRAY_LEN(fields) }

const struct codec_kind codec_kinds[COMMAND_KINDS] = {
    [COMMAND_OPEN_ACCOUNT]       = { "open-account", NULL, 0 },
    [COMMAND_CREDIT]             = KIND("credit",             credit),
    [COMMAND_PUT_NODE]           = KIND("put-node",           put_node),
    [COMMAND_PLACE_ASK]          = KIND("place-ask",          place_ask),
    [COMMAND_AMEND_ASK]          = KIND("amend-ask",          amend_ask),
    [COMMAND_CANCEL_ASK]         = KIND("cancel-ask",         order),
    [COMMAND_SUBMIT_JOB]         = KIND("submit-job",         submit_job),
    [COMMAND_AMEND_BID]          = KIND("amend-bid",          amend_bid),
    [COMMAND_CANCEL_JOB]         = KIND("cancel-job",         order),
    [COMMAND_ACCEPT_LEASE]       = KIND("accept-lease",       lease),
    [COMMAND_DECLINE_LEASE]      = KIND("decline-lease",      lease),
    [COMMAND_LEASE_READY]        = KIND("lease-ready",        lease),
    [COMMAND_LEASE_CANNOT_START] = KIND("lease-cannot-start", lease_cannot_start),
    [COMMAND_LEASE_EXIT]         = KIND("lease-exit",         lease_exit),
    [COMMAND_LEASE_TIMEOUT]      = KIND("lease-timeout",      lease),
    [COMMAND_LEASE_LOST]         = KIND("lease-lost",         lease),
    [COMMAND_LEASE_SPENT]        = KIND("lease-spent",        lease),
    [COMMAND_EXPIRE_ORDER]       = KIND("expire-order",       order),
    [COMMAND_REQUEST_PAYOUT]     = KIND("request-payout",     request_payout),
    [COMMAND_COMPLETE_PAYOUT]    = KIND("complete-payout",    payout),
    [COMMAND_FAIL_PAYOUT]        = KIND("fail-payout",        payout),
    [COMMAND_REENTER]            = KIND("reenter",            order),
    [COMMAND_LEASE_RIPE]         = KIND("lease-ripe",         lease),
    [COMMAND_CLOSE_AUCTION]      = KIND("close-auction",      order),
    [COMMAND_OFFER]              = KIND("offer",              offer),
    [COMMAND_CALL]               = KIND("call",               call),
    [COMMAND_RATE_NODE]          = KIND("rate-node",          rate_node),
    [COMMAND_RATE_ACCOUNT]       = KIND("rate-account",       rate_account),
    [COMMAND_INVITE]             = KIND("invite",             invite),
    [COMMAND_JOIN_TEAM]          = KIND("join-team",          join_team),
    [COMMAND_LEAVE_TEAM]         = KIND("leave-team",         leave_team),
    [COMMAND_TRIM]               = KIND("trim",               order),
    [COMMAND_SET_RULES]          = KIND("set-rules",          set_rules),
    [COMMAND_LEASE_PREPARED]     = KIND("lease-prepared",     lease),
    [COMMAND_LEASE_CHECKPOINT]   = KIND("lease-checkpoint",   lease_checkpoint),
    [COMMAND_NODE_HEALTH]        = KIND("node-health",        node_health),
    [COMMAND_DRAIN_NODE]         = KIND("drain-node",         drain_node),
    [COMMAND_LEASE_DRAINED]      = KIND("lease-drained",      lease),
};
/* clang-format on */
