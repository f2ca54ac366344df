/* SPDX-License-Identifier: Apache-2.0 */
/* A registry's user name and password on their way: sealed by the buyer to the market, which keeps
 * it, and by the market to the machine that runs one of his leases. Neither box opens for another
 * account, registry, lease or epoch than it was sealed for. */
#pragma once

#include "base/arena.h"
#include "sign/seal.h"

#define LOGIN_USER_MAX     256
#define LOGIN_PASSWORD_MAX 6144 /* a service account's key in JSON has 2,400 bytes */
#define LOGIN_BOX_MAX      16384

struct login {
    struct str username, password;
};

struct login_place { /* what it is for; lease_id empty: to be kept by the market */
    struct str market_id, registry;
    struct str account_id; /* whose it is; empty with a lease_id: the machine need not know */
    struct str lease_id;
    int64_t epoch;
};

/* ERR_VALIDATION_FAILED: a part is empty, too long, or has a sign that no header can carry;
 * ERR_FORBIDDEN: the reader's key is none to seal to. */
MUST_CHECK bool login_seal(const struct seal_public *to, const struct login_place *place,
                           const struct login *l, struct buf *out, struct err *err);

/* Texts live in `a`. ERR_VALIDATION_FAILED: it does not open with this key and for this place, or
 * what is in it is no login. Have login_wipe() forget it. */
MUST_CHECK bool login_open(const struct seal_key *k, const struct login_place *place,
                           struct str box, struct arena *a, struct login *out, struct err *err);
void login_wipe(struct login *l);
