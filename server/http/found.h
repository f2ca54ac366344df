/* SPDX-License-Identifier: Apache-2.0 */
/* From what a request names to the rows that it may see. Each replies by itself when it answers
 * false: with 404 for what is unknown and for what is another's, so that nobody learns the
 * difference. */
#pragma once

#include "http/http.h"
#include "store/asks.h"
#include "store/jobs.h"
#include "store/leases.h"

/* The first path parameter, an id with this prefix, as the caller's job. */
MUST_CHECK bool found_job(struct req *rq, const char *prefix, struct job_row *out);
/* As the caller's ask; for an agent, one of its node. */
MUST_CHECK bool found_ask(struct req *rq, struct ask_row *out);
/* As a lease of the caller, on either side. */
MUST_CHECK bool found_lease(struct req *rq, struct lease_row *out);
/* As a lease of the node that signed. */
MUST_CHECK bool found_lease_of_node(struct req *rq, struct lease_row *out);

/* The number that a lease's id carries; -1: none that a lease can have. */
int64_t lease_number(struct id id);
bool is_lease_id(struct id id, const struct lease_row *row);

/* A query parameter that is one of names[first..n-1]; *out its index, or `none` when absent. */
MUST_CHECK bool query_name(struct req *rq, const char *name, const char *const *names, int first,
                           int n, int64_t none, int64_t *out);

/* Did the read succeed, with or without rows? */
MUST_CHECK bool read_well(struct req *rq, enum db_rc rc);

/* A page is read with one row more than it shows, which says whether there is another page. */
struct shown {
    size_t n;
    bool more;
};
struct shown page_shown(const struct page *p, size_t read);
int64_t page_before(const struct page *p); /* rows below this number */
