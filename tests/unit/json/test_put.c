/* SPDX-License-Identifier: Apache-2.0 */
/* What is put member by member is what a tree of the same values would be written as. */
#include "json/put.h"

#include "json/json.h"
#include "json/parse.h"

#include "tests/t.h"

static bool is(struct buf *b, const char *want)
{
    const bool same = !b->failed && str_is(buf_view(b), want);

    buf_done(b);
    return same;
}

TEST(commas_stand_between_members_and_items_alone)
{
    struct buf b;

    buf_init(&b, 1000);
    json_open(&b, NULL, '{');
    json_open(&b, "none", '{');
    json_close(&b, '}');
    json_open(&b, "list", '[');
    json_put_i64(&b, NULL, -1);
    json_open(&b, NULL, '[');
    json_close(&b, ']');
    json_put_c(&b, NULL, "two");
    json_close(&b, ']');
    json_put_bool(&b, "yes", true);
    json_put_null(&b, "nothing");
    json_put_json(&b, "as_it_is", STR("[1]"));
    json_close(&b, '}');
    CHECK(is(&b, "{\"none\":{},\"list\":[-1,[],\"two\"],\"yes\":true,\"nothing\":null,"
                 "\"as_it_is\":[1]}"));
}

TEST(texts_are_escaped_and_absent_ones_null)
{
    struct buf b;

    buf_init(&b, 1000);
    json_open(&b, NULL, '[');
    json_put_text(&b, NULL, STR("a\"\\\n{"));
    json_put_text(&b, NULL, STR(""));
    json_put_text(&b, NULL, (struct str){ NULL, 0 });
    json_put_text(&b, NULL, STR("\xff"));
    json_close(&b, ']');
    CHECK(is(&b, "[\"a\\\"\\\\\\n{\",\"\",null,\"\xef\xbf\xbd\"]"));
}

/* A text may end with what looks like a beginning; its quote is what counts. */
TEST(a_text_that_ends_like_a_bracket_is_followed_by_a_comma)
{
    struct buf b;

    buf_init(&b, 1000);
    json_open(&b, NULL, '[');
    json_put_text(&b, NULL, STR("["));
    json_put_text(&b, NULL, STR(":"));
    json_close(&b, ']');
    CHECK(is(&b, "[\"[\",\":\"]"));
}

TEST(money_and_times_are_as_a_tree_has_them)
{
    static const int64_t values[] = { 0, 1, -1, 12500000, INT64_MAX, INT64_MIN };
    struct buf put, written;

    buf_init(&put, 1000);
    buf_init(&written, 1000);
    auto_json json_t *list = json_array();
    json_open(&put, NULL, '[');
    for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
        json_put_money(&put, NULL, values[i]);
        (void)json_array_append_new(list, json_money(values[i]));
    }
    json_put_time(&put, NULL, 0);
    json_put_time(&put, NULL, 1753000000123456);
    (void)json_array_append_new(list, json_time(0));
    (void)json_array_append_new(list, json_time(1753000000123456));
    json_close(&put, ']');
    json_compact(list, &written);
    CHECK(!put.failed && str_eq(buf_view(&put), buf_view(&written)));
    buf_done(&put);
    buf_done(&written);
}

TEST(what_has_no_room_fails_the_buffer)
{
    struct buf b;

    buf_init(&b, 9);
    json_open(&b, NULL, '{');
    json_put_i64(&b, "number", 1234567);
    json_close(&b, '}');
    CHECK(b.failed);
    buf_done(&b);
}

TESTS(T(commas_stand_between_members_and_items_alone), T(texts_are_escaped_and_absent_ones_null),
      T(a_text_that_ends_like_a_bracket_is_followed_by_a_comma),
      T(money_and_times_are_as_a_tree_has_them), T(what_has_no_room_fails_the_buffer))
