/* SPDX-License-Identifier: Apache-2.0 */
/* The words after a verb, read by tables that also print its help. */
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

enum arg_kind {
    ARG_BOOL,    /* bool */
    ARG_TEXT,    /* const char * */
    ARG_TEXTS,   /* struct arg_texts; may be given again */
    ARG_COUNT,   /* int64_t, from 1 */
    ARG_SIZE,    /* int64_t bytes, "512MiB" */
    ARG_SECONDS, /* int64_t, "1h30m" */
    ARG_MILLIS,  /* int64_t thousandths, "1.5" */
    ARG_MONEY,   /* const char *, a decimal text that was checked */
};

struct arg {
    const char *name; /* "budget", given as --budget 2.50 or --budget=2.50 */
    enum arg_kind kind;
    size_t off;
    const char *value; /* what stands for the value in the help; NULL for ARG_BOOL */
    const char *doc;
};

/* clang-format off */
#define ARG_END { NULL, ARG_BOOL, 0, NULL, NULL }
/* clang-format on */

#define ARG_TEXTS_MAX 64
#define WORDS_MAX     8

struct arg_texts {
    const char *v[ARG_TEXTS_MAX];
    size_t n;
};

struct words {
    const char *v[WORDS_MAX]; /* what is no option */
    size_t n;
    char *const *rest; /* what comes after "--" */
    size_t rest_n;
    bool has_rest;
};

/* One table and the struct that it fills. What is not given keeps its value. */
struct arg_set {
    const struct arg *args;
    void *out;
};

/* ERR_VALIDATION_FAILED says which word is wrong, and why; the structs are then unspecified. */
MUST_CHECK bool args_read(size_t argc, char *const *argv, const struct arg_set *sets, size_t sets_n,
                          struct words *out, struct err *err);

/* One line per option, as in a help page. */
void args_help(const struct arg *args, FILE *to);
