/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the compiled lease table for tools/gen_docs.py, tab-separated: first each state with
 * whether it is final and holds units, then each edge. */
#include <stdio.h>

#include "wire/lease.h"

static const char *actor_name(enum lease_actor actor)
{
    switch (actor) {
    case LEASE_BY_AGENT: return "agent";
    case LEASE_BY_SERVER: return "server";
    case LEASE_BY_BUYER: return "buyer";
    }
    return "?";
}

int main(void)
{
    for (int s = 0; s < LEASE_STATES; s++)
        printf("state\t%s\t%s\t%s\n", lease_state_names[s],
               lease_is_final((enum lease_state)s) ? "final" : "-",
               lease_holds_units((enum lease_state)s) ? "holds" : "-");
    for (size_t i = 0; i < lease_edges_n; i++) {
        const struct lease_edge *e = &lease_edges[i];
        printf("edge\t%s\t%s\t%s\t%s\t%s\t%s\n", lease_state_names[e->from],
               lease_event_names[e->event], lease_state_names[e->to], actor_name(e->actor),
               e->agent_must_handle ? "agent" : "-", e->sentence);
    }
    return 0;
}
