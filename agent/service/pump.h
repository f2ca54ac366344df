/* SPDX-License-Identifier: Apache-2.0 */
/* A container's output on its way from the engine to the market, in numbered chunks.
 *
 * The engine tells the same bytes in the same order each time it is asked, so a position is enough
 * to go on after a crash: bytes before `sent` have been told and are only hashed again. Several
 * readers may feed the same output at once, each with its own cursor; what another one has brought
 * already is dropped. Memory is bounded: a reader waits when PUMP_ROOM bytes are waiting.
 *
 * What lies beyond LOG_LEASE_MAX is counted, neither kept nor hashed: the digest is of the bytes
 * that the market has, so that anyone can check it. */
#pragma once

#include <pthread.h>

#include "service/ports.h"
#include "sign/sha.h"

#define PUMP_ROOM     ((size_t)4 * LOG_CHUNK_MAX)
#define PUMP_RUNS_MAX 4096 /* stretches of one stream that wait */

struct pump_run {
    enum log_stream stream;
    size_t n;
};

struct pump {
    void (*wake)(void *arg); /* there is something to send; called with the lock held */
    void *arg;
    pthread_mutex_t lock; /* guards: everything below */
    pthread_cond_t changed;
    struct sha256_stream *sha;
    int64_t sent;    /* bytes that need not be sent again */
    int64_t high;    /* bytes that have come so far */
    int64_t dropped; /* of them, beyond the cap */
    char bytes[PUMP_ROOM];
    size_t bytes_n;
    struct pump_run runs[PUMP_RUNS_MAX];
    size_t runs_n;
    int64_t first_us; /* when the oldest byte that waits came */
    bool ended;       /* all there is has come */
    bool closed;      /* nobody wants more */
};

struct pump *pump_new(int64_t sent, void (*wake)(void *arg), void *arg);
void pump_free(struct pump *p);

/* A reader's place in the output: starts at 0. */
struct pump_reader {
    struct pump *pump;
    int64_t at;
};

/* A log_sink's take(): arg is a struct pump_reader. Blocks while there is no room. */
bool pump_take(void *reader, enum log_stream stream, const void *p, size_t n);

void pump_end(struct pump *p);   /* a reader came to the end of a container that is over */
void pump_close(struct pump *p); /* let readers go on, drop what waits */

/* Copy out the oldest bytes of one stream, at most LOG_CHUNK_MAX, without removing them. `exactly`
 * > 0: that many, no more and no less. 0: nothing is due yet: fewer than a full chunk wait, and not
 * for `flush_us` yet. */
size_t pump_peek(struct pump *p, size_t exactly, int64_t now_us, int64_t flush_us,
                 enum log_stream *stream, char out[LOG_CHUNK_MAX]);
void pump_drop(struct pump *p, size_t n); /* they have been told */

/* Has everything come, and been told? */
bool pump_is_dry(struct pump *p);
/* How long the oldest byte has waited; 0: none waits. */
int64_t pump_waits_us(struct pump *p, int64_t now_us);

/* Of what was told; the pump must be dry, and takes no more. */
void pump_sha256(struct pump *p, char out[SHA_TEXT_SIZE], int64_t *dropped);
