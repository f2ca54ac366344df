/* SPDX-License-Identifier: Apache-2.0 */
#include "json/json.h"

#include "base/limits.h"
#include "tests/t.h"

static void accepts(struct str text)
{
    struct err err = { .detail = "" };
    auto_json json_t *j = json_parse(text, &err);
    if (!j) CHECK_STR(err.detail, "no error");
}

static void refuses(struct str text, const char *where)
{
    struct err err = { .code = ERR_NONE };
    CHECK(!json_parse(text, &err));
    CHECK(err.code == ERR_MALFORMED_BODY);
    if (!strstr(err.detail, where)) CHECK_STR(err.detail, where);
}

TEST(whole_documents_are_read)
{
    accepts(STR("{}"));
    accepts(STR(" [1, -2, 0, true, false, null, \"x\\u00e9\\n\"] \n"));
    accepts(STR("5"));
    accepts(STR("{\"a\":{\"b\":[{}]}}"));
    accepts(STR("9223372036854775807"));
    accepts(STR("-9223372036854775808"));
    accepts(STR("\"[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[[[[[[[[[[[[[[[[[[[[[\""));
    accepts(STR("\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""));
}

TEST(what_is_no_json_is_refused_with_its_place)
{
    refuses(STR(""), "line 1");
    refuses((struct str){ NULL, 0 }, "line 1");
    refuses(STR("  \n "), "line 2");
    refuses(STR("{\n\"a\": x}"), "line 2, column 6");
    refuses(STR("{\"a\":1,}"), "line 1");
    refuses(STR("{'a':1}"), "line 1");
    refuses(STR("{\"a\":01}"), "line 1");
    refuses(STR("{\"a\":NaN}"), "line 1");
    refuses(STR("[1"), "line 1");
    refuses(STR("]"), "line 1");
    refuses(STR("\xef\xbb\xbf{}"), "line 1"); /* a byte order mark */
}

TEST(anything_behind_the_document_is_refused)
{
    refuses(STR("{} x"), "end of file");
    refuses(STR("{}{}"), "end of file");
    refuses(STR("1 2"), "end of file");
}

TEST(a_key_comes_once)
{
    refuses(STR("{\"a\":1,\"a\":1}"), "duplicate");
    refuses(STR("{\"x\":{\"a\":1,\"\\u0061\":2}}"), "duplicate");
}

TEST(nul_is_refused_in_every_form)
{
    refuses((struct str){ "{\"a\":\"b\0c\"}", 11 }, "line 1, column 8: a NUL byte");
    refuses((struct str){ "{}\0", 3 }, "NUL");
    refuses((struct str){ "\0", 1 }, "NUL");
    refuses(STR("{\"a\":\"b\\u0000c\"}"), "\\u0000");
    refuses(STR("{\"\\u0000\":1}"), "\\u0000");
}

TEST(text_is_utf_8)
{
    refuses(STR("\"\xff\""), "unable to decode byte");
    refuses(STR("\"\xc0\xaf\""), "unable to decode byte");         /* an over-long '/' */
    refuses(STR("\"\xed\xa0\x80\""), "unable to decode byte");     /* a surrogate */
    refuses(STR("\"\xf4\x90\x80\x80\""), "unable to decode byte"); /* beyond U+10FFFF */
    refuses(STR("\"\xe2\x82\""), "unable to decode byte");
    refuses(STR("\"\\ud800\""), "line 1");
    refuses(STR("\"\\ud800\\u0041\""), "line 1");
}

TEST(integers_are_int64)
{
    refuses(STR("9223372036854775808"), "big");
    refuses(STR("-9223372036854775809"), "big");
    refuses(STR("{\"a\":123456789012345678901234567890}"), "big");
}

static struct str nested(char *room, size_t depth)
{
    memset(room, '[', depth);
    memset(room + depth, ']', depth);
    return (struct str){ room, 2 * depth };
}

TEST(depth_has_a_limit)
{
    static char room[2 * 100000];
    accepts(nested(room, JSON_DEPTH_MAX));
    refuses(nested(room, JSON_DEPTH_MAX + 1), "line 1, column 17: more than 16 levels deep");
    refuses(nested(room, 100000), "levels deep");
    memset(room, '{', sizeof(room));
    refuses((struct str){ room, sizeof(room) }, "levels deep");
    accepts(STR("[[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[]]"));
}

static void canonical(const char *text, const char *want)
{
    struct err err;
    auto_json json_t *j = json_parse(str_of(text), &err);
    auto_buf struct buf b = { .max = 4096 };
    CHECK(j);
    json_canonical(j, &b);
    buf_char(&b, '\0');
    CHECK(!b.failed);
    CHECK_STR(b.p, want);
}

TEST(canonical_text_has_one_form)
{
    canonical("{}", "{}");
    canonical("[ ]", "[]");
    canonical(" { \"b\" : 1 , \"a\" : [ true , false , null ] } ",
              "{\"a\":[true,false,null],\"b\":1}");
    canonical("-0", "0");
    canonical("[9223372036854775807,-9223372036854775808]",
              "[9223372036854775807,-9223372036854775808]");
    canonical("{\"\":1,\"B\":2,\"a\":3,\"aa\":4,\"a \":5,\"\\u00e9\":6,\"A\":7}",
              "{\"\":1,\"A\":7,\"B\":2,\"a\":3,\"a \":5,\"aa\":4,\"\xc3\xa9\":6}");
    canonical("{\"z\":{\"y\":{\"x\":[{\"c\":1,\"b\":2}]}}}",
              "{\"z\":{\"y\":{\"x\":[{\"b\":2,\"c\":1}]}}}");
}

/* RFC 8785 §3.2.2.2: short forms where there are some, lower-case \u00xx for other controls, all
 * else as it is. */
TEST(canonical_text_has_minimal_escapes)
{
    canonical("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\\"\\\\/\\b\\f\\n\\r\\t\"");
    canonical("\"\\u0001\\u001F\\u007f\\u20ac\"", "\"\\u0001\\u001f\x7f\xe2\x82\xac\"");
    canonical("\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\"");
    canonical("{\"\\n\":1}", "{\"\\n\":1}");
}

TEST(canonical_text_that_is_too_long_is_told)
{
    struct err err;
    auto_json json_t *j = json_parse(STR("{\"a\":[1,2,3],\"b\":\"text\"}"), &err);
    for (size_t max = 0; max < 24; max++) {
        auto_buf struct buf b = { .max = max };
        json_canonical(j, &b);
        CHECK(b.failed);
    }
    auto_buf struct buf b = { .max = 24 };
    json_canonical(j, &b);
    CHECK(!b.failed && b.n == 24);
}

static void cleaned(struct str s, struct str want)
{
    auto_json json_t *j = json_text(s);
    CHECK(j);
    const struct str got = { json_string_value(j), json_string_length(j) };
    CHECK(str_eq(got, want));
    CHECK(json_text_ok(s) == str_eq(s, want));
}

TEST(bytes_that_are_no_text_are_replaced_one_by_one)
{
    cleaned(STR(""), STR(""));
    cleaned((struct str){ NULL, 0 }, STR(""));
    cleaned(STR("plain \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"),
            STR("plain \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"));
    cleaned(STR("a\xff"
                "b"),
            STR("a\xef\xbf\xbd"
                "b"));
    cleaned(STR("\xc3"), STR("\xef\xbf\xbd"));
    cleaned(STR("\xc3(x"), STR("\xef\xbf\xbd(x"));
    cleaned(STR("\xe2\x82"), STR("\xef\xbf\xbd\xef\xbf\xbd"));
    cleaned(STR("\xc0\xaf"), STR("\xef\xbf\xbd\xef\xbf\xbd"));
    cleaned(STR("\xe0\x9f\xbf"), STR("\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"));
    cleaned(STR("\xed\xa0\x80"), STR("\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"));
    cleaned(STR("\xf0\x8f\xbf\xbf"), STR("\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"));
    cleaned(STR("\xf4\x90\x80\x80"), STR("\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"));
    cleaned(STR("\xf5\x80"), STR("\xef\xbf\xbd\xef\xbf\xbd"));
    cleaned((struct str){ "a\0b", 3 }, STR("a\xef\xbf\xbd"
                                           "b"));
    cleaned(STR("\xee\x80\x80\xed\x9f\xbf\xf4\x8f\xbf\xbf"),
            STR("\xee\x80\x80\xed\x9f\xbf\xf4\x8f\xbf\xbf"));
}

/* Every pair and triple of bytes that we call text is text to jansson too, and the reverse. */
TEST(jansson_agrees_on_what_is_text)
{
    for (unsigned i = 0; i < 1u << 16; i++) {
        const char two[] = { (char)(i >> 8), (char)i, 'x', 'x' };
        const char three[] = { (char)(0xe0 | (i & 15)), (char)(i >> 8), (char)(i >> 4), 'x' };
        const char *const both[] = { two, three };
        for (size_t k = 0; k < ARRAY_LEN(both); k++) {
            if (memchr(both[k], '\0', 4)) continue;
            auto_json json_t *j = json_stringn(both[k], 4);
            CHECK(json_text_ok((struct str){ both[k], 4 }) == (j != NULL));
        }
    }
}

TEST(members_are_had_or_not)
{
    struct err err;
    int64_t n = -7;
    auto_json json_t *j = json_parse(STR("{\"t\":\"x\",\"n\":5,\"r\":5.0,\"o\":{}}"), &err);
    CHECK(str_is(json_get_text(j, "t"), "x"));
    CHECK(!json_get_text(j, "n").p && !json_get_text(j, "none").p && !json_get_text(NULL, "t").p);
    CHECK(!json_get_i64(j, "t", 0, 9, &n) && !json_get_i64(j, "r", 0, 9, &n));
    CHECK(!json_get_i64(j, "n", 6, 9, &n) && !json_get_i64(j, "n", 0, 4, &n));
    CHECK(!json_get_i64(j, "none", 0, 9, &n) && n == -7);
    CHECK(json_get_i64(j, "n", 5, 5, &n) && n == 5);
}

TEST(compact_text_keeps_the_order_in_which_members_were_set)
{
    auto_json json_t *j = json_pack("{s:i, s:[{s:s, s:n}], s:f}", "z", -12, "a", "y",
                                    "\"\\\n\x01\xc3\xa4", "b", "r", 0.5);
    auto_buf struct buf b = { .max = 4096 };
    CHECK(j);
    json_compact(j, &b);
    buf_char(&b, '\0');
    CHECK_STR(b.p,
              "{\"z\":-12,\"a\":[{\"y\":\"\\\"\\\\\\n\\u0001\xc3\xa4\",\"b\":null}],\"r\":0.5}");
}

/* More members than are sorted in place, set backwards. */
TEST(large_objects_are_sorted_too)
{
    auto_json json_t *j = json_object();
    auto_buf struct buf b = { .max = 1 << 16 };
    char name[8];
    for (int i = 999; i >= 0; i--) {
        snprintf(name, sizeof(name), "k%03d", i);
        CHECK(json_object_set_new(j, name, json_integer(i)) == 0);
    }
    json_canonical(j, &b);
    struct err err;
    const char *at = b.p;
    for (int i = 0; i < 1000; i++) {
        char want[24];
        const int n = snprintf(want, sizeof(want), "%c\"k%03d\":%d", i == 0 ? '{' : ',', i, i);
        CHECK(strncmp(at, want, (size_t)n) == 0);
        at += n;
    }
    auto_json json_t *again = json_parse(buf_view(&b), &err);
    CHECK(json_equal(again, j));
}

TESTS(T(whole_documents_are_read), T(what_is_no_json_is_refused_with_its_place),
      T(anything_behind_the_document_is_refused), T(a_key_comes_once),
      T(nul_is_refused_in_every_form), T(text_is_utf_8), T(integers_are_int64),
      T(depth_has_a_limit), T(canonical_text_has_one_form), T(canonical_text_has_minimal_escapes),
      T(canonical_text_that_is_too_long_is_told), T(bytes_that_are_no_text_are_replaced_one_by_one),
      T(jansson_agrees_on_what_is_text), T(members_are_had_or_not),
      T(compact_text_keeps_the_order_in_which_members_were_set), T(large_objects_are_sorted_too))
