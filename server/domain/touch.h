/* SPDX-License-Identifier: Apache-2.0 */
/* An object has been made or changed: bring what is derived from it in line, and list it for the
 * store. Private to the market. */
#pragma once

#include "domain/state.h"

/* How much the lists can grow by one command. */
struct touch_room {
    size_t balances, nodes, asks, bids, leases, payouts, trades, offers;
};

/* Room on the lists. False: no memory, nothing lost. */
MUST_CHECK bool touch_reserve(struct market *m, const struct touch_room *room);

void touch_account(struct market *m, struct account *a);
void touch_standing(struct market *m, struct account *a);
void touch_pool(struct market *m, struct book *book);
void touch_node(struct market *m, struct node_entry *n);
void touch_ask(struct market *m, struct ask_entry *a);
void touch_bid(struct market *m, struct bid_entry *b);
void touch_lease(struct market *m, struct lease_entry *l);
void touch_offer(struct market *m, const struct offer *o); /* once: a later one replaces it */
void touch_payout(struct market *m, struct payout *p);

void touch_free(struct market *m); /* the lists themselves */
