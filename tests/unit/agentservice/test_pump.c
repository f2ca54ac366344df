/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/mem.h"
#include "service/pump.h"
#include "tests/t.h"

#define NEVER   INT64_MAX
#define AT_ONCE 0

static int woken;
static char chunk[LOG_CHUNK_MAX];
static enum log_stream stream;

static void wake(void *arg)
{
    (void)arg;
    woken++;
}

static struct pump *fresh(int64_t sent)
{
    woken = 0;
    return pump_new(sent, wake, NULL);
}

static void put(struct pump_reader *r, enum log_stream to, const char *text)
{
    CHECK(pump_take(r, to, text, strlen(text)));
}

/* The next chunk as text, taken out. */
static const char *next(struct pump *p, size_t exactly, int64_t flush_us)
{
    static char text[LOG_CHUNK_MAX + 1];
    const size_t n = pump_peek(p, exactly, clock_monotonic_us(), flush_us, &stream, chunk);
    memcpy(text, chunk, n);
    text[n] = '\0';
    if (n > 0) pump_drop(p, n);
    return text;
}

static void check_sha(struct pump *p, const char *bytes, size_t n)
{
    char want[SHA_TEXT_SIZE], got[SHA_TEXT_SIZE];
    int64_t dropped;
    CHECK(pump_is_dry(p));
    sha256_hex((struct str){ bytes, n }, want);
    pump_sha256(p, got, &dropped);
    CHECK_STR(got, want);
}

TEST(bytes_wait_until_it_is_time)
{
    struct pump *p = fresh(0);
    struct pump_reader r = { .pump = p };
    put(&r, LOG_STDOUT, "abc");
    CHECK_STR(next(p, 0, NEVER), "");
    CHECK(pump_waits_us(p, clock_monotonic_us() + 1000) >= 1000);
    CHECK_STR(next(p, 0, AT_ONCE), "abc");
    CHECK_I64(pump_waits_us(p, NEVER), 0);
    CHECK(!pump_is_dry(p));
    pump_end(p);
    check_sha(p, "abc", 3);
    pump_free(p);
}

TEST(a_stream_ends_where_the_other_begins)
{
    struct pump *p = fresh(0);
    struct pump_reader r = { .pump = p };
    put(&r, LOG_STDOUT, "one ");
    put(&r, LOG_STDOUT, "two");
    put(&r, LOG_STDERR, "three");
    CHECK_STR(next(p, 0, NEVER), "one two");
    CHECK_I64(stream, LOG_STDOUT);
    CHECK_STR(next(p, 0, NEVER), "");
    pump_end(p);
    CHECK_STR(next(p, 0, NEVER), "three");
    CHECK_I64(stream, LOG_STDERR);
    check_sha(p, "one twothree", 12);
    pump_free(p);
}

TEST(a_full_chunk_goes_at_once_and_wakes)
{
    static char block[LOG_CHUNK_MAX];
    struct pump *p = fresh(0);
    struct pump_reader r = { .pump = p };
    memset(block, 'x', sizeof(block));
    put(&r, LOG_STDOUT, "y");
    CHECK_I64(woken, 1);
    CHECK(pump_take(&r, LOG_STDOUT, block, sizeof(block)));
    CHECK_I64(woken, 2);
    CHECK_I64(pump_peek(p, 0, clock_monotonic_us(), NEVER, &stream, chunk), LOG_CHUNK_MAX);
    pump_free(p);
}

TEST(what_was_sent_is_hashed_and_not_sent_again)
{
    struct pump *p = fresh(5);
    struct pump_reader r = { .pump = p };
    put(&r, LOG_STDOUT, "abc");
    put(&r, LOG_STDOUT, "defgh");
    CHECK_STR(next(p, 0, AT_ONCE), "fgh");
    pump_end(p);
    check_sha(p, "abcdefgh", 8);
    pump_free(p);
}

TEST(two_readers_bring_each_byte_once)
{
    struct pump *p = fresh(0);
    struct pump_reader a = { .pump = p }, b = { .pump = p };
    put(&a, LOG_STDOUT, "abc");
    put(&b, LOG_STDOUT, "ab");
    put(&b, LOG_STDOUT, "cdef");
    put(&a, LOG_STDOUT, "d");
    put(&a, LOG_STDOUT, "efg");
    CHECK_STR(next(p, 0, AT_ONCE), "abcdefg");
    pump_end(p);
    check_sha(p, "abcdefg", 7);
    pump_free(p);
}

TEST(a_chunk_under_way_is_cut_as_it_was)
{
    struct pump *p = fresh(2);
    struct pump_reader r = { .pump = p };
    put(&r, LOG_STDOUT, "abcd");
    CHECK_STR(next(p, 4, AT_ONCE), ""); /* two of its four bytes are not here yet */
    put(&r, LOG_STDOUT, "efgh");
    CHECK_STR(next(p, 4, AT_ONCE), "cdef");
    CHECK_STR(next(p, 0, AT_ONCE), "gh");
    pump_free(p);
}

TEST(a_log_that_lost_some_of_itself_blocks_nobody)
{
    struct pump *p = fresh(0);
    struct pump_reader r = { .pump = p };
    put(&r, LOG_STDOUT, "ab");
    pump_end(p);
    CHECK_STR(next(p, 4, AT_ONCE), "ab");
    CHECK(pump_is_dry(p));
    pump_free(p);
}

TEST(beyond_the_cap_bytes_are_counted_only)
{
    static char block[LOG_CHUNK_MAX];
    char sha[SHA_TEXT_SIZE];
    int64_t dropped, sent = 0;
    struct pump *p = fresh(0);
    struct pump_reader r = { .pump = p };
    for (int64_t n = 0; n < LOG_LEASE_MAX; n += LOG_CHUNK_MAX) {
        CHECK(pump_take(&r, LOG_STDOUT, block, sizeof(block)));
        const size_t got = pump_peek(p, 0, clock_monotonic_us(), NEVER, &stream, chunk);
        pump_drop(p, got);
        sent += (int64_t)got;
    }
    CHECK(pump_take(&r, LOG_STDERR, block, 1000));
    pump_end(p);
    CHECK(pump_is_dry(p));
    CHECK_I64(sent, LOG_LEASE_MAX);
    pump_sha256(p, sha, &dropped);
    CHECK_I64(dropped, 1000);
    pump_free(p);
}

static void *fill(void *reader)
{
    static char block[3 * PUMP_ROOM];
    memset(block, 'z', sizeof(block));
    return pump_take(reader, LOG_STDOUT, block, sizeof(block)) ? NULL : reader;
}

TEST(a_reader_waits_for_room_and_loses_nothing)
{
    pthread_t thread;
    void *refused;
    int64_t sent = 0;
    struct pump *p = fresh(0);
    struct pump_reader r = { .pump = p };
    CHECK(pthread_create(&thread, NULL, fill, &r) == 0);
    while (sent < (int64_t)(3 * PUMP_ROOM)) {
        const size_t n = pump_peek(p, 0, clock_monotonic_us(), NEVER, &stream, chunk);
        if (n > 0) pump_drop(p, n);
        sent += (int64_t)n;
    }
    pthread_join(thread, &refused);
    CHECK(refused == NULL);
    CHECK_I64(sent, 3 * PUMP_ROOM);
    pump_free(p);
}

TEST(closing_lets_a_waiting_reader_go)
{
    pthread_t thread;
    void *refused;
    struct pump *p = fresh(0);
    struct pump_reader r = { .pump = p };
    CHECK(pthread_create(&thread, NULL, fill, &r) == 0);
    pump_close(p);
    pthread_join(thread, &refused);
    CHECK(refused == &r);
    CHECK(pump_is_dry(p));
    pump_free(p);
}

TESTS(T(bytes_wait_until_it_is_time), T(a_stream_ends_where_the_other_begins),
      T(a_full_chunk_goes_at_once_and_wakes), T(what_was_sent_is_hashed_and_not_sent_again),
      T(two_readers_bring_each_byte_once), T(a_chunk_under_way_is_cut_as_it_was),
      T(a_log_that_lost_some_of_itself_blocks_nobody), T(beyond_the_cap_bytes_are_counted_only),
      T(a_reader_waits_for_room_and_loses_nothing), T(closing_lets_a_waiting_reader_go))
