/* SPDX-License-Identifier: Apache-2.0 */
/* Receipts, checked by whoever holds one and knows the market's key. */
#pragma once

#include "api.h"
#include "sign/receipt.h"

/* The statement inside a receipt's document, not yet believed. Views live in `a`. */
MUST_CHECK bool verify_read(const json_t *document, struct arena *a, struct receipt *r,
                            struct countersign *c, struct err *err);

/* Believe it, as the receipt of this job, by the pinned key of api->market; pins it first when it
 * is not. False: a complaint was printed and api->exit set. */
MUST_CHECK bool verify_document(struct api *api, const char *job_id, const json_t *document);

/* Fetch the receipt of a job. *out NULL: there is none yet. */
MUST_CHECK bool verify_fetch(struct api *api, const char *job_id, json_t **out);
