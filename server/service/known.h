/* SPDX-License-Identifier: Apache-2.0 */
/* What the database said of API keys and of nodes' keys, remembered for KNOWN_LIFE_S: bounded, and
 * never true for longer, so that what is deleted by another server is noticed. Only what exists is
 * kept: a guess costs a look-up, not memory. Any thread. */
#pragma once

#include "base/id.h"
#include "merkle/merkle.h"
#include "sign/key.h"

#define KNOWN_LIFE_S 60

struct known;

struct known_key { /* an API key */
    struct id id;
    int64_t account;
    struct id account_id;
    unsigned scopes;
};

struct known_node {
    int64_t node, account;
    struct id node_id, account_id;
    struct public_key key;
};

struct known *known_new(void);
void known_free(struct known *k);

/* How often something was forgotten. To be read before the database is asked: what was read before
 * a deletion must not be remembered after it. */
int64_t known_mark(struct known *k);

MUST_CHECK bool known_find_secret(struct known *k, const struct hash *secret, int64_t now_us,
                                  struct known_key *out);
MUST_CHECK bool known_find_key(struct known *k, struct id id, int64_t now_us,
                               struct known_key *out);
MUST_CHECK bool known_find_node(struct known *k, int64_t node, int64_t now_us,
                                struct known_node *out);

/* secret may be NULL: then it is found by its id alone. Nothing happens when `mark` is old. */
void known_put_key(struct known *k, const struct hash *secret, const struct known_key *key,
                   int64_t mark, int64_t now_us);
void known_put_node(struct known *k, const struct known_node *node, int64_t mark, int64_t now_us);

void known_forget_key(struct known *k, struct id id);
void known_forget_node(struct known *k, int64_t node);
