/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of the server, a page or all of them, as a table or as JSON. */
#pragma once

#include "api.h"
#include "show.h"

struct list {
    const char *path; /* without query */
    const struct show *columns;
    bool open;        /* anyone may see it: no credentials, no pages */
    const char *none; /* what to say when it is empty: "No jobs yet." */
};

struct list_options {
    bool all; /* every page, not only the first */
};

extern const struct arg list_args[]; /* fills a struct list_options */

/* A verb that is nothing but a list. */
enum exit_code list_verb(struct cli *c, size_t argc, char *const *argv, const struct list *l);

enum exit_code list_print(struct cli *c, const struct list *l, bool all);

/* Print one object, as lines or as JSON. */
enum exit_code show_print(struct cli *c, const json_t *object, const struct show *members);
