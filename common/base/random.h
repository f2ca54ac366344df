/* SPDX-License-Identifier: Apache-2.0 */
/* The only door to getrandom(2). Never fails: a machine without entropy stops the program. */
#pragma once

#include <stddef.h>
#include <stdint.h>

void random_bytes(void *out, size_t n);
uint64_t random_u64(void);
int64_t random_between(int64_t low, int64_t high); /* both ends included, no bias */
