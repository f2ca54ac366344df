/* SPDX-License-Identifier: Apache-2.0 */
/* One lease through the whole agent, on fake ports: how it goes, how it ends, whose fault it is. */
#include "base/clock.h"
#include "sign/receipt.h"
#include "tests/agent/fake_ports.h"
#include "tests/t.h"

#define PATIENCE_MS 10000

/* ---- when an agent may stop --------------------------------------------------------------------
 */

static bool is_idle(const struct fake_world *w)
{
    for (size_t i = 0; i < FAKE_CONTAINERS; i++)
        if (w->engine.v[i].there) return false;
    return fake_journal_is_empty(w);
}

/* All leases have ended for the market, and nothing of them is left here. */
static bool all_over(struct fake_world *w)
{
    for (size_t i = 0; i < w->market.leases_n; i++) {
        const struct fake_lease *l = &w->market.leases[i];
        if (l->state <= LEASE_STOPPING && !l->forgotten && !l->forget) return false;
    }
    return is_idle(w);
}

static bool first_runs(struct fake_world *w)
{
    return w->market.leases[0].state == LEASE_RUNNING;
}

/* ---- what a receipt says -----------------------------------------------------------------------
 */

static struct arena memory;

static struct receipt receipt_of(const struct fake_world *w, size_t lease)
{
    struct err err;
    struct receipt r;
    CHECK(receipt_parse(str_of(w->market.leases[lease].receipt), &memory, &r, &err));
    return r;
}

static void check_log(const struct fake_world *w, size_t lease, const char *want)
{
    char sha[65];
    const struct fake_lease *l = &w->market.leases[lease];
    CHECK_STR(l->log, want);
    sha256_hex((struct str){ l->log, l->log_n }, sha);
    CHECK(str_is(receipt_of(w, lease).log_sha256, sha));
}

#define CHECK_REASON(w, want) CHECK(str_is(receipt_of((w), 0).reason, (want)))

/* A world with one lease offered. */
static struct fake_world *one_lease(const char *image, int64_t max_seconds)
{
    struct fake_world *w = fake_world_new();
    arena_init(&memory, 1 << 20);
    fake_offer(w, image, max_seconds);
    return w;
}

static void end(struct fake_world *w)
{
    CHECK_STR(w->market.broken, "");
    arena_done(&memory);
    fake_world_free(w);
}

/* ---- going well --------------------------------------------------------------------------------
 */

TEST(a_lease_from_offer_to_receipt)
{
    struct fake_world *w = one_lease(NULL, 60);
    CHECK_I64(fake_run(w, all_over, PATIENCE_MS), 0);
    CHECK_I64(w->market.leases[0].state, LEASE_FINISHED);
    CHECK_I64(w->engine.v[0].starts, 1);
    CHECK_I64(w->market.downloads, 1);
    check_log(w, 0, "hello\noh\n");

    const struct receipt r = receipt_of(w, 0);
    CHECK(str_is(r.reason, "done"));
    CHECK_I64(r.exit_code, 0);
    CHECK_I64(r.seconds, 0); /* it ran for 60 ms */
    CHECK(r.ready_at_us > 0 && r.ended_at_us >= r.ready_at_us);
    CHECK_I64(r.outputs_n, 1);
    CHECK(str_is(r.outputs[0].path, "result.txt"));
    CHECK_I64(w->market.blobs_n, 1);
    CHECK_STR(w->market.blobs[0], r.outputs[0].sha256);
    end(w);
}

TEST(the_second_start_of_an_image_needs_no_download)
{
    struct fake_world *w = one_lease(NULL, 60);
    CHECK_I64(fake_run(w, all_over, PATIENCE_MS), 0);
    fake_offer(w, NULL, 60);
    CHECK_I64(fake_run(w, all_over, PATIENCE_MS), 0);
    CHECK_I64(w->market.leases[1].state, LEASE_FINISHED);
    CHECK_I64(w->market.downloads, 1);
    CHECK_I64(w->engine.loads, 1);
    end(w);
}

TEST(two_leases_side_by_side_fetch_their_image_once)
{
    struct fake_world *w = one_lease(NULL, 60);
    fake_offer(w, NULL, 60);
    CHECK_I64(fake_run(w, all_over, PATIENCE_MS), 0);
    CHECK_I64(w->market.leases[0].state, LEASE_FINISHED);
    CHECK_I64(w->market.leases[1].state, LEASE_FINISHED);
    CHECK_I64(w->market.downloads, 1);
    end(w);
}

static bool over_and_told_again(struct fake_world *w)
{
    return !w->market.leases[0].told_late && w->market.leases[0].accepts == 2 && all_over(w);
}

TEST(a_lease_that_is_told_once_more_when_it_is_over_is_not_run_again)
{
    struct fake_world *w = one_lease(NULL, 60);
    w->market.leases[0].told_late = true;
    CHECK_I64(fake_run(w, over_and_told_again, PATIENCE_MS), 0);
    CHECK_I64(w->engine.creates, 1);
    CHECK_I64(w->market.leases[0].exits, 1);
    end(w);
}

TEST(what_does_not_fit_beside_the_others_is_declined)
{
    struct fake_world *w = one_lease(NULL, 60);
    w->engine.script.run_ms = 300;
    fake_offer(w, NULL, 60);
    fake_offer(w, NULL, 60); /* each takes half of the machine */
    CHECK_I64(fake_run(w, all_over, PATIENCE_MS), 0);
    CHECK_I64(w->market.leases[2].declines, 1);
    CHECK_I64(w->market.leases[2].state, LEASE_VOID);
    end(w);
}

TEST(ticks_are_signed_while_it_runs)
{
    struct fake_world *w = one_lease(NULL, 60);
    w->engine.script.run_ms = 1300;
    CHECK_I64(fake_run(w, all_over, PATIENCE_MS), 0);
    CHECK(w->market.leases[0].ticks >= 5);
    CHECK_I64(w->market.leases[0].tick_seconds, 1);
    CHECK_I64(receipt_of(w, 0).seconds, 1);
    CHECK_I64(receipt_of(w, 0).ticks, w->market.leases[0].ticks);
    end(w);
}

TEST(a_long_log_is_capped_and_its_digest_is_of_what_was_sent)
{
    struct fake_world *w = one_lease(NULL, 60);
    w->engine.script = (struct fake_script){ .run_ms = 50, .flood_bytes = LOG_LEASE_MAX + 100000 };
    CHECK_I64(fake_run(w, all_over, 3 * PATIENCE_MS), 0);
    int64_t sent = 0;
    for (size_t i = 0; i < FAKE_CHUNKS; i++)
        sent += (int64_t)w->market.leases[0].chunks[i].n;
    CHECK_I64(sent, LOG_LEASE_MAX);
    end(w);
}

/* ---- ending otherwise --------------------------------------------------------------------------
 */

static bool first_is_over_after_a_stop(struct fake_world *w)
{
    if (first_runs(w)) w->market.leases[0].stop = true;
    return all_over(w);
}

TEST(the_buyers_stop_asks_first)
{
    struct fake_world *w = one_lease(NULL, 60);
    w->engine.script.run_ms = 60000;
    CHECK_I64(fake_run(w, first_is_over_after_a_stop, PATIENCE_MS), 0);
    CHECK_I64(w->market.leases[0].state, LEASE_FINISHED);
    CHECK_I64(w->engine.v[0].terms, 1);
    CHECK_I64(w->engine.v[0].kills, 0);
    CHECK_I64(receipt_of(w, 0).exit_code, 143);
    CHECK_REASON(w, "done");
    end(w);
}

TEST(who_does_not_hear_is_killed_after_the_grace)
{
    struct fake_world *w = one_lease(NULL, 60);
    w->engine.script.run_ms = 60000;
    w->engine.script.deaf = true;
    CHECK_I64(fake_run(w, first_is_over_after_a_stop, PATIENCE_MS), 0);
    CHECK_I64(w->engine.v[0].terms, 1);
    CHECK_I64(receipt_of(w, 0).exit_code, 137);
    CHECK_REASON(w, "done");
    end(w);
}

static bool first_is_over_after_a_displacement(struct fake_world *w)
{
    if (first_runs(w)) w->market.leases[0].displace = true;
    return all_over(w);
}

TEST(who_has_to_make_room_is_asked_and_says_so)
{
    struct fake_world *w = one_lease(NULL, 60);
    w->engine.script.run_ms = 60000;
    w->market.leases[0].notice_seconds = 30;
    CHECK_I64(fake_run(w, first_is_over_after_a_displacement, PATIENCE_MS), 0);
    CHECK_I64(w->market.leases[0].state, LEASE_FINISHED);
    CHECK_I64(w->engine.v[0].terms, 1);
    CHECK_I64(w->engine.v[0].kills, 0);
    CHECK_REASON(w, "displaced");
    end(w);
}

/* The usual grace is over long before: the notice is longer. */
TEST(who_has_to_make_room_has_its_notice_before_it_is_killed)
{
    struct fake_world *w = one_lease(NULL, 60);
    w->engine.script.run_ms = 60000;
    w->engine.script.deaf = true;
    w->market.leases[0].notice_seconds = 2;
    CHECK_I64(fake_run(w, first_is_over_after_a_displacement, 2 * PATIENCE_MS), 0);
    CHECK_I64(w->engine.v[0].terms, 1);
    CHECK(receipt_of(w, 0).seconds >= 2);
    CHECK_I64(receipt_of(w, 0).exit_code, 137);
    CHECK_REASON(w, "displaced");
    end(w);
}

static bool over_once_gathered(struct fake_world *w)
{
    struct fake_lease *l = &w->market.leases[0];
    if (l->prepared >= 3) l->gathered = true;
    return all_over(w);
}

TEST(who_is_of_a_gang_starts_with_all_of_it)
{
    struct fake_world *w = one_lease(NULL, 60);
    fake_make_gang(w, 0);
    CHECK_I64(fake_run(w, over_once_gathered, PATIENCE_MS), 0);
    CHECK(w->market.leases[0].prepared >= 3);
    CHECK_I64(w->market.leases[0].readies, 1);
    CHECK_I64(w->engine.v[0].starts, 1);
    CHECK_REASON(w, "done");
    end(w);
}

static bool over_after_the_others_failed(struct fake_world *w)
{
    struct fake_lease *l = &w->market.leases[0];
    if (l->prepared >= 2 && l->state == LEASE_PREPARING) {
        l->state = LEASE_STOPPING;
        l->stop = true;
    }
    return all_over(w);
}

TEST(who_is_of_a_gang_that_cannot_start_never_runs)
{
    struct fake_world *w = one_lease(NULL, 60);
    fake_make_gang(w, 0);
    CHECK_I64(fake_run(w, over_after_the_others_failed, PATIENCE_MS), 0);
    CHECK_I64(w->market.leases[0].readies, 0);
    CHECK_I64(w->engine.v[0].starts, 0);
    CHECK_I64(receipt_of(w, 0).seconds, 0);
    end(w);
}

static bool over_after_a_forget(struct fake_world *w)
{
    if (first_runs(w)) w->market.leases[0].forget = true;
    return all_over(w);
}

TEST(what_the_market_forgets_is_killed_and_dropped)
{
    struct fake_world *w = one_lease(NULL, 60);
    w->engine.script.run_ms = 60000;
    CHECK_I64(fake_run(w, over_after_a_forget, PATIENCE_MS), 0);
    CHECK_I64(w->market.leases[0].exits, 0);
    end(w);
}

static bool over_with_the_market_away(struct fake_world *w)
{
    if (first_runs(w)) w->market.unreachable = true;
    if (w->engine.v[0].ended) w->market.unreachable = false;
    return all_over(w);
}

TEST(the_deadline_needs_no_market)
{
    struct fake_world *w = one_lease(NULL, 1);
    w->engine.script.run_ms = 60000;
    CHECK_I64(fake_run(w, over_with_the_market_away, PATIENCE_MS), 0);
    CHECK_I64(w->market.leases[0].state, LEASE_FINISHED);
    CHECK_REASON(w, "time-spent");
    CHECK_I64(receipt_of(w, 0).seconds, 1);
    const int64_t ran = w->engine.v[0].finished_us - w->engine.v[0].started_us;
    CHECK(ran >= 990000 && ran < 2000000);
    end(w);
}

static bool over_after_work_without_market(struct fake_world *w)
{
    if (first_runs(w)) w->market.unreachable = true;
    if (w->engine.v[0].ended && clock_boot_us() > w->engine.v[0].finished_us + 300000)
        w->market.unreachable = false;
    return all_over(w);
}

TEST(work_goes_on_without_the_market_and_nothing_of_it_is_lost)
{
    struct fake_world *w = one_lease(NULL, 60);
    w->engine.script.run_ms = 300;
    CHECK_I64(fake_run(w, over_after_work_without_market, PATIENCE_MS), 0);
    CHECK_I64(w->market.leases[0].state, LEASE_FINISHED);
    CHECK_REASON(w, "done");
    check_log(w, 0, "hello\noh\n");
    CHECK_I64(w->market.blobs_n, 1);
    end(w);
}

TEST(too_much_memory)
{
    struct fake_world *w = one_lease(NULL, 60);
    w->engine.script.out_of_memory = true;
    CHECK_I64(fake_run(w, all_over, PATIENCE_MS), 0);
    CHECK_REASON(w, "out-of-memory");
    end(w);
}

TEST(who_fills_the_disk_is_stopped_and_told)
{
    struct fake_world *w = one_lease(NULL, 60);
    w->engine.script.run_ms = 60000;
    w->engine.script.file_bytes = 3000000; /* of 1,000,000 */
    CHECK_I64(fake_run(w, all_over, PATIENCE_MS), 0);
    CHECK_I64(receipt_of(w, 0).exit_code, 137);
    CHECK_REASON(w, "done");
    CHECK_I64(receipt_of(w, 0).outputs_n, 1); /* what fits */
    check_log(w, 0,
              "hello\noh\nbourse: stopped, for the files in /out take more than 1000000 bytes\n");
    end(w);
}

static bool over_after_a_theft(struct fake_world *w)
{
    if (first_runs(w)) w->engine.v[0].there = false;
    return all_over(w);
}

TEST(a_container_that_somebody_takes_away_is_the_providers)
{
    struct fake_world *w = one_lease(NULL, 60);
    w->engine.script.run_ms = 60000;
    CHECK_I64(fake_run(w, over_after_a_theft, PATIENCE_MS), 0);
    CHECK_I64(w->market.leases[0].state, LEASE_FINISHED);
    CHECK_REASON(w, "engine-failed");
    end(w);
}

/* ---- not starting ------------------------------------------------------------------------------
 */

static void check_refusal(struct fake_world *w, const char *want)
{
    CHECK_I64(fake_run(w, all_over, PATIENCE_MS), 0);
    CHECK_STR(w->market.leases[0].refused, want);
    CHECK_I64(w->market.leases[0].state, LEASE_VOID);
    CHECK_I64(w->market.leases[0].readies, 0);
    end(w);
}

#define STRAY "lease_01m87ndymse008zzzzzzzzzzzz"

/* Somebody makes one with our labels, once the agent has looked at what was there before. */
static bool stray_came_and_went(struct fake_world *w)
{
    static bool made;
    struct fake_container *c = &w->engine.v[FAKE_CONTAINERS - 1];
    if (made) return !c->there;
    if (!first_runs(w)) return false;
    *c = (struct fake_container){ .started = true, .ends_us = INT64_MAX, .epoch = 1 };
    memcpy(c->name, "bourse-stray", sizeof("bourse-stray"));
    memcpy(c->lease_id, STRAY, sizeof(STRAY));
    c->there = made = true;
    return false;
}

TEST(a_container_that_nobody_knows_is_removed_while_others_run)
{
    struct fake_world *w = one_lease(NULL, 60);
    w->engine.script.run_ms = 60000;
    CHECK_I64(fake_run(w, stray_came_and_went, PATIENCE_MS), 0);
    CHECK_I64(w->market.leases[0].state, LEASE_RUNNING);
    fake_world_free(w);
}

TEST(an_image_that_does_not_load_is_the_buyers)
{
    struct fake_world *w = one_lease(NULL, 60);
    w->engine.load_result = ENGINE_BAD_IMAGE;
    check_refusal(w, "image-invalid buyer");
}

TEST(a_blob_that_is_not_there_is_the_buyers)
{
    struct fake_world *w = one_lease(NULL, 60);
    w->market.image_sha[0] = w->market.image_sha[0] == 'a' ? 'b' : 'a';
    check_refusal(w, "image-unavailable buyer");
}

TEST(an_image_that_no_registry_has_is_the_buyers)
{
    struct fake_world *w = one_lease("docker.io/library/none:1", 60);
    w->engine.pull_result = ENGINE_NO_SUCH;
    check_refusal(w, "image-unavailable buyer");
}

#define PRIVATE "registry.example/team/model:1"

TEST(an_image_is_fetched_with_the_login_of_its_buyer)
{
    struct fake_world *w = one_lease(PRIVATE, 60);
    fake_use_login(w, 0);
    CHECK_I64(fake_run(w, all_over, PATIENCE_MS), 0);
    CHECK_I64(w->market.leases[0].state, LEASE_FINISHED);
    CHECK_STR(w->engine.login, "user:pass");
    end(w);
}

TEST(no_two_leases_share_what_was_fetched_with_a_login)
{
    struct fake_world *w = one_lease(PRIVATE, 60);
    fake_use_login(w, 0);
    fake_offer(w, PRIVATE, 60);
    w->engine.pull_ms = 200; /* so that they are asked for at the same time */
    CHECK_I64(fake_run(w, all_over, PATIENCE_MS), 0);
    CHECK_I64(w->engine.pulls, 2);
    CHECK_I64(w->market.leases[0].logins, 1);
    CHECK_I64(w->market.leases[1].logins, 0);
    end(w);
}

TEST(a_login_that_the_buyer_took_back_is_the_buyers)
{
    struct fake_world *w = one_lease(PRIVATE, 60);
    fake_use_login(w, 0);
    w->market.no_login = true;
    check_refusal(w, "image-unavailable buyer");
}

TEST(a_login_for_another_registry_is_not_sent)
{
    struct fake_world *w = one_lease("evil.example/team/model:1", 60);
    fake_use_login(w, 0);
    check_refusal(w, "image-unavailable nobody");
}

TEST(the_market_hears_how_far_the_image_is)
{
    struct fake_world *w = one_lease(PRIVATE, 60);
    w->engine.pull_ms = 500; /* several heartbeats */
    CHECK_I64(fake_run(w, all_over, PATIENCE_MS), 0);
    CHECK_I64(w->market.leases[0].image_done, 50);
    end(w);
}

TEST(a_registry_that_is_away_is_nobodys_fault)
{
    struct fake_world *w = one_lease("docker.io/library/none:1", 60);
    w->engine.pull_result = ENGINE_FAILED;
    check_refusal(w, "image-unavailable nobody");
}

TEST(a_reference_that_is_none_is_the_buyers)
{
    check_refusal(
        one_lease("sha256:0000000000000000000000000000000000000000000000000000000000000000", 60),
        "image-invalid buyer");
}

TEST(a_container_that_is_not_as_asked_is_the_providers)
{
    struct fake_world *w = one_lease(NULL, 60);
    w->engine.create_result = ENGINE_DIFFERS;
    check_refusal(w, "engine-failed provider");
}

TEST(a_command_that_cannot_run_is_the_buyers)
{
    struct fake_world *w = one_lease(NULL, 60);
    w->engine.start_result = ENGINE_BAD_COMMAND;
    check_refusal(w, "command-invalid buyer");
}

TEST(an_engine_that_fails_is_the_providers)
{
    struct fake_world *w = one_lease(NULL, 60);
    w->engine.start_result = ENGINE_FAILED;
    check_refusal(w, "engine-failed provider");
}

static bool over_after_a_stop_while_pulling(struct fake_world *w)
{
    if (w->engine.pulls > 0) w->market.leases[0].stop = true;
    return w->market.leases[0].state == LEASE_FINISHED && is_idle(w);
}

TEST(a_slow_pull_delays_no_stop_and_no_heartbeat)
{
    struct fake_world *w = one_lease("docker.io/library/large:1", 60);
    w->engine.pull_ms = 8000;
    const int64_t began = clock_monotonic_us();
    CHECK_I64(fake_run(w, over_after_a_stop_while_pulling, PATIENCE_MS), 0);
    CHECK(clock_monotonic_us() - began < 4000000);
    CHECK_I64(receipt_of(w, 0).ready_at_us, 0);
    CHECK_I64(receipt_of(w, 0).seconds, 0);
    CHECK_I64(w->engine.creates, 0);
    end(w);
}

/* ---- not believing -----------------------------------------------------------------------------
 */

static bool some_heartbeats(struct fake_world *w)
{
    return w->market.heartbeats >= 5;
}

static void check_not_believed(struct fake_world *w)
{
    CHECK_I64(fake_run(w, some_heartbeats, PATIENCE_MS), 0);
    CHECK_I64(w->market.leases[0].accepts + w->market.leases[0].declines, 0);
    CHECK_I64(w->engine.creates, 0);
    end(w);
}

TEST(an_assignment_that_was_changed_is_refused)
{
    struct fake_world *w = one_lease(NULL, 60);
    char *at = strstr(w->market.leases[0].document, "\"max_seconds\":60");
    CHECK(at != NULL);
    at[14] = '9';
    check_not_believed(w);
}

TEST(an_assignment_for_another_node_is_refused)
{
    struct fake_world *w = one_lease(NULL, 60);
    char *at = strstr(w->market.leases[0].document, "\"node_id\":\"node_");
    CHECK(at != NULL);
    at[16] = '1';
    fake_sign(w, &w->market.leases[0]);
    check_not_believed(w);
}

TEST(an_assignment_with_something_unknown_is_refused)
{
    struct fake_world *w = one_lease(NULL, 60);
    char *at = strstr(w->market.leases[0].document, "\"units\"");
    CHECK(at != NULL);
    at[1] = 'U';
    fake_sign(w, &w->market.leases[0]);
    check_not_believed(w);
}

TESTS(T(a_container_that_nobody_knows_is_removed_while_others_run),
      T(a_lease_from_offer_to_receipt), T(the_second_start_of_an_image_needs_no_download),
      T(two_leases_side_by_side_fetch_their_image_once),
      T(a_lease_that_is_told_once_more_when_it_is_over_is_not_run_again),
      T(what_does_not_fit_beside_the_others_is_declined), T(ticks_are_signed_while_it_runs),
      T(a_long_log_is_capped_and_its_digest_is_of_what_was_sent), T(the_buyers_stop_asks_first),
      T(who_has_to_make_room_is_asked_and_says_so),
      T(who_has_to_make_room_has_its_notice_before_it_is_killed),
      T(who_does_not_hear_is_killed_after_the_grace), T(who_is_of_a_gang_starts_with_all_of_it),
      T(who_is_of_a_gang_that_cannot_start_never_runs), T(who_is_of_a_gang_starts_with_all_of_it),
      T(who_is_of_a_gang_that_cannot_start_never_runs),
      T(what_the_market_forgets_is_killed_and_dropped), T(the_deadline_needs_no_market),
      T(work_goes_on_without_the_market_and_nothing_of_it_is_lost), T(too_much_memory),
      T(who_fills_the_disk_is_stopped_and_told),
      T(a_container_that_somebody_takes_away_is_the_providers),
      T(an_image_that_does_not_load_is_the_buyers), T(a_blob_that_is_not_there_is_the_buyers),
      T(an_image_that_no_registry_has_is_the_buyers), T(a_registry_that_is_away_is_nobodys_fault),
      T(an_image_is_fetched_with_the_login_of_its_buyer),
      T(no_two_leases_share_what_was_fetched_with_a_login),
      T(a_login_that_the_buyer_took_back_is_the_buyers),
      T(a_login_for_another_registry_is_not_sent), T(the_market_hears_how_far_the_image_is),
      T(a_reference_that_is_none_is_the_buyers),
      T(a_container_that_is_not_as_asked_is_the_providers),
      T(a_command_that_cannot_run_is_the_buyers), T(an_engine_that_fails_is_the_providers),
      T(a_slow_pull_delays_no_stop_and_no_heartbeat), T(an_assignment_that_was_changed_is_refused),
      T(an_assignment_for_another_node_is_refused),
      T(an_assignment_with_something_unknown_is_refused))
