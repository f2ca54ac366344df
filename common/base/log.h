/* SPDX-License-Identifier: Apache-2.0 */
/* Structured log: one event, one line of JSON, a stable dotted name, typed fields.
 *
 * Floors 0 to 2 return `err` and never log; the top logs once. There is no formatter for a secret.
 * The sink is one of the two globals of a program; lines are written whole and may come from any
 * thread. A line longer than LOG_LINE_MAX is cut, says "cut":true and is still JSON. Before
 * log_open: stderr, from LOG_INFO on. */
#pragma once

#include "base/err.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct log_field {
    const char *name;
    enum { LOG_T_STR, LOG_T_I64, LOG_T_BOOL } type;
    union {
        struct str s;
        int64_t i;
        bool b;
    } v;
};

/* clang-format off */
#define LOG_STR(name, x)  ((struct log_field){ (name), LOG_T_STR,  { .s = (x) } })
#define LOG_C(name, x)    ((struct log_field){ (name), LOG_T_STR,  { .s = str_of(x) } })
#define LOG_I64(name, x)  ((struct log_field){ (name), LOG_T_I64,  { .i = (x) } })
#define LOG_BOOL(name, x) ((struct log_field){ (name), LOG_T_BOOL, { .b = (x) } })
/* clang-format on */

void log_open(int fd, enum log_level least); /* fd stays the caller's */
void log_write(enum log_level level, const char *event, const struct log_field *fields, size_t n);

#define LOG(level, event, ...)                                                                     \
    log_write((level), (event), (const struct log_field[]){ __VA_ARGS__ },                         \
              sizeof((const struct log_field[]){ __VA_ARGS__ }) / sizeof(struct log_field))

/* One line for an error: its name, detail, internal text, file and line. */
void log_err(enum log_level level, const char *event, const struct err *err);
