/* SPDX-License-Identifier: Apache-2.0 */
/* The rules that the stored market runs under: those of its last set_rules. */
#pragma once

#include "domain/market.h"
#include "store/db.h"

/* market_rules_default when none was ever set. ERR_DB; ERR_NO_MEMORY; ERR_VALIDATION_FAILED when
 * the stored command cannot be read. */
MUST_CHECK bool rules_stored(struct db *db, struct market_rules *out, struct err *err);
