/* SPDX-License-Identifier: Apache-2.0 */
#include "http/guard.h"
#include "tests/t.h"

struct header {
    const char *name, *value;
};

#define HOST                                                                                       \
    {                                                                                              \
        "Host", "h"                                                                                \
    }

/* Up to four headers; a name of NULL ends them. */
static bool ok(const char *version, struct header a, struct header b, struct header c)
{
    const struct header all[] = { a, b, c };
    struct framing f = FRAMING_NONE;
    for (size_t i = 0; i < 3 && all[i].name; i++)
        framing_see(&f, all[i].name, all[i].value);
    return framing_ok(&f, version);
}

static bool ok_1_1(struct header a, struct header b)
{
    return ok("HTTP/1.1", (struct header)HOST, a, b);
}

#define H(name, value) ((struct header){ (name), (value) })
#define NONE           H(NULL, NULL)

TEST(ordinary_requests_pass)
{
    CHECK(ok_1_1(NONE, NONE));
    CHECK(ok_1_1(H("content-length", "0"), NONE));
    CHECK(ok_1_1(H("Content-Length", "65536"), H("Accept", "*/*")));
    CHECK(ok_1_1(H("Transfer-Encoding", "chunked"), NONE));
    CHECK(ok_1_1(H("transfer-encoding", "Chunked"), NONE));
    CHECK(ok_1_1(H("X-Empty", ""), H("X-None", NULL)));
    CHECK(ok_1_1(H("Content-Type", "a"), H("Content-Encoding", "b")));
    CHECK(ok("HTTP/1.0", NONE, NONE, NONE));
    CHECK(ok("HTTP/1.0", H("Content-Length", "3"), NONE, NONE));
}

TEST(one_length_is_told_in_one_way)
{
    CHECK(!ok_1_1(H("Content-Length", "3"), H("Transfer-Encoding", "chunked")));
    CHECK(!ok_1_1(H("Transfer-Encoding", "chunked"), H("Content-Length", "3")));
    CHECK(!ok_1_1(H("Content-Length", "3"), H("Content-Length", "3")));
    CHECK(!ok_1_1(H("Content-Length", "3"), H("CONTENT-LENGTH", "4")));
    CHECK(!ok_1_1(H("Transfer-Encoding", "chunked"), H("Transfer-Encoding", "chunked")));
}

TEST(a_length_is_digits_alone)
{
    static const char *const bad[] = {
        "", "+0", "-1", "0x3", " 3", "3 ", "0, 3", "3.0", "abc", "३"
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK(!ok_1_1(H("Content-Length", bad[i]), NONE));
    CHECK(!ok_1_1(H("Content-Length", NULL), NONE));
}

TEST(an_encoding_is_chunked_and_nothing_else)
{
    static const char *const bad[] = { "",         "gzip",     "gzip, chunked", "chunked, identity",
                                       "xchunked", "chunked ", "chunked;q=1",   "identity" };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK(!ok_1_1(H("Transfer-Encoding", bad[i]), NONE));
    CHECK(!ok("HTTP/1.0", H("Transfer-Encoding", "chunked"), NONE, NONE));
}

TEST(names_that_are_no_tokens_or_have_something_glued_on_are_refused)
{
    static const char *const bad[] = {
        "",   "Content-Length ", "Content-Length\t",         "X A",
        "X:", "Content-Length3", "Transfer-Encodingchunked", "X\x80"
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK(!ok_1_1(H(bad[i], "1"), NONE));
    CHECK(ok_1_1(H("X-Content-Length", "abc"), NONE));
}

TEST(a_value_holds_no_line_end)
{
    CHECK(!ok_1_1(H("X", "a\rb"), NONE));
    CHECK(!ok_1_1(H("X", "a\nb"), NONE));
    CHECK(ok_1_1(H("X", "a\tb"), NONE));
}

TEST(there_is_one_host)
{
    CHECK(!ok("HTTP/1.1", NONE, NONE, NONE));
    CHECK(!ok_1_1(H("host", "h"), NONE));
    CHECK(!ok("HTTP/1.0", H("Host", "a"), H("Host", "b"), NONE));
}

TEST(other_versions_are_refused)
{
    static const char *const bad[] = { "",         "HTTP/0.9", "HTTP/1.2",
                                       "HTTP/2.0", "http/1.1", "HTTP/1.10" };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK(!ok(bad[i], (struct header)HOST, NONE, NONE));
}

TEST(the_length_is_read_and_too_long_is_known_as_such)
{
    struct framing f = FRAMING_NONE;
    CHECK_I64(f.length, -1);
    framing_see(&f, "Content-Length", "0012");
    CHECK_I64(f.length, 12);
    f = FRAMING_NONE;
    framing_see(&f, "Content-Length", "9223372036854775807");
    CHECK_I64(f.length, INT64_MAX);
    f = FRAMING_NONE;
    framing_see(&f, "Content-Length", "99999999999999999999999999");
    CHECK_I64(f.length, INT64_MAX);
    CHECK(!f.bad);
}

TESTS(T(ordinary_requests_pass), T(one_length_is_told_in_one_way), T(a_length_is_digits_alone),
      T(an_encoding_is_chunked_and_nothing_else),
      T(names_that_are_no_tokens_or_have_something_glued_on_are_refused),
      T(a_value_holds_no_line_end), T(there_is_one_host), T(other_versions_are_refused),
      T(the_length_is_read_and_too_long_is_known_as_such))
