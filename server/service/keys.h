/* SPDX-License-Identifier: Apache-2.0 */
/* Idempotency keys that may still be repeated: (account, key) -> the command and what was asked.
 *
 * Time is cut into windows of IDEM_KEEP_S. The stored form of a key carries its window, so a key
 * that comes again after the next window has ended is a new one, also for the unique index of the
 * commands; within the present and the last window it is recognised. So a key is kept for at least
 * 48 and less than 96 hours, and memory holds no more than two windows. */
#pragma once

#include "base/err.h"
#include "merkle/merkle.h"

struct keys;

struct key_use {
    int64_t seq, at_us;
    struct hash body;
};

struct keys *keys_new(void);
void keys_free(struct keys *k);

int64_t keys_window(int64_t at_us);
/* The stored form: the window is mixed into the last eight bytes. Its own inverse. */
void keys_store_form(const uint8_t key[16], int64_t window, uint8_t out[16]);

/* Was `key` used in the window of `now_us` or the one before? Borrowed until the next change. */
const struct key_use *keys_find(const struct keys *k, int64_t account, const uint8_t key[16],
                                int64_t now_us);

/* Remember the stored form. False: no memory. */
MUST_CHECK bool keys_add(struct keys *k, int64_t account, const uint8_t stored[16],
                         const struct key_use *use);

/* Forget windows that have ended for good. */
void keys_prune(struct keys *k, int64_t now_us);
size_t keys_count(const struct keys *k);
