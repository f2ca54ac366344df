/* SPDX-License-Identifier: Apache-2.0 */
/* What people see of the market: rows to JSON, by the names of openapi.yaml. NULL: no memory. */
#pragma once

#include <jansson.h>

#include "base/id.h"
#include "service/info.h"
#include "store/asks.h"
#include "store/entries.h"
#include "store/jobs.h"
#include "store/leases.h"
#include "store/payouts.h"
#include "store/trades.h"

/* An id as text: JSON null for number 0. Leases and trades: view_lease_id(prefix, time, number). */
json_t *view_id(const char *prefix, int64_t at_us, int64_t number);
json_t *view_lease_id(const char *prefix, int64_t traded_us, int64_t lease);
struct id lease_id_of(int64_t traded_us, int64_t lease);
json_t *view_reason(int64_t reason); /* null for none */

/* How the agent prices an ask, as on the wire; ends with NULL. */
enum ask_pricing { ASK_PRICING_FIXED, ASK_PRICING_UNDERCUT, ASK_PRICING_ADAPTIVE };
#define ASK_PRICINGS 3
extern const char *const ask_pricing_names[ASK_PRICINGS + 1];
json_t *view_ask(const struct market_info *info, const struct ask_row *row);
/* A price of an ask, and the one before it; `before` NULL: it was placed with it. NULL: the log
 * cannot be read; err. */
json_t *view_ask_price(const struct ask_price_row *row, const struct ask_price_row *before,
                       struct err *err);
json_t *view_lease(const struct market_info *info, const struct lease_row *row, int64_t me);
json_t *view_lease_brief(const struct lease_row *row);
json_t *view_trade(const struct market_info *info, const struct trade_row *row);
json_t *view_trades(const struct market_info *info, const struct trade_row *rows, size_t n);
json_t *view_payout(const struct payout_row *row);

/* Lines that come entry by entry, as entries. */
json_t *view_entries(const struct entry_line_row *rows, size_t n, int64_t me);
