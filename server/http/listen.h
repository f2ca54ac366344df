/* SPDX-License-Identifier: Apache-2.0 */
/* One HTTP daemon: an address, a table of routes, threads. */
#pragma once

#include "http/http.h"

struct listener;

struct listener_options {
    const char *name;    /* for the log and its threads: "api", "agent", "metrics" */
    const char *address; /* "127.0.0.1:8080", "[::1]:8080"; port 0: any */
    const struct route *routes;
    size_t routes_n;
    struct services *svc;
    int threads;
    size_t connection_memory; /* of one connection, headers included: 32768; 6144 for agents */
    int connections;          /* at most; 15000 for agents */
    int connections_per_ip;   /* 0: no limit, as behind a proxy */
    int64_t body_max;         /* of a body that is no blob; 0: BODY_MAX */
    const char *tmp_dir;      /* where blobs stay while they come; NULL: no route takes one */
    /* Seconds; 0: as in listen.c. Tests wait less. */
    int64_t headers_s, body_s, idle_s;
};

/* Bind, raise the limit of open files, start. NULL: ERR_IO says what could not be had. The process
 * must ignore SIGPIPE. */
struct listener *listener_start(const struct listener_options *o, struct err *err);

int listener_port(const struct listener *l);

/* Take no new connections, wake whoever waits, and close each connection behind its next answer.
 * True: all requests were answered within timeout_us. */
bool listener_drain(struct listener *l, int64_t timeout_us);

/* Drains, waits until market and workers have given back what they hold, and frees. Takes NULL. */
void listener_stop(struct listener *l);
