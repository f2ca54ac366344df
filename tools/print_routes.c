/* SPDX-License-Identifier: Apache-2.0 */
/* Prints, as JSON, what the server serves and what its bodies may hold, for
 * tests/api/test_contract.py to compare with openapi.yaml. */
#include <stdio.h>

#include "http/handlers.h"

static const char *const kinds[] = {
    [JSON_K_TEXT] = "text",       [JSON_K_I64] = "integer",       [JSON_K_BOOL] = "boolean",
    [JSON_K_ENUM] = "enum",       [JSON_K_MONEY] = "money",       [JSON_K_TIME] = "time",
    [JSON_K_TEXTS] = "texts",     [JSON_K_TEXT_MAP] = "text map", [JSON_K_OBJECT] = "object",
    [JSON_K_I64S] = "integers",   [JSON_K_OBJECTS] = "objects",   [JSON_K_BASE64] = "base64",
    [JSON_K_REFUSED] = "refused",
};

static json_t *names_json(const char *const *names)
{
    json_t *list = json_array();

    for (; names && *names; names++)
        (void)json_array_append_new(list, json_string(*names));
    return list;
}

/* A table inside a table is printed by a call of the same function; tables are a few levels deep.
 */
static json_t *fields_json(const struct json_field *f)
{
    json_t *list = json_array();

    for (; f && f->name; f++)
        (void)json_array_append_new(
            list,
            json_pack("{s:s, s:s, s:b, s:I, s:I, s:I, s:o, s:o, s:s}", "name", f->name, "kind",
                      kinds[f->kind], "required", f->required, "min", (json_int_t)f->min, "max",
                      (json_int_t)f->max, "most", (json_int_t)f->item_size, "names",
                      names_json(f->names), "fields", fields_json(f->fields), "doc", f->doc));
    return list;
}

static const char *scope_name(const struct route *r)
{
    if (r->auth == AUTH_AGENT) return "agent";
    switch (r->scope) {
    case SCOPE_READ: return "read";
    case SCOPE_TRADE: return "trade";
    case SCOPE_PROVIDER: return "provider";
    case SCOPE_KEYS: return "keys";
    case SCOPE_NONE:
    case SCOPE_ALL: break;
    }
    return NULL;
}

static json_t *routes_json(const struct route *routes, size_t n)
{
    json_t *list = json_array();

    for (size_t i = 0; i < n; i++) {
        const struct route *r = &routes[i];
        json_t *fields = r->body ? fields_json(r->body) : json_null();
        (void)json_array_append_new(
            list,
            json_pack("{s:s, s:s, s:s, s:s?, s:b, s:b, s:o}", "method", r->method, "path", r->path,
                      "operation", r->operation, "scope", scope_name(r), "keyed",
                      (r->flags & ROUTE_IDEM_KEY) != 0, "bytes",
                      (r->flags & (ROUTE_BLOB_BODY | ROUTE_RAW_BODY)) != 0, "fields", fields));
    }
    return list;
}

int main(void)
{
    json_t *all = json_pack("{s:o, s:o}", "api", routes_json(api_routes, api_routes_n), "agent",
                            routes_json(agent_routes, agent_routes_n));
    const int failed = json_dumpf(all, stdout, JSON_INDENT(1));

    json_decref(all);
    return failed ? 1 : 0;
}
