/* SPDX-License-Identifier: Apache-2.0 */
#include "http/scopes.h"

static const struct {
    const char *name;
    enum scope scope;
} table[] = {
    { "read", SCOPE_READ },
    { "trade", SCOPE_TRADE },
    { "provider", SCOPE_PROVIDER },
    { "keys", SCOPE_KEYS },
};

json_t *scopes_json(unsigned scopes)
{
    auto_json json_t *list = json_array();

    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (scopes & table[i].scope && json_array_append_new(list, json_string(table[i].name)) != 0)
            return NULL;
    return json_incref(list);
}

/* SCOPE_NONE: there is none of this name. */
static enum scope scope_named(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (str_is(name, table[i].name)) return table[i].scope;
    return SCOPE_NONE;
}

static void complain_at(struct req *rq, size_t i, const char *what)
{
    const char *pointer = arena_fmt(&rq->arena, "/scopes/%zu", i);

    complain(&rq->complaints, &rq->arena, &rq->err, pointer ? pointer : "/scopes", "%s", what);
}

bool scopes_read(struct req *rq, const struct str_list *names, unsigned *out)
{
    unsigned scopes = SCOPE_NONE;

    for (size_t i = 0; i < names->n; i++) {
        const enum scope s = scope_named(names->v[i]);
        if (s == SCOPE_NONE)
            complain_at(rq, i, "must be one of \"read\", \"trade\", \"provider\", \"keys\"");
        else if (scopes & s)
            complain_at(rq, i, "is there twice");
        scopes |= s;
    }
    if (names->n == 0)
        complain(&rq->complaints, &rq->arena, &rq->err, "/scopes", "must have at least 1 item");
    if (rq->complaints.n > 0) {
        reply_problem(rq);
        return false;
    }
    *out = scopes;
    return true;
}
