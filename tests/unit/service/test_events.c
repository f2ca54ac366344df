/* SPDX-License-Identifier: Apache-2.0 */
/* The ring of events and its readers, without a network: what a reader is told, what it is not, and
 * when it is cut off. */
#include "service/events.h"

#include "base/limits.h"
#include "tests/t.h"

enum { APPLES, PEARS, TOPICS };

static struct events *e;
static int woken;

static void wake(void *arg)
{
    (void)arg;
    woken++;
}

static void begin(void)
{
    e = events_new(TOPICS, 77);
    woken = 0;
    CHECK(events_set_snapshot(e, APPLES, STR("{\"whole\":0}")));
    CHECK(events_set_snapshot(e, PEARS, STR("{\"whole\":0}")));
}

static void publish(size_t topic, const char *data)
{
    CHECK(events_publish(e, topic, "fruit", str_of(data)));
    events_wake(events_wanted(e));
}

static struct reader *join(bool apples, bool pears, const char *last_id)
{
    const bool wanted[TOPICS] = { apples, pears };
    struct reader *r = reader_new(e, wanted, str_of(last_id), wake, NULL);

    CHECK(r != NULL);
    return r;
}

/* All there is to read now, as text, taken in pieces of `step` bytes. */
static const char *read_all(struct reader *r, size_t step)
{
    static char text[1 << 20];
    size_t n = 0, more = 0;

    while (reader_read(e, r, text + n, step, &more) == READ_SOME) {
        n += more;
        CHECK(n + step < sizeof(text));
    }
    text[n] = '\0';
    return text;
}

#define HELLO(resumed, reset)                                                                      \
    "retry: 3000\nevent: hello\ndata: {\"resumed\":" resumed ",\"reset\":" reset "}\n\n"

TEST(a_reader_begins_with_snapshots_and_goes_on_with_what_happens)
{
    begin();
    publish(APPLES, "{\"n\":1}");
    CHECK(!events_has_snapshot(e, APPLES));
    CHECK(events_set_snapshot(e, APPLES, STR("{\"whole\":1}")));
    struct reader *r = join(true, false, "");
    CHECK_STR(read_all(r, 7), HELLO("false", "false") "event: snapshot\ndata: {\"whole\":1}\n\n"
                                                      "event: live\nid: 77-1\ndata: {}\n\n");
    publish(PEARS, "{\"n\":1}");
    publish(APPLES, "{\"n\":2}");
    CHECK_STR(read_all(r, 1), "event: fruit\nid: 77-3\ndata: {\"n\":2}\n\n");
    CHECK_I64(events_sequence(e, APPLES), 3);
    reader_free(e, r);
    events_free(e);
}

TEST(a_sleeper_is_woken_by_what_it_wants_alone)
{
    begin();
    struct reader *r = join(true, false, "");
    CHECK(!reader_sleep(e, r, 1)); /* it has not read its snapshots */
    (void)read_all(r, 100);
    CHECK(reader_sleep(e, r, 1));
    publish(PEARS, "{}");
    CHECK_I64(woken, 0);
    publish(APPLES, "{}");
    CHECK_I64(woken, 1);
    publish(APPLES, "{}");
    CHECK_I64(woken, 1); /* once */
    CHECK(!reader_sleep(e, r, 1));
    (void)read_all(r, 100);
    CHECK(reader_sleep(e, r, 5));
    events_wake(events_idle(e, 4));
    CHECK_I64(woken, 1);
    events_wake(events_idle(e, 5));
    CHECK_I64(woken, 2);
    CHECK_STR(read_all(r, 100), ":\n\n");
    reader_free(e, r);
    events_free(e);
}

TEST(a_reader_resumes_where_it_was)
{
    begin();
    publish(APPLES, "1");
    publish(PEARS, "2");
    publish(APPLES, "3");
    struct reader *r = join(true, false, "77-1");
    CHECK_STR(read_all(r, 100), HELLO("true", "false") "event: fruit\nid: 77-3\ndata: 3\n\n");
    reader_free(e, r);
    static const char *const wrong[] = { "76-1", "77-4", "77", "77-", "-1", "77-01", "77-1 ", "x" };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        CHECK(events_set_snapshot(e, PEARS, STR("2")));
        r = join(false, true, wrong[i]);
        CHECK_STR(read_all(r, 100), HELLO("false", "true") "event: snapshot\ndata: 2\n\n"
                                                           "event: live\nid: 77-3\ndata: {}\n\n");
        reader_free(e, r);
    }
    events_free(e);
}

TEST(what_was_overwritten_cannot_be_resumed)
{
    begin();
    for (int i = 0; i < EVENTS_KEPT + 10; i++)
        publish(APPLES, "x");
    CHECK(events_set_snapshot(e, APPLES, STR("x")));
    struct reader *r = join(true, false, "77-9");
    CHECK(strncmp(read_all(r, 1000), HELLO("false", "true"), 40) == 0);
    reader_free(e, r);
    r = join(true, false, "77-10"); /* number 11 is the oldest that is kept */
    CHECK(strncmp(read_all(r, 1000), HELLO("true", "false"), 40) == 0);
    reader_free(e, r);
    events_free(e);
}

TEST(who_is_too_slow_is_cut_off_even_in_the_middle)
{
    struct events_stats stats;
    size_t n;
    char some[10];

    begin();
    struct reader *slow = join(true, false, ""), *quick = join(true, true, "");
    (void)read_all(slow, 1000);
    publish(APPLES, "{\"n\":1}");
    CHECK(reader_read(e, slow, some, sizeof(some), &n) == READ_SOME);
    for (int i = 0; i < EVENTS_KEPT; i++) {
        publish(PEARS, "x");
        (void)read_all(quick, 1000);
    }
    CHECK(reader_read(e, slow, some, sizeof(some), &n) == READ_OVER);
    CHECK_I64(n, 0);
    events_stats(e, &stats);
    CHECK_I64(stats.cut, 1);
    CHECK_I64(stats.readers, 2);
    CHECK(reader_sleep(e, quick, 1));
    reader_free(e, slow);
    reader_free(e, quick);
    events_free(e);
}

TEST(what_others_are_told_cuts_no_sleeper_off)
{
    size_t n;
    char some[100];

    begin();
    struct reader *r = join(true, false, "");
    (void)read_all(r, 1000);
    CHECK(reader_sleep(e, r, 1));
    for (int i = 0; i < 2 * EVENTS_KEPT; i++)
        publish(PEARS, "x");
    CHECK_I64(woken, 0);
    publish(APPLES, "y");
    CHECK(reader_read(e, r, some, sizeof(some), &n) == READ_SOME);
    reader_free(e, r);
    events_free(e);
}

TEST(the_ring_is_bounded_by_bytes_too)
{
    static char big[200 << 10];
    struct events_stats stats;

    begin();
    memset(big, 'x', sizeof(big) - 1);
    struct reader *slow = join(true, false, "");
    (void)read_all(slow, 1000);
    for (int i = 0; i <= EVENTS_BYTES_MAX / (int)sizeof(big) + 1; i++)
        publish(APPLES, big);
    (void)read_all(slow, 1000);
    events_stats(e, &stats);
    CHECK_I64(stats.cut, 1);
    big[0] = '\0';
    reader_free(e, slow);
    events_free(e);
}

TEST(all_end_when_it_closes_and_who_has_left_is_woken)
{
    size_t n;
    char some[100];

    begin();
    struct reader *a = join(true, false, ""), *b = join(false, true, "");
    (void)read_all(a, 1000);
    (void)read_all(b, 1000);
    CHECK(reader_sleep(e, a, 1) && reader_sleep(e, b, 1));
    events_wake(reader_gone(e, a));
    CHECK_I64(woken, 1);
    CHECK(reader_read(e, a, some, sizeof(some), &n) == READ_OVER);
    CHECK(reader_gone(e, a) == NULL);
    events_wake(events_close(e));
    CHECK_I64(woken, 2);
    CHECK(reader_read(e, b, some, sizeof(some), &n) == READ_OVER);
    CHECK(!reader_sleep(e, b, 1));
    const bool wanted[TOPICS] = { true, true };
    CHECK(reader_new(e, wanted, STR(""), wake, NULL) == NULL);
    reader_free(e, a);
    reader_free(e, b);
    events_free(e);
}

TESTS(T(a_reader_begins_with_snapshots_and_goes_on_with_what_happens),
      T(a_sleeper_is_woken_by_what_it_wants_alone), T(a_reader_resumes_where_it_was),
      T(what_was_overwritten_cannot_be_resumed), T(who_is_too_slow_is_cut_off_even_in_the_middle),
      T(what_others_are_told_cuts_no_sleeper_off), T(the_ring_is_bounded_by_bytes_too),
      T(all_end_when_it_closes_and_who_has_left_is_woken))
