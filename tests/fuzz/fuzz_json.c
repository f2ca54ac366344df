/* SPDX-License-Identifier: Apache-2.0 */
/* JSON bodies: what is parsed and read by a table has a canonical form that stays itself. */
#include "tests/fuzz/fuzz.h"
#include "json/parse.h"

struct inner {
    int64_t price, at_us;
};

struct body {
    struct str name;
    int64_t units;
    bool dry;
    int kind;
    int64_t budget;
    struct str_list command;
    struct str_map env;
    struct inner terms;
    struct json_array parts;
    uint8_t key[32];
};

static const char *const kinds[] = { "batch", "session", NULL };
static const char *const only_batch[] = { "\"batch\"" };
static const struct json_field inner_fields[] = {
    JSON_MONEY(struct inner, price, "price", JSON_NEED, 0, INT64_MAX, "A price."),
    JSON_TIME(struct inner, at_us, "at", JSON_MAY, "A time."),
    JSON_END,
};
static const struct json_field fields[] = {
    JSON_TEXT(struct body, name, "name", JSON_MAY, 1, 128, "A name."),
    JSON_I64(struct body, units, "units", JSON_NEED, 1, 4095, "Units."),
    JSON_BOOL(struct body, dry, "dry", JSON_MAY, "Try only."),
    JSON_ENUM(struct body, kind, "kind", JSON_MAY, kinds, "A kind."),
    JSON_MONEY(struct body, budget, "budget", JSON_NEED, 1, INT64_C(1000000000000000), "A budget."),
    JSON_TEXTS(struct body, command, "command", JSON_MAY, 64, "Words."),
    JSON_TEXT_MAP(struct body, env, "env", JSON_MAY, 64, "Variables."),
    JSON_OBJECT(struct body, terms, "terms", JSON_MAY, inner_fields, "Terms."),
    JSON_OBJECTS(struct body, parts, "parts", JSON_MAY, 16, inner_fields, struct inner, "Parts."),
    JSON_BASE64(struct body, key, "key", JSON_MAY, 32, "A key."),
    JSON_REFUSED("level", only_batch, "Not yet."),
    JSON_END,
};

static void read_and_write(const json_t *j, struct arena *a)
{
    struct body body = { .kind = -1 }, again = { .kind = -1 };
    struct complaints c = { 0 };
    struct err err = { 0 };
    if (!json_read(j, fields, a, &body, &c, &err)) {
        LAW(err.code == ERR_NO_MEMORY || c.n > 0);
        return;
    }
    auto_json json_t *written = json_write(fields, &body);
    LAW(written != NULL);
    LAW(json_read(written, fields, a, &again, &c, &err) || err.code == ERR_NO_MEMORY);
    if (err.code == ERR_NO_MEMORY) return;
    LAW(again.units == body.units && again.budget == body.budget && str_eq(again.name, body.name));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = { 0 };
    auto_json json_t *j = json_parse((struct str){ (const char *)data, size }, &err);
    if (j == NULL) {
        LAW(err.code != ERR_NONE);
        return 0;
    }
    struct arena a;
    arena_init(&a, 1 << 20);
    read_and_write(j, &a);
    arena_done(&a);
    return 0;
}
