/* SPDX-License-Identifier: Apache-2.0 */
/* Networks for leases: a namespace, a pair of interfaces, a packet filter and a resolver each.
 *
 * Lanes are numbered; DIR/net/<n> names the lease that has one, so that an agent that begins again
 * finds what it made. Packets go on while no agent runs; names are resolved again when one does. */
#pragma once

#include "service/ports.h"

struct net;

/* NULL with err: this machine or this agent cannot: no root, no nft, no ip, no namespaces. */
struct net *net_new(const char *dir, const struct net_limits *limits, struct err *err);
void net_free(struct net *n); /* networks stay; takes NULL */

/* Take down every network that DIR/net names; for an agent that leaves, while none runs there. The
 * table of the filter stays: it keeps the machine's other namespaces closed until the next boot. */
void net_purge(const char *dir);

extern const struct net_ops net_ops; /* self is a struct net */
