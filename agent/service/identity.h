/* SPDX-License-Identifier: Apache-2.0 */
/* Who we are and whom we believe: what `join` leaves in the state directory.
 *
 *   DIR/agent.key    our Ed25519 key, 0600
 *   DIR/market.json  the market's id and key, pinned; our node id; where the market is
 *   DIR/leases/      the journal and the scratch of each lease
 *   DIR/cache/       image archives on their way into the engine, and images.json
 *   DIR/lock         held by the agent that runs */
#pragma once

#include "base/arena.h"
#include "service/assignment.h"
#include "service/ports.h"
#include "sign/key.h"

struct identity {
    struct key *key;
    struct trust trust;
    struct str server, account_id, name;
    int64_t lease_seconds, heartbeat_seconds;
    struct arena arena; /* of the texts */
};

/* Is there a key, and is there a market? */
bool identity_has_key(const char *dir);
bool identity_is_joined(const char *dir);

/* What join left. ERR_NOT_FOUND: not joined. identity_done() also after a failure. */
MUST_CHECK bool identity_load(const char *dir, struct identity *out, struct err *err);
void identity_done(struct identity *id);

/* The key to join with. First join: the one in agent.key, made if there is none, so that a join
 * whose answer was lost can be repeated. Again: a new one, kept aside in agent.key.new until the
 * join has worked, since a key is one node's. NULL: ERR_IO. */
struct key *identity_key(const char *dir, bool again, struct err *err);

/* The fingerprint in "brs_join_….<fingerprint>". ERR_VALIDATION_FAILED. */
MUST_CHECK bool join_token_fingerprint(struct str token, struct str *out, struct err *err);

/* Ask the market for a place with `token`, check that it is the market which the token's maker
 * meant, and keep all of it in `dir`. ERR_FORBIDDEN: the answer came from another market. */
MUST_CHECK bool identity_join(const char *dir, struct str server, struct str token,
                              const struct key *key, const struct node_report *report,
                              const struct link *market, struct err *err);
