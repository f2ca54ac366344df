/* SPDX-License-Identifier: Apache-2.0 */
/* The market and the naive model side by side. Each function says on stderr what differs, and
 * returns false then. */
#pragma once

#include "market/naive.h"

/* What the last command did: refusal, lines and trades, in order. */
bool compare_outcome(const struct naive *n, const struct outcome *o, const struct trade *trades);

/* One object, field by field; false as well when the market has none. */
bool compare_balance(const struct balance *real, const struct balance *model);
bool compare_standing(const struct standing *real, const struct standing *model);
bool compare_pool_state(const struct pool_state *real, const struct pool_state *model);
bool compare_node(const struct node *real, const struct node *model);
bool compare_ask(const struct ask *real, const struct ask *model);
bool compare_bid(const struct bid *real, const struct bid *model);
bool compare_lease(const struct lease *real, const struct lease *model);
bool compare_payout(const struct payout *real, const struct payout *model);
bool compare_offer(const struct offer *real, const struct offer *model);

bool compare_balances(const struct market *m, const struct naive *n);
bool compare_due(const struct market *m, const struct naive *n, int64_t now_us);

/* All objects that the model has, as the market shows them by number; its living leases. */
bool compare_market(const struct market *m, const struct naive *n);
