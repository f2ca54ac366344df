/* SPDX-License-Identifier: Apache-2.0 */
#include "docker/demux.h"
#include "tests/t.h"

static char out[4096], err_out[4096];
static size_t out_n, err_n, taken_most;

static bool keep(void *arg, enum log_stream stream, const void *p, size_t n)
{
    (void)arg;
    char *to = stream == LOG_STDOUT ? out : err_out;
    size_t *at = stream == LOG_STDOUT ? &out_n : &err_n;
    if (out_n + err_n + n > taken_most) return false;
    memcpy(to + *at, p, n);
    *at += n;
    return true;
}

static const struct log_sink sink = { keep, NULL };

static void fresh(struct demux *d)
{
    out_n = err_n = 0;
    taken_most = sizeof(out);
    demux_init(d, &sink);
}

static size_t frame(char *to, char stream, const char *text)
{
    const size_t n = strlen(text);
    memset(to, 0, 8);
    to[0] = stream;
    to[6] = (char)(n >> 8);
    to[7] = (char)n;
    memcpy(to + 8, text, n);
    return n + 8;
}

static char input[4096];
static size_t input_n;

static void make_input(void)
{
    input_n = frame(input, 1, "hello\n");
    input_n += frame(input + input_n, 2, "oh\n");
    input_n += frame(input + input_n, 1, "");
    input_n += frame(input + input_n, 1, "bye\n");
}

static void check_output(void)
{
    CHECK_I64(out_n, 10);
    CHECK(memcmp(out, "hello\nbye\n", 10) == 0);
    CHECK_I64(err_n, 3);
    CHECK(memcmp(err_out, "oh\n", 3) == 0);
}

TEST(frames_are_told_apart)
{
    struct demux d;
    make_input();
    fresh(&d);
    CHECK_I64(demux_feed(&d, input, input_n), DEMUX_OK);
    check_output();
    CHECK(demux_is_whole(&d));
}

TEST(any_cut_gives_the_same)
{
    make_input();
    for (size_t size = 1; size < input_n; size++) {
        struct demux d;
        fresh(&d);
        for (size_t at = 0; at < input_n; at += size)
            CHECK_I64(demux_feed(&d, input + at, input_n - at < size ? input_n - at : size),
                      DEMUX_OK);
        check_output();
    }
}

TEST(an_end_within_a_frame_is_seen)
{
    make_input();
    for (size_t n = 1; n < input_n; n++) {
        struct demux d;
        fresh(&d);
        CHECK_I64(demux_feed(&d, input, n), DEMUX_OK);
        CHECK_I64(demux_is_whole(&d), n == 14 || n == 25 || n == 33);
    }
}

TEST(what_is_no_frame_is_refused)
{
    static const char *const wrong[] = { "\x03\0\0\0\0\0\0\x01x", "\x01\x01\0\0\0\0\0\x01x",
                                         "HTTP/1.1" };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct demux d;
        fresh(&d);
        CHECK_I64(demux_feed(&d, wrong[i], 8), DEMUX_BAD);
        CHECK_I64(out_n + err_n, 0);
    }
}

TEST(a_frame_may_be_larger_than_all_memory)
{
    struct demux d;
    fresh(&d);
    CHECK_I64(demux_feed(&d,
                         "\x01\0\0\0\xff\xff\xff\xff"
                         "abc",
                         11),
              DEMUX_OK);
    CHECK_I64(out_n, 3);
    CHECK(!demux_is_whole(&d));
}

TEST(a_sink_that_has_enough_ends_it)
{
    struct demux d;
    make_input();
    fresh(&d);
    taken_most = 7;
    CHECK_I64(demux_feed(&d, input, input_n), DEMUX_ENOUGH);
    CHECK_I64(out_n, 6);
}

TESTS(T(frames_are_told_apart), T(any_cut_gives_the_same), T(an_end_within_a_frame_is_seen),
      T(what_is_no_frame_is_refused), T(a_frame_may_be_larger_than_all_memory),
      T(a_sink_that_has_enough_ends_it))
