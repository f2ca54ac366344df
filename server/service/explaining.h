/* SPDX-License-Identifier: Apache-2.0 */
/* An explanation of the market (domain/explain.h) as people read it: by the names of openapi.yaml,
 * with a sentence for each line. NULL: no memory. */
#pragma once

#include <jansson.h>

#include "domain/explain.h"
#include "service/info.h"

json_t *explaining_json(const struct market_info *info, const struct bid_spec *spec,
                        const struct explanation *e);
