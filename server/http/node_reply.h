/* SPDX-License-Identifier: Apache-2.0 */
/* A node as the API shows it. */
#pragma once

#include "http/http.h"
#include "store/agents.h"

/* NULL: no memory. */
json_t *node_json(const struct services *svc, const struct node_row *row, int64_t now_us);

/* 200 with its ETag. */
void reply_node(struct req *rq, const struct node_row *row);
