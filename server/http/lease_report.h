/* SPDX-License-Identifier: Apache-2.0 */
/* What an agent says of a lease, on its way to the market. The key that makes it safe to repeat is
 * what it is about: kind, lease and epoch. */
#pragma once

#include "http/found.h"

struct lease_report {
    enum command_kind kind;
    int64_t epoch;
    int64_t seconds, exit_code; /* exit */
    enum reason reason;
    enum fault fault;
    struct hash said; /* what a repetition must say again; zero: nothing but its kind */
};

/* Ask the market; takes the reference of `more`. `next` runs on a worker. */
void lease_report_submit(struct req *rq, const struct lease_row *row, const struct lease_report *e,
                         json_t *more, handler_fn *next);

/* Answers with the lease as it is now, or why the market refused. */
void lease_report_answer(struct req *rq);
