/* SPDX-License-Identifier: Apache-2.0 */
/* One row per field of a body: the same table reads it, writes it, documents it and is compared
 * with openapi.yaml. Plain data, no jansson.
 *
 * A struct filled from a table holds: text as struct str (in the arena; p NULL: absent), integers
 * as int64_t, booleans as bool, money as int64_t micros, times as int64_t µs, enums as int, lists
 * of text as struct str_list, of integers as struct i64_list, maps of text as struct str_map,
 * objects as the nested struct, raw bytes as struct str. Absent optional fields keep what the
 * struct held before. */
#pragma once

#include "base/str.h"

enum json_kind {
    JSON_K_TEXT, /* min..max bytes, no control characters but tab and newline */
    JSON_K_I64,  /* min..max */
    JSON_K_BOOL,
    JSON_K_ENUM,     /* one of names (NULL-terminated); int gets the index */
    JSON_K_MONEY,    /* {"amount","currency":"USD"}, min..max micros */
    JSON_K_TIME,     /* RFC 3339 */
    JSON_K_TEXTS,    /* array of up to max texts, each up to TEXT_MAX */
    JSON_K_I64S,     /* array of up to item_size integers, each min..max */
    JSON_K_TEXT_MAP, /* object of up to max texts; names [A-Za-z_][A-Za-z0-9_]* */
    JSON_K_OBJECT,   /* by `fields` */
    JSON_K_OBJECTS,  /* array of up to max objects by `fields`; struct json_array */
    JSON_K_BASE64,   /* exactly max bytes, into uint8_t[max] at the offset */
    JSON_K_REFUSED,  /* known, not yet enforced: any value but `names[0]`'s default is not-supported
                      */
};

struct json_field {
    const char *name;
    enum json_kind kind;
    size_t off;
    int64_t min, max;
    const char *const
        *names; /* ENUM; REFUSED: names[0] is the one accepted value as JSON text, or NULL */
    const struct json_field *fields; /* OBJECT, OBJECTS; ends with a row whose name is NULL */
    size_t item_size;                /* OBJECTS: sizeof of one; I64S: how many at most */
    bool required;
    const char *doc; /* the sentence in openapi.yaml */
};

struct str_list {
    const struct str *v;
    size_t n;
};

struct i64_list {
    const int64_t *v;
    size_t n;
};

struct str_pair {
    struct str name, value;
};

struct str_map {
    const struct str_pair *v;
    size_t n;
};

struct json_array {
    void *v;
    size_t n;
};

/* clang-format off */
#define JSON_NEED true
#define JSON_MAY  false
#define JSON_TEXT(T, f, name, need, min, max, doc)   { name, JSON_K_TEXT,     offsetof(T, f), min, max, NULL, NULL, 0, need, doc }
#define JSON_I64(T, f, name, need, min, max, doc)    { name, JSON_K_I64,      offsetof(T, f), min, max, NULL, NULL, 0, need, doc }
#define JSON_BOOL(T, f, name, need, doc)             { name, JSON_K_BOOL,     offsetof(T, f), 0, 0, NULL, NULL, 0, need, doc }
#define JSON_ENUM(T, f, name, need, names, doc)      { name, JSON_K_ENUM,     offsetof(T, f), 0, 0, names, NULL, 0, need, doc }
#define JSON_MONEY(T, f, name, need, min, max, doc)  { name, JSON_K_MONEY,    offsetof(T, f), min, max, NULL, NULL, 0, need, doc }
#define JSON_TIME(T, f, name, need, doc)             { name, JSON_K_TIME,     offsetof(T, f), 0, 0, NULL, NULL, 0, need, doc }
#define JSON_TEXTS(T, f, name, need, max, doc)       { name, JSON_K_TEXTS,    offsetof(T, f), 0, max, NULL, NULL, 0, need, doc }
#define JSON_I64S(T, f, name, need, most, min, max, doc) { name, JSON_K_I64S, offsetof(T, f), min, max, NULL, NULL, most, need, doc }
#define JSON_TEXT_MAP(T, f, name, need, max, doc)    { name, JSON_K_TEXT_MAP, offsetof(T, f), 0, max, NULL, NULL, 0, need, doc }
#define JSON_OBJECT(T, f, name, need, fields, doc)   { name, JSON_K_OBJECT,   offsetof(T, f), 0, 0, NULL, fields, 0, need, doc }
#define JSON_OBJECTS(T, f, name, need, max, fields, I, doc) { name, JSON_K_OBJECTS, offsetof(T, f), 0, max, NULL, fields, sizeof(I), need, doc }
#define JSON_BASE64(T, f, name, need, size, doc)     { name, JSON_K_BASE64,   offsetof(T, f), size, size, NULL, NULL, 0, need, doc }
#define JSON_REFUSED(name, names, doc)               { name, JSON_K_REFUSED,  0, 0, 0, names, NULL, 0, false, doc }
#define JSON_END                                     { NULL, JSON_K_I64, 0, 0, 0, NULL, NULL, 0, false, NULL }
/* clang-format on */
