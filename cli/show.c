/* SPDX-License-Identifier: Apache-2.0 */
#include "show.h"

#include <inttypes.h>
#include <string.h>

#include "amounts.h"
#include "base/clock.h"
#include "table.h"

#define DAY_AT  10 /* where the 'T' of a time stands */
#define TIME_AT 19 /* and where its fraction begins */

const json_t *show_find(const json_t *j, const char *path)
{
    struct str rest = str_of(path), head;
    char name[64];
    while (rest.n > 0) {
        struct str tail = { NULL, 0 };
        if (!str_cut(rest, '.', &head, &tail)) head = rest;
        if (head.n >= sizeof(name)) return NULL;
        memcpy(name, head.p, head.n);
        name[head.n] = '\0';
        j = json_object_get(j, name);
        rest = tail;
    }
    return json_is_null(j) ? NULL : j;
}

static struct str text_of(const json_t *j)
{
    if (!json_is_string(j)) return STR("-");
    return (struct str){ json_string_value(j), json_string_length(j) };
}

static struct str time_text(const json_t *j, struct arena *a)
{
    const struct str s = text_of(j);
    int64_t at_us;
    if (!rfc3339_parse(s, &at_us) || s.n < TIME_AT) return s;
    char *const copy = arena_copy(a, (struct str){ s.p, TIME_AT });
    if (!copy) return s;
    copy[DAY_AT] = ' ';
    return str_of(copy);
}

static struct str number_text(const json_t *j, enum show_kind kind, struct arena *a)
{
    char text[SIZE_TEXT_SIZE];
    if (!json_is_integer(j)) return STR("-");
    const int64_t n = json_integer_value(j);
    if (kind == SHOW_BYTES)
        size_format(n, text);
    else if (kind == SHOW_SECONDS)
        duration_format(n, text);
    else
        snprintf(text, sizeof(text), "%" PRId64, n);
    return str_of(arena_copy(a, str_of(text)));
}

static struct str texts_text(const json_t *j, struct arena *a)
{
    auto_buf struct buf all;
    size_t i;
    json_t *item;
    buf_init(&all, 4096);
    json_array_foreach(j, i, item)
    {
        if (i > 0) buf_char(&all, ',');
        buf_str(&all, text_of(item));
    }
    const struct str s = buf_view(&all);
    return s.n > 0 && !all.failed ? str_of(arena_copy(a, s)) : STR("-");
}

struct str show_cell(const json_t *j, const struct show *show, struct arena *a)
{
    const json_t *const value = show_find(j, show->path);
    if (!value) return STR("-");
    switch (show->kind) {
    case SHOW_TEXT: return text_of(value);
    case SHOW_TIME: return time_text(value, a);
    case SHOW_MONEY: return amount_short(text_of(json_object_get(value, "amount")));
    case SHOW_NUMBER:
    case SHOW_BYTES:
    case SHOW_SECONDS: return number_text(value, show->kind, a);
    case SHOW_TEXTS: return texts_text(value, a);
    }
    return STR("-");
}

static bool is_right(enum show_kind kind)
{
    return kind == SHOW_NUMBER || kind == SHOW_MONEY || kind == SHOW_BYTES || kind == SHOW_SECONDS;
}

void show_list(const json_t *array, const struct show *columns, struct arena *a, struct buf *out)
{
    struct column titles[COLUMNS_MAX] = { { NULL, false } };
    struct table t;
    size_t n = 0, i;
    json_t *row;
    for (; columns[n].title; n++) {
        titles[n] = (struct column){ columns[n].title, is_right(columns[n].kind) };
    }
    table_init(&t, a, titles, n);
    json_array_foreach(array, i, row)
    {
        for (size_t c = 0; c < n; c++) {
            if (!table_add(&t, show_cell(row, &columns[c], a))) out->failed = true;
        }
    }
    table_write(&t, out);
}

void show_one(const json_t *object, const struct show *members, struct arena *a, struct buf *out)
{
    static const struct column columns[] = { { NULL, false }, { NULL, false } };
    struct table t;
    table_init(&t, a, columns, ARRAY_LEN(columns));
    for (; members->title; members++) {
        if (!table_add(&t, str_of(members->title)) || !table_add(&t, show_cell(object, members, a)))
            out->failed = true;
    }
    table_write(&t, out);
}
