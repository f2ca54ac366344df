/* SPDX-License-Identifier: Apache-2.0 */
/* Questions about the market in memory that its tables cannot answer: they are asked on the market
 * thread, between groups, one after the other, and take at most a share of its time: orders go on,
 * and who looks waits. */
#pragma once

#include "base/attr.h"
#include "domain/market.h"

struct looks;

struct looks *looks_new(void);
void looks_free(struct looks *l); /* nobody may be waiting; takes NULL */

/* A look: may read, must not change what the market stores, and must be done in a few milliseconds.
 */
typedef void look_fn(struct market *m, int64_t now_us, void *arg);

/* Whose it is until done() is called: who waits for the answer. */
struct look {
    look_fn *see;
    void *arg;
    void (*done)(void *done_arg); /* on any thread, also before looks_ask() returns */
    void *done_arg;
    bool seen; /* when done: false: the market is not in memory now, or too many wait */
    struct look *next;
};

/* Queue a look. Any thread; never blocks. True: the market thread must be told. */
MUST_CHECK bool looks_ask(struct looks *l, struct look *look);

/* The market thread's: serve some of those who wait; from then on, until looks_close(), more are
 * taken. Microseconds after which it wants to be called again; INT64_MAX: nobody waits. */
int64_t looks_serve(struct looks *l, struct market *m, int64_t now_us);

/* Turn away those who wait and those who come, until it is served again. */
void looks_close(struct looks *l);
