/* SPDX-License-Identifier: Apache-2.0 */
#include "service/payload.h"

#include <assert.h>
#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "sign/sha.h"

#define PAYLOAD_MAX ((size_t)4 * BODY_MAX)
#define LEAF_MAX    512

const char *const command_names[22] = {
    "",
    "open-account",
    "credit",
    "put-node",
    "place-ask",
    "amend-ask",
    "cancel-ask",
    "submit-job",
    "amend-bid",
    "cancel-job",
    "accept-lease",
    "decline-lease",
    "lease-ready",
    "lease-cannot-start",
    "lease-exit",
    "lease-timeout",
    "lease-lost",
    "lease-spent",
    "expire-order",
    "request-payout",
    "complete-payout",
    "fail-payout",
};

static void put(json_t *o, const char *name, int64_t v)
{
    (void)json_object_set_new(o, name, json_integer(v));
}

static void put_node(json_t *o, const struct command *c)
{
    const struct node_spec *s = &c->u.put_node.spec;

    put(o, "node", c->u.put_node.node);
    put(o, "cpu_millis", s->cpu_millis);
    put(o, "memory_bytes", s->memory_bytes);
    put(o, "scratch_bytes", s->scratch_bytes);
    put(o, "gpu_pool", s->gpu_pool);
    put(o, "gpus", s->gpus);
}

static void put_ask(json_t *o, const struct ask_spec *s)
{
    put(o, "node", s->node);
    put(o, "pool", s->pool);
    put(o, "price", s->price.micros);
    put(o, "floor", s->floor.micros);
    put(o, "units", s->units);
    put(o, "until_us", s->until_us);
    put(o, "seconds_min", s->seconds_min);
    put(o, "seconds_max", s->seconds_max);
}

static void put_bid(json_t *o, const struct bid_spec *s)
{
    put(o, "pool", s->pool);
    put(o, "limit", s->limit.micros);
    put(o, "budget", s->budget.micros);
    put(o, "units", s->units);
    put(o, "seconds", s->seconds);
    put(o, "expires_us", s->expires_us);
    put(o, "attempts_max", s->attempts_max);
}

static void put_lease(json_t *o, const struct command *c)
{
    put(o, "lease", c->u.lease.lease);
    put(o, "epoch", c->u.lease.epoch);
    put(o, "reason", c->u.lease.reason);
    if (c->kind == COMMAND_LEASE_CANNOT_START) put(o, "fault", c->u.lease.fault);
    if (c->kind != COMMAND_LEASE_EXIT) return;
    put(o, "seconds", c->u.lease.seconds);
    put(o, "exit_code", c->u.lease.exit_code);
}

static void put_kind(json_t *o, const struct command *c)
{
    switch (c->kind) {
    case COMMAND_OPEN_ACCOUNT: break;
    case COMMAND_CREDIT:
        put(o, "account", c->u.credit.account);
        put(o, "amount", c->u.credit.amount.micros);
        break;
    case COMMAND_PUT_NODE: put_node(o, c); break;
    case COMMAND_PLACE_ASK: put_ask(o, &c->u.place_ask); break;
    case COMMAND_AMEND_ASK:
        put(o, "ask", c->u.amend_ask.ask);
        put(o, "price", c->u.amend_ask.price.micros);
        put(o, "units", c->u.amend_ask.units);
        break;
    case COMMAND_CANCEL_ASK:
    case COMMAND_CANCEL_JOB:
    case COMMAND_EXPIRE_ORDER: put(o, "order", c->u.order.order); break;
    case COMMAND_SUBMIT_JOB: put_bid(o, &c->u.submit_job); break;
    case COMMAND_AMEND_BID:
        put(o, "bid", c->u.amend_bid.bid);
        put(o, "limit", c->u.amend_bid.limit.micros);
        break;
    case COMMAND_ACCEPT_LEASE:
    case COMMAND_DECLINE_LEASE:
    case COMMAND_LEASE_READY:
    case COMMAND_LEASE_CANNOT_START:
    case COMMAND_LEASE_EXIT:
    case COMMAND_LEASE_TIMEOUT:
    case COMMAND_LEASE_LOST:
    case COMMAND_LEASE_SPENT: put_lease(o, c); break;
    case COMMAND_REQUEST_PAYOUT: put(o, "amount", c->u.request_payout.amount.micros); break;
    case COMMAND_COMPLETE_PAYOUT:
    case COMMAND_FAIL_PAYOUT: put(o, "payout", c->u.payout.payout); break;
    }
}

static struct str keep(struct buf *b, struct arena *a)
{
    const struct str view = buf_view(b);
    char *copy = b->failed ? NULL : arena_copy(a, view);

    buf_done(b);
    return copy ? (struct str){ copy, view.n } : (struct str){ NULL, 0 };
}

/* How many members the payload of a command has, `more` apart. */
static size_t members_of(const struct command *c)
{
    static const size_t own[22] = {
        [COMMAND_CREDIT] = 2,          [COMMAND_PUT_NODE] = 6,
        [COMMAND_PLACE_ASK] = 8,       [COMMAND_AMEND_ASK] = 3,
        [COMMAND_CANCEL_ASK] = 1,      [COMMAND_SUBMIT_JOB] = 7,
        [COMMAND_AMEND_BID] = 2,       [COMMAND_CANCEL_JOB] = 1,
        [COMMAND_ACCEPT_LEASE] = 3,    [COMMAND_DECLINE_LEASE] = 3,
        [COMMAND_LEASE_READY] = 3,     [COMMAND_LEASE_CANNOT_START] = 4,
        [COMMAND_LEASE_EXIT] = 5,      [COMMAND_LEASE_TIMEOUT] = 3,
        [COMMAND_LEASE_LOST] = 3,      [COMMAND_LEASE_SPENT] = 3,
        [COMMAND_EXPIRE_ORDER] = 1,    [COMMAND_REQUEST_PAYOUT] = 1,
        [COMMAND_COMPLETE_PAYOUT] = 1, [COMMAND_FAIL_PAYOUT] = 1,
    };

    return 3 + own[c->kind];
}

struct str payload_make(const struct command *c, json_t *more, struct arena *a)
{
    auto_json json_t *o = json_object();
    struct buf b;

    (void)json_object_set_new(o, "kind", json_string(command_names[c->kind]));
    put(o, "version", 1);
    put(o, "by", c->account);
    put_kind(o, c);
    if (more) (void)json_object_set_new(o, "more", more);
    if (json_object_size(o) != members_of(c) + (more ? 1 : 0))
        return (struct str){ NULL, 0 }; /* there was no memory for one of them */
    buf_init(&b, PAYLOAD_MAX);
    json_canonical(o, &b);
    return keep(&b, a);
}

json_t *payload_more(struct str payload, struct err *err)
{
    auto_json json_t *o = json_parse(payload, err);

    return o ? json_incref(json_object_get(o, "more")) : NULL;
}

struct hash payload_leaf(const struct command *c, struct str payload, const uint8_t log_key[32])
{
    const uint64_t seq = htobe64((uint64_t)c->seq);
    const struct hash_part salt[] = { { log_key, 32 }, { &seq, sizeof(seq) } };
    const struct hash salted = sha256_parts(salt, ARRAY_LEN(salt));
    const struct hash_part commit[] = { { salted.b, sizeof(salted.b) }, { payload.p, payload.n } };
    const struct hash commitment = sha256_parts(commit, ARRAY_LEN(commit));
    char hex[65], at[RFC3339_SIZE], entry[LEAF_MAX];

    hex_encode(commitment.b, sizeof(commitment.b), hex);
    rfc3339_format(c->at_us, at);
    const int n = snprintf(entry, sizeof(entry),
                           "{\"at\":\"%s\",\"commit\":\"%s\",\"kind\":\"%s\",\"seq\":%" PRId64
                           ",\"type\":\"command\",\"version\":1}",
                           at, hex, command_names[c->kind], c->seq);
    assert(n > 0 && (size_t)n < sizeof(entry));
    return merkle_leaf(sha256_parts, entry, (size_t)n);
}
