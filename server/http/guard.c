/* SPDX-License-Identifier: Apache-2.0 */
#include "http/guard.h"

#include <string.h>
#include <strings.h>

/* What a header's name consists of, RFC 9110 §5.6.2. */
#define TOKEN "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

enum named { OTHER, THIS, GLUED /* what was folded onto the next line became part of the name */ };

static enum named compare(const char *name, const char *want)
{
    const size_t n = strlen(want);
    if (strncasecmp(name, want, n) != 0) return OTHER;
    return name[n] == '\0' ? THIS : GLUED;
}

static bool is_token(const char *name)
{
    return *name != '\0' && name[strspn(name, TOKEN)] == '\0';
}

/* Digits alone; INT64_MAX when they are too many. -1: something else. */
static int64_t length_of(const char *value)
{
    if (*value == '\0' || value[strspn(value, "0123456789")] != '\0') return -1;
    int64_t n = 0;
    for (; *value != '\0'; value++)
        if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, *value - '0', &n))
            return INT64_MAX;
    return n;
}

void framing_see(struct framing *f, const char *name, const char *value)
{
    const enum named encoding = compare(name, "Transfer-Encoding");
    const enum named length = compare(name, "Content-Length");
    if (!value) value = "";

    if (!is_token(name) || strpbrk(value, "\r\n") || encoding == GLUED || length == GLUED)
        f->bad = true;
    if (encoding == THIS) {
        f->transfer_encodings++;
        if (strcasecmp(value, "chunked") != 0) f->bad = true;
    }
    if (length == THIS) {
        f->content_lengths++;
        f->length = length_of(value);
        if (f->length < 0) f->bad = true;
    }
    if (strcasecmp(name, "Host") == 0) f->hosts++;
}

bool framing_ok(const struct framing *f, const char *version)
{
    const bool is_1_1 = strcmp(version, "HTTP/1.1") == 0;
    if (f->bad || (!is_1_1 && strcmp(version, "HTTP/1.0") != 0)) return false;
    if (f->transfer_encodings + f->content_lengths > 1) return false;
    if (f->transfer_encodings > 0 && !is_1_1) return false;
    return is_1_1 ? f->hosts == 1 : f->hosts <= 1;
}
