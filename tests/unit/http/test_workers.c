/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "http/workers.h"
#include "tests/t.h"

#define MANY 2000

static atomic_int done;
static atomic_bool gate;

static void count(struct work *w, struct db *db)
{
    (void)w;
    CHECK(db == NULL);
    atomic_fetch_add(&done, 1);
}

static void wait_at_gate(struct work *w, struct db *db)
{
    while (!atomic_load(&gate))
        clock_sleep_us(100);
    count(w, db);
}

static struct workers *start(int n, size_t queue, size_t promised)
{
    struct err err;
    atomic_store(&done, 0);
    atomic_store(&gate, false);
    struct workers *ws = workers_start(
        &(struct workers_options){ .n = n, .queue = queue, .promised = promised }, &err);
    CHECK(ws != NULL);
    return ws;
}

TEST(all_work_is_run_before_the_workers_stop)
{
    static struct work work[MANY];
    struct workers *ws = start(3, MANY, 0);
    for (int i = 0; i < MANY; i++) {
        work[i].run = count;
        workers_push(ws, &work[i]);
    }
    workers_stop(ws);
    CHECK_I64(atomic_load(&done), MANY);
}

TEST(a_full_queue_takes_no_new_work_but_what_was_promised)
{
    struct work work[6];
    struct workers *ws = start(1, 2, 3);
    work[0].run = wait_at_gate;
    workers_push(ws, &work[0]);
    struct workers_stats stats;
    do
        workers_stats(ws, &stats);
    while (stats.busy == 0); /* it has left the queue */
    CHECK(workers_have_room(ws));

    for (int i = 1; i < 6; i++) {
        CHECK(workers_have_room(ws) == (i <= 2));
        work[i].run = count;
        workers_push(ws, &work[i]);
    }
    workers_stats(ws, &stats);
    CHECK_I64(stats.queued, 5);
    atomic_store(&gate, true);
    workers_stop(ws);
    CHECK_I64(atomic_load(&done), 6);
}

TEST(without_a_database_nobody_is_connected)
{
    struct workers_stats stats;
    struct workers *ws = start(2, 4, 0);
    workers_stats(ws, &stats);
    CHECK_I64(stats.threads, 2);
    CHECK_I64(stats.connected, 0);
    workers_stop(ws);
    workers_stats(NULL, &stats);
    CHECK_I64(stats.threads, 0);
}

TESTS(T(all_work_is_run_before_the_workers_stop),
      T(a_full_queue_takes_no_new_work_but_what_was_promised),
      T(without_a_database_nobody_is_connected))
