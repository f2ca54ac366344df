/* SPDX-License-Identifier: Apache-2.0 */
#include "json/parse.h"

#include "tests/t.h"

struct inner {
    struct str text;
    int64_t number;
};

struct all {
    struct str text;
    int64_t number;
    bool flag;
    int choice;
    int64_t money, at_us;
    struct str_list texts, needed_texts;
    struct str_map map;
    struct inner object, needed_object;
    struct json_array objects;
    uint8_t bytes[4];
};

static const char *const choices[] = { "red", "green", NULL };

/* clang-format off */
static const struct json_field inner_fields[] = {
    JSON_TEXT(struct inner, text, "text", JSON_NEED, 1, 8, "A text."),
    JSON_I64(struct inner, number, "number", JSON_MAY, 0, 9, "A number."),
    JSON_END
};

static const struct json_field fields[] = {
    JSON_TEXT(struct all, text, "text", JSON_MAY, 0, 80, "A text."),
    JSON_I64(struct all, number, "number", JSON_MAY, INT64_MIN, INT64_MAX, "A number."),
    JSON_BOOL(struct all, flag, "flag", JSON_MAY, "A flag."),
    JSON_ENUM(struct all, choice, "choice", JSON_MAY, choices, "A choice."),
    JSON_MONEY(struct all, money, "money", JSON_MAY, INT64_MIN, INT64_MAX, "An amount."),
    JSON_TIME(struct all, at_us, "at", JSON_MAY, "A time."),
    JSON_TEXTS(struct all, texts, "texts", JSON_MAY, 3, "Texts."),
    JSON_TEXTS(struct all, needed_texts, "needed_texts", JSON_NEED, 3, "Texts."),
    JSON_TEXT_MAP(struct all, map, "map", JSON_MAY, 2, "Texts by name."),
    JSON_OBJECT(struct all, object, "object", JSON_MAY, inner_fields, "An object."),
    JSON_OBJECT(struct all, needed_object, "needed_object", JSON_NEED, inner_fields, "An object."),
    JSON_OBJECTS(struct all, objects, "objects", JSON_MAY, 2, inner_fields, struct inner, "Objects."),
    JSON_BASE64(struct all, bytes, "bytes", JSON_MAY, 4, "Four bytes."),
    JSON_REFUSED("kind", NULL, "Not yet."),
    JSON_END
};
/* clang-format on */

static void check_text(json_t *j, const char *want)
{
    auto_json json_t *drop = j;
    auto_buf struct buf b = { .max = 4096 };
    CHECK(drop);
    json_canonical(drop, &b);
    buf_char(&b, '\0');
    CHECK(!b.failed);
    CHECK_STR(b.p, want);
}

static const struct str two[] = { { "a", 1 }, { "b\xff", 2 } };
static const struct str_pair pairs[] = { { { "Y", 1 }, { "2", 1 } }, { { "X", 1 }, { "", 0 } } };
static struct inner items[] = { { { "i", 1 }, 1 }, { { "j", 1 }, 2 } };

static const struct all full = {
    .text = { "t\"\n", 3 },
    .number = INT64_MIN,
    .flag = true,
    .choice = 1,
    .money = -12500000,
    .at_us = INT64_C(1700000000500999),
    .texts = { two, 2 },
    .needed_texts = { two, 1 },
    .map = { pairs, 2 },
    .object = { { "o", 1 }, 3 },
    .needed_object = { { "p", 1 }, 4 },
    .objects = { items, 2 },
    .bytes = { 1, 2, 3, 4 },
};

TEST(one_of_each_kind_is_written)
{
    check_text(json_write(fields, &full),
               "{\"at\":\"2023-11-14T22:13:20.500Z\",\"bytes\":\"AQIDBA==\",\"choice\":\"green\","
               "\"flag\":true,\"map\":{\"X\":\"\",\"Y\":\"2\"},"
               "\"money\":{\"amount\":\"-12.500000\",\"currency\":\"USD\"},"
               "\"needed_object\":{\"number\":4,\"text\":\"p\"},\"needed_texts\":[\"a\"],"
               "\"number\":-9223372036854775808,\"object\":{\"number\":3,\"text\":\"o\"},"
               "\"objects\":[{\"number\":1,\"text\":\"i\"},{\"number\":2,\"text\":\"j\"}],"
               "\"text\":\"t\\\"\\n\",\"texts\":[\"a\",\"b\xef\xbf\xbd\"]}");
}

TEST(what_is_absent_is_left_out)
{
    const struct all none = { .choice = -1 };
    check_text(json_write(fields, &none),
               "{\"at\":null,\"bytes\":\"AAAAAA==\",\"flag\":false,"
               "\"money\":{\"amount\":\"0.000000\",\"currency\":\"USD\"},"
               "\"needed_object\":{\"number\":0},\"needed_texts\":[],\"number\":0}");
}

TEST(empty_is_not_absent)
{
    struct all empty = full;
    empty.text = STR("");
    empty.texts.n = empty.map.n = empty.objects.n = 0;
    auto_json json_t *j = json_write(fields, &empty);
    CHECK(json_is_string(json_object_get(j, "text")));
    CHECK(json_array_size(json_object_get(j, "texts")) == 0 && json_object_get(j, "texts"));
    CHECK(json_is_object(json_object_get(j, "map")) &&
          json_is_array(json_object_get(j, "objects")));
}

TEST(what_is_written_is_read_again)
{
    struct arena a;
    struct err err;
    struct complaints c;
    struct all out = { .number = 0 };
    arena_init(&a, 65536);
    auto_json json_t *j = json_write(fields, &full);
    if (!json_read(j, fields, &a, &out, &c, &err)) CHECK_STR(err.detail, "no error");
    CHECK(str_eq(out.text, full.text) && out.number == full.number && out.flag);
    CHECK(out.choice == 1 && out.money == full.money);
    CHECK_I64(out.at_us, full.at_us / 1000 * 1000);
    CHECK(out.texts.n == 2 && out.map.n == 2 && out.objects.n == 2);
    CHECK(str_eq(out.object.text, full.object.text) && out.needed_object.number == 4);
    CHECK(memcmp(out.bytes, full.bytes, 4) == 0);
    arena_done(&a);
}

TEST(money_and_time_alone)
{
    check_text(json_money(INT64_MAX), "{\"amount\":\"9223372036854.775807\",\"currency\":\"USD\"}");
    check_text(json_money(12500000), "{\"amount\":\"12.500000\",\"currency\":\"USD\"}");
    check_text(json_time(0), "null");
    check_text(json_time(INT64_C(1700000000123456)), "\"2023-11-14T22:13:20.123Z\"");
}

TESTS(T(one_of_each_kind_is_written), T(what_is_absent_is_left_out), T(empty_is_not_absent),
      T(what_is_written_is_read_again), T(money_and_time_alone))
