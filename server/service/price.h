/* SPDX-License-Identifier: Apache-2.0 */
/* What a bid pays and holds, for those who have no market at hand: the arithmetic of
 * domain/settle.h on the pools as they are published. Money that does not fit is INT64_MAX. */
#pragma once

#include "service/info.h"

/* limit(w): the most that the bid pays for a unit-hour of its want `w`. 0: less than a tick, or its
 * pools cannot be compared. */
struct money price_limit(const struct market_info *i, const struct bid_spec *s, int32_t w);

/* What it holds while it rests and nothing was spent, and the least that it must be able to hold.
 */
struct money price_want(const struct market_info *i, const struct bid_spec *s);
struct money price_least(const struct market_info *i, const struct bid_spec *s);
