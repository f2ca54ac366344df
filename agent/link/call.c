/* SPDX-License-Identifier: Apache-2.0 */
#include "link/call.h"

#include "base/mem.h"
#include "service/slots.h"

#define PATIENCE_MS 20000
#define PATH_MEMORY 4096
#define WAIT_MAX_S  3600

struct api {
    struct client_options options;
    struct arena arena; /* of the texts */
    struct slots *slots;
};

static void *make(void *arg)
{
    const struct api *api = arg;
    return client_new(&api->options);
}

static void cancel(void *connection)
{
    client_cancel(connection);
}

static void destroy(void *connection)
{
    client_free(connection);
}

struct api *api_new(const struct api_options *o)
{
    struct api *api = mem_zalloc(sizeof(*api));
    arena_init(&api->arena, PATH_MEMORY);
    api->options = (struct client_options){
        .base_url = arena_copy(&api->arena, str_of(o->server)),
        .sign_with = o->key,
        .keyid = arena_copy(&api->arena, str_of(o->keyid)),
        .user_agent = arena_copy(&api->arena, str_of(o->user_agent)),
    };
    api->slots = slots_new(&(const struct slots_kind){ make, cancel, destroy, api });
    return api;
}

void api_free(struct api *api)
{
    if (!api) return;
    slots_free(api->slots);
    arena_done(&api->arena);
    mem_free(api);
}

void api_interrupt(struct api *api)
{
    slots_interrupt(api->slots);
}

/* ---- what an answer means ----------------------------------------------------------------------
 */

/* The problem's own words, or its status. */
static void explain(const struct answer *answer, const json_t *problem, struct err *err)
{
    const struct str code = json_get_text(problem, "code"),
                     detail = json_get_text(problem, "detail");
    enum err_code known = ERR_PROTOCOL;
    for (int i = ERR_NONE + 1; i < ERR_COUNT; i++)
        if (str_is(code, err_info((enum err_code)i)->name)) known = (enum err_code)i;
    FAIL(err, known, "The market answered %d: %.*s", answer->status, (int)detail.n, detail.p);
    const json_t *first = json_array_get(json_object_get(problem, "errors"), 0);
    const struct str at = json_get_text(first, "pointer"), why = json_get_text(first, "detail");
    if (why.n > 0) err_internal(err, "%.*s %.*s", (int)at.n, at.p, (int)why.n, why.p);
}

static enum link_result meaning(const struct answer *answer, struct err *err)
{
    struct err ignored;
    if (answer->status >= 200 && answer->status < 300) return LINK_DONE;
    auto_json json_t *problem = json_parse(answer->body, &ignored);
    explain(answer, problem, err);
    switch (answer->status) {
    case 404: return LINK_GONE;
    case 409: return err->code == ERR_REQUEST_IN_PROGRESS ? LINK_UNREACHABLE : LINK_STALE;
    case 401: /* our clock, or theirs: may pass */
    case 408:
    case 429: return LINK_UNREACHABLE;
    default: return answer->status < 500 ? LINK_REFUSED : LINK_UNREACHABLE;
    }
}

/* ---- calling -----------------------------------------------------------------------------------
 */

enum link_result link_call_raw(struct api *api, const struct call *call, struct arena *a,
                               struct answer *answer, struct err *err)
{
    struct answer got;
    struct client *c = slots_take(api->slots);
    if (!c) {
        FAIL(err, ERR_IO, "The agent is stopping.");
        return LINK_UNREACHABLE;
    }
    const bool heard = client_call(c, call, a, &got, err);
    slots_give(api->slots, c, heard);
    if (!heard) return err->code == ERR_MALFORMED_REQUEST ? LINK_REFUSED : LINK_UNREACHABLE;
    if (answer) *answer = got;
    return meaning(&got, err);
}

/* The answer's object; NULL for none. False: it is not JSON. */
static bool read_body(const struct answer *answer, json_t **out, struct err *err)
{
    if (answer->status == 204 || answer->body.n == 0) {
        *out = NULL;
        return true;
    }
    *out = json_parse(answer->body, err);
    return *out != NULL;
}

static int64_t retry_after(const struct answer *answer)
{
    int64_t s = 0;
    if (answer->retry_after && !str_i64(str_of(answer->retry_after), 0, WAIT_MAX_S, &s)) s = 0;
    return s;
}

enum link_result link_call(struct api *api, const struct ask_of *ask, json_t **out, struct err *err)
{
    struct arena a;
    struct answer answer = { .retry_after = NULL };
    struct buf body;
    const char *const headers[] = { ask->header, NULL };
    json_t *sent = ask->body, *got = NULL;

    arena_init(&a, ANSWER_MAX + (1 << 20));
    buf_init(&body, (size_t)2 * BODY_MAX);
    if (sent) json_canonical(sent, &body);
    json_decref(sent);

    struct call call = call_defaults;
    call.method = ask->method;
    call.path = ask->path;
    call.content_type = sent ? "application/json" : NULL;
    call.body = buf_view(&body);
    call.headers = headers;
    call.answer_max = ANSWER_MAX;
    call.timeout_ms = PATIENCE_MS + ask->extra_wait_ms;
    enum link_result r = LINK_REFUSED;
    if (!ask->path || body.failed)
        FAIL(err, ERR_NO_MEMORY, "No memory was left for a request.");
    else
        r = link_call_raw(api, &call, &a, &answer, err);
    if (ask->wait_s) *ask->wait_s = retry_after(&answer);
    if (r == LINK_DONE && !read_body(&answer, &got, err)) r = LINK_UNREACHABLE;
    if (r == LINK_DONE && out)
        *out = got;
    else
        json_decref(got);
    buf_done(&body);
    arena_done(&a);
    return r;
}

/* ---- pieces ------------------------------------------------------------------------------------
 */

const char *lease_path(struct arena *a, struct str lease_id, const char *verb)
{
    for (size_t i = 0; i < lease_id.n; i++) {
        const char c = lease_id.p[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_') return NULL;
    }
    return arena_fmt(a, "/v1/agent/leases/%.*s/%s", (int)lease_id.n, lease_id.p, verb);
}

static void put_name(json_t *o, const char *name, struct str s)
{
    if (s.n > 0) json_object_set_new(o, name, json_text(s));
}

json_t *report_json(const struct node_report *r)
{
    json_t *gpus = json_array();
    for (size_t i = 0; i < r->inventory.gpus_n; i++) {
        const struct gpu *g = &r->inventory.gpus[i];
        json_array_append_new(gpus, json_pack("{s:s, s:s, s:I}", "uuid", g->uuid, "model", g->model,
                                              "memory_bytes", (json_int_t)g->memory_bytes));
    }
    const struct share *s = &r->inventory.share;
    json_t *inventory = json_pack("{s:I, s:I, s:I, s:o}", "cpu_millis", (json_int_t)s->cpu_millis,
                                  "memory_bytes", (json_int_t)s->memory_bytes, "scratch_bytes",
                                  (json_int_t)s->scratch_bytes, "gpus", gpus);
    put_name(inventory, "region", r->inventory.region);
    put_name(inventory, "site", r->inventory.site);
    put_name(inventory, "data_label", r->inventory.data_label);
    if (r->inventory.bandwidth_mbps > 0)
        json_object_set_new(inventory, "bandwidth_mbps", json_integer(r->inventory.bandwidth_mbps));
    json_t *j = json_pack("{s:o, s:o, s:o}", "name", json_text(r->name), "agent_version",
                          json_text(r->agent_version), "inventory", inventory);
    if (r->engine.name[0] != '\0')
        json_object_set_new(
            j, "engine",
            json_pack("{s:s, s:s}", "name", r->engine.name, "version", r->engine.version));
    if (r->isolation != ISOLATION_NONE)
        json_object_set_new(j, "isolation", json_string(isolation_names[r->isolation]));
    return j;
}
