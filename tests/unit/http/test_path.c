/* SPDX-License-Identifier: Apache-2.0 */
#include "http/path.h"
#include "tests/t.h"

static struct arena arena;

static const char *text(struct str s)
{
    return s.p ? arena_copy(&arena, s) : "(none)";
}

static bool parses(const char *uri)
{
    struct target t;
    return target_parse(str_of(uri), &t);
}

TEST(a_target_is_cut_into_path_and_query)
{
    struct target t;
    CHECK(target_parse(STR("/v1/jobs?limit=5&a=b?c"), &t));
    CHECK_STR(text(t.path), "/v1/jobs");
    CHECK_STR(text(t.query), "limit=5&a=b?c");
    CHECK(target_parse(STR("/"), &t));
    CHECK_STR(text(t.path), "/");
    CHECK(!t.query.p);
    CHECK(target_parse(STR("/?"), &t));
    CHECK(t.query.p && t.query.n == 0);
}

TEST(only_origin_form_in_printable_ascii_is_taken)
{
    static const char *const bad[] = { "",      "v1/jobs", "*",         "http://h/v1", "/a b",
                                       "/a\tb", "/a\x7f",  "/\xc3\xa4", "/a\r",        "?a" };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        CHECK(!parses(bad[i]));
    CHECK(!target_parse((struct str){ "/a\0b", 4 }, &(struct target){ .path = { NULL, 0 } }));
}

TEST(escapes_are_whole_and_never_a_nul)
{
    CHECK(parses("/%41%c3%A4"));
    static const char *const bad[] = { "/%", "/%4", "/%zz", "/%4g", "/%00", "/a?b=%", "/a?%00" };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        CHECK(!parses(bad[i]));
}

static bool fits(const char *tmpl, const char *path)
{
    struct str params[PATH_PARAMS];
    return path_match(tmpl, false, str_of(path), params);
}

TEST(segments_must_be_equal)
{
    CHECK(fits("/", "/"));
    CHECK(fits("/v1/jobs", "/v1/jobs"));
    CHECK(!fits("/v1/jobs", "/v1/jobs/"));
    CHECK(!fits("/v1/jobs", "/v1/job"));
    CHECK(!fits("/v1/jobs", "/v1/jobsx"));
    CHECK(!fits("/v1/jobs", "/v1"));
    CHECK(!fits("/v1/jobs", "//v1/jobs"));
    CHECK(!fits("/v1/jobs", "/v1/%6aobs"));
    CHECK(!fits("/", "/x"));
}

TEST(a_parameter_takes_one_segment_that_is_not_empty)
{
    struct str p[PATH_PARAMS] = { { NULL, 0 }, { NULL, 0 } };
    CHECK(path_match("/v1/jobs/{job_id}/cancel", false, STR("/v1/jobs/job_1/cancel"), p));
    CHECK_STR(text(p[0]), "job_1");
    CHECK(!p[1].p);
    CHECK(path_match("/v1/{a}/log/{n}", false, STR("/v1/x%2Fy/log/7"), p));
    CHECK_STR(text(p[0]), "x%2Fy");
    CHECK_STR(text(p[1]), "7");
    CHECK(!fits("/v1/jobs/{job_id}", "/v1/jobs/"));
    CHECK(!fits("/v1/jobs/{job_id}", "/v1/jobs"));
    CHECK(!fits("/v1/jobs/{job_id}", "/v1/jobs/a/b"));
}

TEST(parameters_are_untouched_when_nothing_fits)
{
    struct str p[PATH_PARAMS] = { STR("old"), STR("old") };
    CHECK(!path_match("/v1/{a}/x", false, STR("/v1/new/y"), p));
    CHECK_STR(text(p[0]), "old");
}

TEST(the_rest_of_a_path_goes_into_the_last_parameter)
{
    struct str p[PATH_PARAMS];
    CHECK(path_match("/static/{file}", true, STR("/static/css/app.css"), p));
    CHECK_STR(text(p[0]), "css/app.css");
    CHECK(path_match("/static/{file}", true, STR("/static/a"), p));
    CHECK_STR(text(p[0]), "a");
    CHECK(!path_match("/static/{file}", true, STR("/static/"), p));
    CHECK(!path_match("/static/{file}", true, STR("/static"), p));
}

TEST(escapes_are_decoded_once)
{
    CHECK_STR(text(percent_decode(STR("a%2Fb%20c"), false, &arena)), "a/b c");
    CHECK_STR(text(percent_decode(STR("%2541"), false, &arena)), "%41");
    CHECK_STR(text(percent_decode(STR("a+b"), false, &arena)), "a+b");
    CHECK_STR(text(percent_decode(STR("a+b%2B"), true, &arena)), "a b+");
    CHECK_STR(text(percent_decode(STR(""), false, &arena)), "");
}

static const char *value(const char *query, const char *name)
{
    struct str s;
    return query_find(str_of(query), name, &s) ? text(s) : NULL;
}

TEST(the_first_of_a_name_in_a_query_counts)
{
    CHECK_STR(value("a=1&b=2&a=3", "a"), "1");
    CHECK_STR(value("a=1&b=2", "b"), "2");
    CHECK_STR(value("a&b", "b"), "");
    CHECK_STR(value("a=b=c", "a"), "b=c");
    CHECK_STR(value("l%69mit=5", "limit"), "5");
    CHECK_STR(value("a=%20", "a"), "%20");
    CHECK(!value("ab=1", "a"));
    CHECK(!value("a=1", "ab"));
    CHECK(!value("", "a"));
    CHECK(!value(NULL, "a"));
    CHECK_STR(value("&&a=1", "a"), "1");
}

static void begin(void)
{
    arena_init(&arena, 1 << 20);
}

static void end(void)
{
    arena_done(&arena);
}

TESTS(T(begin), T(a_target_is_cut_into_path_and_query),
      T(only_origin_form_in_printable_ascii_is_taken), T(escapes_are_whole_and_never_a_nul),
      T(segments_must_be_equal), T(a_parameter_takes_one_segment_that_is_not_empty),
      T(parameters_are_untouched_when_nothing_fits),
      T(the_rest_of_a_path_goes_into_the_last_parameter), T(escapes_are_decoded_once),
      T(the_first_of_a_name_in_a_query_counts), T(end))
