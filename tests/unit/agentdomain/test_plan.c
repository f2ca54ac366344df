/* SPDX-License-Identifier: Apache-2.0 */
/* The table of disagreements between market, journal and engine, row by row. */
#include "domain/plan.h"
#include "tests/t.h"

#define NOW 1000000

static const struct share one = { 1000, 1 << 20, 1 << 20, 1 };
static const struct share machine = { 4000, 4 << 20, 4 << 20, 4 };

static struct wanted want(const char *id, int64_t epoch)
{
    return (struct wanted){ str_of(id), epoch, one, true };
}

static struct kept keep(const char *id, int64_t epoch, enum step step)
{
    return (struct kept){ .lease_id = str_of(id),
                          .epoch = epoch,
                          .share = one,
                          .step = step,
                          .deadline_boot_us = step >= STEP_STARTED ? 2 * NOW : 0 };
}

static struct seen see(const char *id, int64_t epoch)
{
    return (struct seen){ str_of(id), epoch, true };
}

/* "take 0; resume 1": the actions in order, as one text. */
static const char *planned(const struct world *w)
{
    static const char *const names[] = { "remove", "kill", "forget", "resume", "decline", "take" };
    static char text[512];
    struct action out[64];
    CHECK(PLAN_MAX(w) <= 64);
    const size_t n = plan(w, out);
    size_t at = 0;
    text[0] = '\0';
    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s %zu", i > 0 ? "; " : "",
                               names[out[i].act], out[i].index);
    return text;
}

struct world_of {
    struct wanted wanted[4];
    struct kept kept[4];
    struct seen seen[4];
    struct world w;
};

static const char *plan_of(struct world_of *o, size_t wanted, bool whole, size_t kept, size_t seen)
{
    o->w = (struct world){ o->wanted, wanted, whole, o->kept, kept, o->seen, seen, machine, NOW };
    return planned(&o->w);
}

TEST(new_work_is_taken)
{
    struct world_of o = { .wanted = { want("a", 1) } };
    CHECK_STR(plan_of(&o, 1, true, 0, 0), "take 0");
}

TEST(nothing_wanted_nothing_done)
{
    struct world_of o = { .wanted = { { .epoch = 0 } } };
    CHECK_STR(plan_of(&o, 0, true, 0, 0), "");
}

TEST(what_is_beyond_us_is_declined)
{
    struct world_of o = { .wanted = { want("a", 1) } };
    o.wanted[0].possible = false;
    CHECK_STR(plan_of(&o, 1, true, 0, 0), "decline 0");
}

TEST(what_is_ours_goes_on_whatever_the_engine_shows)
{
    static const enum step steps[] = { STEP_TAKEN, STEP_ACCEPTED, STEP_CREATED, STEP_STARTED,
                                       STEP_RUNNING };
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        struct world_of o = { .wanted = { want("a", 1) },
                              .kept = { keep("a", 1, steps[i]) },
                              .seen = { see("a", 1) } };
        CHECK_STR(plan_of(&o, 1, true, 1, 1), "resume 0");
        CHECK_STR(plan_of(&o, 1, true, 1, 0), "resume 0");
    }
}

TEST(a_busy_worker_is_left_alone)
{
    struct world_of o = { .wanted = { want("a", 1) },
                          .kept = { keep("a", 1, STEP_RUNNING) },
                          .seen = { see("a", 1) } };
    o.kept[0].busy = true;
    o.kept[0].deadline_boot_us = NOW - 1; /* the executioner sees to it */
    CHECK_STR(plan_of(&o, 1, true, 1, 1), "");
}

TEST(without_a_journal_a_container_goes_before_its_work_is_taken_anew)
{
    struct world_of o = { .wanted = { want("a", 1) }, .seen = { see("a", 1) } };
    CHECK_STR(plan_of(&o, 1, true, 0, 1), "remove 0; take 0");
}

TEST(a_container_of_another_epoch_is_a_stranger)
{
    struct world_of o = { .kept = { keep("a", 2, STEP_ACCEPTED) }, .seen = { see("a", 1) } };
    CHECK_STR(plan_of(&o, 0, false, 1, 1), "remove 0; resume 0");
}

TEST(a_silent_market_ends_nothing)
{
    struct world_of o = { .kept = { keep("a", 1, STEP_RUNNING), keep("b", 1, STEP_ACCEPTED) },
                          .seen = { see("a", 1), see("c", 1) } };
    CHECK_STR(plan_of(&o, 0, false, 2, 2), "remove 1; resume 0; resume 1");
}

TEST(what_the_market_has_ended_is_forgotten)
{
    for (int step = STEP_TAKEN; step < STEP_EXITED; step++) {
        struct world_of o = { .kept = { keep("a", 1, (enum step)step) } };
        CHECK_STR(plan_of(&o, 0, true, 1, 0), "forget 0");
        o.kept[0].busy = true;
        CHECK_STR(plan_of(&o, 0, true, 1, 0), "forget 0");
        o.kept[0].dropping = true;
        CHECK_STR(plan_of(&o, 0, true, 1, 0), "");
    }
}

TEST(a_receipt_is_sent_again_though_the_market_has_ended_it)
{
    static const enum step steps[] = { STEP_EXITED, STEP_SIGNED, STEP_REFUSED, STEP_OVER };
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        struct world_of o = { .kept = { keep("a", 1, steps[i]) } };
        CHECK_STR(plan_of(&o, 0, true, 1, 0), "resume 0");
    }
}

TEST(a_new_epoch_ends_the_old_one_before_it_is_taken)
{
    struct world_of o = { .wanted = { want("a", 2) }, .kept = { keep("a", 1, STEP_RUNNING) } };
    o.kept[0].busy = true;
    CHECK_STR(plan_of(&o, 1, false, 1, 0), "forget 0");
    CHECK_STR(plan_of(&o, 1, false, 0, 0), "take 0");
}

TEST(an_old_epoch_is_no_news)
{
    struct world_of o = { .wanted = { want("a", 1) }, .kept = { keep("a", 2, STEP_RUNNING) } };
    o.kept[0].busy = true;
    CHECK_STR(plan_of(&o, 1, false, 1, 0), "");
}

TEST(a_deadline_that_passed_while_no_agent_was_there_kills_first)
{
    struct world_of o = { .kept = { keep("a", 1, STEP_RUNNING) }, .seen = { see("a", 1) } };
    o.kept[0].deadline_boot_us = NOW;
    CHECK_STR(plan_of(&o, 0, false, 1, 1), "kill 0; resume 0");
    o.kept[0].deadline_boot_us = NOW + 1;
    CHECK_STR(plan_of(&o, 0, false, 1, 1), "resume 0");
}

TEST(work_is_taken_while_it_fits)
{
    struct world_of o = { .wanted = { want("a", 1), want("b", 1), want("c", 1) },
                          .kept = { keep("k", 1, STEP_RUNNING), keep("l", 1, STEP_ACCEPTED) } };
    o.kept[0].busy = o.kept[1].busy = true;
    CHECK_STR(plan_of(&o, 3, false, 2, 0), "take 0; take 1; decline 2");
    o.kept[0].step = STEP_SIGNED; /* its container is over */
    CHECK_STR(plan_of(&o, 3, false, 2, 0), "take 0; take 1; take 2");
}

TEST(each_part_of_the_share_counts)
{
    struct world_of o = { .wanted = { want("a", 1) } };
    o.wanted[0].share = machine;
    CHECK_STR(plan_of(&o, 1, false, 0, 0), "take 0");
    o.wanted[0].share.cpu_millis++;
    CHECK_STR(plan_of(&o, 1, false, 0, 0), "decline 0");
    o.wanted[0].share = machine;
    o.wanted[0].share.memory_bytes++;
    CHECK_STR(plan_of(&o, 1, false, 0, 0), "decline 0");
    o.wanted[0].share = machine;
    o.wanted[0].share.scratch_bytes++;
    CHECK_STR(plan_of(&o, 1, false, 0, 0), "decline 0");
    o.wanted[0].share = machine;
    o.wanted[0].share.gpus++;
    CHECK_STR(plan_of(&o, 1, false, 0, 0), "decline 0");
}

TEST(what_is_being_dropped_makes_room)
{
    struct world_of o = { .wanted = { want("a", 1) }, .kept = { keep("k", 1, STEP_RUNNING) } };
    o.kept[0].share = machine;
    o.kept[0].busy = true;
    CHECK_STR(plan_of(&o, 1, false, 1, 0), "decline 0");
    o.kept[0].dropping = true;
    CHECK_STR(plan_of(&o, 1, false, 1, 0), "take 0");
}

TESTS(T(new_work_is_taken), T(nothing_wanted_nothing_done), T(what_is_beyond_us_is_declined),
      T(what_is_ours_goes_on_whatever_the_engine_shows), T(a_busy_worker_is_left_alone),
      T(without_a_journal_a_container_goes_before_its_work_is_taken_anew),
      T(a_container_of_another_epoch_is_a_stranger), T(a_silent_market_ends_nothing),
      T(what_the_market_has_ended_is_forgotten),
      T(a_receipt_is_sent_again_though_the_market_has_ended_it),
      T(a_new_epoch_ends_the_old_one_before_it_is_taken), T(an_old_epoch_is_no_news),
      T(a_deadline_that_passed_while_no_agent_was_there_kills_first),
      T(work_is_taken_while_it_fits), T(each_part_of_the_share_counts),
      T(what_is_being_dropped_makes_room))
