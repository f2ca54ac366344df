/* SPDX-License-Identifier: Apache-2.0 */
/* The way out: from structs to text. The members of a kind and those that all kinds have are two
 * sorted rows, which are merged on the way, so nothing is sorted and no tree is built. */
#include "service/codec.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

const char *command_name(int64_t kind)
{
    const char *name = kind >= 0 && kind < COMMAND_KINDS ? codec_kinds[kind].name : NULL;

    return name ? name : "";
}

/* ---- members in structs ---- */

static const char *at(const void *base, size_t off)
{
    return (const char *)base + off;
}

static int64_t load_signed(const char *p, size_t size)
{
    switch (size) {
    case 1: return *(const int8_t *)p;
    case 2: {
        int16_t v;
        memcpy(&v, p, sizeof(v));
        return v;
    }
    case 4: {
        int32_t v;
        memcpy(&v, p, sizeof(v));
        return v;
    }
    default: {
        int64_t v;
        assert(size == sizeof(v));
        memcpy(&v, p, sizeof(v));
        return v;
    }
    }
}

int64_t codec_load(const struct codec_field *f, const void *base)
{
    const int64_t v = load_signed(at(base, f->off), f->size);

    if (f->type != CODEC_UNSIGNED || v >= 0) return v;
    assert(f->size < sizeof(v)); /* see CODEC_TYPE */
    return v + (INT64_C(1) << (8 * f->size));
}

/* Little and big ends alike: the value goes through an integer of the member's own width. */
void codec_store(const struct codec_field *f, void *base, int64_t value)
{
    char *p = (char *)base + f->off;
    const int8_t v8 = (int8_t)value;
    const int16_t v16 = (int16_t)value;
    const int32_t v32 = (int32_t)value;

    switch (f->size) {
    case 1: memcpy(p, &v8, sizeof(v8)); return;
    case 2: memcpy(p, &v16, sizeof(v16)); return;
    case 4: memcpy(p, &v32, sizeof(v32)); return;
    default:
        assert(f->size == sizeof(value));
        memcpy(p, &value, sizeof(value));
        return;
    }
}

int32_t codec_count(const struct codec_field *list, const void *base)
{
    int32_t n;

    memcpy(&n, at(base, list->count_off), sizeof(n));
    return n;
}

bool codec_is_usual(const struct codec_field *f, const void *base)
{
    switch (f->type) {
    case CODEC_SIGNED:
    case CODEC_UNSIGNED:
    case CODEC_BOOL:
    case CODEC_MASK: return codec_load(f, base) == f->usual;
    case CODEC_TEXT: return *at(base, f->off) == '\0';
    case CODEC_LIST: return codec_count(f, base) <= f->usual;
    case CODEC_OBJECT: break; /* never left out */
    }
    return false;
}

/* ---- text ---- */

static void put_i64(struct buf *out, int64_t v)
{
    char digits[20];
    size_t i = sizeof(digits);
    uint64_t left = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

    do
        digits[--i] = (char)('0' + left % 10);
    while ((left /= 10) > 0);
    if (v < 0) digits[--i] = '-';
    buf_add(out, digits + i, sizeof(digits) - i);
}

static void put_name(struct buf *out, const char *name, bool *first)
{
    buf_c(out, *first ? "\"" : ",\"");
    buf_c(out, name);
    buf_c(out, "\":");
    *first = false;
}

/* Objects and lists nest as deep as the tables do. NOLINTBEGIN(misc-no-recursion) */
static void put_list(struct buf *out, const struct codec_field *f, const void *base);

static void put_value(struct buf *out, const struct codec_field *f, const void *base)
{
    switch (f->type) {
    case CODEC_SIGNED:
    case CODEC_UNSIGNED: put_i64(out, codec_load(f, base)); return;
    case CODEC_BOOL: buf_c(out, codec_load(f, base) != 0 ? "true" : "false"); return;
    case CODEC_MASK: buf_fmt(out, "\"%" PRIx64 "\"", (uint64_t)codec_load(f, base)); return;
    case CODEC_TEXT: json_canonical_text(str_of(at(base, f->off)), out); return;
    case CODEC_LIST: put_list(out, f, base); return;
    case CODEC_OBJECT: codec_write_object(f->items, f->items_n, at(base, f->off), out); return;
    }
}

static void put_field(struct buf *out, const struct codec_field *f, const void *base, bool *first)
{
    if (f->optional && codec_is_usual(f, base)) return;
    put_name(out, f->name, first);
    put_value(out, f, base);
}

void codec_write_object(const struct codec_field *fields, size_t n, const void *base,
                        struct buf *out)
{
    bool first = true;

    buf_char(out, '{');
    for (size_t i = 0; i < n; i++)
        put_field(out, &fields[i], base, &first);
    buf_char(out, '}');
}

static void put_item(struct buf *out, const struct codec_field *list, const void *item)
{
    if (list->items[0].name)
        codec_write_object(list->items, list->items_n, item, out);
    else
        put_value(out, &list->items[0], item);
}

static void put_list(struct buf *out, const struct codec_field *f, const void *base)
{
    const int32_t n = codec_count(f, base);

    assert(n >= 0 && (size_t)n <= f->most);
    buf_char(out, '[');
    for (int32_t i = (int32_t)f->usual; i < n; i++) {
        if (i > f->usual) buf_char(out, ',');
        put_item(out, f, at(base, f->off + (size_t)i * f->size));
    }
    buf_char(out, ']');
}
/* NOLINTEND(misc-no-recursion) */

/* Write the members of all kinds whose names come before `name` (NULL: all) and are not yet out. */
static void put_common(struct buf *out, const struct command *c, struct str more, int *next,
                       const char *name, bool *first)
{
    static const char *const names[] = { "by", "kind", "more", "version" };

    for (; *next < (int)ARRAY_LEN(names); ++*next) {
        if (name && strcmp(names[*next], name) > 0) return;
        if (*next == 2 && more.n == 0) continue;
        put_name(out, names[*next], first);
        switch (*next) {
        case 0: put_i64(out, c->account); break;
        case 1: json_canonical_text(str_of(command_name(c->kind)), out); break;
        case 2: buf_str(out, more); break;
        default: put_i64(out, 1); break;
        }
    }
}

void codec_write(const struct command *c, struct str more, struct buf *out)
{
    assert(*command_name(c->kind));
    const struct codec_kind *k = &codec_kinds[c->kind];
    bool first = true;
    int next = 0;

    buf_char(out, '{');
    for (size_t i = 0; i < k->fields_n; i++) {
        put_common(out, c, more, &next, k->fields[i].name, &first);
        put_field(out, &k->fields[i], c, &first);
    }
    put_common(out, c, more, &next, NULL, &first);
    buf_char(out, '}');
}
