/* SPDX-License-Identifier: Apache-2.0 */
/* How far one command looks. Part of the rules (docs/market.md): they bound the time of a command,
 * and what lies beyond them does not trade now. Tests build the market with small ones. */
#pragma once

#ifndef LINE_LOOK
#define LINE_LOOK 32 /* orders of one line that are passed over because they do not serve */
#endif
#ifndef LIMIT_SKIPS
#define LIMIT_SKIPS 1024 /* bids of one limit that are passed over because their line has ended */
#endif
#ifndef WALK_LOOK
#define WALK_LOOK 65536 /* orders that one walk passes over because they do not serve */
#endif
#ifndef CALL_MISSES
#define CALL_MISSES 4096 /* asks that the searches of one price of a call pass over */
#endif
#ifndef GANGS
#define GANGS 64 /* gangs that one event tests */
#endif
#ifndef GANG_LOOK
#define GANG_LOOK 4096 /* asks that serve that one plan looks at */
#endif
#ifndef EVENT_LOOK
#define EVENT_LOOK                                                                                 \
    16384 /* asks that the plans of one event look at or pass over, but for the last */
#endif
#ifndef OWN_LOOK
#define OWN_LOOK 256 /* orders of an owner that are looked at, for each want */
#endif
#ifndef VICTIM_LOOK
#define VICTIM_LOOK 64 /* leases, or bids, that are looked at for a displacement */
#endif
#ifndef PARK_MAX
#define PARK_MAX 8 /* resting orders that one order parks before it is parked itself */
#endif
#ifndef CALL_PRICES
#define CALL_PRICES 16 /* prices of each side that a call tries */
#endif
#ifndef CALL_TRADES
#define CALL_TRADES 256
#endif
#ifndef CALL_LOOK
#define CALL_LOOK 512 /* orders of each side that are looked at for prices, pairs and imbalance */
#endif
#ifndef CALL_PARKED
#define CALL_PARKED 256 /* parked orders that take part */
#endif
