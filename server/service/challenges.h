/* SPDX-License-Identifier: Apache-2.0 */
/* Challenges that wait for an answer: bounded, each good once and until it expires. Nothing about a
 * key is looked up to make one, so a known key and an unknown one cost the same. Any thread. */
#pragma once

#include "base/id.h"
#include "sign/key.h"

struct challenges;

struct challenges *challenges_new(void);
void challenges_free(struct challenges *c);

struct challenge_row {
    struct id id; /* random */
    struct public_key key;
    uint8_t nonce[32];
    int64_t expires_us;
};

/* Always succeeds: where there is no room, the one that expires first has to go. */
void challenges_put(struct challenges *c, const struct challenge_row *row, int64_t now_us);

/* Take it out, whatever comes of it. False: unknown, used, or expired. */
MUST_CHECK bool challenges_take(struct challenges *c, struct id id, int64_t now_us,
                                struct challenge_row *out);
