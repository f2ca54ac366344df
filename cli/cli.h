/* SPDX-License-Identifier: Apache-2.0 */
/* What every verb works with, and what the shell gets back. */
#pragma once

#include "args.h"
#include "base/arena.h"
#include "json/json.h"

enum exit_code { /* promised in the help; never renumbered */
                 EXIT_OK = 0,
                 EXIT_REFUSED = 1,    /* the server refused: 4xx */
                 EXIT_USAGE = 2,      /* the command line, or a file named by it, is wrong */
                 EXIT_SERVER = 3,     /* no answer, or a failure of the server: 5xx */
                 EXIT_UNVERIFIED = 4, /* a signature, a digest or a pinned key does not fit */
                 EXIT_UNSETTLED = 5,  /* --follow: the job ended, but not settled */
};

struct cli {
    struct arena a;
    const char *verb; /* "receipt show" */
    const char *server;
    bool json, explain, help;
    struct words words;
};

/* The options that every verb takes. */
extern const struct arg cli_args[];

/* Read the words behind the verb: the common options into `c`, those of `own` (NULL: none) into
 * `out`. False: a complaint was printed; exit with EXIT_USAGE. */
MUST_CHECK bool cli_read(struct cli *c, size_t argc, char *const *argv, const struct arg *own,
                         void *out);

/* There must be between `least` and `most` words, named by `what`, and no "--". */
MUST_CHECK bool cli_words(const struct cli *c, size_t least, size_t most, const char *what);

/* "bourse submit: …" and a hint to the help, on standard error. */
enum exit_code cli_usage(const struct cli *c, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* The same for an error; the exit code that fits it. */
enum exit_code cli_fail(const struct cli *c, const struct err *err);

/* Print as one line of JSON. */
enum exit_code cli_json(const json_t *j);

/* Print what is in the buffer; a failed one is a lack of memory. */
enum exit_code cli_print(const struct cli *c, const struct buf *b);
