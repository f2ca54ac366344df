/* SPDX-License-Identifier: Apache-2.0 */
/* DIR/pricing.json: what the pricer remembers. */
#pragma once

#include "service/pricing.h"

/* Read what is kept into p->v and p->n, which are untouched otherwise. The seeds are not in the
 * file. ERR_NOT_FOUND, ERR_IO, ERR_VALIDATION_FAILED. */
MUST_CHECK bool pricer_read(struct pricer *p, struct err *err);
/* ERR_IO, ERR_NO_MEMORY. */
MUST_CHECK bool pricer_write(const struct pricer *p, struct err *err);
