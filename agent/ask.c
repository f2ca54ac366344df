/* SPDX-License-Identifier: Apache-2.0 */
#include "ask.h"

#include <stdio.h>

#include "client/http.h"

#define ANSWER_MEMORY ((size_t)2 << 20)

static bool read_answer(const struct answer *answer, json_t **out, struct err *err)
{
    struct err ignored;
    auto_json json_t *j = answer->body.n > 0 ? json_parse(answer->body, &ignored) : NULL;
    if (answer->status < 200 || answer->status >= 300) {
        const struct str why = json_get_text(j, "detail");
        return FAIL(err, ERR_PROTOCOL, "The market answered %d: %.*s", answer->status, (int)why.n,
                    why.p ? why.p : "");
    }
    if (out) *out = take(j);
    return true;
}

bool ask_market(struct setting *s, const struct identity *id, const char *method, const char *path,
                json_t *body, json_t **out, struct err *err)
{
    struct arena a;
    struct answer answer = { .status = 0 };
    struct call call = call_defaults;
    auto_buf struct buf text = { .max = (size_t)1 << 20 };
    char keyid[64];
    const char *server = s->args->server ? s->args->server : s->config.server;
    arena_init(&a, ANSWER_MEMORY);
    if (!server) server = arena_copy(&a, id->server);
    snprintf(keyid, sizeof(keyid), "%.*s", (int)id->trust.node_id.n, id->trust.node_id.p);
    if (body) json_canonical(body, &text);
    call.method = method;
    call.path = path;
    call.body = buf_view(&text);
    call.content_type = body ? "application/json" : NULL;
    json_decref(body);
    struct client *c = server
                           ? client_new(&(const struct client_options){ .base_url = server,
                                                                        .sign_with = id->key,
                                                                        .keyid = keyid,
                                                                        .user_agent = USER_AGENT })
                           : NULL;
    bool ok = c && !text.failed;
    if (!ok) FAIL(err, ERR_NO_MEMORY, "No memory was left for a request.");
    ok = ok && client_call(c, &call, &a, &answer, err) && read_answer(&answer, out, err);
    client_free(c);
    arena_done(&a);
    return ok;
}
