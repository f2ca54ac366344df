/* SPDX-License-Identifier: Apache-2.0 */
/* Objects as they were right after the command that made them: what its answer shows, whether it is
 * given now or told again after years. All of it follows from the command's payload, its number and
 * time, and its trades, so both answers have the same bytes. What depends on more, whether it is
 * parked for a call, is left to GET. */
#pragma once

#include "base/err.h"
#include "service/info.h"
#include "service/writer.h"
#include "store/asks.h"
#include "store/jobs.h"
#include "store/payouts.h"
#include "store/trades.h"

struct as_of {
    const struct market_info *info;
    int64_t seq, at_us, account;
    struct str payload;
    const struct trade_row *trades; /* of the order that it made */
    size_t trades_n;
    const struct command *command; /* NULL: only its payload is known */
};

/* What the writer answered, in the store's form; trades in `a`. False: no memory. */
MUST_CHECK bool as_of_submission(const struct market_info *info, const struct submission *s,
                                 struct arena *a, struct as_of *out, struct err *err);
/* The same of a command of this account that was recorded before. */
MUST_CHECK bool as_of_stored(const struct market_info *info, struct db *db, int64_t seq,
                             int64_t account, struct arena *a, struct as_of *out, struct err *err);

/* ERR_INTERNAL: the payload is not that of such a command. */
MUST_CHECK bool job_as_of(const struct as_of *c, struct job_row *out, struct err *err);
MUST_CHECK bool ask_as_of(const struct as_of *c, struct ask_row *out, struct err *err);
MUST_CHECK bool payout_as_of(const struct as_of *c, struct payout_row *out, struct err *err);
