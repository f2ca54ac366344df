/* SPDX-License-Identifier: Apache-2.0 */
#include "link/api.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/clock.h"
#include "link/blobs.h"
#include "link/call.h"
#include "link/checkpoints.h"
#include "json/parse.h"

#define PATH_MEMORY 2048
#define SECONDS_MAX (INT64_C(30) * 86400)

/* A text of the answer that must outlive it. */
static bool keep(struct arena *a, const json_t *j, const char *name, struct str *out)
{
    const struct str text = json_get_text(j, name);
    const char *copy = arena_copy(a, text);
    *out = (struct str){ copy, text.n };
    return copy && text.n > 0;
}

static enum link_result not_understood(struct err *err, const char *what)
{
    FAIL(err, ERR_PROTOCOL, "The market's answer about %s is not understood.", what);
    return LINK_UNREACHABLE;
}

/* ---- the node ----------------------------------------------------------------------------------
 */

static enum link_result api_join(void *self, struct str token, struct str public_key,
                                 const struct node_report *report, struct arena *a,
                                 struct joined *out, struct err *err)
{
    auto_json json_t *answer = NULL;
    json_t *body = report_json(report);
    json_object_set_new(body, "token", json_text(token));
    json_object_set_new(body, "public_key", json_text(public_key));
    const struct ask_of ask = { .method = "POST", .path = "/v1/agent/join", .body = body };
    const enum link_result r = link_call(self, &ask, &answer, err);
    if (r != LINK_DONE) return r;

    struct joined j = { .lease_seconds = 90, .heartbeat_seconds = 20 };
    if (!keep(a, answer, "node_id", &j.node_id) || !keep(a, answer, "account_id", &j.account_id) ||
        !keep(a, answer, "market_id", &j.market_id) ||
        !keep(a, answer, "market_public_key", &j.market_public_key) ||
        !json_get_i64(answer, "lease_seconds", 1, SECONDS_MAX, &j.lease_seconds) ||
        !json_get_i64(answer, "heartbeat_seconds", 1, 3600, &j.heartbeat_seconds))
        return not_understood(err, "the join");
    *out = j;
    return LINK_DONE;
}

static enum link_result api_put_node(void *self, const struct node_report *report, struct err *err)
{
    const struct ask_of ask = { .method = "PUT",
                                .path = "/v1/agent/node",
                                .body = report_json(report) };
    return link_call(self, &ask, NULL, err);
}

static enum link_result api_drain(void *self, bool on, struct err *err)
{
    const struct ask_of ask = { .method = "POST",
                                .path = on ? "/v1/agent/drain" : "/v1/agent/undrain",
                                .body = on ? json_pack("{s:s}", "running", "finish") : NULL };
    return link_call(self, &ask, NULL, err);
}

/* ---- asks --------------------------------------------------------------------------------------
 */

static bool read_money(const json_t *j, const char *name, int64_t *micros)
{
    return price_parse(json_get_text(json_object_get(j, name), "amount"), micros);
}

/* A policy that this agent does not know is not followed. */
static enum pricing_policy read_policy(const json_t *j)
{
    const struct str name = json_get_text(j, "pricing");
    for (int i = 0; i < PRICING_POLICIES; i++)
        if (str_is(name, pricing_policy_names[i])) return (enum pricing_policy)i;
    return PRICING_FIXED;
}

static enum egress_class read_egress(const json_t *j)
{
    const struct str name = json_get_text(j, "egress");
    for (int i = 0; i < EGRESS_CLASSES; i++)
        if (str_is(name, egress_class_names[i])) return (enum egress_class)i;
    return EGRESS_CLASS_NONE;
}

static bool read_ask(const json_t *j, struct arena *a, struct ask_seen *out)
{
    out->policy = read_policy(j);
    out->egress = read_egress(j);
    return keep(a, j, "ask_id", &out->ask_id) && keep(a, j, "pool", &out->pool) &&
           read_money(j, "price_per_unit_hour", &out->price_micros) &&
           read_money(j, "floor_price_per_unit_hour", &out->floor_micros) &&
           json_get_i64(j, "units", 0, UNITS_MAX, &out->units) &&
           json_get_i64(j, "units_free", 0, UNITS_MAX, &out->units_free) &&
           json_get_i64(j, "min_lease_seconds", 0, SECONDS_MAX, &out->min_lease_seconds) &&
           json_get_i64(j, "max_lease_seconds", 0, SECONDS_MAX, &out->max_lease_seconds);
}

static enum link_result api_asks_list(void *self, struct arena *a, struct ask_seen *out,
                                      size_t room, size_t *n, struct err *err)
{
    auto_json json_t *answer = NULL;
    const struct ask_of ask = { .method = "GET", .path = "/v1/agent/asks?state=open&limit=100" };
    const enum link_result r = link_call(self, &ask, &answer, err);
    if (r != LINK_DONE) return r;

    const json_t *data = json_object_get(answer, "data");
    size_t read = 0;
    for (size_t i = 0; i < json_array_size(data) && read < room; i++)
        if (!read_ask(json_array_get(data, i), a, &out[read++])) return not_understood(err, "asks");
    if (!json_is_array(data)) return not_understood(err, "asks");
    *n = read;
    return LINK_DONE;
}

static enum link_result api_ask_place(void *self, const char *key, const struct offer *o,
                                      int64_t *wait_s, struct err *err)
{
    char header[128];
    *wait_s = 0;
    snprintf(header, sizeof(header), "Idempotency-Key: %s", key);
    json_t *body = json_pack(
        "{s:o, s:s, s:o, s:o, s:I, s:I, s:I, s:s}", "pool", json_text(o->pool), "pricing",
        pricing_policy_names[o->policy], "price_per_unit_hour", json_money(o->price_micros),
        "floor_price_per_unit_hour", json_money(o->floor_micros), "units", (json_int_t)o->units,
        "min_lease_seconds", (json_int_t)o->min_lease_seconds, "max_lease_seconds",
        (json_int_t)o->max_lease_seconds, "egress", egress_class_names[o->egress]);
    const struct ask_of ask = {
        .method = "POST", .path = "/v1/agent/asks", .body = body, .header = header, .wait_s = wait_s
    };
    return link_call(self, &ask, NULL, err);
}

static enum link_result api_ask_amend(void *self, struct str ask_id, const struct ask_change *c,
                                      int64_t *wait_s, struct err *err)
{
    char path[128];
    *wait_s = 0;
    snprintf(path, sizeof(path), "/v1/agent/asks/%.*s", (int)ask_id.n, ask_id.p);
    json_t *body = json_pack("{s:o}", "price_per_unit_hour", json_money(c->price_micros));
    if (c->units > 0) json_object_set_new(body, "units", json_integer(c->units));
    if (c->reason.n > 0) json_object_set_new(body, "reason", json_text(c->reason));
    const struct ask_of ask = { .method = "PATCH", .path = path, .body = body, .wait_s = wait_s };
    return link_call(self, &ask, NULL, err);
}

static enum link_result api_ask_cancel(void *self, struct str ask_id, struct err *err)
{
    char path[128];
    snprintf(path, sizeof(path), "/v1/agent/asks/%.*s/cancel", (int)ask_id.n, ask_id.p);
    const struct ask_of ask = { .method = "POST", .path = path };
    return link_call(self, &ask, NULL, err);
}

/* 0: null, or not there. */
static int64_t money_or_none(const json_t *j, const char *name)
{
    int64_t micros = 0;
    return read_money(j, name, &micros) ? micros : 0;
}

static enum link_result api_pool_look(void *self, struct str pool, struct pool_seen *out,
                                      struct err *err)
{
    char path[128];
    auto_json json_t *answer = NULL;
    snprintf(path, sizeof(path), "/v1/agent/pools/%.*s", (int)pool.n, pool.p);
    const struct ask_of ask = { .method = "GET", .path = path };
    const enum link_result r = link_call(self, &ask, &answer, err);
    if (r != LINK_DONE) return r;

    const json_t *last = json_object_get(answer, "last_trade");
    struct pool_seen got = {
        .tick_micros = money_or_none(answer, "tick"),
        .best_other_micros = money_or_none(answer, "best_other_ask_price_per_unit_hour"),
        .best_bid_micros = money_or_none(answer, "best_bid_price_per_unit_hour"),
        .index_micros = money_or_none(answer, "index_price_per_unit_hour"),
        .last_trade_micros = money_or_none(last, "price_per_unit_hour"),
    };
    if (got.tick_micros == 0) return not_understood(err, "a pool");
    if (got.last_trade_micros > 0 && !rfc3339_parse(json_get_text(last, "at"), &got.last_trade_us))
        return not_understood(err, "a pool");
    *out = got;
    return LINK_DONE;
}

/* ---- work --------------------------------------------------------------------------------------
 */

/* A bid that accepts more pools than we know how to count is answered by the first of them. */
static bool read_bid(struct arena *a, const json_t *j, struct sealed_bid *out)
{
    const json_t *pools = json_object_get(j, "pools");

    *out = (struct sealed_bid){ .wants_n = 0 };
    if (!keep(a, j, "bid_id", &out->bid_id)) return false;
    if (!json_get_i64(j, "max_seconds", 1, SECONDS_MAX, &out->max_seconds)) return false;
    for (size_t i = 0; i < json_array_size(pools) && out->wants_n < SEALED_WANTS_MAX; i++) {
        struct sealed_want *w = &out->wants[out->wants_n++];
        const json_t *pool = json_array_get(pools, i);
        if (!keep(a, pool, "pool", &w->pool) ||
            !json_get_i64(pool, "units", 1, UNITS_MAX, &w->units))
            return false;
    }
    return true;
}

static bool read_bids(struct arena *a, const json_t *list, struct assignments_told *told)
{
    const size_t n = json_array_size(list);

    told->bids = arena_alloc(a, (n + 1) * sizeof(*told->bids));
    for (; told->bids && told->bids_n < n; told->bids_n++)
        if (!read_bid(a, json_array_get(list, told->bids_n), &told->bids[told->bids_n]))
            return false;
    return told->bids != NULL;
}

static enum link_result api_assignments(void *self, int64_t after, int64_t wait_seconds,
                                        struct arena *a, struct assignments_told *out,
                                        struct err *err)
{
    char path[64], prefer[32];
    auto_json json_t *answer = NULL;
    snprintf(path, sizeof(path), "/v1/agent/assignments?after=%" PRId64, after);
    snprintf(prefer, sizeof(prefer), "Prefer: wait=%" PRId64, wait_seconds);
    const struct ask_of ask = { .method = "GET",
                                .path = path,
                                .header = wait_seconds > 0 ? prefer : NULL,
                                .extra_wait_ms = wait_seconds * 1000 };
    const enum link_result r = link_call(self, &ask, &answer, err);
    if (r != LINK_DONE) return r;

    struct assignments_told told = { .n = 0, .next = after };
    const json_t *data = json_object_get(answer, "data");
    told.v = arena_alloc(a, (json_array_size(data) + 1) * sizeof(*told.v));
    if (!told.v || (answer && !json_get_i64(answer, "next", 0, INT64_MAX, &told.next)))
        return not_understood(err, "assignments");
    for (; told.n < json_array_size(data); told.n++) {
        const json_t *item = json_array_get(data, told.n);
        if (!keep(a, item, "document", &told.v[told.n].document) ||
            !keep(a, item, "signature", &told.v[told.n].signature))
            return not_understood(err, "assignments");
    }
    if (!read_bids(a, json_object_get(answer, "auctions"), &told))
        return not_understood(err, "assignments");
    *out = told;
    return LINK_DONE;
}

static enum link_result api_auction_offer(void *self, struct str bid_id, struct str ask_id,
                                          int64_t price_micros, struct err *err)
{
    char path[128];
    snprintf(path, sizeof(path), "/v1/agent/auctions/%.*s/offers", (int)bid_id.n, bid_id.p);
    const struct ask_of ask = { .method = "POST",
                                .path = path,
                                .body =
                                    json_pack("{s:o, s:o}", "ask_id", json_text(ask_id),
                                              "price_per_unit_hour", json_money(price_micros)) };
    return link_call(self, &ask, NULL, err);
}

/* POST one event of a lease, and wait so long for what comes of it. `brief` may be NULL. */
static enum link_result await_event(struct api *api, struct str lease_id, const char *verb,
                                    json_t *body, int64_t wait_seconds, struct lease_brief *brief,
                                    struct err *err)
{
    struct arena a;
    char prefer[32];
    auto_json json_t *answer = NULL;
    arena_init(&a, PATH_MEMORY);
    snprintf(prefer, sizeof(prefer), "Prefer: wait=%" PRId64, wait_seconds);
    const struct ask_of ask = { .method = "POST",
                                .path = lease_path(&a, lease_id, verb),
                                .body = body,
                                .header = wait_seconds > 0 ? prefer : NULL,
                                .extra_wait_ms = wait_seconds * 1000 };
    const enum link_result r = link_call(api, &ask, &answer, err);
    arena_done(&a);
    if (r != LINK_DONE || !brief) return r;

    const struct str state = json_get_text(answer, "state");
    *brief = (struct lease_brief){ .max_seconds = 0 };
    snprintf(brief->state, sizeof(brief->state), "%.*s", (int)state.n, state.p);
    if (!json_get_i64(answer, "max_seconds", 0, SECONDS_MAX, &brief->max_seconds))
        brief->max_seconds = 0;
    brief->gathered = json_is_true(json_object_get(answer, "gathered"));
    return LINK_DONE;
}

static enum link_result event(struct api *api, struct str lease_id, const char *verb, json_t *body,
                              struct lease_brief *brief, struct err *err)
{
    return await_event(api, lease_id, verb, body, /* wait_seconds= */ 0, brief, err);
}

static json_t *with_epoch(int64_t epoch)
{
    return json_pack("{s:I}", "epoch", (json_int_t)epoch);
}

static json_t *with_digest(int64_t epoch, struct str digest)
{
    json_t *body = with_epoch(epoch);
    json_object_set_new(body, "image_digest", digest.n > 0 ? json_text(digest) : json_null());
    return body;
}

static enum link_result api_accept(void *self, struct str lease_id, int64_t epoch,
                                   struct str digest, struct lease_brief *out, struct err *err)
{
    return event(self, lease_id, "accept", with_digest(epoch, digest), out, err);
}

static enum link_result api_decline(void *self, struct str lease_id, int64_t epoch,
                                    struct str detail, struct err *err)
{
    json_t *body = with_epoch(epoch);
    json_object_set_new(body, "reason", json_string("declined"));
    json_object_set_new(body, "detail", json_text(detail));
    return event(self, lease_id, "decline", body, NULL, err);
}

static enum link_result api_prepared(void *self, struct str lease_id, int64_t epoch,
                                     int64_t wait_seconds, struct lease_brief *out, struct err *err)
{
    return await_event(self, lease_id, "prepared", with_epoch(epoch), wait_seconds, out, err);
}

static bool read_login(const json_t *answer, struct arena *a, struct sealed_login *out)
{
    const struct str registry = json_get_text(answer, "registry"),
                     text = json_get_text(answer, "sealed");
    size_t n = LOGIN_BOX_MAX;
    uint8_t *box = arena_alloc(a, n);
    const char *name = arena_copy(a, registry);
    if (!box || !name || !base64_decode(text, box, &n)) return false;
    *out = (struct sealed_login){ { name, registry.n }, { (const char *)box, n } };
    return true;
}

static enum link_result api_registry_login(void *self, struct str lease_id, int64_t epoch,
                                           const struct seal_public *to, struct arena *a,
                                           struct sealed_login *out, struct err *err)
{
    auto_json json_t *answer = NULL;
    char key[45];
    seal_public_text(to, key);
    const struct ask_of ask = { .method = "POST",
                                .path = lease_path(a, lease_id, "registry-login"),
                                .body = json_pack("{s:I, s:s}", "epoch", (json_int_t)epoch,
                                                  "seal_to", key) };
    const enum link_result r = link_call(self, &ask, &answer, err);
    if (r == LINK_DONE && !read_login(answer, a, out)) return not_understood(err, "the login");
    return r;
}

static enum link_result api_ready(void *self, struct str lease_id, int64_t epoch, struct str digest,
                                  struct lease_brief *out, struct err *err)
{
    return event(self, lease_id, "ready", with_digest(epoch, digest), out, err);
}

static enum link_result api_cannot_start(void *self, struct str lease_id, int64_t epoch,
                                         const struct refusal *why, struct err *err)
{
    json_t *body = with_epoch(epoch);
    json_object_set_new(body, "reason", json_string(why->reason));
    json_object_set_new(body, "fault", json_string(why->fault));
    json_object_set_new(body, "detail", json_text(why->detail));
    return event(self, lease_id, "cannot-start", body, NULL, err);
}

static enum link_result api_exit(void *self, struct str lease_id, int64_t epoch, struct str receipt,
                                 struct str signature, struct err *err)
{
    json_t *body = with_epoch(epoch);
    json_object_set_new(body, "receipt", json_text(receipt));
    json_object_set_new(body, "signature", json_text(signature));
    return event(self, lease_id, "exit", body, NULL, err);
}

/* ---- the heartbeat -----------------------------------------------------------------------------
 */

static json_t *pulse_json(const struct lease_pulse *p)
{
    json_t *tick = json_null();
    if (p->tick_document.p)
        tick = json_pack("{s:o, s:o}", "document", json_text(p->tick_document), "signature",
                         json_text(p->tick_signature));
    json_t *o = json_pack("{s:o, s:I, s:s, s:o}", "lease_id", json_text(p->lease_id), "epoch",
                          (json_int_t)p->epoch, "state", p->state, "tick", tick);
    if (p->fetches)
        json_object_set_new(o, "image",
                            json_pack("{s:s, s:I, s:I}", "phase", image_phase_names[p->image.phase],
                                      "done_bytes", (json_int_t)p->image.done_bytes, "total_bytes",
                                      (json_int_t)p->image.total_bytes));
    return o;
}

static json_t *gpu_json(const struct gpu_state *g)
{
    json_t *ills = json_array();
    for (int i = 0; i < GPU_ILLS; i++)
        if (g->ills[i]) json_array_append_new(ills, json_string(gpu_ill_names[i]));
    return json_pack("{s:s, s:o, s:o, s:I, s:I, s:I, s:I, s:I}", "uuid", g->uuid, "ills", ills,
                     "lease_id", g->lease_id[0] != '\0' ? json_string(g->lease_id) : json_null(),
                     "xid", (json_int_t)g->xid, "temperature_c", (json_int_t)g->temperature_c,
                     "busy_percent", (json_int_t)g->busy_percent, "memory_used_bytes",
                     (json_int_t)g->memory_used_bytes, "power_milliwatts",
                     (json_int_t)g->power_milliwatts);
}

/* False: a command that this agent does not know, or a lease id of no known length. */
static bool read_command(const json_t *j, struct command *out)
{
    const struct str id = json_get_text(j, "lease_id"), what = json_get_text(j, "do"),
                     reason = json_get_text(j, "reason");
    if (id.n == 0 || id.n >= sizeof(out->lease_id)) return false;
    if (str_is(what, "stop"))
        out->what = COMMAND_STOP;
    else if (str_is(what, "forget"))
        out->what = COMMAND_FORGET;
    else if (str_is(what, "save"))
        out->what = COMMAND_SAVE;
    else
        return false;
    if (!json_get_i64(j, "epoch", 0, INT32_MAX, &out->epoch)) return false;
    if (!json_get_i64(j, "notice_seconds", 0, SECONDS_MAX, &out->notice_seconds))
        out->notice_seconds = 0;
    snprintf(out->lease_id, sizeof(out->lease_id), "%.*s", (int)id.n, id.p);
    snprintf(out->reason, sizeof(out->reason), "%.*s", (int)reason.n, reason.p);
    return true;
}

static bool any_not_open(const json_t *asks)
{
    bool found = false;
    for (size_t i = 0; i < json_array_size(asks); i++)
        found = found || !str_is(json_get_text(json_array_get(asks, i), "state"), "open");
    return found;
}

static enum link_result api_heartbeat(void *self, const struct node_pulse *p, struct arena *a,
                                      struct pulse_answer *out, struct err *err)
{
    auto_json json_t *answer = NULL;
    json_t *list = json_array(), *gpus = json_array();
    for (size_t i = 0; i < p->leases_n; i++)
        json_array_append_new(list, pulse_json(&p->leases[i]));
    for (size_t i = 0; i < p->gpus_n; i++)
        json_array_append_new(gpus, gpu_json(&p->gpus[i]));
    const struct ask_of ask = { .method = "POST",
                                .path = "/v1/agent/heartbeat",
                                .body = json_pack("{s:o}", "leases", list) };
    if (p->gpus_n > 0) json_object_set(ask.body, "gpus", gpus);
    json_decref(gpus);
    const enum link_result r = link_call(self, &ask, &answer, err);
    if (r != LINK_DONE) return r;

    struct pulse_answer got = { .commands = arena_alloc(a, COMMANDS_MAX * sizeof(struct command)) };
    if (!got.commands) return not_understood(err, "the heartbeat");
    const json_t *commands = json_object_get(answer, "commands");
    for (size_t i = 0; i < json_array_size(commands) && got.commands_n < COMMANDS_MAX; i++)
        if (read_command(json_array_get(commands, i), &got.commands[got.commands_n]))
            got.commands_n++;
    got.asks_changed = any_not_open(json_object_get(answer, "asks"));
    if (!json_get_i64(answer, "lease_seconds", 1, SECONDS_MAX, &got.lease_seconds))
        got.lease_seconds = 0;
    const struct str least = json_get_text(answer, "min_agent_version");
    snprintf(got.min_version, sizeof(got.min_version), "%.*s", (int)least.n,
             least.p ? least.p : "");
    got.drains = json_is_string(json_object_get(answer, "drain_at"));
    *out = got;
    return LINK_DONE;
}

static enum link_result api_flows_put(void *self, struct str lease_id, struct str flows,
                                      struct err *err)
{
    struct arena a;
    arena_init(&a, BODY_MAX);
    const struct ask_of ask = { .method = "PUT",
                                .path = lease_path(&a, lease_id, "flows"),
                                .body = json_parse(flows, err) };
    const enum link_result r = ask.body ? link_call(self, &ask, NULL, err) : LINK_REFUSED;
    arena_done(&a);
    return r;
}

static enum link_result api_log_put(void *self, struct str lease_id, int64_t chunk,
                                    enum log_stream stream, struct str bytes, struct err *err)
{
    struct arena a;
    char verb[64];
    snprintf(verb, sizeof(verb), "log/%" PRId64 "?stream=%s", chunk,
             stream == LOG_STDOUT ? "stdout" : "stderr");
    arena_init(&a, BODY_MAX);
    struct call call = call_defaults;
    call.method = "PUT";
    call.path = lease_path(&a, lease_id, verb);
    call.content_type = "application/octet-stream";
    call.body = bytes;
    enum link_result r = LINK_REFUSED;
    if (call.path)
        r = link_call_raw(self, &call, &a, NULL, err);
    else
        FAIL(err, ERR_NO_MEMORY, "No memory was left for a request.");
    arena_done(&a);
    return r;
}

static void interrupt(void *self)
{
    api_interrupt(self);
}

const struct link_ops api_ops = {
    .join = api_join,
    .put_node = api_put_node,
    .drain = api_drain,
    .asks_list = api_asks_list,
    .ask_place = api_ask_place,
    .ask_amend = api_ask_amend,
    .ask_cancel = api_ask_cancel,
    .pool_look = api_pool_look,
    .assignments = api_assignments,
    .auction_offer = api_auction_offer,
    .accept = api_accept,
    .decline = api_decline,
    .prepared = api_prepared,
    .ready = api_ready,
    .cannot_start = api_cannot_start,
    .exit = api_exit,
    .checkpoint = checkpoint_post,
    .heartbeat = api_heartbeat,
    .registry_login = api_registry_login,
    .log_put = api_log_put,
    .flows_put = api_flows_put,
    .blob_get = blob_get,
    .blob_put = blob_put,
    .interrupt = interrupt,
};
