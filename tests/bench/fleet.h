/* SPDX-License-Identifier: Apache-2.0 */
/* Agents of a load program, without machines: each has a key, joins with a token of its own, offers
 * one unit, and holds a poll for assignments. Every request is signed (RFC 9421), as an agent's is.
 *
 * The tokens are "bench-0", "bench-1", …: the script that made the database has put them there. */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "base/id.h"
#include "sign/key.h"
#include "wire.h"

struct agent {
    struct wire wire;
    struct key *key;
    char node[ID_TEXT_MAX];
    int64_t after;    /* what it has heard of */
    int64_t heard_us; /* when it was last told something, by the monotonic clock */
    int64_t sent_us;  /* its last poll */
    bool waits;       /* which is on the way */
    int64_t again_us; /* when it polls again, after the server had too much to do */
};

struct fleet {
    const char *host;
    int port;
    struct agent *v;
    size_t n;
    int epoll_fd;
    int64_t units;          /* that each offers */
    int64_t wait_s;         /* of the polls that are sent from now on */
    int64_t empty;          /* polls answered with 204: their time was up, or the server ends */
    struct agent **refused; /* a ring of those that poll again later, the first first */
    size_t refused_first, refused_n;
    int64_t refusals;                                            /* polls answered with 503 */
    void (*told)(void *arg, const json_t *data, int64_t now_us); /* assignments; NULL: nobody */
    void *told_arg;
    bool silent; /* whoever is answered does not poll again; fleet_wait() tells of 204 too */
};

void fleet_init(struct fleet *f, const char *host, int port, size_t n, int64_t units);

/* Join and offer, over a few connections, until all have. The i-th asks FLEET_PRICE + i %
 * FLEET_PRICES ticks. Ends the program when one is refused. */
void fleet_join(struct fleet *f);
#define FLEET_TICK   1000
#define FLEET_PRICES 5000

void fleet_poll(struct fleet *f); /* all connect, and poll */

/* Look after all polls for `timeout_ms`, or until one was told something: that agent, which polls
 * again already. NULL: nobody was, or a descriptor that somebody else put into the set with a NULL
 * is ready. A poll that is refused with 503 is sent again after a second, as an agent does; one
 * that is cut off ends the program. */
struct agent *fleet_wait(struct fleet *f, int timeout_ms);
