/* SPDX-License-Identifier: Apache-2.0 */
/* What a lease did with its network, from the packet filter's counters: for the one who must answer
 * a complaint. Destinations, ports, packets, bytes and connections; never contents. */
#pragma once

#include "base/err.h"
#include "net/resolver.h"
#include "net/rules.h"

/* Append canonical JSON: {"bytes_in","bytes_out","capped","denied","dns":{…},"flows":[…],"more"};
 * flows by bytes, the most first, at most FLOWS_TOLD. ERR_IO, ERR_PROTOCOL, ERR_NO_MEMORY. */
#define FLOWS_TOLD 256
MUST_CHECK bool flows_read(int lane, const struct resolver_counts *dns, struct buf *out,
                           struct err *err);

/* Which lanes have used up their bytes. ERR_IO, ERR_PROTOCOL. */
MUST_CHECK bool quotas_read(bool spent[LANES_MAX], struct err *err);
/* quotas_read() from nft's own JSON, for tests. */
MUST_CHECK bool quotas_parse(struct str listing, bool spent[LANES_MAX], struct err *err);

/* flows_read() from nft's own JSON, for tests. */
MUST_CHECK bool flows_write(struct str listing, int lane, const struct resolver_counts *dns,
                            struct buf *out, struct err *err);
