/* SPDX-License-Identifier: Apache-2.0 */
/* Texts that are signed: written by a table of fields, and read by it in such a way that only what
 * writing would give again is accepted. So a statement has one text and one digest. */
#pragma once

#include "json/field.h"
#include "json/parse.h"

/* The canonical text of `row`, in `a`. NULL p: no memory, or longer than BODY_MAX. */
struct str canonical_write(const struct json_field *fields, const void *row, struct arena *a);

/* `what` names the text in the error, as "The receipt". ERR_VALIDATION_FAILED, ERR_NO_MEMORY. Views
 * live in `a`; *row is unspecified on failure. */
MUST_CHECK bool canonical_read(struct str text, const char *what, const struct json_field *fields,
                               struct arena *a, void *row, struct err *err);
