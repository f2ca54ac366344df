/* SPDX-License-Identifier: Apache-2.0 */
/* The packet filter as text for nft: one table, `inet bourse`, with a chain or two for each lease.
 *
 * A lease's packets leave by a pair of interfaces, bv<n> on this machine. Whatever comes in there
 * is dropped unless the lease's chain accepts it: to this machine itself only questions to our
 * resolver, to other machines what is not on the list of never.h, not port 25, in time, and
 * counted. Nothing from outside may begin a connection to a lease. */
#pragma once

#include "base/buf.h"
#include "base/str.h"
#include "domain/offer.h"

#define LANES_MAX 128 /* leases with a network at a time */

struct lane_limits {
    int64_t bytes_max;      /* in both directions; what comes after is dropped */
    int64_t bytes_second;   /* 0: as fast as it goes */
    int connections_second; /* new ones */
    int connections_max;    /* at once */
};
extern const struct lane_limits lane_limits_default;

/* Addresses of lane `n`: ours and the lease's, of a net of four. */
void lane_address(int n, bool six, bool ours, char out[64]);

/* The table without lanes. `guard`: drop what is forwarded that is no lease's: this machine did not
 * forward anything before us. */
void rules_base(bool guard, struct buf *out);
/* A lane's own, in place of what it had. */
void rules_lane(int n, enum egress_class kind, const struct lane_limits *limits, struct buf *out);
void rules_remove(int n, struct buf *out);
