/* SPDX-License-Identifier: Apache-2.0 */
/* The lease table, seen from this end: whatever the market may do to a lease that we hold, there is
 * a step of ours at which we can be told, and an order that we obey. */
#include "service/lease.h"
#include "service/ports.h"
#include "tests/t.h"

/* How the market tells us that a lease has come to `to`; -1: it does not. */
static int told_by(enum lease_state to)
{
    switch (to) {
    case LEASE_STOPPING:
    case LEASE_PREEMPTED: return COMMAND_STOP;
    case LEASE_VOID:
    case LEASE_LOST:
    case LEASE_SETTLED: return COMMAND_FORGET;
    case LEASE_OFFERED:
    case LEASE_PREPARING:
    case LEASE_RUNNING:
    case LEASE_FINISHED:
    case LEASE_DISPUTED: return -1;
    }
    return -1;
}

/* Is there a step at which the market holds our lease in `state`? */
static bool we_are_ever_in(enum lease_state state)
{
    for (int step = STEP_TAKEN; step < STEPS; step++)
        if (lease_state_of((enum step)step, false, false) == state ||
            lease_state_of((enum step)step, true, false) == state ||
            lease_state_of((enum step)step, true, true) == state)
            return true;
    return false;
}

TEST(every_edge_that_we_must_handle_is_one_that_we_are_told_of)
{
    size_t n = 0;
    for (size_t i = 0; i < lease_edges_n; i++) {
        const struct lease_edge *e = &lease_edges[i];
        if (!e->agent_must_handle) continue;
        if (told_by(e->to) < 0) fprintf(stderr, "%s\n", e->sentence);
        CHECK(told_by(e->to) >= 0);
        CHECK(we_are_ever_in(e->from));
        n++;
    }
    CHECK(n > 0);
}

TEST(every_event_of_ours_is_an_edge_from_a_state_that_we_are_in)
{
    bool seen[LEASE_EVENTS] = { false };
    for (size_t i = 0; i < lease_edges_n; i++) {
        const struct lease_edge *e = &lease_edges[i];
        if (e->actor != LEASE_BY_AGENT) continue;
        CHECK(we_are_ever_in(e->from));
        seen[e->event] = true;
    }
    CHECK(seen[LEASE_ACCEPT] && seen[LEASE_DECLINE] && seen[LEASE_READY]);
    CHECK(seen[LEASE_CANNOT_START] && seen[LEASE_EXIT]);
}

TEST(a_cancelled_preparation_ends_with_a_receipt)
{
    enum lease_state to;
    CHECK(lease_next(LEASE_PREPARING, LEASE_CANCEL, &to) && to == LEASE_STOPPING);
    CHECK(lease_next(to, LEASE_EXIT, &to) && to == LEASE_FINISHED);
    CHECK(!lease_next(LEASE_STOPPING, LEASE_CANNOT_START, &to));
}

TESTS(T(every_edge_that_we_must_handle_is_one_that_we_are_told_of),
      T(every_event_of_ours_is_an_edge_from_a_state_that_we_are_in),
      T(a_cancelled_preparation_ends_with_a_receipt))
