/* SPDX-License-Identifier: Apache-2.0 */
/* A fuzz target: one function that takes any bytes and must neither crash nor break a law. With
 * -Dfuzz=true libFuzzer calls it; otherwise replay.c does, with every file of the corpus. */
#pragma once

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A law that does not hold stops the program, as a crash does. */
#define LAW(c)                                                                                     \
    do {                                                                                           \
        if (!(c)) __builtin_trap();                                                                \
    } while (0)
