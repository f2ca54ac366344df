/* SPDX-License-Identifier: Apache-2.0 */
/* Own first: an owner's jobs on his own machines, free of charge and off the tape. Private to the
 * market. */
#pragma once

#include "domain/match.h"

/* The bid takes an ask of its owner, if it may and one serves it. False: none. */
bool own_meet_asks(struct step *s, struct bid_entry *b);

/* The ask serves its owner's bids, as long as it can. */
void own_meet_bids(struct step *s, struct ask_entry *a);

/* Which ask that would be, and for which of its wants; NULL: none. Looks only. */
struct ask_entry *own_ask_for(const struct bid_entry *b, int64_t now_us, int32_t *want);

/* The same, looking only. */
bool own_would_meet_asks(const struct bid_entry *b, int64_t now_us);
bool own_would_meet_bids(const struct ask_entry *a, int64_t now_us);

/* May the bid's account have so many more units of own leases? */
bool own_quota_allows(const struct bid_entry *b, int32_t units);

/* The bid's want for the pool; negative: it has none. */
int32_t own_want_for(const struct bid_entry *b, int32_t pool);
