/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct err_info table[ERR_COUNT] = {
    [ERR_NONE] = { "none", 200, FAULT_NONE, "No error." },
#define X(name, status, code, fault, title) [ERR_##name] = { code, status, FAULT_##fault, title },
#include "base/errors.def"
#undef X
};

const struct err_info *err_info(enum err_code code)
{
    assert(code < ERR_COUNT);
    return &table[code];
}

/* Bytes of the UTF-8 character that a lead byte announces. */
static size_t announced(unsigned char lead)
{
    return lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
}

/* A text that was cut at its n-th byte may end in half a character: take that away. */
static void drop_half_character(char *text, size_t n)
{
    size_t back = 1;
    while (back < 4 && back < n && ((unsigned char)text[n - back] & 0xc0) == 0x80)
        back++;
    if (back <= n && announced((unsigned char)text[n - back]) > back) text[n - back] = '\0';
}

PRINTF_LIKE(3, 0)
static void format(char *out, size_t size, const char *fmt, va_list args)
{
    const int n = vsnprintf(out, size, fmt, args);
    if (n < 0) out[0] = '\0';
    if (n >= 0 && (size_t)n >= size) drop_half_character(out, size - 1);
}

bool err_set(struct err *err, enum err_code code, const char *file, int line, const char *fmt, ...)
{
    assert(code != ERR_NONE && code < ERR_COUNT);

    struct err raised = { .code = code, .line = line, .file = file };
    va_list args;
    va_start(args, fmt); /* which may name err->detail, so that is written last */
    format(raised.detail, sizeof(raised.detail), fmt, args);
    va_end(args);
    *err = raised;
    return false;
}

void err_internal(struct err *err, const char *fmt, ...)
{
    char more[sizeof(err->internal)];
    va_list args;
    va_start(args, fmt);
    format(more, sizeof(more), fmt, args);
    va_end(args);

    const size_t n = strlen(err->internal);
    const size_t room = sizeof(err->internal) - n;
    const int added = snprintf(err->internal + n, room, "%s%s", n > 0 ? "; " : "", more);
    if (added > 0 && (size_t)added >= room)
        drop_half_character(err->internal, sizeof(err->internal) - 1);
}
