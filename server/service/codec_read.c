/* SPDX-License-Identifier: Apache-2.0 */
/* The way back: from canonical text to structs, and nothing that is not canonical.
 *
 * Names of members rise, in the text (cut.h) as in the table, so one walk compares the two: what
 * the table lacks is unknown, what the text lacks is missing, and nothing can be there twice. No
 * tree is built: reading costs less than applying what was read. */
#include "service/codec.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "service/cut.h"

#define SHOWN_MAX 40 /* bytes of what came from outside in a message */

struct reading {
    const char *what;
    struct err *err;
};

static enum codec_fault fault(const struct reading *r, enum codec_fault f, struct str member,
                              const char *why)
{
    const enum err_code code =
        f == CODEC_NOT_CANONICAL ? ERR_MALFORMED_BODY : ERR_VALIDATION_FAILED;
    const size_t n = member.n < SHOWN_MAX ? member.n : SHOWN_MAX;

    FAIL(r->err, code, "%s: \"%.*s\" %s", r->what, (int)n, n > 0 ? member.p : "", why);
    return f;
}

static enum codec_fault not_canonical(const struct reading *r)
{
    FAIL(r->err, ERR_MALFORMED_BODY, "%s: this is not canonical JSON.", r->what);
    return CODEC_NOT_CANONICAL;
}

/* ---- values ---- */

static enum codec_fault read_number(const struct reading *r, const struct codec_field *f,
                                    struct str v, void *base)
{
    const int bits = (int)(8 * f->size);
    const bool is_unsigned = f->type == CODEC_UNSIGNED;
    int64_t min = f->min, max = f->max, value;

    if (min == 0 && max == 0) {
        assert(!is_unsigned || bits < 64);
        max = is_unsigned ? (INT64_C(1) << bits) - 1 : INT64_MAX >> (64 - bits);
        min = is_unsigned ? 0 : -max - 1;
    }
    if (!str_i64(v, INT64_MIN, INT64_MAX, &value)) {
        const bool digits = v.n > 0 && (v.p[0] == '-' || (v.p[0] >= '0' && v.p[0] <= '9'));
        return digits ? fault(r, CODEC_OUT_OF_RANGE, str_of(f->name), "is no whole 64-bit number.")
                      : fault(r, CODEC_WRONG_TYPE, str_of(f->name), "must be a number.");
    }
    if (value < min || value > max) {
        char why[96];
        snprintf(why, sizeof(why), "is not in %" PRId64 " … %" PRId64 ".", min, max);
        return fault(r, CODEC_OUT_OF_RANGE, str_of(f->name), why);
    }
    codec_store(f, base, value);
    return CODEC_OK;
}

static enum codec_fault read_bool(const struct reading *r, const struct codec_field *f,
                                  struct str v, void *base)
{
    if (!str_is(v, "true") && !str_is(v, "false"))
        return fault(r, CODEC_WRONG_TYPE, str_of(f->name), "must be true or false.");
    codec_store(f, base, str_is(v, "true"));
    return CODEC_OK;
}

static bool unquote(struct str *v)
{
    if (v->n < 2 || v->p[0] != '"' || v->p[v->n - 1] != '"') return false;
    *v = (struct str){ v->p + 1, v->n - 2 };
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum codec_fault read_mask(const struct reading *r, const struct codec_field *f,
                                  struct str v, void *base)
{
    uint64_t mask = 0;

    if (!unquote(&v)) return fault(r, CODEC_WRONG_TYPE, str_of(f->name), "must be a text in hex.");
    bool ok = v.n > 0 && v.n <= 16 && (v.n == 1 || v.p[0] != '0');
    for (size_t i = 0; i < v.n && ok; i++) {
        const int digit = hex_digit(v.p[i]);
        ok = digit >= 0;
        if (ok) mask = mask << 4 | (uint64_t)digit;
    }
    if (!ok)
        return fault(r, CODEC_OUT_OF_RANGE, str_of(f->name),
                     "must be 1 to 16 digits of lower-case hex, the first not 0.");
    codec_store(f, base, (int64_t)mask);
    return CODEC_OK;
}

/* One character of a canonical text, taken off it: an escape gives one byte, others are copied byte
 * by byte. False: an escape that RFC 8785 does not have. */
static bool next_byte(struct str *v, char *out)
{
    static const char escapes[] = "\"\"\\\\b\bf\fn\nr\rt\t";
    const char c = v->p[0];

    *out = c;
    *v = (struct str){ v->p + 1, v->n - 1 };
    if (c != '\\') return (unsigned char)c >= 0x20;
    if (v->n >= 5 && memcmp(v->p, "u00", 3) == 0) {
        const int high = hex_digit(v->p[3]), low = hex_digit(v->p[4]);
        if (high < 0 || high > 1 || low < 0 || (high | low) == 0) return false;
        *out = (char)(high << 4 | low);
        *v = (struct str){ v->p + 5, v->n - 5 };
        return !strchr("\b\f\n\r\t", *out); /* these have a shorter form */
    }
    for (size_t i = 0; v->n > 0 && i + 1 < sizeof(escapes); i += 2) {
        if (escapes[i] != v->p[0]) continue;
        *out = escapes[i + 1];
        *v = (struct str){ v->p + 1, v->n - 1 };
        return true;
    }
    return false;
}

static enum codec_fault read_text(const struct reading *r, const struct codec_field *f,
                                  struct str v, void *base)
{
    char *out = (char *)base + f->off;
    size_t n = 0;

    if (!unquote(&v)) return fault(r, CODEC_WRONG_TYPE, str_of(f->name), "must be a text.");
    while (v.n > 0) {
        if (n + 1 == f->size) return fault(r, CODEC_OUT_OF_RANGE, str_of(f->name), "is too long.");
        if (!next_byte(&v, &out[n++])) return not_canonical(r);
    }
    memset(out + n, 0, f->size - n);
    return json_text_ok((struct str){ out, n }) ? CODEC_OK : not_canonical(r);
}

/* Objects and lists nest as deep as the tables do. NOLINTBEGIN(misc-no-recursion) */
static enum codec_fault read_list(const struct reading *r, const struct codec_field *f,
                                  struct str v, void *base);

static enum codec_fault read_value(const struct reading *r, const struct codec_field *f,
                                   struct str v, void *base)
{
    switch (f->type) {
    case CODEC_SIGNED:
    case CODEC_UNSIGNED: return read_number(r, f, v, base);
    case CODEC_BOOL: return read_bool(r, f, v, base);
    case CODEC_MASK: return read_mask(r, f, v, base);
    case CODEC_TEXT: return read_text(r, f, v, base);
    case CODEC_LIST: return read_list(r, f, v, base);
    case CODEC_OBJECT:
        return codec_read_object(f->items, f->items_n, f->name, v, (char *)base + f->off, r->err);
    }
    return CODEC_WRONG_TYPE;
}

static void leave_out(const struct codec_field *f, void *base)
{
    const int32_t count = (int32_t)f->usual;

    if (f->type == CODEC_LIST)
        memcpy((char *)base + f->count_off, &count, sizeof(count));
    else if (f->type == CODEC_TEXT)
        memset((char *)base + f->off, 0, f->size);
    else
        codec_store(f, base, f->usual);
}

static enum codec_fault read_members(const struct reading *r, const struct codec_field *fields,
                                     size_t n, const struct cut_members *m, void *base)
{
    size_t i = 0;

    for (size_t k = 0; k < n; k++) {
        const struct codec_field *f = &fields[k];
        const int c = i < m->n ? cut_compare(m->v[i].name, str_of(f->name)) : 1;
        if (c < 0) return fault(r, CODEC_UNKNOWN_MEMBER, m->v[i].name, "is no member of it.");
        if (c > 0 && !f->optional)
            return fault(r, CODEC_MISSING_MEMBER, str_of(f->name), "is missing.");
        if (c > 0) {
            leave_out(f, base);
            continue;
        }
        const enum codec_fault got = read_value(r, f, m->v[i++].value, base);
        if (got != CODEC_OK) return got;
    }
    if (i < m->n) return fault(r, CODEC_UNKNOWN_MEMBER, m->v[i].name, "is no member of it.");
    return CODEC_OK;
}

enum codec_fault codec_read_object(const struct codec_field *fields, size_t n, const char *what,
                                   struct str text, void *out, struct err *err)
{
    const struct reading r = { what, err };
    struct cut_members m;

    if (text.n > 0 && strchr("-0123456789\"[tfn", text.p[0]))
        return fault(&r, CODEC_WRONG_TYPE, str_of(what), "must be an object.");
    if (!cut_object(text, &m)) return not_canonical(&r);
    return read_members(&r, fields, n, &m, out);
}

static enum codec_fault read_item(const struct reading *r, const struct codec_field *list,
                                  struct str v, void *item)
{
    if (list->items[0].name)
        return codec_read_object(list->items, list->items_n, list->name, v, item, r->err);
    struct codec_field bare = list->items[0];
    bare.name = list->name; /* for messages: a bare value has none */
    return read_value(r, &bare, v, item);
}

static enum codec_fault read_list(const struct reading *r, const struct codec_field *f,
                                  struct str v, void *base)
{
    int32_t count = (int32_t)f->usual;

    if (!cut_char(&v, '[')) return fault(r, CODEC_WRONG_TYPE, str_of(f->name), "must be a list.");
    while (v.n > 0 && v.p[0] != ']') {
        struct str item;
        if ((size_t)count == f->most)
            return fault(r, CODEC_OUT_OF_RANGE, str_of(f->name), "has too many elements.");
        if ((count > f->usual && !cut_char(&v, ',')) || !cut_value(&v, &item))
            return not_canonical(r);
        const enum codec_fault got =
            read_item(r, f, item, (char *)base + f->off + (size_t)count++ * f->size);
        if (got != CODEC_OK) return got;
    }
    if (!cut_char(&v, ']') || v.n > 0) return not_canonical(r);
    memcpy((char *)base + f->count_off, &count, sizeof(count));
    return CODEC_OK;
}
/* NOLINTEND(misc-no-recursion) */

/* ---- commands ---- */

/* Take a member out of the rest. False: it is not there. */
static bool pull(struct cut_members *m, const char *name, struct str *value)
{
    for (size_t i = 0; i < m->n; i++) {
        if (!str_is(m->v[i].name, name)) continue;
        *value = m->v[i].value;
        memmove(&m->v[i], &m->v[i + 1], (m->n - i - 1) * sizeof(m->v[0]));
        m->n--;
        return true;
    }
    return false;
}

static enum codec_fault read_kind(const struct reading *r, struct str v, struct command *out)
{
    if (!unquote(&v)) return fault(r, CODEC_WRONG_TYPE, STR("kind"), "must be a text.");
    for (int i = 0; i < COMMAND_KINDS; i++) {
        if (!codec_kinds[i].name || !str_is(v, codec_kinds[i].name)) continue;
        out->kind = (enum command_kind)i;
        return CODEC_OK;
    }
    return fault(r, CODEC_UNKNOWN_KIND, v, "is no kind of command.");
}

/* What all commands have. */
static enum codec_fault read_common(struct reading *r, struct cut_members *m, struct command *out,
                                    struct str *more)
{
    static const struct codec_field by = CODEC_IS(struct command, "by", account);
    struct str v;

    if (!pull(m, "kind", &v)) return fault(r, CODEC_MISSING_MEMBER, STR("kind"), "is missing.");
    enum codec_fault got = read_kind(r, v, out);
    if (got != CODEC_OK) return got;
    r->what = codec_kinds[out->kind].name;
    if (!pull(m, "version", &v))
        return fault(r, CODEC_MISSING_MEMBER, STR("version"), "is missing.");
    if (!str_is(v, "1")) return fault(r, CODEC_UNKNOWN_VERSION, STR("version"), "is not 1.");
    if (!pull(m, "by", &v)) return fault(r, CODEC_MISSING_MEMBER, STR("by"), "is missing.");
    got = read_number(r, &by, v, out);
    if (got == CODEC_OK && more && !pull(m, "more", more)) *more = (struct str){ NULL, 0 };
    return got;
}

enum codec_fault codec_read(struct str text, struct command *out, struct str *more, struct err *err)
{
    struct reading r = { "command", err };
    struct command c = { 0 };
    struct cut_members m;
    struct str about;

    if (!cut_object(text, &m)) return not_canonical(&r);
    enum codec_fault got = read_common(&r, &m, &c, more ? &about : NULL);
    if (got != CODEC_OK) return got;
    const struct codec_kind *k = &codec_kinds[c.kind];
    got = read_members(&r, k->fields, k->fields_n, &m, &c);
    if (got != CODEC_OK) return got;
    *out = c;
    if (more) *more = about;
    return CODEC_OK;
}
