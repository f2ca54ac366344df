/* SPDX-License-Identifier: Apache-2.0 */
/* A value is made, is absent, or there is no memory for it: writers answer false for the last and
 * leave *out NULL for an absent one. */
#include <assert.h>

#include "base/base64.h"
#include "base/clock.h"
#include "json/micros.h"
#include "json/parse.h"

json_t *json_money(int64_t micros)
{
    char amount[MICROS_TEXT_SIZE];
    micros_format(micros, amount);
    return json_pack("{s:s,s:s}", "amount", amount, "currency", "USD");
}

json_t *json_time(int64_t at_us)
{
    char text[RFC3339_SIZE];
    if (at_us == 0) return json_null();
    rfc3339_format(at_us, text);
    return json_string(text);
}

static bool made(json_t *j, json_t **out)
{
    *out = j;
    return j != NULL;
}

static bool write_text(struct str s, json_t **out)
{
    return !s.p || made(json_text(s), out);
}

static bool write_enum(const struct json_field *f, int index, json_t **out)
{
    int n = 0;
    while (f->names[n])
        n++;
    assert(index < n);
    return index < 0 || made(json_string(f->names[index]), out);
}

static bool write_base64(const struct json_field *f, const uint8_t *bytes, json_t **out)
{
    auto_buf struct buf b = { .max = (size_t)f->max * 2 + 4 };
    base64_encode(bytes, (size_t)f->max, &b);
    return !b.failed && made(json_text(buf_view(&b)), out);
}

static bool write_texts(const struct json_field *f, const struct str_list *list, json_t **out)
{
    if (!list->v && !f->required) return true;
    assert(list->v || list->n == 0);
    auto_json json_t *array = json_array();
    for (size_t i = 0; i < list->n; i++)
        if (json_array_append_new(array, json_text(list->v[i])) != 0) return false;
    return made(take(array), out);
}

static bool write_i64s(const struct json_field *f, const struct i64_list *list, json_t **out)
{
    if (!list->v && !f->required) return true;
    assert(list->v || list->n == 0);
    auto_json json_t *array = json_array();
    for (size_t i = 0; i < list->n; i++)
        if (json_array_append_new(array, json_integer(list->v[i])) != 0) return false;
    return made(take(array), out);
}

static bool write_text_map(const struct json_field *f, const struct str_map *map, json_t **out)
{
    if (!map->v && !f->required) return true;
    assert(map->v || map->n == 0);
    auto_json json_t *object = json_object();
    for (size_t i = 0; i < map->n; i++) {
        const struct str name = map->v[i].name;
        if (json_object_setn_new(object, name.p, name.n, json_text(map->v[i].value)) != 0)
            return false;
    }
    return made(take(object), out);
}

static bool is_whole(const json_t *object, const struct json_field *fields)
{
    for (const struct json_field *f = fields; f->name; f++)
        if (f->required && !json_object_get(object, f->name)) return false;
    return true;
}

static bool write_object(const struct json_field *f, const void *in, json_t **out)
{
    auto_json json_t *object = json_write(f->fields, in);
    if (!object) return false;
    if (f->required || is_whole(object, f->fields)) *out = take(object);
    return true;
}

static bool write_objects(const struct json_field *f, const struct json_array *items, json_t **out)
{
    if (!items->v && !f->required) return true;
    assert(items->v || items->n == 0);
    auto_json json_t *array = json_array();
    for (size_t i = 0; i < items->n; i++) {
        const char *item = (const char *)items->v + i * f->item_size;
        if (json_array_append_new(array, json_write(f->fields, item)) != 0) return false;
    }
    return made(take(array), out);
}

static bool write_value(const struct json_field *f, const void *in, json_t **out)
{
    switch (f->kind) {
    case JSON_K_TEXT: return write_text(*(const struct str *)in, out);
    case JSON_K_I64: return made(json_integer(*(const int64_t *)in), out);
    case JSON_K_BOOL: return made(json_boolean(*(const bool *)in), out);
    case JSON_K_ENUM: return write_enum(f, *(const int *)in, out);
    case JSON_K_MONEY: return made(json_money(*(const int64_t *)in), out);
    case JSON_K_TIME: return made(json_time(*(const int64_t *)in), out);
    case JSON_K_TEXTS: return write_texts(f, in, out);
    case JSON_K_I64S: return write_i64s(f, in, out);
    case JSON_K_TEXT_MAP: return write_text_map(f, in, out);
    case JSON_K_OBJECT: return write_object(f, in, out);
    case JSON_K_OBJECTS: return write_objects(f, in, out);
    case JSON_K_BASE64: return write_base64(f, in, out);
    case JSON_K_REFUSED: return true;
    }
    return false;
}

json_t *json_write(const struct json_field *fields, const void *in)
{
    auto_json json_t *object = json_object();
    for (const struct json_field *f = fields; f->name; f++) {
        json_t *value = NULL;
        if (!write_value(f, (const char *)in + f->off, &value)) return NULL;
        if (value && json_object_set_new(object, f->name, value) != 0) return NULL;
    }
    return take(object);
}
