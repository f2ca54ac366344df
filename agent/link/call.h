/* SPDX-License-Identifier: Apache-2.0 */
/* One signed request to the market and what its answer means: for this folder alone. */
#pragma once

#include "client/http.h"
#include "link/api.h"
#include "json/json.h"

#define ANSWER_MAX (4 << 20) /* assignments of a full poll */

struct ask_of { /* what is asked */
    const char *method, *path;
    json_t *body;          /* taken; NULL: none */
    const char *header;    /* one more, or NULL */
    int64_t extra_wait_ms; /* beyond the usual patience */
    int64_t *wait_s;       /* gets the answer's Retry-After, 0 without one; may be NULL */
};

/* Call; on LINK_DONE *out is the answer's object, or NULL for an answer without a body. Yours to
 * decref. `out` may be NULL. */
enum link_result link_call(struct api *api, const struct ask_of *ask, json_t **out,
                           struct err *err);

/* Have running and later calls end. */
void api_interrupt(struct api *api);

/* The same with everything in the caller's hands. `answer` may be NULL. */
enum link_result link_call_raw(struct api *api, const struct call *call, struct arena *a,
                               struct answer *answer, struct err *err);

/* "/v1/agent/leases/<id>/<verb>", in `a`; NULL: no memory, or an id with bytes that no id has. */
const char *lease_path(struct arena *a, struct str lease_id, const char *verb);

json_t *report_json(const struct node_report *r);
