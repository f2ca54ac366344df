/* SPDX-License-Identifier: Apache-2.0 */
/* A server for one test: it takes connections one after the other in a thread of its own, keeps the
 * request that came and answers with the bytes it was given, whatever they are. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct server {
    const char *answers[4]; /* one for each request; NULL: silence until the client goes away; "":
                               the connection is cut */
    size_t answers_n;
    size_t split_after; /* > 0: a pause after this many bytes of an answer */
    bool close_each;    /* one request for each connection */

    char requests[4][131072]; /* as they came, head and body */
    size_t requests_n;        /* valid after server_stop() */
    size_t connections;

    int fd;
    int port;
    char path[108]; /* of the unix socket */
    pthread_t thread;
};

void server_start(struct server *s); /* on a free port of 127.0.0.1 */
void server_start_unix(struct server *s, const char *path);
void server_stop(struct server *s);
