/* SPDX-License-Identifier: Apache-2.0 */
#include "args.h"

#include <string.h>

#include "amounts.h"
#include "json/suggest.h"

static void *place(const struct arg_set *set, const struct arg *arg)
{
    return (char *)set->out + arg->off;
}

/* The table row for a name, and its set. NULL: there is none. */
static const struct arg *find(const struct arg_set *sets, size_t n, struct str name,
                              const struct arg_set **set)
{
    for (size_t i = 0; i < n; i++) {
        for (const struct arg *arg = sets[i].args; arg->name; arg++) {
            if (!str_is(name, arg->name)) continue;
            *set = &sets[i];
            return arg;
        }
    }
    return NULL;
}

static const char *nearest(const struct arg_set *sets, size_t n, struct str name)
{
    for (size_t i = 0; i < n; i++) {
        for (const struct arg *arg = sets[i].args; arg->name; arg++) {
            if (is_near(name, str_of(arg->name))) return arg->name;
        }
    }
    return NULL;
}

static bool unknown(const struct arg_set *sets, size_t n, struct str name, struct err *err)
{
    const char *const near = nearest(sets, n, name);
    return FAIL(err, ERR_VALIDATION_FAILED, "There is no option --%.*s here%s%s%s", (int)name.n,
                name.p, near ? "; did you mean --" : "", near ? near : "", near ? "?" : ".");
}

/* What a value has to look like. */
static const char *form(enum arg_kind kind)
{
    switch (kind) {
    case ARG_BOOL:
    case ARG_TEXT:
    case ARG_TEXTS: return "a text";
    case ARG_COUNT: return "a whole number from 1";
    case ARG_SIZE: return "a size as 512MiB or 2GB";
    case ARG_SECONDS: return "a duration as 90s, 10m or 1h30m";
    case ARG_MILLIS: return "a number with at most three decimals, as 1.5";
    case ARG_MONEY: return "an amount with at most six decimals, as 2.50";
    }
    return "";
}

static bool add_text(struct arg_texts *texts, const char *value)
{
    if (texts->n == ARG_TEXTS_MAX) return false;
    texts->v[texts->n++] = value;
    return true;
}

static bool store(enum arg_kind kind, void *at, const char *value)
{
    const struct str s = str_of(value);
    switch (kind) {
    case ARG_BOOL: *(bool *)at = true; return true;
    case ARG_TEXT: *(const char **)at = value; return true;
    case ARG_TEXTS: return add_text(at, value);
    case ARG_COUNT: return str_i64(s, 1, INT64_MAX, at);
    case ARG_SIZE: return size_parse(s, at);
    case ARG_SECONDS: return duration_parse(s, at);
    case ARG_MILLIS: return millis_parse(s, at);
    case ARG_MONEY:
        if (!amount_ok(s)) return false;
        *(const char **)at = value;
        return true;
    }
    return false;
}

/* One option at argv[*i]; its value may be the word behind it. */
static bool read_option(size_t argc, char *const *argv, size_t *i, const struct arg_set *sets,
                        size_t sets_n, struct err *err)
{
    const char *const word = argv[*i] + 2;
    const char *const equals = strchr(word, '=');
    const struct str name = { word, equals ? (size_t)(equals - word) : strlen(word) };
    const struct arg_set *set;
    const struct arg *const arg = find(sets, sets_n, name, &set);
    const char *value = equals ? equals + 1 : NULL;

    if (!arg) return unknown(sets, sets_n, name, err);
    if (arg->kind == ARG_BOOL && value)
        return FAIL(err, ERR_VALIDATION_FAILED, "--%s takes no value.", arg->name);
    if (arg->kind != ARG_BOOL && !value) {
        if (*i + 1 == argc)
            return FAIL(err, ERR_VALIDATION_FAILED, "--%s needs a value: %s.", arg->name,
                        form(arg->kind));
        value = argv[++*i];
    }
    if (!store(arg->kind, place(set, arg), value))
        return FAIL(err, ERR_VALIDATION_FAILED, "--%s %s: not %s.", arg->name, value,
                    form(arg->kind));
    return true;
}

bool args_read(size_t argc, char *const *argv, const struct arg_set *sets, size_t sets_n,
               struct words *out, struct err *err)
{
    struct words w = { .n = 0 };
    for (size_t i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--") == 0) {
            w.has_rest = true;
            w.rest = argv + i + 1;
            w.rest_n = argc - i - 1;
            break;
        }
        if (strncmp(argv[i], "--", 2) == 0) {
            if (!read_option(argc, argv, &i, sets, sets_n, err)) return false;
        } else if (argv[i][0] == '-' && argv[i][1]) {
            return FAIL(err, ERR_VALIDATION_FAILED, "There is no option %s here.", argv[i]);
        } else if (w.n == WORDS_MAX) {
            return FAIL(err, ERR_VALIDATION_FAILED, "%s: one word too many.", argv[i]);
        } else {
            w.v[w.n++] = argv[i];
        }
    }
    *out = w;
    return true;
}

void args_help(const struct arg *args, FILE *to)
{
    for (; args->name; args++) {
        char left[64];
        snprintf(left, sizeof(left), "--%s%s%s", args->name, args->value ? " " : "",
                 args->value ? args->value : "");
        fprintf(to, "  %-24s %s\n", left, args->doc);
    }
}
