/* SPDX-License-Identifier: Apache-2.0 */
/* Nonces of signed requests that were seen: two generations, so that each is remembered for at
 * least one period and at most two. Bounded; whoever is full refuses, and forgets nothing. Any
 * thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "merkle/merkle.h"

struct nonces;

struct nonces *nonces_new(int64_t period_us, size_t max); /* max: of one generation */
void nonces_free(struct nonces *n);

enum nonce_seen { NONCE_NEW, NONCE_SEEN, NONCE_FULL };

/* Remember the hash of a nonce and of who gave it. */
MUST_CHECK enum nonce_seen nonces_add(struct nonces *n, const struct hash *nonce, int64_t now_us);
