/* SPDX-License-Identifier: Apache-2.0 */
/* The executioner: a thread that ends containers at their deadline, and those that the market told
 * to stop. It knows the boot clock and the engine, and nothing of the network. */
#pragma once

#include "service/agent.h"

/* Have it look at the leases again. */
void kill_poke(struct agent *a);

/* Tell a lease to end. Under the lease's lock; kill_poke() afterwards. */
void lease_stop(struct lease *l);

/* Tell it to make room: it is asked to end at once, and has so long to save its work. The same. */
void lease_displace(struct lease *l, int64_t notice_us);
