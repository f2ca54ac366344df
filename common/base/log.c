/* SPDX-License-Identifier: Apache-2.0 */
/* A line is built in a buffer of fixed size on the caller's stack, of which the last bytes are kept
 * for closing it. When something does not fit, texts are cut between two characters, anything else
 * is left out, and the line says "cut":true; it is valid JSON in every case. */
#include "base/log.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"

#define CUT  ",\"cut\":true"
#define ROOM (LOG_LINE_MAX - sizeof("\"" CUT "}\n") + 1)

struct line {
    char p[LOG_LINE_MAX];
    size_t n;
    bool cut; /* nothing is added any more */
};

static atomic_int sink_fd = STDERR_FILENO;
static atomic_int sink_least = LOG_INFO;

void log_open(int fd, enum log_level least)
{
    atomic_store(&sink_fd, fd);
    atomic_store(&sink_least, (int)least);
}

/* All of it or nothing. */
static void put(struct line *l, const char *p, size_t n)
{
    if (l->cut || l->n + n > ROOM) { /* l->n may be beyond by a closing quote */
        l->cut = true;
        return;
    }
    memcpy(l->p + l->n, p, n);
    l->n += n;
}

static void put_c(struct line *l, const char *text)
{
    put(l, text, strlen(text));
}

/* For what the kept bytes at the end are there for. */
static void put_end(struct line *l, const char *text)
{
    const size_t n = strlen(text);
    memcpy(l->p + l->n, text, n);
    l->n += n;
}

static bool continues(struct str s, size_t at)
{
    return at < s.n && ((unsigned char)s.p[at] & 0xc0) == 0x80;
}

/* Length of the well-formed UTF-8 character at the front of s (RFC 3629); 0: there is none. */
static size_t character(struct str s)
{
    const unsigned char lead = (unsigned char)s.p[0];
    const unsigned char second = s.n > 1 ? (unsigned char)s.p[1] : 0;

    if (lead < 0x80) return 1;
    if (lead < 0xc2 || lead > 0xf4 || !continues(s, 1)) return 0;
    if (lead < 0xe0) return 2;
    if (lead == 0xe0 && second < 0xa0) return 0; /* overlong */
    if (lead == 0xed && second > 0x9f) return 0; /* surrogates */
    if (!continues(s, 2)) return 0;
    if (lead < 0xf0) return 3;
    if (lead == 0xf0 && second < 0x90) return 0; /* overlong */
    if (lead == 0xf4 && second > 0x8f) return 0; /* beyond U+10FFFF */
    return continues(s, 3) ? 4 : 0;
}

static void put_escaped(struct line *l, unsigned char c)
{
    char text[8];
    if (c == '"' || c == '\\')
        snprintf(text, sizeof(text), "\\%c", c);
    else
        snprintf(text, sizeof(text), "\\u%04x", c);
    put_c(l, text);
}

static void put_text(struct line *l, struct str s)
{
    while (s.n > 0 && !l->cut) {
        const unsigned char c = (unsigned char)s.p[0];
        const size_t n = character(s);
        if (n == 0)
            put_c(l, "\\ufffd");
        else if (c < 0x20 || c == 0x7f || c == '"' || c == '\\')
            put_escaped(l, c);
        else
            put(l, s.p, n);
        const size_t step = n > 0 ? n : 1;
        s = (struct str){ s.p + step, s.n - step };
    }
}

static void put_name(struct line *l, const char *name)
{
    put_c(l, ",\"");
    put_text(l, str_of(name));
    put_c(l, "\":");
}

static void put_value(struct line *l, const struct log_field *f)
{
    char number[24];
    switch (f->type) {
    case LOG_T_STR: put_c(l, "\""); break; /* the text itself may be cut, see put_field */
    case LOG_T_BOOL: put_c(l, f->v.b ? "true" : "false"); break;
    case LOG_T_I64:
        snprintf(number, sizeof(number), "%lld", (long long)f->v.i);
        put_c(l, number);
        break;
    }
}

static void put_field(struct line *l, const struct log_field *f)
{
    const size_t before = l->n;
    put_name(l, f->name);
    put_value(l, f);
    if (l->cut) {
        l->n = before;
        return;
    }
    if (f->type != LOG_T_STR) return;
    put_text(l, f->v.s);
    put_end(l, "\"");
}

static const char *level_name(enum log_level level)
{
    switch (level) {
    case LOG_DEBUG: return "debug";
    case LOG_INFO: return "info";
    case LOG_WARN: return "warn";
    case LOG_ERROR: return "error";
    }
    return "error";
}

static void put_head(struct line *l, enum log_level level)
{
    char at[RFC3339_SIZE];
    rfc3339_format(clock_wall_us(), at);
    put_c(l, "{\"ts\":\"");
    put_c(l, at);
    put_c(l, "\",\"level\":\"");
    put_c(l, level_name(level));
    put_c(l, "\"");
}

/* One write for a whole line. What a full disk or a closed pipe loses is lost: there is nowhere
 * to say so. */
static void send_line(const struct line *l)
{
    while (write(atomic_load(&sink_fd), l->p, l->n) < 0 && errno == EINTR)
        ;
}

void log_write(enum log_level level, const char *event, const struct log_field *fields, size_t n)
{
    if ((int)level < atomic_load(&sink_least)) return;

    const int saved = errno;
    struct line l;
    l.n = 0;
    l.cut = false;
    put_head(&l, level);
    put_field(&l, &LOG_C("event", event));
    for (size_t i = 0; i < n; i++)
        put_field(&l, &fields[i]);
    if (l.cut) put_end(&l, CUT);
    put_end(&l, "}\n");
    send_line(&l);
    errno = saved;
}

void log_err(enum log_level level, const char *event, const struct err *err)
{
    LOG(level, event, LOG_C("error", err_info(err->code)->name), LOG_C("detail", err->detail),
        LOG_C("internal", err->internal), LOG_C("file", err->file), LOG_I64("line", err->line));
}
