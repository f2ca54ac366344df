/* SPDX-License-Identifier: Apache-2.0 */
#include "json/json.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "json/room.h"

#define FEW_MEMBERS 48

static const struct str replacement = { "\xef\xbf\xbd", 3 }; /* U+FFFD */

/* Every program that has this file in it, before its main(). */
__attribute__((constructor)) static void begin(void)
{
    json_room_use();
}

void auto_json_(json_t **j)
{
    json_decref(*j);
}

/* Where a scan of the text stands. */
struct scan {
    size_t depth;
    int line, column; /* of the byte at hand, from 1 */
    bool in_text, escaped;
};

static void step(struct scan *s, char c)
{
    if (s->in_text) {
        if (!s->escaped && c == '"') s->in_text = false;
        s->escaped = !s->escaped && c == '\\';
        return;
    }
    if (c == '"') s->in_text = true;
    if (c == '{' || c == '[') s->depth++;
    if ((c == '}' || c == ']') && s->depth > 0) s->depth--;
}

/* jansson goes 2048 levels deep, on the stack, before it refuses: so this is asked first. Whether
 * brackets match is not. */
static bool is_shallow(struct str text, struct err *err)
{
    struct scan s = { .line = 1, .column = 1 };
    for (size_t i = 0; i < text.n; i++) {
        const char c = text.p[i];
        step(&s, c);
        if (c == '\0')
            return FAIL(err, ERR_MALFORMED_BODY, "line %d, column %d: a NUL byte", s.line,
                        s.column);
        if (s.depth > JSON_DEPTH_MAX)
            return FAIL(err, ERR_MALFORMED_BODY, "line %d, column %d: more than %d levels deep",
                        s.line, s.column, JSON_DEPTH_MAX);
        s.column = c == '\n' ? 1 : s.column + 1;
        if (c == '\n') s.line++;
    }
    return true;
}

json_t *json_parse(struct str text, struct err *err)
{
    json_error_t why;
    if (!is_shallow(text, err)) return NULL;

    json_t *j = json_loadb(text.n > 0 ? text.p : "", text.n,
                           JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
    if (j) return j;
    if (json_error_code(&why) == json_error_out_of_memory)
        FAIL(err, ERR_NO_MEMORY, "No memory was left to read JSON.");
    else
        FAIL(err, ERR_MALFORMED_BODY, "line %d, column %d: %s", why.line, why.column, why.text);
    return NULL;
}

static bool is_continuation(unsigned char c)
{
    return (c & 0xc0) == 0x80;
}

/* The length of the character at the start of `s`, which is not empty; 0: none is valid there. The
 * second byte is what tells over-long forms, surrogates and what is beyond U+10FFFF. */
static size_t character(struct str s)
{
    const unsigned char *p = (const unsigned char *)s.p, c = p[0];
    if (c < 0x80) return 1;

    const size_t n = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    if (c < 0xc2 || c > 0xf4 || s.n < n) return 0;
    for (size_t i = 1; i < n; i++)
        if (!is_continuation(p[i])) return 0;
    if (c == 0xe0 && p[1] < 0xa0) return 0;
    if (c == 0xed && p[1] > 0x9f) return 0;
    if (c == 0xf0 && p[1] < 0x90) return 0;
    if (c == 0xf4 && p[1] > 0x8f) return 0;
    return n;
}

/* The next character of `s`, taken off it; replaced where it is none, or NUL. */
static struct str next_character(struct str *s)
{
    const size_t n = character(*s);
    const struct str c = n > 0 && s->p[0] != '\0' ? (struct str){ s->p, n } : replacement;
    const size_t used = n > 0 ? n : 1;
    *s = (struct str){ s->p + used, s->n - used };
    return c;
}

bool json_text_ok(struct str s)
{
    while (s.n > 0) {
        const size_t n = character(s);
        if (n == 0 || s.p[0] == '\0') return false;
        s = (struct str){ s.p + n, s.n - n };
    }
    return true;
}

json_t *json_text(struct str s)
{
    if (json_text_ok(s)) return json_stringn_nocheck(s.n > 0 ? s.p : "", s.n);

    auto_buf struct buf b = { .max = s.n * replacement.n };
    while (s.n > 0)
        buf_str(&b, next_character(&s));
    return b.failed ? NULL : json_stringn_nocheck(b.p, b.n);
}

/* The two-character escapes of RFC 8785 §3.2.2.2; 0: there is none for this one. */
static char short_escape(char c)
{
    switch (c) {
    case '"': return '"';
    case '\\': return '\\';
    case '\b': return 'b';
    case '\f': return 'f';
    case '\n': return 'n';
    case '\r': return 'r';
    case '\t': return 't';
    default: return 0;
    }
}

/* Bytes that stand for themselves, from the start of `s` on: most texts are nothing else. */
static size_t plain_bytes(struct str s)
{
    size_t n = 0;
    while (n < s.n && (unsigned char)s.p[n] >= 0x20 && (unsigned char)s.p[n] < 0x80 &&
           s.p[n] != '"' && s.p[n] != '\\')
        n++;
    return n;
}

static void put_character(struct str c, struct buf *out)
{
    const char escape = short_escape(c.p[0]);
    if (escape) {
        buf_char(out, '\\');
        buf_char(out, escape);
    } else if (c.n == 1 && (unsigned char)c.p[0] < 0x20) {
        buf_fmt(out, "\\u%04x", (unsigned)(unsigned char)c.p[0]);
    } else {
        buf_str(out, c);
    }
}

void json_canonical_text(struct str s, struct buf *out)
{
    buf_char(out, '"');
    while (s.n > 0) {
        const size_t n = plain_bytes(s);
        buf_add(out, s.p, n);
        s = (struct str){ s.p + n, s.n - n };
        if (s.n > 0) put_character(next_character(&s), out);
    }
    buf_char(out, '"');
}

json_t *json_walkable(const json_t *j)
{
    const union {
        const json_t *given;
        json_t *same;
    } u = { j };
    return u.same;
}

struct member {
    const char *key;
    json_t *value;
};

static int by_key(const void *a, const void *b)
{
    const struct member *left = a, *right = b;
    return strcmp(left->key, right->key); /* which compares as unsigned bytes */
}

/* Objects are small, and come in order or nearly. */
static void sort(struct member *v, size_t n)
{
    if (n > FEW_MEMBERS) {
        qsort(v, n, sizeof(*v), by_key);
        return;
    }
    for (size_t i = 1; i < n; i++) {
        const struct member m = v[i];
        size_t at = i;
        for (; at > 0 && by_key(&v[at - 1], &m) > 0; at--)
            v[at] = v[at - 1];
        v[at] = m;
    }
}

static void write_any(const json_t *j, bool sorted, struct buf *out);

static void write_members(const struct member *v, size_t n, bool sorted, struct buf *out)
{
    buf_char(out, '{');
    for (size_t i = 0; i < n && !out->failed; i++) {
        if (i > 0) buf_char(out, ',');
        json_canonical_text(str_of(v[i].key), out);
        buf_char(out, ':');
        write_any(v[i].value, sorted, out);
    }
    buf_char(out, '}');
}

static void write_members_of(const json_t *object, bool sorted, struct buf *out)
{
    struct member few[FEW_MEMBERS];
    auto_buf struct buf many = { .max = json_object_size(object) * sizeof(struct member) };
    const bool is_small = json_object_size(object) <= FEW_MEMBERS;
    const char *key;
    json_t *value;
    size_t n = 0;

    json_object_foreach(json_walkable(object), key, value)
    {
        const struct member m = { key, value };
        if (is_small)
            few[n] = m;
        else
            buf_add(&many, &m, sizeof(m));
        n++;
    }
    struct member *v = is_small ? few : (void *)many.p;
    if (many.failed || !v) {
        out->failed = true;
        return;
    }
    if (sorted) sort(v, n);
    write_members(v, n, sorted, out);
}

static void write_array(const json_t *array, bool sorted, struct buf *out)
{
    buf_char(out, '[');
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (i > 0) buf_char(out, ',');
        write_any(json_array_get(array, i), sorted, out);
    }
    buf_char(out, ']');
}

/* Only an answer of ours may hold one: it has no canonical form here. */
static void write_real(const json_t *j, bool sorted, struct buf *out)
{
    char text[64];

    assert(!sorted);
    const size_t n = json_dumpb(j, text, sizeof(text), JSON_ENCODE_ANY);
    buf_add(out, text, n);
    if (n > sizeof(text)) out->failed = true;
}

static void write_any(const json_t *j, bool sorted, struct buf *out)
{
    switch (json_typeof(j)) {
    case JSON_OBJECT: write_members_of(j, sorted, out); return;
    case JSON_ARRAY: write_array(j, sorted, out); return;
    case JSON_STRING:
        json_canonical_text((struct str){ json_string_value(j), json_string_length(j) }, out);
        return;
    case JSON_INTEGER: buf_i64(out, json_integer_value(j)); return;
    case JSON_TRUE: buf_c(out, "true"); return;
    case JSON_FALSE: buf_c(out, "false"); return;
    case JSON_NULL: buf_c(out, "null"); return;
    case JSON_REAL: write_real(j, sorted, out); return;
    }
}

void json_canonical(const json_t *j, struct buf *out)
{
    write_any(j, /* sorted= */ true, out);
}

void json_compact(const json_t *j, struct buf *out)
{
    write_any(j, /* sorted= */ false, out);
}

struct str json_get_text(const json_t *object, const char *name)
{
    const json_t *j = json_object_get(object, name);
    if (!json_is_string(j)) return (struct str){ NULL, 0 };
    return (struct str){ json_string_value(j), json_string_length(j) };
}

bool json_get_i64(const json_t *object, const char *name, int64_t min, int64_t max, int64_t *out)
{
    const json_t *j = json_object_get(object, name);
    if (!json_is_integer(j)) return false;
    const int64_t value = json_integer_value(j);
    if (value < min || value > max) return false;
    *out = value;
    return true;
}
