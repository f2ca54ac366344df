/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/lease.h"

#include <assert.h>

const char *const lease_state_names[LEASE_STATES] = {
    [LEASE_OFFERED] = "offered",     [LEASE_PREPARING] = "preparing", [LEASE_RUNNING] = "running",
    [LEASE_STOPPING] = "stopping",   [LEASE_FINISHED] = "finished",   [LEASE_LOST] = "lost",
    [LEASE_PREEMPTED] = "preempted", [LEASE_DISPUTED] = "disputed",   [LEASE_SETTLED] = "settled",
    [LEASE_VOID] = "void",
};

const char *const lease_event_names[LEASE_EVENTS] = {
    [LEASE_ACCEPT] = "accept",
    [LEASE_DECLINE] = "decline",
    [LEASE_TIMEOUT] = "timeout",
    [LEASE_READY] = "ready",
    [LEASE_CANNOT_START] = "cannot-start",
    [LEASE_EXIT] = "exit",
    [LEASE_SILENCE] = "silence",
    [LEASE_PREEMPT] = "preempt",
    [LEASE_CANCEL] = "cancel",
    [LEASE_SPEND] = "spend",
    [LEASE_CHECK_PASS] = "check-pass",
    [LEASE_CHECK_FAIL] = "check-fail",
    [LEASE_RESOLVE] = "resolve",
    [LEASE_SETTLE] = "settle",
};

/* From, event, to, who causes it, whether the agent may find itself told. What the agent itself
 * reports it has done already, so those rows ask nothing more of it. */
/* clang-format off */
const struct lease_edge lease_edges[] = {
    { LEASE_OFFERED, LEASE_ACCEPT, LEASE_PREPARING, LEASE_BY_AGENT, false,
      "The agent accepted the offer and fetches the image." },
    { LEASE_OFFERED, LEASE_DECLINE, LEASE_VOID, LEASE_BY_AGENT, false,
      "The agent declined the offer." },
    { LEASE_OFFERED, LEASE_TIMEOUT, LEASE_VOID, LEASE_BY_SERVER, true,
      "The agent did not answer the offer in time." },
    { LEASE_OFFERED, LEASE_SILENCE, LEASE_VOID, LEASE_BY_SERVER, true,
      "The node fell silent before it answered the offer." },
    { LEASE_OFFERED, LEASE_CANCEL, LEASE_VOID, LEASE_BY_BUYER, true,
      "The buyer cancelled before the agent answered." },

    { LEASE_PREPARING, LEASE_READY, LEASE_RUNNING, LEASE_BY_AGENT, false,
      "The container is ready and the meter runs." },
    { LEASE_PREPARING, LEASE_CANNOT_START, LEASE_VOID, LEASE_BY_AGENT, false,
      "The container could not be started; the agent said why and whose fault it is." },
    { LEASE_PREPARING, LEASE_TIMEOUT, LEASE_VOID, LEASE_BY_SERVER, true,
      "The container was not ready in time." },
    { LEASE_PREPARING, LEASE_CANCEL, LEASE_STOPPING, LEASE_BY_BUYER, true,
      "The buyer cancelled while the container was being made." },
    { LEASE_PREPARING, LEASE_SILENCE, LEASE_LOST, LEASE_BY_SERVER, true,
      "The node fell silent while the container was being made." },

    { LEASE_RUNNING, LEASE_EXIT, LEASE_FINISHED, LEASE_BY_AGENT, false,
      "The container exited and the agent signed its receipt." },
    { LEASE_RUNNING, LEASE_CANCEL, LEASE_STOPPING, LEASE_BY_BUYER, true,
      "The buyer cancelled a running job." },
    { LEASE_RUNNING, LEASE_SPEND, LEASE_STOPPING, LEASE_BY_SERVER, true,
      "The time or the budget of the run is spent." },
    { LEASE_RUNNING, LEASE_PREEMPT, LEASE_PREEMPTED, LEASE_BY_SERVER, true,
      "Another lease displaces this one; it has notice to save its work." },
    { LEASE_RUNNING, LEASE_SILENCE, LEASE_LOST, LEASE_BY_SERVER, true,
      "The node fell silent while the job ran." },

    { LEASE_STOPPING, LEASE_EXIT, LEASE_FINISHED, LEASE_BY_AGENT, false,
      "The container was stopped and the agent signed its receipt." },
    { LEASE_STOPPING, LEASE_SILENCE, LEASE_LOST, LEASE_BY_SERVER, true,
      "The node did not report the end of a stopping lease." },

    { LEASE_PREEMPTED, LEASE_EXIT, LEASE_FINISHED, LEASE_BY_AGENT, false,
      "The container left within its notice and the agent signed its receipt." },
    { LEASE_PREEMPTED, LEASE_SILENCE, LEASE_LOST, LEASE_BY_SERVER, true,
      "The node did not report the end of a displaced lease." },

    { LEASE_FINISHED, LEASE_CHECK_PASS, LEASE_SETTLED, LEASE_BY_SERVER, false,
      "The receipt passed what its level asks, and the money moved." },
    { LEASE_FINISHED, LEASE_CHECK_FAIL, LEASE_DISPUTED, LEASE_BY_SERVER, false,
      "An audit contradicts the receipt." },
    { LEASE_DISPUTED, LEASE_RESOLVE, LEASE_SETTLED, LEASE_BY_SERVER, false,
      "The dispute was decided, and the money moved." },
    { LEASE_LOST, LEASE_SETTLE, LEASE_SETTLED, LEASE_BY_SERVER, false,
      "What a lost lease is owed was paid." },
};
/* clang-format on */
const size_t lease_edges_n = ARRAY_LEN(lease_edges);

bool lease_next(enum lease_state from, enum lease_event event, enum lease_state *to)
{
    for (size_t i = 0; i < lease_edges_n; i++) {
        if (lease_edges[i].from != from || lease_edges[i].event != event) continue;
        *to = lease_edges[i].to;
        return true;
    }
    return false;
}

bool lease_is_final(enum lease_state s)
{
    assert(s < LEASE_STATES);
    return s == LEASE_SETTLED || s == LEASE_VOID;
}

bool lease_holds_units(enum lease_state s)
{
    assert(s < LEASE_STATES);
    return s <= LEASE_STOPPING || s == LEASE_PREEMPTED;
}
