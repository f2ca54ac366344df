/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses that no lease may reach: private, link-local, loopback, metadata, multicast, and those
 * that stand for others (NAT64, 6to4, Teredo). From the IANA special-purpose registries. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* The elements of an nftables set, parted by commas. */
void never_elements(bool six, struct buf *out);

/* Is it one of them? 4 or 16 bytes in network order. */
bool never_has(bool six, const uint8_t *address);
