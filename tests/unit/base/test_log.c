/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "base/log.h"
#include "tests/t.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#define TS_END 34 /* {"ts":"2026-11-24T08:47:08.123Z", */

static int fd = -1;
static char text[1 << 20];

static void open_log(enum log_level least)
{
    if (fd >= 0) close(fd);
    fd = memfd_create("log", MFD_CLOEXEC);
    CHECK(fd >= 0);
    CHECK(fcntl(fd, F_SETFL, O_APPEND) == 0); /* or threads would write over each other */
    log_open(fd, least);
}

/* All that was logged since open_log. */
static const char *logged(void)
{
    const ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
    CHECK(n >= 0);
    text[n] = '\0';
    return text;
}

/* The one line that was logged, without its time. */
static const char *after_ts(void)
{
    const char *line = logged();
    CHECK(strlen(line) > TS_END);
    CHECK(strchr(line, '\n') == line + strlen(line) - 1);
    return line + TS_END - 1;
}

/* One flat object on one line: quotes in pairs, escapes whole, a name before each value. */
static bool is_flat_object(const char *line)
{
    const size_t n = strlen(line);
    bool quoted = false;
    if (n < 3 || line[0] != '{' || line[n - 1] != '\n' || line[n - 2] != '}') return false;
    for (size_t i = 1; i < n - 2; i++) {
        if ((unsigned char)line[i] < 0x20) return false;
        if (quoted && line[i] == '\\')
            i += line[i + 1] == 'u' ? 5 : 1;
        else if (line[i] == '"')
            quoted = !quoted;
    }
    return !quoted && (line[n - 3] == '"' || strchr("0123456789e", line[n - 3]));
}

TEST(an_event_is_one_line_with_time_level_and_fields)
{
    open_log(LOG_INFO);
    LOG(LOG_INFO, "lease.started", LOG_C("lease", "lease_1"), LOG_I64("units", -8),
        LOG_BOOL("audit", true), LOG_BOOL("retry", false), LOG_STR("node", STR("abc")));
    CHECK_STR(after_ts(), "\"level\":\"info\",\"event\":\"lease.started\",\"lease\":\"lease_1\","
                          "\"units\":-8,\"audit\":true,\"retry\":false,\"node\":\"abc\"}\n");
    CHECK(strncmp(text, "{\"ts\":\"20", 9) == 0 && strncmp(text + TS_END - 4, "Z\",", 3) == 0);
}

TEST(an_event_may_have_no_fields)
{
    open_log(LOG_INFO);
    log_write(LOG_WARN, "market.closed", NULL, 0);
    CHECK_STR(after_ts(), "\"level\":\"warn\",\"event\":\"market.closed\"}\n");
}

TEST(numbers_are_written_to_the_ends_of_their_range)
{
    open_log(LOG_INFO);
    LOG(LOG_ERROR, "e", LOG_I64("low", INT64_MIN), LOG_I64("high", INT64_MAX));
    CHECK_STR(after_ts(), "\"level\":\"error\",\"event\":\"e\",\"low\":-9223372036854775808,"
                          "\"high\":9223372036854775807}\n");
}

TEST(levels_below_the_least_are_not_written)
{
    open_log(LOG_WARN);
    LOG(LOG_DEBUG, "a", LOG_I64("x", 1));
    LOG(LOG_INFO, "b", LOG_I64("x", 1));
    CHECK_STR(logged(), "");
    LOG(LOG_WARN, "c", LOG_I64("x", 1));
    CHECK(strlen(logged()) > 0);
    open_log(LOG_DEBUG);
    LOG(LOG_DEBUG, "d", LOG_I64("x", 1));
    CHECK_STR(after_ts(), "\"level\":\"debug\",\"event\":\"d\",\"x\":1}\n");
}

TEST(quotes_backslashes_and_control_characters_are_escaped)
{
    open_log(LOG_INFO);
    LOG(LOG_INFO, "e", LOG_STR("x", STR("\"\\/\n\r\t\x1b[0m\x7f\0z")));
    CHECK_STR(after_ts(), "\"level\":\"info\",\"event\":\"e\",\"x\":\"\\\"\\\\/\\u000a\\u000d"
                          "\\u0009\\u001b[0m\\u007f\\u0000z\"}\n");
}

TEST(valid_utf8_is_kept)
{
    open_log(LOG_INFO);
    LOG(LOG_INFO, "e", LOG_C("x", "\u00e9\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0010ffff"));
    CHECK_STR(after_ts(), "\"level\":\"info\",\"event\":\"e\",\"x\":\""
                          "\u00e9\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0010ffff\"}\n");
}

static const char *value_for(struct str value)
{
    open_log(LOG_INFO);
    LOG(LOG_INFO, "e", LOG_STR("x", value));
    return after_ts() + strlen("\"level\":\"info\",\"event\":\"e\",\"x\":");
}

TEST(invalid_utf8_becomes_the_replacement_character)
{
    CHECK_STR(value_for(STR("a\xff"
                            "b")),
              "\"a\\ufffdb\"}\n");
    CHECK_STR(value_for(STR("\x80")), "\"\\ufffd\"}\n");
    CHECK_STR(value_for(STR("\xc3")), "\"\\ufffd\"}\n");
    CHECK_STR(value_for(STR("\xc3x")), "\"\\ufffdx\"}\n");
    CHECK_STR(value_for(STR("\xc0\xaf")), "\"\\ufffd\\ufffd\"}\n");
    CHECK_STR(value_for(STR("\xe0\x80\xaf")), "\"\\ufffd\\ufffd\\ufffd\"}\n");
    CHECK_STR(value_for(STR("\xed\xa0\x80")), "\"\\ufffd\\ufffd\\ufffd\"}\n");
    CHECK_STR(value_for(STR("\xe2\x82")), "\"\\ufffd\\ufffd\"}\n");
    CHECK_STR(value_for(STR("\xf0\x8f\xbf\xbf")), "\"\\ufffd\\ufffd\\ufffd\\ufffd\"}\n");
    CHECK_STR(value_for(STR("\xf4\x90\x80\x80")), "\"\\ufffd\\ufffd\\ufffd\\ufffd\"}\n");
    CHECK_STR(value_for(STR("\xf0\x9f\x98")), "\"\\ufffd\\ufffd\\ufffd\"}\n");
    CHECK_STR(value_for(STR("\xf5\x80")), "\"\\ufffd\\ufffd\"}\n");
}

TEST(a_character_that_the_str_ends_in_is_not_read_beyond_it)
{
    CHECK_STR(value_for((struct str){ "\xc3\xa9", 1 }), "\"\\ufffd\"}\n");
}

TEST(names_are_escaped_too)
{
    open_log(LOG_INFO);
    LOG(LOG_INFO, "a\"b", LOG_I64("c\nd", 1));
    CHECK_STR(after_ts(), "\"level\":\"info\",\"event\":\"a\\\"b\",\"c\\u000ad\":1}\n");
}

TEST(a_long_line_is_cut_says_so_and_stays_an_object)
{
    static char filler[2 * LOG_LINE_MAX];
    memset(filler, 'a', sizeof(filler));
    open_log(LOG_INFO);
    LOG(LOG_INFO, "e", LOG_STR("x", ((struct str){ filler, sizeof(filler) })), LOG_I64("y", 1));
    const char *line = logged();
    CHECK_I64(strlen(line), LOG_LINE_MAX);
    CHECK(is_flat_object(line));
    CHECK_STR(line + LOG_LINE_MAX - 16, "aa\",\"cut\":true}\n");
}

/* Whatever the line's end falls on: an escape, half a character, a name, a number. */
TEST(every_place_of_the_cut_leaves_an_object)
{
    static char filler[LOG_LINE_MAX];
    memset(filler, 'a', sizeof(filler));
    for (size_t n = LOG_LINE_MAX - 240; n < LOG_LINE_MAX; n++) {
        open_log(LOG_INFO);
        LOG(LOG_INFO, "e", LOG_STR("x", ((struct str){ filler, n })),
            LOG_C("text", "\n\"\u00e9\xff\U0001f600z"), LOG_I64("number", INT64_MIN),
            LOG_BOOL("yes", true), LOG_C("last", "\u00e9"));
        const char *line = logged();
        CHECK(strlen(line) <= LOG_LINE_MAX);
        CHECK(is_flat_object(line));
        CHECK(strstr(line, "\"last\":\"\u00e9\"}") || strstr(line, ",\"cut\":true}"));
    }
}

TEST(a_line_of_just_the_room_there_is_is_not_cut)
{
    static char filler[LOG_LINE_MAX];
    memset(filler, 'a', sizeof(filler));
    const size_t rest = strlen(value_for(STR(""))) + (size_t)(after_ts() - text) +
                        strlen("\"level\":\"info\",\"event\":\"e\",\"x\":");
    const size_t fits = LOG_LINE_MAX - rest - strlen(",\"cut\":true");
    CHECK(!strstr(value_for((struct str){ filler, fits }), "cut"));
    CHECK(strstr(value_for((struct str){ filler, fits + 1 }), "cut"));
}

TEST(an_error_is_logged_with_all_it_knows)
{
    struct err err = { 0 };
    char want[512];
    FAIL(&err, ERR_DB, "The \"order\" was refused.");
    err_internal(&err, "SQLSTATE 40001");
    open_log(LOG_INFO);
    log_err(LOG_ERROR, "order.failed", &err);
    snprintf(want, sizeof(want),
             "\"level\":\"error\",\"event\":\"order.failed\",\"error\":\"database\","
             "\"detail\":\"The \\\"order\\\" was refused.\",\"internal\":\"SQLSTATE 40001\","
             "\"file\":\"%s\",\"line\":%d}\n",
             __FILE__, err.line);
    CHECK_STR(after_ts(), want);
}

TEST(an_error_that_was_never_raised_can_be_logged)
{
    const struct err err = { 0 };
    open_log(LOG_INFO);
    log_err(LOG_ERROR, "e", &err);
    CHECK(strstr(logged(), "\"error\":\"none\""));
}

TEST(logging_leaves_errno_alone_even_when_the_sink_is_gone)
{
    log_open(-1, LOG_INFO);
    errno = ENOENT;
    LOG(LOG_INFO, "e", LOG_I64("x", 1));
    CHECK(errno == ENOENT);
}

static void *log_many(void *arg)
{
    for (int i = 0; i < 200; i++)
        LOG(LOG_INFO, "e", LOG_C("who", arg), LOG_I64("i", i),
            LOG_C("x", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
    return NULL;
}

TEST(lines_of_several_threads_stay_whole)
{
    static char one[] = "one", two[] = "two";
    pthread_t threads[2];
    open_log(LOG_INFO);
    CHECK(pthread_create(&threads[0], NULL, log_many, one) == 0);
    CHECK(pthread_create(&threads[1], NULL, log_many, two) == 0);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);

    struct str line, rest = str_of(logged());
    int lines = 0;
    for (; str_cut(rest, '\n', &line, &rest); lines++) {
        CHECK(str_starts(line, STR("{\"ts\":\"")));
        CHECK(line.n > 60 && memcmp(line.p + line.n - 4, "aa\"}", 4) == 0);
    }
    CHECK_I64(lines, 400);
}

TESTS(T(an_event_is_one_line_with_time_level_and_fields), T(an_event_may_have_no_fields),
      T(numbers_are_written_to_the_ends_of_their_range), T(levels_below_the_least_are_not_written),
      T(quotes_backslashes_and_control_characters_are_escaped), T(valid_utf8_is_kept),
      T(invalid_utf8_becomes_the_replacement_character),
      T(a_character_that_the_str_ends_in_is_not_read_beyond_it), T(names_are_escaped_too),
      T(a_long_line_is_cut_says_so_and_stays_an_object), T(every_place_of_the_cut_leaves_an_object),
      T(a_line_of_just_the_room_there_is_is_not_cut), T(an_error_is_logged_with_all_it_knows),
      T(an_error_that_was_never_raised_can_be_logged),
      T(logging_leaves_errno_alone_even_when_the_sink_is_gone),
      T(lines_of_several_threads_stay_whole))
