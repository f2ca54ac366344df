/* SPDX-License-Identifier: Apache-2.0 */
/* Leases without a container: the market has a lease on a node, and the node's heartbeats do not
 * name it. An agent whose journal was lost does so; nobody would ever end such a lease, and its job
 * would wait for nothing.
 *
 * A lease is stranded when heartbeats have left it out for a whole lease time. Only what was heard
 * counts, so silence and our own outages do not. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct stranded;

struct stranded *stranded_new(int64_t patience_us);
void stranded_free(struct stranded *s); /* takes NULL */

/* A heartbeat has come: does it name this lease, which the node has? True: it was left out for so
 * long that it is lost; then it is counted anew. Any thread. */
bool stranded_note(struct stranded *s, int64_t lease, bool named, int64_t now_us);
