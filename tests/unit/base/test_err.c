/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"
#include "tests/t.h"

TEST(an_error_says_what_and_where)
{
    struct err err = { 0 };
    const int line = __LINE__ + 1;
    CHECK(!FAIL(&err, ERR_DB, "insert order: %s %d", "no", 7));
    CHECK(err.code == ERR_DB);
    CHECK_STR(err.detail, "insert order: no 7");
    CHECK_STR(err.internal, "");
    CHECK_STR(err.file, __FILE__);
    CHECK_I64(err.line, line);
}

TEST(raising_again_forgets_the_first_story)
{
    struct err err = { 0 };
    FAIL(&err, ERR_DB, "first");
    err_internal(&err, "40001");
    FAIL(&err, ERR_IO, "second");
    CHECK(err.code == ERR_IO);
    CHECK_STR(err.detail, "second");
    CHECK_STR(err.internal, "");
}

TEST(an_error_may_be_wrapped_in_its_own_words)
{
    struct err err = { 0 };
    FAIL(&err, ERR_DB, "inner");
    FAIL(&err, ERR_DB, "outer: %s", err.detail);
    CHECK_STR(err.detail, "outer: inner");
    err_internal(&err, "a");
    err_internal(&err, "b %s", err.internal);
    CHECK_STR(err.internal, "a; b a");
}

TEST(a_long_detail_is_cut_to_what_fits)
{
    struct err err = { 0 };
    FAIL(&err, ERR_DB, "%0300d", 0);
    CHECK_I64(strlen(err.detail), 239);
    FAIL(&err, ERR_DB, "%0239d", 0);
    CHECK_I64(strlen(err.detail), 239);
}

TEST(a_text_is_cut_between_characters)
{
    struct err err = { 0 };
    FAIL(&err, ERR_DB, "%0238d\u00e9", 0); /* two bytes, one fits */
    CHECK_I64(strlen(err.detail), 238);
    FAIL(&err, ERR_DB, "%0237d\u00e9", 0); /* both fit */
    CHECK_I64(strlen(err.detail), 239);
    FAIL(&err, ERR_DB, "%0237d\u00e9x", 0);
    CHECK_I64(strlen(err.detail), 239);
    FAIL(&err, ERR_DB, "%0237d\u20ac", 0); /* three bytes, two fit */
    CHECK_I64(strlen(err.detail), 237);
    FAIL(&err, ERR_DB, "%0236d\U0001f600", 0); /* four bytes, three fit */
    CHECK_I64(strlen(err.detail), 236);
    FAIL(&err, ERR_DB, "%0235d\U0001f600x", 0);
    CHECK_I64(strlen(err.detail), 239);
}

TEST(internal_texts_are_gathered_until_there_is_no_room)
{
    struct err err = { 0 };
    FAIL(&err, ERR_DB, "d");
    err_internal(&err, "SQLSTATE %s", "40001");
    err_internal(&err, "%s", "order_insert");
    CHECK_STR(err.internal, "SQLSTATE 40001; order_insert");
    for (int i = 0; i < 50; i++)
        err_internal(&err, "%s", "\u20ac\u20ac\u20ac\u20ac\u20ac");
    CHECK(strlen(err.internal) <= 239 && strlen(err.internal) >= 236);
    err_internal(&err, "%s", "more");
    CHECK(strlen(err.internal) <= 239);
    CHECK_STR(err.detail, "d");
}

TEST(every_code_has_a_name_a_title_and_a_status_that_fits_its_fault)
{
    for (enum err_code c = ERR_NONE + 1; c < ERR_COUNT; c++) {
        const struct err_info *info = err_info(c);
        CHECK(info->name && info->name[0]);
        CHECK(info->title && info->title[0]);
        CHECK(info->fault != FAULT_NONE);
        CHECK(info->status / 100 == (info->fault == FAULT_THEIRS ? 4 : 5));
    }
}

TEST(no_two_codes_share_a_name)
{
    for (enum err_code a = ERR_NONE; a < ERR_COUNT; a++)
        for (enum err_code b = a + 1; b < ERR_COUNT; b++)
            CHECK(strcmp(err_info(a)->name, err_info(b)->name) != 0);
}

TEST(the_table_is_in_the_order_of_the_codes)
{
    CHECK_STR(err_info(ERR_NONE)->name, "none");
    CHECK_STR(err_info(ERR_MALFORMED_BODY)->name, "malformed-body");
    CHECK_STR(err_info(ERR_INSUFFICIENT_FUNDS)->name, "insufficient-funds");
    CHECK_I64(err_info(ERR_INSUFFICIENT_FUNDS)->status, 409);
    CHECK_STR(err_info(ERR_OUTCOME_UNKNOWN)->name, "outcome-unknown");
    CHECK(err_info(ERR_OUTCOME_UNKNOWN)->fault == FAULT_OURS);
}

TESTS(T(an_error_says_what_and_where), T(raising_again_forgets_the_first_story),
      T(an_error_may_be_wrapped_in_its_own_words), T(a_long_detail_is_cut_to_what_fits),
      T(a_text_is_cut_between_characters), T(internal_texts_are_gathered_until_there_is_no_room),
      T(every_code_has_a_name_a_title_and_a_status_that_fits_its_fault),
      T(no_two_codes_share_a_name), T(the_table_is_in_the_order_of_the_codes))
