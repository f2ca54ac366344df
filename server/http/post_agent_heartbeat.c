/* SPDX-License-Identifier: Apache-2.0 */
/* POST /v1/agent/heartbeat: the node is there; what it has is compared with what it should have. It
 * goes past the market, but for a lease that the node should have and has not had for long; and
 * when the node has become unhealthy, or well again, the market hears of that first. */
#include "http/found.h"
#include "http/handlers.h"
#include "http/node_gpus.h"

#include <string.h>

#include "base/limits.h"
#include "base/log.h"
#include "service/info.h"
#include "service/liveness.h"
#include "service/payload.h"
#include "service/stranded.h"
#include "service/view.h"
#include "sign/receipt.h"
#include "store/agents.h"
#include "store/checkpoints.h"
#include "store/pulls.h"
#include "store/ticks.h"
#include "store/use.h"

#define LEASES_MOST  4096
#define DOCUMENT_MAX 1024
#define SECOND       1000000
#define AHEAD_S      5 /* the container ran before we heard that it does */
#define ASKS_TOLD_US                                                                               \
    (60 * INT64_C(1000000)) /* three heartbeats: an ask that ended is told in one of them */

struct told_tick {
    struct str document;
    uint8_t signature[SIGNATURE_SIZE];
};

struct told_pull {
    int phase;
    int64_t done_bytes, total_bytes;
};

struct told_lease {
    struct str lease_id;
    int64_t epoch;
    int state;
    struct told_tick tick;  /* document p NULL: none */
    struct told_pull image; /* total_bytes 0: not told, as no image has none */
};

struct told {
    struct json_array leases;
    struct json_array gpus; /* struct gpu_told */
};

/* clang-format off */
static const char *const state_names[] = { "offered", "preparing", "running", "stopping", "finished", "lost", "preempted", "disputed", "settled", "void", NULL };

static const struct json_field tick_fields[] = {
    JSON_TEXT(struct told_tick, document, "document", JSON_NEED, 2, DOCUMENT_MAX, "Canonical JSON. The signature is over `bourse-tick-v1\\n` and this text."),
    JSON_BASE64(struct told_tick, signature, "signature", JSON_NEED, SIGNATURE_SIZE, "An Ed25519 signature, 64 bytes in base64."),
    JSON_END
};
#define P struct told_pull
static const char *const phase_names[] = { "waiting", "downloading", "unpacking", NULL };
static const struct json_field pull_fields[] = {
    JSON_ENUM(P, phase, "phase", JSON_NEED, phase_names, "Waiting for its turn or the registry, downloading, or unpacking."),
    JSON_I64(P, done_bytes, "done_bytes", JSON_NEED, 0, IMAGE_BYTES_MAX, "Of what is compressed."),
    JSON_I64(P, total_bytes, "total_bytes", JSON_NEED, -1, IMAGE_BYTES_MAX, "As far as it is known; -1: not at all."),
    JSON_END
};
#undef P
#define L struct told_lease
static const struct json_field lease_fields[] = {
    JSON_TEXT(L, lease_id, "lease_id", JSON_NEED, 1, ID_TEXT_MAX - 1, "The id of a lease."),
    JSON_I64(L, epoch, "epoch", JSON_NEED, 1, INT32_MAX, "The epoch of the lease, from the assignment."),
    JSON_ENUM(L, state, "state", JSON_NEED, state_names, "Where a lease stands."),
    JSON_OBJECT(L, tick, "tick", JSON_MAY, tick_fields, "The newest tick, or null."),
    JSON_OBJECT(L, image, "image", JSON_MAY, pull_fields, "How far its image has come, while it is fetched."),
    JSON_END
};
#undef L
const struct json_field post_agent_heartbeat_fields[] = {
    JSON_OBJECTS(struct told, leases, "leases", JSON_NEED, LEASES_MOST, lease_fields, struct told_lease, "The leases it has."),
    JSON_OBJECTS(struct told, gpus, "gpus", JSON_MAY, GPUS_MAX, gpu_told_fields, struct gpu_told, "How its cards are. An ill one makes the node unhealthy."),
    JSON_END
};
/* clang-format on */

/* What the market knows of the node. */
struct beat {
    struct lease_row *live;
    size_t live_n;
    struct wanted_row *saves; /* of which a checkpoint is wanted */
    size_t saves_n;
    struct ask_row *asks;
    size_t asks_n;
    struct public_key key;
    int64_t drain_us; /* of the node; 0: it does not drain */
    int64_t now_us;
    struct told told;
    bool was_well;
};

static bool look_up_agent(struct req *rq, struct beat *b)
{
    struct agent_key_row agent;

    if (!db_found(store_find_agent_key(rq->db, rq->who.node, &rq->arena, &agent, &rq->err),
                  &rq->err))
        return false;
    if (agent.public_key.n != sizeof(b->key.b))
        return FAIL(&rq->err, ERR_INTERNAL, "The node's key cannot be read.");
    memcpy(b->key.b, agent.public_key.p, sizeof(b->key.b));
    b->was_well = agent.ill_since_us == 0;
    b->drain_us = agent.drain_us;
    return true;
}

static bool look_up(struct req *rq, struct beat *b)
{
    enum db_rc rc =
        store_list_leases_live(rq->db, rq->who.node, &rq->arena, &b->live, &b->live_n, &rq->err);
    if (rc != DB_ONE && rc != DB_NONE) return false;
    rc = store_list_checkpoints_wanted(rq->db, rq->who.node, &rq->arena, &b->saves, &b->saves_n,
                                       &rq->err);
    if (rc != DB_ONE && rc != DB_NONE) return false;
    rc = store_list_asks_told(rq->db, rq->who.account, rq->who.node, b->now_us - ASKS_TOLD_US,
                              &rq->arena, &b->asks, &b->asks_n, &rq->err);
    return rc == DB_ONE || rc == DB_NONE;
}

/* The live lease that is meant, in the epoch that is meant. NULL: there is none. */
static const struct lease_row *find_live(const struct beat *b, const struct told_lease *t)
{
    struct id id;

    if (!id_parse("lease_", t->lease_id, &id)) return NULL;
    for (size_t i = 0; i < b->live_n; i++)
        if (is_lease_id(id, &b->live[i]) && b->live[i].epoch == t->epoch) return &b->live[i];
    return NULL;
}

/* ---- ticks ---- */

/* Does the tick say of this lease what may be said? */
static bool is_credible(const struct beat *b, const struct told_lease *t, const struct lease_row *l,
                        const struct tick *tick)
{
    if (!str_eq(tick->lease_id, t->lease_id) || tick->epoch != l->epoch) return false;
    if (l->ready_us == 0) return false;
    return tick->seconds <= (b->now_us - l->ready_us) / SECOND + AHEAD_S;
}

/* A tick that cannot be believed is not kept; the lease is none the worse for it. False: rq->err.
 */
static bool keep_tick(struct req *rq, const struct beat *b, const struct told_lease *t,
                      const struct lease_row *l)
{
    struct tick tick;
    struct signature s;
    struct err ignored = { 0 };

    memcpy(s.b, t->tick.signature, sizeof(s.b));
    if (!tick_parse(t->tick.document, &rq->arena, &tick, &ignored) ||
        !public_key_verify_tagged(&b->key, TAG_TICK, t->tick.document, &s) ||
        !is_credible(b, t, l, &tick)) {
        LOG(LOG_WARN, "tick.refused", LOG_STR("lease", t->lease_id),
            LOG_C("request", rq->request_id));
        return true;
    }
    struct tick_row row = { .lease = l->lease,
                            .epoch = tick.epoch,
                            .n = tick.n,
                            .seconds = tick.seconds,
                            .document = t->tick.document };
    memcpy(row.signature, s.b, sizeof(row.signature));
    const enum db_rc rc = store_put_tick(rq->db, &row, &rq->err);
    return rc == DB_ONE || rc == DB_NONE;
}

/* ---- figures ---- */

/* False: rq->err. */
static bool keep_use(struct req *rq, const struct beat *b, const struct told_lease *t,
                     const struct lease_row *l)
{
    struct use_row row = { .lease = l->lease, .told_us = b->now_us };

    if (!node_gpus_use(&b->told.gpus, t->lease_id, &row.busy_percent, &row.memory_used_bytes))
        return true;
    const enum db_rc rc = store_put_lease_use(rq->db, &row, &rq->err);
    return rc == DB_ONE || rc == DB_NONE;
}

/* False: rq->err. */
static bool keep_pull(struct req *rq, const struct beat *b, const struct told_lease *t,
                      const struct lease_row *l)
{
    const struct pull_row row = { .lease = l->lease,
                                  .phase = t->image.phase,
                                  .done_bytes = t->image.done_bytes,
                                  .total_bytes = t->image.total_bytes,
                                  .told_us = b->now_us };

    if (t->image.total_bytes == 0 || l->state != LEASE_PREPARING) return true;
    const enum db_rc rc = store_put_pull(rq->db, &row, &rq->err);
    return rc == DB_ONE || rc == DB_NONE;
}

static bool keep_gpus(struct req *rq, const struct beat *b)
{
    const struct str text = node_gpus_text(&b->told.gpus, &rq->arena);

    if (b->told.gpus.n == 0) return true;
    if (!text.p) return FAIL(&rq->err, ERR_NO_MEMORY, "No memory for the request.");
    const enum db_rc rc = store_put_node_gpus(rq->db, rq->who.node, text, b->now_us, &rq->err);
    return rc == DB_ONE || rc == DB_NONE;
}

/* ---- commands ---- */

static json_t *command_json(json_t *lease_id, int64_t epoch, const char *what, json_t *reason,
                            int64_t notice_seconds)
{
    return json_pack("{s:o, s:I, s:s, s:o, s:I}", "lease_id", lease_id, "epoch", (json_int_t)epoch,
                     "do", what, "reason", reason, "notice_seconds", (json_int_t)notice_seconds);
}

/* What is left of the notice of a run that makes room for another. */
static int64_t notice_left(const struct req *rq, const struct beat *b, const struct lease_row *l)
{
    const int64_t over_us = l->stopping_us + (int64_t)rq->svc->info->rules.notice_seconds * SECOND;

    if (l->state != LEASE_PREEMPTED) return 0;
    if (l->reason != REASON_DISPLACED && l->reason != REASON_DRAINED) return 0;
    return over_us > b->now_us ? (over_us - b->now_us) / SECOND : 0;
}

static void add_stops(const struct req *rq, const struct beat *b, json_t *commands)
{
    for (size_t i = 0; i < b->live_n; i++) {
        const struct lease_row *l = &b->live[i];
        if (l->state != LEASE_STOPPING && l->state != LEASE_PREEMPTED) continue;
        (void)json_array_append_new(
            commands, command_json(view_lease_id("lease_", l->traded_us, l->lease), l->epoch,
                                   "stop", view_reason(l->reason), notice_left(rq, b, l)));
    }
}

static bool is_wanted(const struct beat *b, int64_t lease)
{
    for (size_t i = 0; i < b->saves_n; i++)
        if (b->saves[i].lease == lease) return true;
    return false;
}

static void add_saves(const struct beat *b, json_t *commands)
{
    for (size_t i = 0; i < b->live_n; i++) {
        const struct lease_row *l = &b->live[i];
        if (!is_wanted(b, l->lease)) continue;
        (void)json_array_append_new(commands,
                                    command_json(view_lease_id("lease_", l->traded_us, l->lease),
                                                 l->epoch, "save", json_null(), 0));
    }
}

/* False: rq->err. */
static bool hear_leases(struct req *rq, const struct told *told, const struct beat *b,
                        json_t *commands)
{
    const struct told_lease *v = told->leases.v;

    for (size_t i = 0; i < told->leases.n; i++) {
        const struct lease_row *l = find_live(b, &v[i]);
        if (!l)
            (void)json_array_append_new(commands, command_json(json_text(v[i].lease_id), v[i].epoch,
                                                               "forget", json_null(), 0));
        if (l && v[i].tick.document.p && !keep_tick(rq, b, &v[i], l)) return false;
        if (l && !keep_use(rq, b, &v[i], l)) return false;
        if (l && !keep_pull(rq, b, &v[i], l)) return false;
    }
    return true;
}

static json_t *asks_json(const struct beat *b)
{
    json_t *list = json_array();

    for (size_t i = 0; i < b->asks_n; i++) {
        const struct ask_row *a = &b->asks[i];
        (void)json_array_append_new(
            list, json_pack("{s:o, s:s, s:I}", "ask_id", view_id("ask_", a->at_us, a->ask), "state",
                            order_state_names[a->state], "units_free",
                            (json_int_t)(a->state == ORDER_OPEN ? a->free : 0)));
    }
    return list;
}

/* ---- leases without a container ---- */

static bool is_named(const struct told *told, const struct lease_row *l)
{
    const struct told_lease *v = told->leases.v;
    struct id id;

    for (size_t i = 0; i < told->leases.n; i++)
        if (id_parse("lease_", v[i].lease_id, &id) && is_lease_id(id, l) && v[i].epoch == l->epoch)
            return true;
    return false;
}

/* One that this node has had for long and does not know. NULL: none; the next heartbeat tells of
 * more. */
static const struct lease_row *find_stranded(const struct req *rq, const struct told *told,
                                             const struct beat *b)
{
    const struct lease_row *found = NULL;

    for (size_t i = 0; i < b->live_n; i++) {
        const struct lease_row *l = &b->live[i];
        if (l->state == LEASE_OFFERED) continue;
        if (stranded_note(rq->svc->stranded, l->lease, is_named(told, l), b->now_us) && !found)
            found = l;
    }
    return found;
}

static void answer_kept(struct req *rq)
{
    reply_json(rq, 200, json_incref(rq->state));
}

static void drop(void *arg)
{
    json_decref(arg);
}

/* The market is told that it is lost; then the heartbeat is answered. */
static void give_up(struct req *rq, const struct lease_row *l, json_t *reply)
{
    struct submission *s = rq->submission;

    LOG(LOG_WARN, "lease.stranded", LOG_I64("lease", l->lease), LOG_I64("node", l->node));
    s->command = (struct command){
        .account = ACCOUNT_WORLD,
        .kind = COMMAND_LEASE_LOST,
        .u.lease = { .lease = l->lease, .epoch = (int32_t)l->epoch, .reason = REASON_NODE_LOST },
    };
    s->payload = payload_make(&s->command, NULL, &rq->arena);
    rq->state = reply;
    if (arena_defer(&rq->arena, drop, reply) && s->payload.p)
        req_submit(rq, answer_kept, /* on_worker= */ false);
    else
        reply_refusal(rq, ERR_NO_MEMORY, "No memory for the request.");
}

/* The rest, when the market knows how the node is. */
static void answer(struct req *rq)
{
    struct beat *b = rq->state;
    auto_json json_t *commands = json_array();

    if (!look_up(rq, b) || !keep_gpus(rq, b) || !hear_leases(rq, &b->told, b, commands)) {
        reply_problem(rq);
        return;
    }
    add_stops(rq, b, commands);
    add_saves(b, commands);
    const struct lease_row *stranded = find_stranded(rq, &b->told, b);
    json_t *reply = json_pack("{s:o, s:o, s:i, s:o, s:o, s:s}", "commands", take(commands), "asks",
                              asks_json(b), "lease_seconds", rq->svc->info->lease_seconds,
                              "server_time", json_time(b->now_us), "drain_at",
                              b->drain_us > 0 ? json_time(b->drain_us) : json_null(),
                              "min_agent_version", rq->svc->info->min_agent_version);
    if (stranded)
        give_up(rq, stranded, reply);
    else
        reply_json(rq, 200, reply);
}

static void tell_health(struct req *rq, bool well)
{
    struct submission *sub = rq->submission;

    sub->command = (struct command){ .kind = COMMAND_NODE_HEALTH,
                                     .account = ACCOUNT_WORLD,
                                     .u.node_health = { rq->who.node, well } };
    sub->payload = payload_make(&sub->command, NULL, &rq->arena);
    if (sub->payload.p)
        req_submit(rq, answer, /* on_worker= */ true); /* refused: it is known */
    else
        reply_refusal(rq, ERR_NO_MEMORY, "No memory for the request.");
}

void post_agent_heartbeat(struct req *rq)
{
    struct beat *b = arena_alloc(&rq->arena, sizeof(*b));

    if (!b) {
        reply_refusal(rq, ERR_NO_MEMORY, "No memory for the request.");
        return;
    }
    *b = (struct beat){ .now_us = clock_wall_us() };
    rq->state = b;
    liveness_heard(rq->svc->liveness, rq->who.node, b->now_us);
    if (!req_json(rq, &b->told)) return;
    if (!look_up_agent(rq, b)) {
        reply_problem(rq);
        return;
    }
    const bool well = node_gpus_well(&b->told.gpus);
    if (well == b->was_well)
        answer(rq);
    else
        tell_health(rq, well);
}
