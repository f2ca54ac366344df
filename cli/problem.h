/* SPDX-License-Identifier: Apache-2.0 */
/* How a refusal reads: title, detail, each complaint, and the id to quote. */
#pragma once

#include "base/buf.h"
#include "json/json.h"

/* `problem` may be NULL or no object: then only the status is told. */
void problem_write(int status, const json_t *problem, struct buf *out);

/* The problem's stable name, "insufficient-funds"; empty when there is none. */
struct str problem_code(const json_t *problem);
