/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/table.h"

#include "tests/t.h"

static const struct column two[] = { { "NAME", false }, { "UNITS", true } };
static const struct column untitled[] = { { NULL, false }, { NULL, false } };

/* The table of these cells, as text. */
static const char *written(const struct column *columns, size_t n, const char *const *cells)
{
    static char text[4096];
    struct arena a;
    struct table t;
    struct buf out;
    arena_init(&a, 1 << 20);
    buf_init(&out, sizeof(text) - 1);
    table_init(&t, &a, columns, 2);
    for (size_t i = 0; i < n; i++) {
        CHECK(table_add(&t, str_of(cells[i])));
    }
    table_write(&t, &out);
    CHECK(!out.failed);
    memcpy(text, out.p ? out.p : "", out.n);
    text[out.n] = '\0';
    buf_done(&out);
    arena_done(&a);
    return text;
}

TEST(columns_are_as_wide_as_their_widest_cell)
{
    CHECK_STR(written(two, 4, (const char *const[]){ "nightly", "4", "a", "1000000" }),
              "NAME       UNITS\n"
              "nightly        4\n"
              "a        1000000\n");
}

TEST(a_table_without_rows_is_its_titles)
{
    CHECK_STR(written(two, 0, NULL), "NAME  UNITS\n");
}

TEST(a_table_without_titles_is_its_rows)
{
    CHECK_STR(written(untitled, 4, (const char *const[]){ "job", "job_1", "state", "open" }),
              "job    job_1\n"
              "state  open\n");
}

TEST(no_line_ends_with_blanks)
{
    CHECK_STR(written(untitled, 4, (const char *const[]){ "job", "", "state", "open" }),
              "job\n"
              "state  open\n");
}

TEST(a_letter_of_several_bytes_is_one_wide)
{
    CHECK_STR(written(untitled, 4, (const char *const[]){ "ä€", "1", "abc", "2" }), "ä€   1\n"
                                                                                    "abc  2\n");
    CHECK_I64(text_width(STR("ä€𝄞x")), 4);
}

TEST(what_could_move_the_cursor_is_shown_as_a_question_mark)
{
    CHECK_STR(written(untitled, 2,
                      (const char *const[]){ "\033[2J\n", "a\177\xc2\x9b"
                                                          "b" }),
              "?[2J?  a?\xc2?b\n");
}

TEST(many_rows_are_kept)
{
    struct arena a;
    struct table t;
    arena_init(&a, 16 << 20);
    table_init(&t, &a, two, 2);
    for (size_t i = 0; i < 2 * ROWS_MAX; i++) {
        CHECK(table_add(&t, STR("x")));
    }
    CHECK_I64(t.rows_n, ROWS_MAX);
    CHECK(!table_add(&t, STR("x")));
    arena_done(&a);
}

TESTS(T(columns_are_as_wide_as_their_widest_cell), T(a_table_without_rows_is_its_titles),
      T(a_table_without_titles_is_its_rows), T(no_line_ends_with_blanks),
      T(a_letter_of_several_bytes_is_one_wide),
      T(what_could_move_the_cursor_is_shown_as_a_question_mark), T(many_rows_are_kept))
