/* SPDX-License-Identifier: Apache-2.0 */
#include "json/json.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

static const struct str replacement = { "\xef\xbf\xbd", 3 }; /* U+FFFD */

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

void json_canonical_text(struct str s, struct buf *out)
{
    buf_char(out, '"');
    while (s.n > 0) {
        const struct str c = next_character(&s);
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
    buf_char(out, '"');
}

static int by_bytes(const void *a, const void *b)
{
    const char *const *left = a, *const *right = b;
    return strcmp(*left, *right); /* which compares as unsigned bytes */
}

json_t *json_walkable(const json_t *j)
{
    const union {
        const json_t *given;
        json_t *same;
    } u = { j };
    return u.same;
}

/* The keys of an object as an array of pointers in a buffer. */
static void sorted_keys(const json_t *object, struct buf *keys)
{
    const size_t n = json_object_size(object);
    const char *key;
    json_t *value;

    buf_init(keys, n * sizeof(key));
    json_object_foreach(json_walkable(object), key, value) buf_add(keys, &key, sizeof(key));
    if (!keys->failed && n > 0) qsort(keys->p, n, sizeof(key), by_bytes);
}

static void canonical_object(const json_t *object, struct buf *out)
{
    auto_buf struct buf keys = { .max = 0 };
    sorted_keys(object, &keys);
    if (keys.failed) out->failed = true;

    buf_char(out, '{');
    for (size_t i = 0; !out->failed && i < json_object_size(object); i++) {
        const char *key;
        memcpy(&key, keys.p + i * sizeof(key), sizeof(key));
        if (i > 0) buf_char(out, ',');
        json_canonical_text(str_of(key), out);
        buf_char(out, ':');
        json_canonical(json_object_get(object, key), out);
    }
    buf_char(out, '}');
}

static void canonical_array(const json_t *array, struct buf *out)
{
    buf_char(out, '[');
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (i > 0) buf_char(out, ',');
        json_canonical(json_array_get(array, i), out);
    }
    buf_char(out, ']');
}

void json_canonical(const json_t *j, struct buf *out)
{
    switch (json_typeof(j)) {
    case JSON_OBJECT: canonical_object(j, out); return;
    case JSON_ARRAY: canonical_array(j, out); return;
    case JSON_STRING:
        json_canonical_text((struct str){ json_string_value(j), json_string_length(j) }, out);
        return;
    case JSON_INTEGER: buf_fmt(out, "%" JSON_INTEGER_FORMAT, json_integer_value(j)); return;
    case JSON_TRUE: buf_c(out, "true"); return;
    case JSON_FALSE: buf_c(out, "false"); return;
    case JSON_NULL: buf_c(out, "null"); return;
    case JSON_REAL: assert(!json_is_real(j)); return; /* it has no canonical form here */
    }
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
