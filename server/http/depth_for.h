/* SPDX-License-Identifier: Apache-2.0 */
/* GET /v1/pools/{pool}/depth for somebody with wishes. */
#pragma once

#include "http/http.h"
#include "service/info.h"

/* Does the query name one? */
bool depth_has_wishes(struct req *rq);

/* Answers with what serves them. */
void depth_for_wishes(struct req *rq, const struct pool *pool, int64_t levels);
