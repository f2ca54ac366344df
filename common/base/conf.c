/* SPDX-License-Identifier: Apache-2.0 */
/* Three sources, the later ones winning: the table's own values, the file, the environment. No
 * message repeats a value, as it may be a secret. */
#include "base/conf.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/limits.h"

struct load {
    const struct conf_key *keys;
    size_t n;
    struct arena *arena;
    char *out;
    bool *given; /* by the file, one per key */
    struct err *err;
};

/* Where a value stands, for messages: "bourse.conf:12: port" or "BOURSE_PORT". */
struct place {
    char text[160];
};

static bool complain(struct load *l, const struct place *place, const char *what)
{
    return FAIL(l->err, ERR_VALIDATION_FAILED, "%s: %s", place->text, what);
}

static bool printable(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        const unsigned char c = (unsigned char)s.p[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f) return false;
    }
    return true;
}

static bool set_text(struct load *l, const struct conf_key *key, struct str value,
                     const struct place *place)
{
    if (!printable(value)) return complain(l, place, "control characters are not allowed");
    const char *copy = arena_copy(l->arena, value);
    if (!copy) return FAIL(l->err, ERR_NO_MEMORY, "%s: no memory for it", place->text);
    memcpy(l->out + key->off, &copy, sizeof(copy));
    return true;
}

static bool set_i64(struct load *l, const struct conf_key *key, struct str value,
                    const struct place *place)
{
    int64_t number;
    if (!str_i64(value, key->min, key->max, &number))
        return FAIL(l->err, ERR_VALIDATION_FAILED,
                    "%s: must be a whole number from %" PRId64 " to %" PRId64, place->text,
                    key->min, key->max);
    memcpy(l->out + key->off, &number, sizeof(number));
    return true;
}

static bool set_bool(struct load *l, const struct conf_key *key, struct str value,
                     const struct place *place)
{
    const bool yes = str_is(value, "true");
    if (!yes && !str_is(value, "false")) return complain(l, place, "must be true or false");
    memcpy(l->out + key->off, &yes, sizeof(yes));
    return true;
}

static bool set(struct load *l, const struct conf_key *key, struct str value,
                const struct place *place)
{
    switch (key->kind) {
    case CONF_TEXT: return set_text(l, key, value, place);
    case CONF_I64: return set_i64(l, key, value, place);
    case CONF_BOOL: return set_bool(l, key, value, place);
    }
    return complain(l, place, "is of no known kind");
}

static void set_nothing(struct load *l, const struct conf_key *key)
{
    static const size_t sizes[] = {
        [CONF_TEXT] = sizeof(char *), [CONF_I64] = sizeof(int64_t), [CONF_BOOL] = sizeof(bool)
    };
    static const char *const no_text = NULL;
    if (key->kind == CONF_TEXT)
        memcpy(l->out + key->off, &no_text, sizeof(no_text));
    else
        memset(l->out + key->off, 0, sizes[key->kind]);
}

static bool take_initial(struct load *l, const struct conf_key *key)
{
    struct place place;
    if (!key->initial) {
        set_nothing(l, key);
        return true;
    }
    snprintf(place.text, sizeof(place.text), "the default of %s", key->name);
    return set(l, key, str_of(key->initial), &place);
}

/* n: there is no such key. */
static size_t find(const struct load *l, struct str name)
{
    size_t i = 0;
    while (i < l->n && !str_is(name, l->keys[i].name))
        i++;
    return i;
}

static bool take_line(struct load *l, struct str line, const char *file, int number)
{
    struct place place;
    struct str name, value;

    line = str_trim(line);
    if (line.n == 0 || line.p[0] == '#') return true;
    snprintf(place.text, sizeof(place.text), "%s:%d", file, number);
    if (!str_cut(line, '=', &name, &value)) return complain(l, &place, "must be key = value");

    name = str_trim(name);
    snprintf(place.text, sizeof(place.text), "%s:%d: %.*s", file, number, (int)name.n, name.p);
    const size_t i = find(l, name);
    if (i == l->n) return complain(l, &place, "there is no such key");
    if (l->given[i]) return complain(l, &place, "is set twice");
    l->given[i] = true;
    return set(l, &l->keys[i], str_trim(value), &place);
}

static bool take_lines(struct load *l, struct str text, const char *file)
{
    struct str line;
    int number = 1;
    for (; str_cut(text, '\n', &line, &text); number++)
        if (!take_line(l, line, file, number)) return false;
    return take_line(l, text, file, number);
}

static bool take_file(struct load *l, const char *file)
{
    auto_buf struct buf text = { 0 };
    if (!file_read(file, CONF_FILE_MAX, &text, l->err)) {
        const struct err cause = *l->err;
        FAIL(l->err, cause.code, "%s: %s", file, cause.detail);
        err_internal(l->err, "%s", cause.internal);
        return false;
    }
    return take_lines(l, buf_view(&text), file);
}

static bool take_variable(struct load *l, const struct conf_key *key, const char *prefix)
{
    struct place place;
    const int n = snprintf(place.text, sizeof(place.text), "%s%s", prefix, key->name);
    if (n < 0 || (size_t)n >= sizeof(place.text)) return complain(l, &place, "is too long a name");
    for (char *p = place.text; *p != '\0'; p++)
        *p = (char)toupper((unsigned char)*p);

    const char *value = getenv(place.text);
    return !value || set(l, key, str_of(value), &place);
}

bool conf_load(const struct conf_key *keys, size_t n, const char *prefix, const char *file,
               struct arena *a, void *out, struct err *err)
{
    struct load l = { keys, n, a, out, arena_alloc(a, n), err };
    if (!l.given) return FAIL(err, ERR_NO_MEMORY, "No memory was left for the configuration.");

    for (size_t i = 0; i < n; i++)
        if (!take_initial(&l, &keys[i])) return false;
    if (file && !take_file(&l, file)) return false;
    for (size_t i = 0; i < n; i++)
        if (!take_variable(&l, &keys[i], prefix)) return false;
    return true;
}
