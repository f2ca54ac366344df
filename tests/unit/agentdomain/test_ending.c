/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/ending.h"
#include "tests/t.h"

#define SECOND 1000000
#define GRACE  (5 * SECOND)

static int64_t next;

static enum ending_act due(const struct ending *e, int64_t now)
{
    return ending_due(e, now, GRACE, &next);
}

TEST(before_its_deadline_a_container_is_left_alone)
{
    const struct ending e = { .deadline_us = 100 * SECOND };
    CHECK_I64(due(&e, 99 * SECOND), ENDING_WAIT);
    CHECK_I64(next, 100 * SECOND);
}

TEST(at_its_deadline_it_is_killed)
{
    const struct ending e = { .deadline_us = 100 * SECOND };
    CHECK_I64(due(&e, 100 * SECOND), ENDING_KILL);
    CHECK_I64(due(&e, 900 * SECOND), ENDING_KILL);
}

TEST(a_stop_asks_once_and_then_insists)
{
    struct ending e = { .deadline_us = 100 * SECOND, .stop_at_us = 10 * SECOND };
    CHECK_I64(due(&e, 10 * SECOND), ENDING_TERM);
    CHECK_I64(next, 15 * SECOND);
    e.termed = true;
    CHECK_I64(due(&e, 12 * SECOND), ENDING_WAIT);
    CHECK_I64(next, 15 * SECOND);
    CHECK_I64(due(&e, 15 * SECOND), ENDING_KILL);
}

TEST(the_grace_does_not_reach_beyond_the_deadline)
{
    const struct ending e = { .deadline_us = 12 * SECOND,
                              .stop_at_us = 10 * SECOND,
                              .termed = true };
    CHECK_I64(due(&e, 11 * SECOND), ENDING_WAIT);
    CHECK_I64(next, 12 * SECOND);
    CHECK_I64(due(&e, 12 * SECOND), ENDING_KILL);
}

TEST(who_breaks_a_limit_gets_no_grace)
{
    const struct ending e = { .deadline_us = 100 * SECOND, .at_once = true };
    CHECK_I64(due(&e, 1 * SECOND), ENDING_KILL);
}

TEST(a_kill_that_did_not_work_is_repeated_but_not_at_once)
{
    const struct ending e = { .deadline_us = 100 * SECOND,
                              .killed = true,
                              .retry_us = 101 * SECOND };
    CHECK_I64(due(&e, 100 * SECOND), ENDING_WAIT);
    CHECK_I64(next, 101 * SECOND);
    CHECK_I64(due(&e, 101 * SECOND), ENDING_KILL);
}

/* Ran from 10 s to 20 s of at most 90 s, and ended with 0. */
static struct exit_facts usual(void)
{
    return (struct exit_facts){ .ready_boot_us = 10 * SECOND,
                                .ended_boot_us = 20 * SECOND,
                                .deadline_boot_us = 100 * SECOND };
}

TEST(who_ends_by_himself_is_done)
{
    struct exit_facts f = usual();
    CHECK_STR(exit_reason(&f), "done");
    f.exit_code = 3;
    CHECK_STR(exit_reason(&f), "done");
    f.ended_boot_us = 100 * SECOND; /* just in time, by himself */
    CHECK_STR(exit_reason(&f), "done");
}

TEST(who_is_killed_at_the_deadline_has_spent_his_time)
{
    struct exit_facts f = usual();
    f.exit_code = 137;
    f.killed_by_us = true;
    f.ended_boot_us = 100 * SECOND + 300;
    CHECK_STR(exit_reason(&f), "time-spent");
    f.killed_by_us = false; /* by the agent before us */
    CHECK_STR(exit_reason(&f), "time-spent");
    f.told_to_stop = true;
    CHECK_STR(exit_reason(&f), "done");
}

TEST(who_sent_too_much_is_told_so)
{
    struct exit_facts f = usual();
    f.exit_code = 137;
    f.killed_by_us = true;
    f.over_bytes = true;
    CHECK_STR(exit_reason(&f), "egress-spent");
    f.ended_boot_us = f.deadline_boot_us; /* the kill took until its time was over */
    CHECK_STR(exit_reason(&f), "egress-spent");
    f.exit_code = 0; /* it ended by itself before the kill */
    f.ended_boot_us = f.ready_boot_us + 1;
    CHECK_STR(exit_reason(&f), "done");
}

TEST(out_of_memory_is_what_the_engine_saw_and_we_did_not_do)
{
    struct exit_facts f = usual();
    f.exit_code = 137;
    CHECK_STR(exit_reason(&f), "done"); /* killed by somebody; nobody saw memory run out */
    f.out_of_memory = true;
    CHECK_STR(exit_reason(&f), "out-of-memory");
    f.killed_by_us = true;
    CHECK_STR(exit_reason(&f), "done");
    f = usual();
    f.out_of_memory = true; /* a child of it was killed, and it ended well all the same */
    CHECK_STR(exit_reason(&f), "done");
    f.exit_code = 1;
    CHECK_STR(exit_reason(&f), "out-of-memory");
}

TEST(seconds_are_whole_and_end_at_the_deadline)
{
    struct exit_facts f = usual();
    CHECK_I64(exit_seconds(&f), 10);
    f.ended_boot_us += SECOND - 1;
    CHECK_I64(exit_seconds(&f), 10);
    f.ended_boot_us = 130 * SECOND;
    CHECK_I64(exit_seconds(&f), 90);
    f.ended_boot_us = 1;
    CHECK_I64(exit_seconds(&f), 0);
}

TESTS(T(before_its_deadline_a_container_is_left_alone), T(at_its_deadline_it_is_killed),
      T(a_stop_asks_once_and_then_insists), T(the_grace_does_not_reach_beyond_the_deadline),
      T(who_breaks_a_limit_gets_no_grace), T(a_kill_that_did_not_work_is_repeated_but_not_at_once),
      T(who_ends_by_himself_is_done), T(who_is_killed_at_the_deadline_has_spent_his_time),
      T(who_sent_too_much_is_told_so), T(out_of_memory_is_what_the_engine_saw_and_we_did_not_do),
      T(seconds_are_whole_and_end_at_the_deadline))
