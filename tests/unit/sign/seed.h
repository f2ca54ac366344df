/* SPDX-License-Identifier: Apache-2.0 */
/* Private keys whose seed is one byte 32 times over, for known answers. Ed25519 signatures are
 * deterministic, so what such a key signs is known too. */
#pragma once

#include "sign/key.h"

struct key *key_of_seed(uint8_t byte);

/* A path in a fresh folder of this process. */
const char *scratch(const char *name);
