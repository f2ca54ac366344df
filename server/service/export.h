/* SPDX-License-Identifier: Apache-2.0 */
/* The log of the stored market as a file (service/logfile.h), while the market runs.
 *
 * All is read in one snapshot: the commands, the trades that they made, and the market as it is
 * after the last of them, from which come the hashes of the footer. So the footer is what the
 * database holds, not what somebody has computed from the commands. */
#pragma once

#include "domain/market.h"
#include "store/db.h"

struct export_options {
    const char *market_id;
    int64_t from; /* the first command; 0: from the beginning */
    /* Takes what comes next; false: err. */
    bool (*write)(void *arg, struct str bytes, struct err *err);
    void *arg;
};

/* Memory is that of the live market and a page of commands, however long the log. ERR_DB,
 * ERR_NO_MEMORY, ERR_VALIDATION_FAILED (`from` is beyond the last), or what write() said. */
MUST_CHECK bool export_log(struct db *db, const struct export_options *o, struct err *err);

/* The stored market as it is now, loaded afresh. ERR_DB, ERR_NO_MEMORY. */
struct stored_state {
    int64_t last_seq, last_us;
    uint64_t state_hash;
};
MUST_CHECK bool export_state(struct db *db, struct stored_state *out, struct err *err);
