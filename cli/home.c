/* SPDX-License-Identifier: Apache-2.0 */
#include "home.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/limits.h"
#include "json/json.h"

#define FILE_MODE 0600

static bool no_memory(struct err *err)
{
    return FAIL(err, ERR_NO_MEMORY, "No memory was left.");
}

bool home_find(struct arena *a, const char **out, struct err *err)
{
    const char *const own = getenv("BOURSE_HOME"), *const xdg = getenv("XDG_CONFIG_HOME");
    const char *const home = getenv("HOME");
    const char *path = NULL;
    if (own && *own)
        path = arena_copy(a, str_of(own));
    else if (xdg && *xdg == '/')
        path = arena_fmt(a, "%s/bourse", xdg);
    else if (home && *home)
        path = arena_fmt(a, "%s/.config/bourse", home);
    else
        return FAIL(err, ERR_IO, "Set BOURSE_HOME or HOME: there is no place for the login key.");
    if (!path) return no_memory(err);
    *out = path;
    return true;
}

bool home_server(struct arena *a, const char *url, const char **out, struct err *err)
{
    struct str s = str_of(url);
    while (s.n > 0 && s.p[s.n - 1] == '/') {
        s.n--;
    }
    const bool http = str_starts(s, STR("http://")) && s.n > 7;
    if (!http && !(str_starts(s, STR("https://")) && s.n > 8))
        return FAIL(err, ERR_VALIDATION_FAILED,
                    "%s: a server's address looks like https://market.example.", url);
    const char *const copy = arena_copy(a, s);
    if (!copy) return no_memory(err);
    *out = copy;
    return true;
}

/* The file as an object; an empty one when there is no file. */
static json_t *read_file(const char *home, struct arena *a, struct err *err)
{
    auto_buf struct buf text;
    buf_init(&text, CONF_FILE_MAX);
    const char *const path = arena_fmt(a, "%s/markets.json", home);
    struct err why = { .code = ERR_NONE };
    if (!path) {
        no_memory(err);
        return NULL;
    }
    if (!file_read(path, CONF_FILE_MAX, &text, &why)) {
        if (why.code == ERR_NOT_FOUND) return json_object();
        *err = why;
        return NULL;
    }
    json_t *const j = json_parse(buf_view(&text), &why);
    if (json_is_object(j)) return j;
    json_decref(j);
    FAIL(err, ERR_IO, "%s cannot be understood; move it away and log in again.", path);
    return NULL;
}

/* A text member's copy in *out, NULL when it is absent. */
static bool get_text(const json_t *j, const char *name, struct arena *a, const char **out)
{
    const struct str s = json_get_text(j, name);
    if (s.n > 0 && memchr(s.p, '\0', s.n)) return false;
    *out = s.n > 0 ? arena_copy(a, s) : NULL;
    return s.n == 0 || *out;
}

bool home_current(const char *home, struct arena *a, const char **out, struct err *err)
{
    auto_json json_t *file = read_file(home, a, err);
    if (!file) return false;
    return get_text(file, "current", a, out) ? true : no_memory(err);
}

static bool read_market(const json_t *j, const char *server, struct arena *a, struct market *out,
                        struct err *err)
{
    struct market m = { .server = server };
    if (j && (!get_text(j, "market_id", a, &m.market_id) ||
              !get_text(j, "account_id", a, &m.account_id) || !get_text(j, "token", a, &m.token)))
        return no_memory(err);
    m.pinned = m.market_id && public_key_parse(json_get_text(j, "public_key"), &m.key);
    if (!m.token || !rfc3339_parse(json_get_text(j, "token_until"), &m.token_until_us))
        m.token = NULL;
    *out = m;
    return true;
}

bool home_load(const char *home, const char *server, struct arena *a, struct market *out,
               struct err *err)
{
    auto_json json_t *file = read_file(home, a, err);
    if (!file) return false;
    const json_t *const known = json_object_get(json_object_get(file, "markets"), server);
    return read_market(known, server, a, out, err);
}

bool home_load_by_id(const char *home, struct str market_id, struct arena *a, struct market *out,
                     struct err *err)
{
    const char *server;
    json_t *known;
    auto_json json_t *file = read_file(home, a, err);
    if (!file) return false;
    json_object_foreach(json_object_get(file, "markets"), server, known)
    {
        if (!str_eq(json_get_text(known, "market_id"), market_id)) continue;
        const char *const copy = arena_copy(a, str_of(server));
        if (!copy) return no_memory(err);
        return read_market(known, copy, a, out, err);
    }
    return FAIL(err, ERR_NOT_FOUND, "No market with the id %.*s is known here.", (int)market_id.n,
                market_id.p);
}

static json_t *write_market(const struct market *m)
{
    char key[45], until[RFC3339_SIZE];
    public_key_text(&m->key, key);
    rfc3339_format(m->token_until_us, until);
    json_t *const j = json_pack("{ss ss}", "market_id", m->market_id, "public_key", key);
    if (m->account_id) json_object_set_new(j, "account_id", json_string(m->account_id));
    if (!m->token) return j;
    json_object_set_new(j, "token", json_string(m->token));
    json_object_set_new(j, "token_until", json_string(until));
    return j;
}

bool home_save(const char *home, const struct market *m, bool current, struct err *err)
{
    assert(m->pinned);
    struct arena a;
    arena_init(&a, CONF_FILE_MAX);
    auto_json json_t *file = read_file(home, &a, err);
    const char *const path = arena_fmt(&a, "%s/markets.json", home);
    auto_free char *text = NULL;
    if (file && path) {
        if (!json_is_object(json_object_get(file, "markets")))
            json_object_set_new(file, "markets", json_object());
        json_object_set_new(json_object_get(file, "markets"), m->server, write_market(m));
        if (current) json_object_set_new(file, "current", json_string(m->server));
        text = json_dumps(file, JSON_INDENT(2));
    }
    bool ok = text ? true : file && no_memory(err);
    ok = ok && dir_make(home, err) && file_write(path, str_of(text), FILE_MODE, err);
    arena_done(&a);
    return ok;
}

struct key *home_key(const char *home, struct arena *a, struct err *err)
{
    const char *const path = arena_fmt(a, "%s/key.pem", home);
    if (path) return key_load(path, err);
    no_memory(err);
    return NULL;
}

struct key *home_key_make(const char *home, struct arena *a, struct err *err)
{
    struct err why = { .code = ERR_NONE };
    struct key *k = home_key(home, a, &why);
    if (k) return k;
    if (why.code != ERR_NOT_FOUND) {
        *err = why;
        return NULL;
    }
    const char *const path = arena_fmt(a, "%s/key.pem", home);
    if (!path) {
        no_memory(err);
        return NULL;
    }
    k = key_new();
    if (dir_make(home, err) && key_save(k, path, err)) return k;
    key_free(k);
    return NULL;
}
