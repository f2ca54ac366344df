/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/show.h"

#include "cli/problem.h"
#include "tests/t.h"

static struct arena a;

static json_t *parsed(const char *text)
{
    struct err err;
    json_t *const j = json_parse(str_of(text), &err);
    CHECK(j);
    return j;
}

static const char *taken(struct buf *out)
{
    static char text[4096];
    CHECK(!out->failed && out->n < sizeof(text));
    memcpy(text, out->p ? out->p : "", out->n);
    text[out->n] = '\0';
    buf_done(out);
    return text;
}

/* The cell of one member of a JSON text. */
static const char *cell(const char *json, const char *path, enum show_kind kind)
{
    const struct show show = { "T", path, kind };
    static char text[256];
    arena_init(&a, 1 << 16);
    json_t *const j = parsed(json);
    const struct str s = show_cell(j, &show, &a);
    CHECK(s.n < sizeof(text));
    memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    json_decref(j);
    arena_done(&a);
    return text;
}

TEST(each_kind_has_its_form)
{
    CHECK_STR(cell("{\"a\":\"x\"}", "a", SHOW_TEXT), "x");
    CHECK_STR(cell("{\"a\":{\"b\":{\"c\":7}}}", "a.b.c", SHOW_NUMBER), "7");
    CHECK_STR(cell("{\"p\":{\"amount\":\"0.050000\",\"currency\":\"USD\"}}", "p", SHOW_MONEY),
              "0.05");
    CHECK_STR(cell("{\"at\":\"2026-11-24T09:00:00.123Z\"}", "at", SHOW_TIME),
              "2026-11-24 09:00:00");
    CHECK_STR(cell("{\"n\":1536}", "n", SHOW_BYTES), "1.5 KiB");
    CHECK_STR(cell("{\"n\":61}", "n", SHOW_SECONDS), "1m 01s");
    CHECK_STR(cell("{\"s\":[\"read\",\"trade\"]}", "s", SHOW_TEXTS), "read,trade");
}

TEST(what_is_absent_null_or_of_another_kind_is_a_dash)
{
    CHECK_STR(cell("{}", "a", SHOW_TEXT), "-");
    CHECK_STR(cell("{\"a\":null}", "a", SHOW_MONEY), "-");
    CHECK_STR(cell("{\"a\":null}", "a.b", SHOW_MONEY), "-");
    CHECK_STR(cell("{\"a\":1}", "a", SHOW_TEXT), "-");
    CHECK_STR(cell("{\"a\":\"1\"}", "a", SHOW_NUMBER), "-");
    CHECK_STR(cell("{\"a\":1.5}", "a", SHOW_MONEY), "-");
    CHECK_STR(cell("{\"a\":[]}", "a", SHOW_TEXTS), "-");
}

TEST(an_amount_is_never_a_number)
{
    CHECK_STR(cell("{\"p\":{\"amount\":\"9007199254740993.000001\"}}", "p", SHOW_MONEY),
              "9007199254740993.000001");
    CHECK_STR(cell("{\"p\":{\"amount\":25}}", "p", SHOW_MONEY), "-");
}

TEST(a_list_is_a_table_and_an_object_is_lines)
{
    static const struct show columns[] = { { "JOB", "id", SHOW_TEXT },
                                           { "UNITS", "n", SHOW_NUMBER },
                                           SHOW_END };
    struct buf out;
    arena_init(&a, 1 << 16);
    json_t *const list = parsed("[{\"id\":\"j1\",\"n\":12},{\"id\":\"j2\",\"n\":null}]");
    buf_init(&out, 4000);
    show_list(list, columns, &a, &out);
    CHECK_STR(taken(&out), "JOB  UNITS\nj1      12\nj2       -\n");
    show_one(json_array_get(list, 0), columns, &a, &out);
    CHECK_STR(taken(&out), "JOB    j1\nUNITS  12\n");
    json_decref(list);
    arena_done(&a);
}

TEST(a_problem_tells_title_detail_each_complaint_and_the_id)
{
    struct buf out;
    json_t *const j =
        parsed("{\"title\":\"Some fields are not valid.\",\"detail\":\"2 fields were refused.\","
               "\"code\":\"validation-failed\",\"request_id\":\"r1\",\"errors\":["
               "{\"pointer\":\"/budget\",\"detail\":\"Missing.\"},{\"pointer\":\"/"
               "imgae\",\"detail\":\"Unknown.\"}]}");
    buf_init(&out, 4000);
    problem_write(422, j, &out);
    CHECK_STR(taken(&out), "Some fields are not valid.\n"
                           "  2 fields were refused.\n"
                           "  /budget: Missing.\n"
                           "  /imgae: Unknown.\n"
                           "  request id r1\n");
    CHECK(str_is(problem_code(j), "validation-failed"));
    json_decref(j);
}

TEST(an_answer_that_is_no_problem_tells_its_status)
{
    struct buf out;
    buf_init(&out, 4000);
    problem_write(502, NULL, &out);
    CHECK_STR(taken(&out), "The server answered with status 502.\n");
}

TESTS(T(each_kind_has_its_form), T(what_is_absent_null_or_of_another_kind_is_a_dash),
      T(an_amount_is_never_a_number), T(a_list_is_a_table_and_an_object_is_lines),
      T(a_problem_tells_title_detail_each_complaint_and_the_id),
      T(an_answer_that_is_no_problem_tells_its_status))
