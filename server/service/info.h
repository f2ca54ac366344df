/* SPDX-License-Identifier: Apache-2.0 */
/* What the market says of itself: identity, keys, addresses, rules and pools. Fixed after start. */
#pragma once

#include "domain/market.h"
#include "sign/seal.h"
#include "tlog/note.h"

struct market_info {
    char market_id[48];          /* "mkt_" + 26 digits, made by init */
    const struct key *key;       /* signs assignments and countersigns receipts */
    const struct seal_key *seal; /* what is sealed to the market */
    struct note_key log;         /* name (its origin) and verifier key of the public log */
    const char *public_url;      /* no slash at the end */
    const char *agent_url;
    const char *version;
    const char *min_agent_version; /* agents below it take no new work */
    struct market_rules rules;
    const struct pool *pools;
    size_t pools_n;
    int32_t lease_seconds;     /* 90 */
    int32_t heartbeat_seconds; /* 20 */
};

const struct pool *info_pool(const struct market_info *i, int32_t number); /* NULL: none */
const struct pool *info_pool_named(const struct market_info *i, struct str name);
