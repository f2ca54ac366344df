/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a lease: the one transition table that server and agent share. Pure.
 *
 * Each row carries a sentence and says who may cause it; docs/lease.md is made from the table. The
 * server decides; the agent obeys what a row with `agent_must_handle` orders. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

enum lease_state {
    LEASE_OFFERED,   /* traded; the agent has been told, or will be */
    LEASE_PREPARING, /* accepted; image being fetched, container being made */
    LEASE_RUNNING,   /* container ready; metered */
    LEASE_STOPPING,  /* told to end: cancelled, or time or budget spent */
    LEASE_FINISHED,  /* exited, receipt in; being checked */
    LEASE_LOST,      /* the node fell silent */
    LEASE_PREEMPTED, /* displaced or drained */
    LEASE_DISPUTED,  /* an audit failed */
    LEASE_SETTLED,   /* paid; final */
    LEASE_VOID,      /* never ran; final */
};
#define LEASE_STATES 10

enum lease_event {
    LEASE_ACCEPT,
    LEASE_DECLINE,
    LEASE_TIMEOUT,      /* no answer to the offer, or preparing took too long */
    LEASE_READY,        /* container runs, what was asked is seen inside */
    LEASE_CANNOT_START, /* with reason and whose fault */
    LEASE_EXIT,         /* container ended, receipt signed */
    LEASE_SILENCE,      /* no heartbeat in time */
    LEASE_PREEMPT,      /* displaced or drained */
    LEASE_CANCEL,       /* by the buyer */
    LEASE_SPEND,        /* time or budget is spent */
    LEASE_CHECK_PASS,
    LEASE_CHECK_FAIL,
    LEASE_RESOLVE, /* a dispute ended */
    LEASE_SETTLE,  /* money moved */
};
#define LEASE_EVENTS 14

enum lease_actor { LEASE_BY_AGENT, LEASE_BY_SERVER, LEASE_BY_BUYER };

struct lease_edge {
    enum lease_state from;
    enum lease_event event;
    enum lease_state to;
    enum lease_actor actor;
    bool agent_must_handle; /* the agent may find itself told this and has something to do */
    const char *sentence;   /* "The container exited and the agent signed its receipt." */
};

extern const struct lease_edge lease_edges[];
extern const size_t lease_edges_n;

extern const char *const lease_state_names[LEASE_STATES]; /* "offered", … as on the wire */
extern const char *const lease_event_names[LEASE_EVENTS];

/* The state after `event`. False, *to untouched: there is no such edge. */
MUST_CHECK bool lease_next(enum lease_state from, enum lease_event event, enum lease_state *to);

bool lease_is_final(enum lease_state s);    /* settled or void */
bool lease_holds_units(enum lease_state s); /* offered … stopping: units of the node are taken */
