/* SPDX-License-Identifier: Apache-2.0 */
/* kill -9 at each call that the agent makes into the world, before it and after it; then another
 * agent with the same folder. No container may be lost or started twice, no byte of a log, no
 * receipt. */
#include "base/clock.h"
#include "base/fd.h"
#include "service/journal.h"
#include "sign/receipt.h"
#include "tests/agent/fake_ports.h"
#include "tests/t.h"

#define PATIENCE_MS 15000
#define CALLS_MAX   400 /* one life takes less than a hundred */

static bool is_idle(struct fake_world *w)
{
    for (size_t i = 0; i < FAKE_CONTAINERS; i++)
        if (w->engine.v[i].there) return false;
    return fake_journal_is_empty(w);
}

static bool settled(struct fake_world *w)
{
    return w->market.leases[0].state == LEASE_FINISHED && is_idle(w);
}

static int starts(const struct fake_world *w)
{
    int n = 0;
    for (size_t i = 0; i < FAKE_CONTAINERS; i++)
        n += w->engine.v[i].starts;
    return n;
}

static struct receipt receipt_of(const struct fake_world *w, struct arena *a)
{
    struct err err;
    struct receipt r;
    CHECK(receipt_parse(str_of(w->market.leases[0].receipt), a, &r, &err));
    return r;
}

/* After the second agent: all as if there had been one. */
static void check_whole(struct fake_world *w)
{
    static char want[FAKE_LOG_MAX];
    char sha[65];
    struct arena a;
    const struct fake_lease *l = &w->market.leases[0];
    CHECK_STR(w->market.broken, "");
    CHECK_I64(l->state, LEASE_FINISHED);
    CHECK_I64(starts(w), 1);
    CHECK_I64(w->engine.creates, 1);
    CHECK_I64(w->engine.removed_running, 0);
    memset(want, 'x', sizeof(want));
    memcpy(want, "hello\noh\n", 9);
    CHECK_I64(l->log_n, 9 + w->engine.script.flood_bytes);
    CHECK(memcmp(l->log, want, l->log_n) == 0);

    arena_init(&a, 1 << 20);
    const struct receipt r = receipt_of(w, &a);
    sha256_hex((struct str){ l->log, l->log_n }, sha);
    CHECK(str_is(r.log_sha256, sha));
    CHECK(str_is(r.reason, "done"));
    CHECK_I64(r.outputs_n, 1);
    CHECK_I64(w->market.blobs_n, 1);
    arena_done(&a);
}

/* One agent that dies at call `at`, one that goes on. False: the first lived to the end. */
static bool die_once(int at, int64_t flood_bytes)
{
    struct fake_world *w = fake_world_new();
    w->engine.script.run_ms = 100;
    w->engine.script.flood_bytes = flood_bytes;
    fake_offer(w, NULL, 60);
    w->crash_at = at;
    const int first = fake_run(w, settled, PATIENCE_MS);
    CHECK(first == 9 || first == 0);
    w->crash_at = 0;
    const int second = fake_run(w, settled, PATIENCE_MS);
    if (second != 0) fprintf(stderr, "killed at call %d: not settled\n", at);
    CHECK_I64(second, 0);
    check_whole(w);
    fake_world_free(w);
    return first == 9;
}

TEST(killed_at_any_call_it_goes_on_where_it_was)
{
    int at = 1;
    while (at < CALLS_MAX && die_once(at, 0))
        at++;
    printf("died at %d calls\n", at - 1);
    CHECK(at > 30 && at < CALLS_MAX);
}

TEST(killed_in_the_midst_of_a_long_log_it_sends_each_byte_once)
{
    int at = 10; /* before that there is no log */
    while (at < CALLS_MAX && die_once(at, 200000))
        at += 3;
    CHECK(at > 30 && at < CALLS_MAX);
}

TEST(killed_again_and_again_it_still_comes_to_an_end)
{
    struct fake_world *w = fake_world_new();
    fake_offer(w, NULL, 60);
    int rc = 9;
    for (int life = 0; life < 200 && rc == 9; life++) {
        w->crash_at = w->calls + 23; /* enough to start up and do a few steps */
        rc = fake_run(w, settled, PATIENCE_MS);
    }
    CHECK_I64(rc, 0);
    check_whole(w);
    fake_world_free(w);
}

/* ---- after a restart ---------------------------------------------------------------------------
 */

static bool first_runs(struct fake_world *w)
{
    return w->market.leases[0].state == LEASE_RUNNING;
}

static bool ended(struct fake_world *w)
{
    return w->engine.v[0].ended;
}

TEST(the_deadline_holds_across_a_restart_without_the_market)
{
    struct arena a;
    struct fake_world *w = fake_world_new();
    w->engine.script.run_ms = 60000;
    fake_offer(w, NULL, 1);
    CHECK_I64(fake_run(w, first_runs, PATIENCE_MS), 0);
    w->market.unreachable = true;
    CHECK_I64(fake_run(w, ended, PATIENCE_MS), 0);
    const int64_t ran = w->engine.v[0].finished_us - w->engine.v[0].started_us;
    CHECK(ran >= 990000 && ran < 3000000);

    w->market.unreachable = false;
    CHECK_I64(fake_run(w, settled, PATIENCE_MS), 0);
    arena_init(&a, 1 << 20);
    CHECK(str_is(receipt_of(w, &a).reason, "time-spent"));
    CHECK_I64(receipt_of(w, &a).seconds, 1);
    CHECK_STR(w->market.broken, "");
    arena_done(&a);
    fake_world_free(w);
}

TEST(a_container_that_ends_while_no_agent_is_there_is_paid_for_what_it_ran)
{
    struct arena a;
    struct fake_world *w = fake_world_new();
    w->engine.script.run_ms = 1200;
    fake_offer(w, NULL, 60);
    CHECK_I64(fake_run(w, first_runs, PATIENCE_MS), 0);
    clock_sleep_us(2500000);
    CHECK_I64(fake_run(w, settled, PATIENCE_MS), 0);
    arena_init(&a, 1 << 20);
    CHECK_I64(receipt_of(w, &a).seconds, 1);
    arena_done(&a);
    check_whole(w);
    fake_world_free(w);
}

TEST(what_the_market_no_longer_knows_is_killed_after_a_restart)
{
    struct fake_world *w = fake_world_new();
    w->engine.script.run_ms = 60000;
    fake_offer(w, NULL, 60);
    CHECK_I64(fake_run(w, first_runs, PATIENCE_MS), 0);
    CHECK(w->engine.v[0].there && !w->engine.v[0].ended);
    w->market.leases[0].forgotten = true;
    CHECK_I64(fake_run(w, is_idle, PATIENCE_MS), 0);
    CHECK_I64(w->market.leases[0].exits, 0);
    fake_world_free(w);
}

static bool no_container(struct fake_world *w)
{
    return !w->engine.v[0].there && w->market.heartbeats > 0;
}

TEST(a_container_that_nobody_knows_is_removed)
{
    struct fake_world *w = fake_world_new();
    struct fake_container *c = &w->engine.v[0];
    *c =
        (struct fake_container){ .there = true, .started = true, .epoch = 1, .ends_us = INT64_MAX };
    snprintf(c->name, sizeof(c->name), "bourse-lease_00000000000000000000000009-1");
    snprintf(c->lease_id, sizeof(c->lease_id), "lease_00000000000000000000000009");
    CHECK_I64(fake_run(w, no_container, PATIENCE_MS), 0);
    fake_world_free(w);
}

TEST(a_journal_that_cannot_be_read_loses_its_container_and_nothing_else)
{
    struct err err;
    char path[400];
    struct fake_world *w = fake_world_new();
    w->engine.script.run_ms = 60000;
    fake_offer(w, NULL, 60);
    CHECK_I64(fake_run(w, first_runs, PATIENCE_MS), 0);
    snprintf(path, sizeof(path), "%s/leases/%s.json", w->dir, w->market.leases[0].lease_id);
    CHECK(file_write(path, STR("{\"half\":"), 0600, &err));
    w->engine.script.run_ms = 50;
    fake_offer(w, NULL, 60);
    w->market.leases[0].forgotten = true;
    CHECK_I64(fake_run(w, is_idle, PATIENCE_MS), 0);
    fake_world_free(w);
}

TESTS(T(killed_at_any_call_it_goes_on_where_it_was),
      T(killed_in_the_midst_of_a_long_log_it_sends_each_byte_once),
      T(killed_again_and_again_it_still_comes_to_an_end),
      T(the_deadline_holds_across_a_restart_without_the_market),
      T(a_container_that_ends_while_no_agent_is_there_is_paid_for_what_it_ran),
      T(what_the_market_no_longer_knows_is_killed_after_a_restart),
      T(a_container_that_nobody_knows_is_removed),
      T(a_journal_that_cannot_be_read_loses_its_container_and_nothing_else))
