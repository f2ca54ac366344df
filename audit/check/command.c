/* SPDX-License-Identifier: Apache-2.0 */
/* Each kind is a table of its members. A member is a number, a boolean or a mask in hex; one that
 * is optional is left out while it has its usual value, so that a command has one text. */
#include "check/command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define RISK_USUAL 3600

enum member_type { NUMBER_32, NUMBER_64, ENUM, YES_NO, BITS };

struct member {
    const char *name;
    size_t off;
    int64_t usual;
    enum member_type type;
    bool optional;
};

/* clang-format off */
#define TYPE_OF(m) _Generic(((struct command *)0)->u.m, int32_t: NUMBER_32, int64_t: NUMBER_64,        \
    struct money: NUMBER_64, bool: YES_NO, unsigned: ENUM)
#define OFF(m)              offsetof(struct command, u.m)
#define IS(name, m)         { name, OFF(m), 0, TYPE_OF(m), false }
#define MAY(name, m)        { name, OFF(m), 0, TYPE_OF(m), true }
#define BUT(name, m, usual) { name, OFF(m), usual, TYPE_OF(m), true }

static const struct member credit[] = { IS("account", credit.account), IS("amount", credit.amount), { 0 } };
static const struct member drain_node[] = { IS("from_us", drain_node.from_us), IS("node", drain_node.node), MAY("stops", drain_node.stops), { 0 } };
static const struct member put_node[] = {
    MAY("bandwidth_mbps", put_node.spec.traits.bandwidth_mbps), IS("cpu_millis", put_node.spec.cpu_millis),
    IS("gpu_pool", put_node.spec.gpu_pool), IS("gpus", put_node.spec.gpus),
    MAY("interconnect", put_node.spec.traits.interconnect), MAY("isolation", put_node.spec.traits.isolation),
    MAY("label", put_node.spec.traits.label), IS("memory_bytes", put_node.spec.memory_bytes),
    IS("node", put_node.node), MAY("region", put_node.spec.traits.region),
    IS("scratch_bytes", put_node.spec.scratch_bytes), MAY("site", put_node.spec.traits.site),
    MAY("tier", put_node.spec.traits.tier), MAY("verified", put_node.spec.traits.verified), { 0 } };
static const struct member place_ask[] = {
    MAY("buyer_tier_min", place_ask.buyer_tier_min), MAY("egress_max", place_ask.egress_max),
    IS("floor", place_ask.floor), MAY("interruptible", place_ask.interruptible), IS("node", place_ask.node),
    IS("pool", place_ask.pool), MAY("post_only", place_ask.post_only), IS("price", place_ask.price),
    BUT("risk_seconds", place_ask.risk_seconds, RISK_USUAL), IS("seconds_max", place_ask.seconds_max),
    IS("seconds_min", place_ask.seconds_min), { "sets", OFF(place_ask.sets), 0, BITS, true },
    IS("units", place_ask.units), IS("until_us", place_ask.until_us), { 0 } };
static const struct member amend_ask[] = { IS("ask", amend_ask.ask), IS("price", amend_ask.price), IS("units", amend_ask.units), { 0 } };
static const struct member order[] = { IS("order", order.order), { 0 } };
static const struct member submit_job[] = {
    IS("attempts_max", submit_job.attempts_max), MAY("auction_ms", submit_job.auction_ms),
    MAY("bandwidth_min_mbps", submit_job.wish.bandwidth_min_mbps), IS("budget", submit_job.budget),
    BUT("checkpoint_seconds", submit_job.checkpoint_seconds, RISK_USUAL), MAY("egress", submit_job.wish.egress),
    IS("expires_us", submit_job.expires_us), MAY("interconnect_min", submit_job.wish.interconnect_min),
    MAY("interruptible", submit_job.interruptible), MAY("isolation_min", submit_job.wish.isolation_min),
    MAY("label", submit_job.wish.label), IS("limit", submit_job.limit), BUT("nodes", submit_job.nodes, 1),
    MAY("own", submit_job.own), IS("pool", submit_job.wants[0].pool), MAY("rank", submit_job.rank),
    MAY("regions", submit_job.wish.regions), MAY("same_site", submit_job.same_site),
    IS("seconds", submit_job.seconds), MAY("tier_min", submit_job.wish.tier_min), MAY("tif", submit_job.tif),
    IS("units", submit_job.wants[0].units), MAY("verified", submit_job.wish.verified), { 0 } };
static const struct member amend_bid[] = { IS("bid", amend_bid.bid), IS("limit", amend_bid.limit), { 0 } };
static const struct member lease[] = { IS("epoch", lease.epoch), IS("lease", lease.lease), MAY("reason", lease.reason), { 0 } };
static const struct member cannot_start[] = { IS("epoch", lease.epoch), MAY("fault", lease.fault), IS("lease", lease.lease), MAY("reason", lease.reason), { 0 } };
static const struct member lease_exit[] = { IS("epoch", lease.epoch), MAY("exit_code", lease.exit_code), IS("lease", lease.lease), MAY("reason", lease.reason), IS("seconds", lease.seconds), { 0 } };
static const struct member checkpoint[] = { IS("epoch", lease.epoch), IS("lease", lease.lease), IS("looked", lease.looked), IS("seconds", lease.seconds), { 0 } };
static const struct member offer[] = { IS("ask", offer.ask), IS("bid", offer.bid), IS("price", offer.price), { 0 } };
static const struct member call[] = { IS("pool", call.pool), { 0 } };
static const struct member rate_node[] = { IS("node", rate.number), IS("tier", rate.tier), IS("verified", rate.verified), { 0 } };
static const struct member node_health[] = { IS("node", node_health.node), MAY("well", node_health.well), { 0 } };
static const struct member rate_account[] = { IS("account", rate.number), IS("tier", rate.tier), { 0 } };
static const struct member invite[] = { IS("account", invite.account), MAY("quota", invite.quota), { 0 } };
static const struct member join_team[] = { IS("team", team.account), { 0 } };
static const struct member leave_team[] = { IS("account", team.account), { 0 } };
static const struct member request_payout[] = { IS("amount", request_payout.amount), { 0 } };
static const struct member payout[] = { IS("payout", payout.payout), { 0 } };
static const struct member nothing[] = { { 0 } };
static const struct member rules[] = {
    IS("backoff_max_seconds", set_rules.backoff_max_seconds), IS("backoff_seconds", set_rules.backoff_seconds),
    IS("bill_min_seconds", set_rules.bill_min_seconds), IS("call_seconds", set_rules.call_seconds),
    IS("collar_bps", set_rules.collar_bps), IS("collar_trades", set_rules.collar_trades),
    IS("displace_bps", set_rules.displace_bps), IS("fee_bps", set_rules.fee_bps),
    IS("min_run_seconds", set_rules.min_run_seconds), IS("notice_seconds", set_rules.notice_seconds),
    IS("offer_seconds", set_rules.offer_seconds), IS("prepare_pay_max_seconds", set_rules.prepare_pay_max_seconds),
    IS("prepare_seconds", set_rules.prepare_seconds), IS("pricing", set_rules.pricing),
    IS("quote_seconds", set_rules.quote_seconds), IS("stop_seconds", set_rules.stop_seconds), { 0 } };

static const struct kind {
    const char *name;
    const struct member *members;
} kinds[] = {
    [COMMAND_OPEN_ACCOUNT] = { "open-account", nothing },
    [COMMAND_CREDIT] = { "credit", credit },
    [COMMAND_PUT_NODE] = { "put-node", put_node },
    [COMMAND_PLACE_ASK] = { "place-ask", place_ask },
    [COMMAND_AMEND_ASK] = { "amend-ask", amend_ask },
    [COMMAND_CANCEL_ASK] = { "cancel-ask", order },
    [COMMAND_SUBMIT_JOB] = { "submit-job", submit_job },
    [COMMAND_AMEND_BID] = { "amend-bid", amend_bid },
    [COMMAND_CANCEL_JOB] = { "cancel-job", order },
    [COMMAND_ACCEPT_LEASE] = { "accept-lease", lease },
    [COMMAND_DECLINE_LEASE] = { "decline-lease", lease },
    [COMMAND_LEASE_READY] = { "lease-ready", lease },
    [COMMAND_LEASE_CANNOT_START] = { "lease-cannot-start", cannot_start },
    [COMMAND_LEASE_EXIT] = { "lease-exit", lease_exit },
    [COMMAND_LEASE_TIMEOUT] = { "lease-timeout", lease },
    [COMMAND_LEASE_LOST] = { "lease-lost", lease },
    [COMMAND_LEASE_SPENT] = { "lease-spent", lease },
    [COMMAND_EXPIRE_ORDER] = { "expire-order", order },
    [COMMAND_REQUEST_PAYOUT] = { "request-payout", request_payout },
    [COMMAND_COMPLETE_PAYOUT] = { "complete-payout", payout },
    [COMMAND_FAIL_PAYOUT] = { "fail-payout", payout },
    [COMMAND_REENTER] = { "reenter", order },
    [COMMAND_LEASE_RIPE] = { "lease-ripe", lease },
    [COMMAND_CLOSE_AUCTION] = { "close-auction", order },
    [COMMAND_OFFER] = { "offer", offer },
    [COMMAND_CALL] = { "call", call },
    [COMMAND_RATE_NODE] = { "rate-node", rate_node },
    [COMMAND_RATE_ACCOUNT] = { "rate-account", rate_account },
    [COMMAND_INVITE] = { "invite", invite },
    [COMMAND_JOIN_TEAM] = { "join-team", join_team },
    [COMMAND_LEAVE_TEAM] = { "leave-team", leave_team },
    [COMMAND_TRIM] = { "trim", order },
    [COMMAND_SET_RULES] = { "set-rules", rules },
    [COMMAND_LEASE_PREPARED] = { "lease-prepared", lease },
    [COMMAND_LEASE_CHECKPOINT] = { "lease-checkpoint", checkpoint },
    [COMMAND_NODE_HEALTH] = { "node-health", node_health },
    [COMMAND_DRAIN_NODE] = { "drain-node", drain_node },
    [COMMAND_LEASE_DRAINED] = { "lease-drained", lease },
};
/* clang-format on */
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static const char *const reasons[REASONS] = {
    "none",
    "done",
    "cancelled",
    "expired",
    "declined",
    "offer-timeout",
    "prepare-timeout",
    "image-unavailable",
    "image-invalid",
    "command-invalid",
    "engine-failed",
    "node-lost",
    "time-spent",
    "budget-spent",
    "out-of-memory",
    "no-funds",
    "attempts-spent",
    "node-changed",
    "not-filled",
    "displaced",
    "gang-broken",
    "node-unhealthy",
    "drained",
    "egress-spent",
};

const char *kind_name(int64_t kind)
{
    return kind > 0 && kind < (int64_t)KINDS && kinds[kind].name ? kinds[kind].name : "";
}

const char *reason_name(int64_t reason)
{
    return reason >= 0 && reason < REASONS ? reasons[reason] : "";
}

bool kind_must_be_keyed(const struct command *c)
{
    switch ((int)c->kind) {
    case COMMAND_OPEN_ACCOUNT:
    case COMMAND_CREDIT:
    case COMMAND_PLACE_ASK:
    case COMMAND_SUBMIT_JOB:
    case COMMAND_REQUEST_PAYOUT: return true;
    case COMMAND_PUT_NODE: return c->u.put_node.node == 0;
    default: return false;
    }
}

bool kind_tells_lease(int64_t kind)
{
    return (kind >= COMMAND_ACCEPT_LEASE && kind <= COMMAND_LEASE_SPENT) ||
           kind == COMMAND_LEASE_RIPE || kind == COMMAND_LEASE_PREPARED ||
           kind == COMMAND_LEASE_DRAINED;
}

/* ---- reading ---- */

struct reading {
    char *why;
    size_t size;
    size_t members; /* that have been read */
};

static bool wrong(struct reading *r, const char *member, const char *what)
{
    snprintf(r->why, r->size, "\"%s\" %s", member, what);
    return false;
}

static bool read_value(const json_t *v, enum member_type type, int64_t *out)
{
    uint8_t b[8] = { 0 };
    char digits[17];

    if (type == YES_NO) {
        *out = json_is_true(v);
        return json_is_boolean(v);
    }
    if (type != BITS) {
        *out = json_integer_value(v);
        return json_is_integer(v);
    }
    const size_t n = json_string_length(v);
    if (!json_is_string(v) || n < 1 || n > 16) return false;
    snprintf(digits, sizeof(digits), "%.*s%s", (int)(16 - n), "0000000000000000",
             json_string_value(v));
    if (json_string_value(v)[0] == '0' || !str_hex(str_of(digits), b, 8)) return false;
    *out = 0;
    for (int i = 0; i < 8; i++)
        *out = (int64_t)((uint64_t)*out << 8 | b[i]);
    return true;
}

static bool store(char *base, const struct member *m, int64_t v)
{
    if (m->type == NUMBER_64 || m->type == BITS) {
        memcpy(base + m->off, &v, sizeof(v));
    } else if (m->type == YES_NO) {
        base[m->off] = (char)v;
    } else {
        const int32_t narrow = (int32_t)v;
        if (narrow != v || (m->type == ENUM && v < 0)) return false;
        memcpy(base + m->off, &narrow, sizeof(narrow));
    }
    return true;
}

static bool read_members(struct reading *r, const json_t *o, const struct member *members,
                         void *base)
{
    for (const struct member *m = members; m->name; m++) {
        const json_t *v = json_object_get(o, m->name);
        int64_t value = m->usual;
        if (!v && !m->optional) return wrong(r, m->name, "is missing");
        if (v && !read_value(v, m->type, &value)) return wrong(r, m->name, "is of another type");
        if (v && m->optional && value == m->usual)
            return wrong(r, m->name, "stands there although it is usual");
        if (!store(base, m, value)) return wrong(r, m->name, "is out of range");
        r->members += v != NULL;
    }
    return true;
}

/* The wants behind the first one. */
static bool read_wants(struct reading *r, const json_t *o, struct bid_spec *s)
{
    const json_t *wants = json_object_get(o, "wants");
    const size_t n = json_array_size(wants);

    s->wants_n = 1;
    if (!wants) return true;
    if (!json_is_array(wants) || n < 1 || n > WANTS_MAX - 1)
        return wrong(r, "wants", "is no list of wants");
    for (size_t i = 0; i < n; i++) {
        const json_t *w = json_array_get(wants, i);
        int64_t pool = 0, units = 0;
        if (json_object_size(w) != 2 || !json_get_i64(w, "pool", INT32_MIN, INT32_MAX, &pool) ||
            !json_get_i64(w, "units", INT32_MIN, INT32_MAX, &units))
            return wrong(r, "wants", "has one that is none");
        s->wants[s->wants_n++] = (struct want){ (int32_t)pool, (int32_t)units };
    }
    r->members++;
    return true;
}

static bool read_kind(struct reading *r, const json_t *o, struct command *c)
{
    const struct str name = json_get_text(o, "kind");
    size_t k = 0;

    while (k < KINDS && !(kinds[k].name && str_is(name, kinds[k].name)))
        k++;
    if (k == KINDS) return wrong(r, "kind", "is no kind that is known here");
    c->kind = (enum command_kind)k;
    if (k != COMMAND_SET_RULES)
        return read_members(r, o, kinds[k].members, c) &&
               (k != COMMAND_SUBMIT_JOB || read_wants(r, o, &c->u.submit_job));
    const json_t *given = json_object_get(o, "rules");
    struct reading inner = { r->why, r->size, 0 };
    if (!read_members(&inner, given, rules, c)) return false;
    if (inner.members != json_object_size(given)) return wrong(r, "rules", "has one too many");
    r->members++;
    return true;
}

/* The text is what a canonical writer makes of it. */
static bool is_canonical(const json_t *o, struct str text)
{
    struct buf b;

    buf_init(&b, text.n + 1);
    json_canonical(o, &b);
    const bool same = !b.failed && str_eq(buf_view(&b), text);
    buf_done(&b);
    return same;
}

static bool has_real(const json_t *j)
{
    size_t i;
    const char *name;
    json_t *v, *walk = json_walkable(j);

    if (json_is_real(j)) return true;
    json_array_foreach(walk, i, v) if (has_real(v)) return true;
    json_object_foreach(walk, name, v) if (has_real(v)) return true;
    return false;
}

static bool read_command(struct reading *r, struct str text, json_t *o, struct command *c)
{
    int64_t version = 0;

    if (!json_is_object(o) || has_real(o) || !is_canonical(o, text))
        return wrong(r, "payload", "is not canonical");
    if (!json_get_i64(o, "by", INT64_MIN, INT64_MAX, &c->account))
        return wrong(r, "by", "is missing");
    if (!json_get_i64(o, "version", 1, 1, &version)) return wrong(r, "version", "is not 1");
    if (!read_kind(r, o, c)) return false;
    if (r->members + 3 + (json_object_get(o, "more") != NULL) != json_object_size(o))
        return wrong(r, kind_name(c->kind), "has a member that is not known");
    return true;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the reading writes what is wrong there */
bool command_read(struct str text, struct command_text *out, char *why, size_t size)
{
    struct reading r = { why, size, 0 };
    struct command c = { .seq = 0 };
    struct err err = { 0 };
    json_t *o = json_parse(text, &err);

    if (!o) return wrong(&r, "payload", "is no JSON");
    if (!read_command(&r, text, o, &c)) {
        json_decref(o);
        return false;
    }
    *out = (struct command_text){ c, json_object_get(o, "more"), o };
    return true;
}
