/* SPDX-License-Identifier: Apache-2.0 */
/* jwt.key: 32 random bytes in the state directory, mode 0600, that sign nothing themselves. From
 * them come all keys of this server that need not be told to anybody, each by HMAC-SHA256 over a
 * label. */
#pragma once

#include "base/err.h"

#define MASTER_SIZE 32

struct master {
    uint8_t b[MASTER_SIZE];
};

/* ERR_IO; ERR_WRONG_STATE: there is one, and it stays. */
MUST_CHECK bool master_make(const char *state_dir, struct err *err);

/* ERR_IO: also when others may read it, or it is too short; ERR_NOT_FOUND. */
MUST_CHECK bool master_load(const char *state_dir, struct master *out, struct err *err);

void master_derive(const struct master *m, const char *label, uint8_t out[32]);
