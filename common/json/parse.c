/* SPDX-License-Identifier: Apache-2.0 */
/* A walk over a body and its table side by side. Whoever finds a fault adds a complaint and goes
 * on, so that a client learns of all of them at once.
 *
 * Where the walk stands is a list on the stack, from the member at hand up to the body; only a
 * complaint makes a JSON Pointer of it. */
#include "json/parse.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/limits.h"
#include "json/micros.h"
#include "json/suggest.h"

#define DETAIL_MAX  512
#define POINTER_MAX (2ul * BODY_MAX) /* a key of nothing but '~' doubles */

struct reader {
    struct arena *a;
    struct complaints *c;
    bool no_memory;
};

/* A place in the body: a member by name or, name NULL, an item by index. */
struct place {
    const struct place *up; /* NULL: the body itself */
    const char *name;
    size_t index;
};

static void read_object(struct reader *r, const struct place *at, const json_t *j,
                        const struct json_field *fields, void *out);

/* --- complaints --- */

/* RFC 6901: '~' and '/' are written ~0 and ~1. */
static void write_escaped(const char *name, struct buf *out)
{
    for (; *name; name++) {
        if (*name == '~') buf_c(out, "~0");
        if (*name == '/') buf_c(out, "~1");
        if (*name != '~' && *name != '/') buf_char(out, *name);
    }
}

static void write_pointer(const struct place *at, struct buf *out)
{
    if (!at) return;
    write_pointer(at->up, out);
    buf_char(out, '/');
    if (at->name)
        write_escaped(at->name, out);
    else
        buf_fmt(out, "%zu", at->index);
}

static const char *pointer_of(struct reader *r, const struct place *at)
{
    auto_buf struct buf b = { .max = POINTER_MAX };
    write_pointer(at, &b);
    return b.failed ? NULL : arena_copy(r->a, buf_view(&b));
}

/* False: no memory. */
static bool add(struct complaints *c, struct arena *a, const char *pointer, bool not_supported,
                const char *detail)
{
    if (c->n == COMPLAINTS_MAX) {
        c->more++;
        return true;
    }
    if (!c->v) c->v = arena_alloc(a, COMPLAINTS_MAX * sizeof(*c->v));
    const char *copy = arena_copy(a, str_of(detail));
    if (!c->v || !pointer || !copy) return false;
    c->v[c->n++] = (struct complaint){ pointer, copy, not_supported };
    return true;
}

PRINTF_LIKE(4, 0)
static void add_v(struct reader *r, const struct place *at, bool not_supported, const char *fmt,
                  va_list args)
{
    char detail[DETAIL_MAX];
    vsnprintf(detail, sizeof(detail), fmt, args);
    const char *pointer = r->c->n < COMPLAINTS_MAX ? pointer_of(r, at) : NULL;
    if (!add(r->c, r->a, pointer, not_supported, detail)) r->no_memory = true;
}

/* Always false, so that a reader can end with it. */
PRINTF_LIKE(3, 4)
static bool wrong(struct reader *r, const struct place *at, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    add_v(r, at, false, fmt, args);
    va_end(args);
    return false;
}

PRINTF_LIKE(3, 4)
static void not_supported(struct reader *r, const struct place *at, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    add_v(r, at, true, fmt, args);
    va_end(args);
}

static void sum_up(const struct complaints *c, struct err *err)
{
    bool all_not_supported = c->more == 0;
    for (size_t i = 0; i < c->n; i++)
        all_not_supported = all_not_supported && c->v[i].not_supported;

    const enum err_code code = all_not_supported ? ERR_NOT_SUPPORTED : ERR_VALIDATION_FAILED;
    const char *where = c->v[0].pointer[0] ? c->v[0].pointer : "The body";
    const size_t others = c->n - 1 + c->more;
    if (others == 0)
        FAIL(err, code, "%s %s", where, c->v[0].detail);
    else
        FAIL(err, code, "%s %s (and %zu more)", where, c->v[0].detail, others);
}

void complain(struct complaints *c, struct arena *a, struct err *err, const char *pointer,
              const char *fmt, ...)
{
    char detail[DETAIL_MAX];
    va_list args;
    va_start(args, fmt);
    vsnprintf(detail, sizeof(detail), fmt, args);
    va_end(args);

    const char *copy = arena_copy(a, str_of(pointer));
    if (add(c, a, copy, false, detail))
        sum_up(c, err);
    else
        FAIL(err, ERR_NO_MEMORY, "No memory was left to say what is wrong.");
}

/* --- single values --- */

static struct str text_of(const json_t *j)
{
    return (struct str){ json_string_value(j), json_string_length(j) };
}

static struct str keep(struct reader *r, struct str s)
{
    const char *copy = arena_copy(r->a, s);
    if (!copy) r->no_memory = true;
    return (struct str){ copy, copy ? s.n : 0 };
}

static void *keep_room(struct reader *r, size_t n, size_t size)
{
    void *room = arena_alloc(r->a, n * size);
    if (!room) r->no_memory = true;
    return room;
}

static bool has_controls(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        const unsigned char c = (unsigned char)s.p[i];
        if ((c < 0x20 && c != '\t' && c != '\n') || c == 0x7f) return true;
    }
    return false;
}

static bool read_text(struct reader *r, const struct place *at, const json_t *j, int64_t min,
                      int64_t max, struct str *out)
{
    if (!json_is_string(j)) return wrong(r, at, "must be text");

    const struct str s = text_of(j);
    if ((int64_t)s.n > max && min == 0)
        return wrong(r, at, "must have at most %" PRId64 " bytes", max);
    if ((int64_t)s.n < min || (int64_t)s.n > max)
        return wrong(r, at, "must have %" PRId64 " to %" PRId64 " bytes", min, max);
    if (has_controls(s))
        return wrong(r, at, "must not hold control characters but tab and newline");
    *out = keep(r, s);
    return true;
}

static void read_i64(struct reader *r, const struct place *at, const json_t *j,
                     const struct json_field *f, int64_t *out)
{
    if (!json_is_integer(j)) {
        wrong(r, at, "must be an integer");
        return;
    }
    const int64_t value = json_integer_value(j);
    if (value < f->min || value > f->max)
        wrong(r, at, "must be between %" PRId64 " and %" PRId64, f->min, f->max);
    else
        *out = value;
}

static void read_bool(struct reader *r, const struct place *at, const json_t *j, bool *out)
{
    if (json_is_boolean(j))
        *out = json_is_true(j);
    else
        wrong(r, at, "must be true or false");
}

static void read_enum(struct reader *r, const struct place *at, const json_t *j,
                      const struct json_field *f, int *out)
{
    char list[DETAIL_MAX] = "";
    struct buf b = { .p = list, .cap = sizeof(list), .max = sizeof(list) - 1 };
    for (int i = 0; f->names[i]; i++) {
        if (json_is_string(j) && str_is(text_of(j), f->names[i])) {
            *out = i;
            return;
        }
        buf_fmt(&b, "%s\"%s\"", i > 0 ? ", " : "", f->names[i]);
    }
    assert(!b.failed);
    wrong(r, at, "must be %s%.*s", f->names[0] && f->names[1] ? "one of " : "", (int)b.n, b.p);
}

static void read_time(struct reader *r, const struct place *at, const json_t *j, int64_t *out)
{
    if (!json_is_string(j) || !rfc3339_parse(text_of(j), out))
        wrong(r, at, "must be a time such as \"2026-11-24T08:47:08.123Z\"");
}

static void read_base64(struct reader *r, const struct place *at, const json_t *j,
                        const struct json_field *f, uint8_t *out)
{
    const size_t size = (size_t)f->max;
    uint8_t *bytes = keep_room(r, size, 1);
    size_t n = size;
    if (!bytes) return;
    if (!json_is_string(j) || !base64_decode(text_of(j), bytes, &n) || n != size)
        wrong(r, at, "must be %zu bytes as base64 with padding", size);
    else
        memcpy(out, bytes, size);
}

static bool is_json(const json_t *j, const char *text)
{
    auto_json json_t *want = json_loads(text, JSON_DECODE_ANY, NULL);
    assert(want); /* a table's default that is no JSON */
    return json_equal(j, want);
}

static void read_refused(struct reader *r, const struct place *at, const json_t *j,
                         const struct json_field *f)
{
    const char *accepted = f->names ? f->names[0] : NULL;
    if (!accepted)
        not_supported(r, at, "is not supported by this market yet");
    else if (!is_json(j, accepted))
        not_supported(r, at, "is not supported by this market yet, but as %s", accepted);
}

/* --- money --- */

static void range_wrong(struct reader *r, const struct place *at, const struct json_field *f)
{
    char min[MICROS_TEXT_SIZE], max[MICROS_TEXT_SIZE];
    micros_format(f->min, min);
    micros_format(f->max, max);
    wrong(r, at, "must be between %s and %s", min, max);
}

static void read_amount(struct reader *r, const struct place *at, const json_t *j,
                        const struct json_field *f, int64_t *out)
{
    int64_t micros = 0;
    if (!json_is_string(j)) {
        wrong(r, at, "must be text such as \"12.50\", as JSON numbers are not exact");
        return;
    }
    if (f->min >= 0 && str_starts(text_of(j), STR("-"))) {
        wrong(r, at, "must not be negative");
        return;
    }
    switch (micros_parse(text_of(j), &micros)) {
    case MICROS_NOT_DECIMAL: wrong(r, at, "must be a decimal number such as \"12.50\""); return;
    case MICROS_TOO_PRECISE: wrong(r, at, "must have at most 6 decimals"); return;
    case MICROS_TOO_LARGE: range_wrong(r, at, f); return;
    case MICROS_OK: break;
    }
    if (micros < f->min || micros > f->max)
        range_wrong(r, at, f);
    else
        *out = micros;
}

static void read_currency(struct reader *r, const struct place *at, const json_t *j)
{
    if (!j)
        wrong(r, at, "is required");
    else if (!json_is_string(j) || !str_is(text_of(j), "USD"))
        wrong(r, at, "must be \"USD\"");
}

static void read_money(struct reader *r, const struct place *at, const json_t *j,
                       const struct json_field *f, int64_t *out)
{
    if (!json_is_object(j)) {
        wrong(r, at,
              "must be an object with amount as text, such as "
              "{\"amount\":\"12.50\",\"currency\":\"USD\"}");
        return;
    }
    const struct place amount = { at, "amount", 0 }, currency = { at, "currency", 0 };
    const json_t *value = json_object_get(j, "amount");
    if (value)
        read_amount(r, &amount, value, f, out);
    else
        wrong(r, &amount, "is required");
    read_currency(r, &currency, json_object_get(j, "currency"));

    const char *key;
    json_t *member;
    json_object_foreach(json_walkable(j), key, member)
    {
        const struct place other = { at, key, 0 };
        if (strcmp(key, "amount") != 0 && strcmp(key, "currency") != 0)
            wrong(r, &other, "is not a field of this body");
    }
}

/* --- lists --- */

/* Is it an array with room for its items? */
static bool is_list(struct reader *r, const struct place *at, const json_t *j, int64_t max)
{
    if (!json_is_array(j)) return wrong(r, at, "must be a list");
    if ((int64_t)json_array_size(j) > max)
        return wrong(r, at, "must have at most %" PRId64 " items", max);
    return true;
}

static void read_texts(struct reader *r, const struct place *at, const json_t *j,
                       const struct json_field *f, struct str_list *out)
{
    if (!is_list(r, at, j, f->max)) return;

    const size_t n = json_array_size(j);
    struct str *v = keep_room(r, n, sizeof(*v));
    for (size_t i = 0; v && i < n; i++) {
        const struct place item = { at, NULL, i };
        (void)read_text(r, &item, json_array_get(j, i), 0, TEXT_MAX, &v[i]);
    }
    if (v) *out = (struct str_list){ v, n };
}

static void read_i64s(struct reader *r, const struct place *at, const json_t *j,
                      const struct json_field *f, struct i64_list *out)
{
    if (!is_list(r, at, j, (int64_t)f->item_size)) return;

    const size_t n = json_array_size(j);
    int64_t *v = keep_room(r, n, sizeof(*v));
    for (size_t i = 0; v && i < n; i++) {
        const struct place item = { at, NULL, i };
        read_i64(r, &item, json_array_get(j, i), f, &v[i]);
    }
    if (v) *out = (struct i64_list){ v, n };
}

static bool is_variable_name(const char *name)
{
    for (const char *p = name; *p; p++) {
        const bool letter = (*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z') || *p == '_';
        if (!letter && (p == name || *p < '0' || *p > '9')) return false;
    }
    return *name && strlen(name) <= NAME_MAX_BYTES;
}

static void read_pair(struct reader *r, const struct place *at, const char *key, const json_t *j,
                      struct str_pair *out)
{
    if (!is_variable_name(key)) {
        wrong(r, at, "must be named by letters, digits and _, not starting with a digit");
        return;
    }
    out->name = keep(r, str_of(key));
    (void)read_text(r, at, j, 0, TEXT_MAX, &out->value);
}

static void read_text_map(struct reader *r, const struct place *at, const json_t *j,
                          const struct json_field *f, struct str_map *out)
{
    const size_t n = json_object_size(j);
    if (!json_is_object(j)) {
        wrong(r, at, "must be an object of texts");
        return;
    }
    if ((int64_t)n > f->max) {
        wrong(r, at, "must have at most %" PRId64 " members", f->max);
        return;
    }
    struct str_pair *v = keep_room(r, n, sizeof(*v));
    const char *key;
    json_t *value;
    size_t i = 0;
    if (!v) return;
    json_object_foreach(json_walkable(j), key, value)
    {
        const struct place member = { at, key, 0 };
        read_pair(r, &member, key, value, &v[i++]);
    }
    *out = (struct str_map){ v, n };
}

static void read_objects(struct reader *r, const struct place *at, const json_t *j,
                         const struct json_field *f, struct json_array *out)
{
    if (!is_list(r, at, j, f->max)) return;

    const size_t n = json_array_size(j);
    char *v = keep_room(r, n, f->item_size);
    for (size_t i = 0; v && i < n; i++) {
        const struct place item = { at, NULL, i };
        read_object(r, &item, json_array_get(j, i), f->fields, v + i * f->item_size);
    }
    if (v) *out = (struct json_array){ v, n };
}

/* --- objects --- */

static void read_value(struct reader *r, const struct place *at, const json_t *j,
                       const struct json_field *f, void *out)
{
    switch (f->kind) {
    case JSON_K_TEXT: (void)read_text(r, at, j, f->min, f->max, out); return;
    case JSON_K_I64: read_i64(r, at, j, f, out); return;
    case JSON_K_BOOL: read_bool(r, at, j, out); return;
    case JSON_K_ENUM: read_enum(r, at, j, f, out); return;
    case JSON_K_MONEY: read_money(r, at, j, f, out); return;
    case JSON_K_TIME: read_time(r, at, j, out); return;
    case JSON_K_TEXTS: read_texts(r, at, j, f, out); return;
    case JSON_K_I64S: read_i64s(r, at, j, f, out); return;
    case JSON_K_TEXT_MAP: read_text_map(r, at, j, f, out); return;
    case JSON_K_OBJECT: read_object(r, at, j, f->fields, out); return;
    case JSON_K_OBJECTS: read_objects(r, at, j, f, out); return;
    case JSON_K_BASE64: read_base64(r, at, j, f, out); return;
    case JSON_K_REFUSED: read_refused(r, at, j, f); return;
    }
}

static void read_field(struct reader *r, const struct place *up, const json_t *object,
                       const struct json_field *f, void *out)
{
    const struct place at = { up, f->name, 0 };
    const json_t *j = json_object_get(object, f->name);
    const bool absent = !j || json_is_null(j);
    if (absent && f->required) wrong(r, &at, "is required");
    if (!absent) read_value(r, &at, j, f, (char *)out + f->off);
}

static bool is_field(const struct json_field *fields, const char *name)
{
    for (const struct json_field *f = fields; f->name; f++)
        if (strcmp(f->name, name) == 0) return true;
    return false;
}

/* NULL: no name is near. */
static const char *nearest(const struct json_field *fields, const char *given)
{
    const char *best = NULL;
    size_t least = SIZE_MAX;
    for (const struct json_field *f = fields; f->name; f++) {
        const size_t distance = edit_distance(str_of(given), str_of(f->name));
        if (!is_near(str_of(given), str_of(f->name)) || distance >= least) continue;
        best = f->name;
        least = distance;
    }
    return best;
}

static void refuse_unknown(struct reader *r, const struct place *up, const json_t *object,
                           const struct json_field *fields)
{
    const char *key;
    json_t *value;
    json_object_foreach(json_walkable(object), key, value)
    {
        const struct place at = { up, key, 0 };
        if (is_field(fields, key)) continue;
        const char *meant = nearest(fields, key);
        if (meant)
            wrong(r, &at, "is not a field of this body; did you mean \"%s\"?", meant);
        else
            wrong(r, &at, "is not a field of this body");
    }
}

static void read_object(struct reader *r, const struct place *at, const json_t *j,
                        const struct json_field *fields, void *out)
{
    if (!json_is_object(j)) {
        wrong(r, at, "must be an object");
        return;
    }
    for (const struct json_field *f = fields; f->name; f++)
        read_field(r, at, j, f, out);
    refuse_unknown(r, at, j, fields);
}

bool json_read(const json_t *body, const struct json_field *fields, struct arena *a, void *out,
               struct complaints *c, struct err *err)
{
    struct reader r = { a, c, false };
    *c = (struct complaints){ 0 };
    read_object(&r, NULL, body, fields, out);
    if (r.no_memory) return FAIL(err, ERR_NO_MEMORY, "No memory was left to read the body.");
    if (c->n == 0) return true;
    sum_up(c, err);
    return false;
}
