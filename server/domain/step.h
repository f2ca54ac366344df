/* SPDX-License-Identifier: Apache-2.0 */
/* One command being applied. Private to the market.
 *
 * A handler first looks for a reason to refuse, last of all for memory, and only then changes
 * anything. False: it refused. */
#pragma once

#include "domain/state.h"

/* Units of one order. A command must not make more than FILLS_MAX trades: when a lease ends its
 * bid, a gang perhaps, may trade once more, and then the ask once for each of its units. */
_Static_assert(UNITS_MAX + GANG_NODES_MAX <= FILLS_MAX, "trades of one command");

struct step {
    struct market *m;
    const struct command *c;
    struct outcome *out;
    bool no_collar; /* an order comes back from a call */
};

/* The refusal of something that may be asked for again at `again_us`: always false. */
bool step_refuse_until(struct step *s, enum err_code code, const char *why, int64_t again_us);

/* Put a refusal into the outcome; `why` is for the client. */
void step_note_refusal(struct step *s, enum err_code code, const char *why);

/* The same, as the answer of a handler: always false. */
static inline bool step_refuse(struct step *s, enum err_code code, const char *why)
{
    step_note_refusal(s, code, why);
    return false;
}

/* Room for what every command may touch, for `asks` asks beside the two that any may touch, and
 * for `trades` trades. False: refused as overloaded. */
MUST_CHECK bool step_reserve(struct step *s, size_t asks, size_t trades);

/* The most trades of a command in which this ask, with all its `units` free, meets the bids, and in
 * which this bid (NULL: none) meets the asks. */
size_t step_trades_max(const struct ask_entry *a, int32_t units, const struct bid_entry *b);

/* accounts.c */
bool apply_open_account(struct step *s);
bool apply_credit(struct step *s);
bool apply_request_payout(struct step *s);
bool apply_complete_payout(struct step *s);
bool apply_fail_payout(struct step *s);

/* nodes.c */
bool apply_put_node(struct step *s);
bool apply_rate_node(struct step *s);
bool apply_node_health(struct step *s);

/* drain.c */
bool apply_drain_node(struct step *s);

/* asks.c */
bool apply_place_ask(struct step *s);
bool apply_amend_ask(struct step *s);
bool apply_cancel_ask(struct step *s);
bool apply_expire_ask(struct step *s, struct ask_entry *a);

/* reenter.c */
bool apply_reenter(struct step *s);

/* teams.c */
bool apply_rate_account(struct step *s);
bool apply_invite(struct step *s);
bool apply_join_team(struct step *s);
bool apply_leave_team(struct step *s);

/* auction.c */
bool apply_offer(struct step *s);
bool apply_close_auction(struct step *s);

/* call.c */
bool apply_call(struct step *s);

/* jobs.c */
bool apply_submit_job(struct step *s);
bool apply_amend_bid(struct step *s);
bool apply_cancel_job(struct step *s);
bool apply_trim(struct step *s);
bool apply_expire_bid(struct step *s, struct bid_entry *b);

/* leases.c */
bool apply_accept_lease(struct step *s);
bool apply_decline_lease(struct step *s);
bool apply_lease_prepared(struct step *s);
bool apply_lease_ready(struct step *s);
bool apply_lease_cannot_start(struct step *s);
bool apply_lease_exit(struct step *s);
bool apply_lease_timeout(struct step *s);
bool apply_lease_lost(struct step *s);
bool apply_lease_spent(struct step *s);
bool apply_lease_ripe(struct step *s);
bool apply_lease_drained(struct step *s);

/* checkpoint.c */
bool apply_lease_checkpoint(struct step *s);

/* rules.c */
bool apply_set_rules(struct step *s);
