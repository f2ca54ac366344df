/* SPDX-License-Identifier: Apache-2.0 */
/* A resolver for one lease, on a thread: it forwards questions to this machine's own name server
 * and looks at the answers. One with an address of never.h is refused whole (rebinding). For an
 * allowlist only names of the list are asked for, and the addresses in their answers are let
 * through for as long as the answer is good. */
#pragma once

#include "base/err.h"
#include "net/rules.h"
#include "json/field.h"

struct resolver;

/* Listen on the lane's address, port 53. `allow` as in a job: "host" or "host:port"; it and its
 * texts are copied. NULL: ERR_IO, ERR_NO_MEMORY. */
struct resolver *resolver_new(int lane, enum egress_class kind, const struct str_list *allow,
                              const char *name_server, struct err *err);
void resolver_free(struct resolver *r); /* ends the thread; takes NULL */

/* What was asked since it began. */
struct resolver_counts {
    int64_t questions, refused, private_answers;
};
struct resolver_counts resolver_counts(struct resolver *r);
