/* SPDX-License-Identifier: Apache-2.0 */
#include "http/path.h"

#include <string.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* The byte that an escape at the front of s stands for; -1: none is there. */
static int escape(struct str s)
{
    if (s.n < 3 || s.p[0] != '%') return -1;
    const int high = hex_digit(s.p[1]), low = hex_digit(s.p[2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

static struct str from(struct str s, size_t at)
{
    return (struct str){ s.p + at, s.n - at };
}

bool target_parse(struct str uri, struct target *out)
{
    if (uri.n == 0 || uri.p[0] != '/') return false;
    for (size_t i = 0; i < uri.n; i++) {
        if (uri.p[i] <= ' ' || uri.p[i] > '~') return false;
        if (uri.p[i] == '%' && escape(from(uri, i)) <= 0) return false;
    }
    if (!str_cut(uri, '?', &out->path, &out->query)) *out = (struct target){ uri, { NULL, 0 } };
    return true;
}

/* The segment at the front of *s, which moves behind it and its slash. False: there is none. */
static bool next_segment(struct str *s, struct str *out)
{
    if (!s->p) return false;
    if (!str_cut(*s, '/', out, s)) {
        *out = *s;
        *s = (struct str){ NULL, 0 };
    }
    return true;
}

static bool is_param(struct str segment)
{
    return segment.n > 0 && segment.p[0] == '{';
}

bool path_match(const char *tmpl, bool rest, struct str path, struct str params[PATH_PARAMS])
{
    struct str want = str_of(tmpl), got = path, w, g, found[PATH_PARAMS];
    size_t n = 0;

    while (next_segment(&want, &w)) {
        const struct str here = got;
        if (!next_segment(&got, &g)) return false;
        if (!is_param(w)) {
            if (!str_eq(w, g)) return false;
            continue;
        }
        if (g.n == 0 || n == PATH_PARAMS) return false;
        if (rest && !want.p) {
            g = here;
            got = (struct str){ NULL, 0 };
        }
        found[n++] = g;
    }
    if (got.p) return false;
    for (size_t i = 0; i < n; i++)
        params[i] = found[i];
    return true;
}

struct str percent_decode(struct str s, bool plus, struct arena *a)
{
    char *p = arena_copy(a, s);
    if (!p) return (struct str){ NULL, 0 };
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        const int byte = escape(from(s, i));
        char c = s.p[i];
        if (byte >= 0) {
            c = (char)byte;
            i += 2;
        } else if (plus && c == '+') {
            c = ' ';
        }
        p[n++] = c;
    }
    p[n] = '\0';
    return (struct str){ p, n };
}

/* Equal once decoded. */
static bool is_name(struct str sent, const char *name)
{
    const size_t n = strlen(name);
    size_t at = 0;
    for (size_t i = 0; i < sent.n; i++, at++) {
        const int byte = escape(from(sent, i));
        char c = sent.p[i];
        if (byte >= 0) {
            c = (char)byte;
            i += 2;
        }
        if (at == n || c != name[at]) return false;
    }
    return at == n;
}

bool query_find(struct str query, const char *name, struct str *out)
{
    while (query.p) {
        struct str pair, key, value;
        if (!str_cut(query, '&', &pair, &query)) {
            pair = query;
            query = (struct str){ NULL, 0 };
        }
        if (!str_cut(pair, '=', &key, &value)) {
            key = pair;
            value = (struct str){ "", 0 };
        }
        if (!is_name(key, name)) continue;
        *out = value;
        return true;
    }
    return false;
}
