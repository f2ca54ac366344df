/* SPDX-License-Identifier: Apache-2.0 */
#include "json/parse.h"

#include "base/limits.h"
#include "tests/t.h"
#include "json/micros.h"

struct inner {
    struct str text;
    int64_t number;
};

/* One of each kind. */
struct all {
    struct str text;
    int64_t number;
    bool flag;
    int choice;
    int64_t money, at_us;
    struct str_list texts;
    struct str_map map;
    struct inner object;
    struct json_array objects;
    uint8_t bytes[4];
};

static const char *const choices[] = { "red", "green", NULL };
static const char *const only[] = { "one", NULL };
static const char *const batch[] = { "\"batch\"", NULL };

/* clang-format off */
static const struct json_field inner_fields[] = {
    JSON_TEXT(struct inner, text, "text", JSON_NEED, 1, 8, "A text."),
    JSON_I64(struct inner, number, "number", JSON_MAY, 0, 9, "A number."),
    JSON_END
};

static const struct json_field fields[] = {
    JSON_TEXT(struct all, text, "text", JSON_MAY, 2, 8, "A text."),
    JSON_I64(struct all, number, "number", JSON_MAY, -5, 5, "A number."),
    JSON_BOOL(struct all, flag, "flag", JSON_MAY, "A flag."),
    JSON_ENUM(struct all, choice, "choice", JSON_MAY, choices, "A choice."),
    JSON_MONEY(struct all, money, "money", JSON_MAY, 1, 1000000000000000, "An amount."),
    JSON_TIME(struct all, at_us, "at", JSON_MAY, "A time."),
    JSON_TEXTS(struct all, texts, "texts", JSON_MAY, 3, "Texts."),
    JSON_TEXT_MAP(struct all, map, "map", JSON_MAY, 2, "Texts by name."),
    JSON_OBJECT(struct all, object, "object", JSON_MAY, inner_fields, "An object."),
    JSON_OBJECTS(struct all, objects, "objects", JSON_MAY, 2, inner_fields, struct inner, "Objects."),
    JSON_BASE64(struct all, bytes, "bytes", JSON_MAY, 4, "Four bytes."),
    JSON_REFUSED("kind", batch, "Only batch."),
    JSON_REFUSED("pools", NULL, "Not yet."),
    JSON_END
};
/* clang-format on */

static struct arena memory;
static struct complaints found;
static struct err err;

static bool read_by(const struct json_field *table, const char *text, void *out)
{
    arena_done(&memory);
    arena_init(&memory, 1 << 20);
    auto_json json_t *j = json_parse(str_of(text), &err);
    if (!j) CHECK_STR(err.detail, text);
    return json_read(j, table, &memory, out, &found, &err);
}

static struct all accept(const char *text)
{
    struct all out = { .number = -99, .choice = -99, .money = -99, .at_us = -99 };
    if (!read_by(fields, text, &out)) CHECK_STR(err.detail, "no error");
    CHECK_I64(found.n, 0);
    return out;
}

/* Exactly one complaint, with this pointer and a detail that holds `because`. */
static void complains(const char *text, const char *pointer, const char *because)
{
    struct all out = { .number = 0 };
    CHECK(!read_by(fields, text, &out));
    CHECK_STR(found.v[0].pointer, pointer);
    if (!strstr(found.v[0].detail, because)) CHECK_STR(found.v[0].detail, because);
    CHECK_I64(found.n, 1);
    CHECK(err.code == (found.v[0].not_supported ? ERR_NOT_SUPPORTED : ERR_VALIDATION_FAILED));
}

TEST(one_of_each_kind_is_read)
{
    const struct all out = accept(
        "{\"text\":\"h\\u00e9\\n\\t\",\"number\":-5,\"flag\":true,\"choice\":\"green\","
        "\"money\":{\"amount\":\"12.50\",\"currency\":\"USD\"},\"at\":\"2023-11-14T22:13:20.5Z\","
        "\"texts\":[\"a\",\"\"],\"map\":{\"A_1\":\"x\",\"_\":\"\"},"
        "\"object\":{\"text\":\"t\",\"number\":9},\"objects\":[{\"text\":\"u\"},"
        "{\"text\":\"v\",\"number\":2}],\"bytes\":\"AQIDBA==\",\"kind\":\"batch\"}");
    CHECK(str_is(out.text, "h\xc3\xa9\n\t"));
    CHECK(out.number == -5 && out.flag && out.choice == 1);
    CHECK_I64(out.money, 12500000);
    CHECK_I64(out.at_us, INT64_C(1700000000500000));
    CHECK(out.texts.n == 2 && str_is(out.texts.v[0], "a") && str_is(out.texts.v[1], ""));
    CHECK(out.map.n == 2 && str_is(out.map.v[0].name, "A_1") && str_is(out.map.v[0].value, "x"));
    CHECK(str_is(out.object.text, "t") && out.object.number == 9);
    const struct inner *items = out.objects.v;
    CHECK(out.objects.n == 2 && str_is(items[0].text, "u") && items[0].number == 0);
    CHECK(str_is(items[1].text, "v") && items[1].number == 2);
    CHECK(memcmp(out.bytes, "\1\2\3\4", 4) == 0);
}

TEST(what_is_absent_or_null_keeps_what_was_there)
{
    static const char *const bodies[] = {
        "{}", "{\"text\":null,\"number\":null,\"flag\":null,\"choice\":null,\"money\":null,"
              "\"at\":null,\"texts\":null,\"map\":null,\"object\":null,\"objects\":null,"
              "\"bytes\":null,\"kind\":null,\"pools\":null}"
    };
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        const struct all out = accept(bodies[i]);
        CHECK(!out.text.p && out.number == -99 && !out.flag && out.choice == -99);
        CHECK(out.money == -99 && out.at_us == -99 && !out.texts.v && !out.map.v);
        CHECK(!out.object.text.p && !out.objects.v && out.bytes[0] == 0);
    }
}

TEST(what_is_needed_must_be_there)
{
    complains("{\"object\":{}}", "/object/text", "is required");
    complains("{\"object\":{\"text\":null}}", "/object/text", "is required");
    complains("{\"objects\":[{\"text\":\"a\"},{}]}", "/objects/1/text", "is required");
}

TEST(the_body_is_an_object)
{
    complains("[]", "", "must be an object");
    complains("5", "", "must be an object");
    CHECK_STR(err.detail, "The body must be an object");
}

TEST(a_text_has_its_length_and_no_controls)
{
    complains("{\"text\":5}", "/text", "must be text");
    complains("{\"text\":\"a\"}", "/text", "2 to 8 bytes");
    complains("{\"text\":\"123456789\"}", "/text", "2 to 8 bytes");
    complains("{\"text\":\"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\"}", "/text", "2 to 8 bytes");
    complains("{\"text\":\"a\\u0007\"}", "/text", "control");
    complains("{\"text\":\"a\\u007f\"}", "/text", "control");
    complains("{\"text\":\"a\\r\"}", "/text", "control");
    CHECK(str_is(accept("{\"text\":\"12345678\"}").text, "12345678"));
}

TEST(an_integer_is_one_and_within_its_range)
{
    complains("{\"number\":\"5\"}", "/number", "must be an integer");
    complains("{\"number\":5.0}", "/number", "must be an integer");
    complains("{\"number\":1e2}", "/number", "must be an integer");
    complains("{\"number\":true}", "/number", "must be an integer");
    complains("{\"number\":6}", "/number", "between -5 and 5");
    complains("{\"number\":-6}", "/number", "between -5 and 5");
    complains("{\"number\":9223372036854775807}", "/number", "between");
    CHECK_I64(accept("{\"number\":-5}").number, -5);
    CHECK_I64(accept("{\"number\":5}").number, 5);
}

TEST(the_ends_of_int64_are_read)
{
    static const struct json_field wide[] = {
        JSON_I64(struct inner, number, "number", JSON_NEED, INT64_MIN, INT64_MAX, "Any."), JSON_END
    };
    struct inner out;
    CHECK(read_by(wide, "{\"number\":9223372036854775807}", &out) && out.number == INT64_MAX);
    CHECK(read_by(wide, "{\"number\":-9223372036854775808}", &out) && out.number == INT64_MIN);
}

TEST(flags_and_choices)
{
    complains("{\"flag\":1}", "/flag", "true or false");
    complains("{\"flag\":\"true\"}", "/flag", "true or false");
    complains("{\"choice\":\"blue\"}", "/choice", "one of \"red\", \"green\"");
    complains("{\"choice\":\"Red\"}", "/choice", "one of");
    complains("{\"choice\":0}", "/choice", "one of");
    CHECK(accept("{\"flag\":false,\"choice\":\"red\"}").choice == 0);

    static const struct json_field single[] = {
        JSON_ENUM(struct all, choice, "choice", JSON_NEED, only, "One."), JSON_END
    };
    struct all out;
    CHECK(!read_by(single, "{\"choice\":\"two\"}", &out));
    CHECK_STR(found.v[0].detail, "must be \"one\"");
}

TEST(money_is_an_object_with_amount_as_text)
{
    static const char *const like[] = { "12.5", "12", "\"12.50\"", "[]", "true" };
    char body[128];
    for (size_t i = 0; i < ARRAY_LEN(like); i++) {
        snprintf(body, sizeof(body), "{\"money\":%s}", like[i]);
        complains(body, "/money", "must be an object with amount as text");
    }
    complains("{\"money\":{\"amount\":12.5,\"currency\":\"USD\"}}", "/money/amount",
              "must be text");
    complains("{\"money\":{\"amount\":12,\"currency\":\"USD\"}}", "/money/amount", "must be text");
    complains("{\"money\":{\"amount\":\"1\"}}", "/money/currency", "is required");
    complains("{\"money\":{\"currency\":\"USD\"}}", "/money/amount", "is required");
    complains("{\"money\":{\"amount\":\"1\",\"currency\":\"EUR\"}}", "/money/currency", "\"USD\"");
    complains("{\"money\":{\"amount\":\"1\",\"currency\":\"usd\"}}", "/money/currency", "\"USD\"");
    complains("{\"money\":{\"amount\":\"1\",\"currency\":\"USD\",\"a~/b\":1}}", "/money/a~0~1b",
              "not a field");
}

static void refuses_amount(const char *amount, const char *because)
{
    char body[128];
    snprintf(body, sizeof(body), "{\"money\":{\"amount\":\"%s\",\"currency\":\"USD\"}}", amount);
    complains(body, "/money/amount", because);
}

TEST(an_amount_is_exact_and_within_its_range)
{
    refuses_amount("0.0000001", "at most 6 decimals");
    refuses_amount("-1", "negative");
    refuses_amount("-0", "negative");
    refuses_amount("1e3", "decimal number");
    refuses_amount("", "decimal number");
    refuses_amount("1.", "decimal number");
    refuses_amount("0", "between 0.000001 and 1000000000.000000");
    refuses_amount("1000000000.000001", "between");
    refuses_amount("9223372036854.775808", "between");
    refuses_amount("18446744073709.551617", "between");
    refuses_amount("99999999999999999999999999", "between");
    const char *ends = "{\"money\":{\"amount\":\"1000000000.000000\",\"currency\":\"USD\"}}";
    CHECK_I64(accept(ends).money, INT64_C(1000000000000000));
}

TEST(an_amount_may_be_negative_where_its_range_says_so)
{
    static const struct json_field debt[] = {
        JSON_MONEY(struct all, money, "money", JSON_NEED, INT64_MIN, INT64_MAX, "Any."), JSON_END
    };
    struct all out;
    CHECK(read_by(debt, "{\"money\":{\"amount\":\"-9223372036854.775808\",\"currency\":\"USD\"}}",
                  &out));
    CHECK(out.money == INT64_MIN);
}

TEST(a_time_is_rfc_3339)
{
    complains("{\"at\":1700000000}", "/at", "must be a time");
    complains("{\"at\":\"2023-02-30T00:00:00Z\"}", "/at", "must be a time");
    complains("{\"at\":\"2023-02-20\"}", "/at", "must be a time");
}

TEST(lists_have_a_length)
{
    complains("{\"texts\":\"a\"}", "/texts", "must be a list");
    complains("{\"texts\":[\"a\",\"b\",\"c\",\"d\"]}", "/texts", "at most 3 items");
    complains("{\"texts\":[\"a\",5]}", "/texts/1", "must be text");
    complains("{\"texts\":[null]}", "/texts/0", "must be text");
    complains("{\"objects\":{}}", "/objects", "must be a list");
    complains("{\"objects\":[{},{},{}]}", "/objects", "at most 2 items");
    complains("{\"objects\":[5]}", "/objects/0", "must be an object");
    const struct all out = accept("{\"texts\":[],\"objects\":[],\"map\":{}}");
    CHECK(out.texts.v && out.texts.n == 0 && out.objects.v && out.objects.n == 0 && out.map.v);
}

TEST(one_text_of_a_list_has_a_length_too)
{
    static char body[TEXT_MAX + 64];
    int n = snprintf(body, sizeof(body), "{\"texts\":[\"%0*d\"]}", TEXT_MAX, 0);
    CHECK(n > TEXT_MAX && accept(body).texts.v[0].n == TEXT_MAX);
    n = snprintf(body, sizeof(body), "{\"texts\":[\"%0*d\"]}", TEXT_MAX + 1, 0);
    CHECK(n > TEXT_MAX);
    complains(body, "/texts/0", "at most 4096 bytes");
}

TEST(a_map_has_names_of_variables)
{
    complains("{\"map\":[]}", "/map", "object of texts");
    complains("{\"map\":{\"a\":\"1\",\"b\":\"2\",\"c\":\"3\"}}", "/map", "at most 2 members");
    complains("{\"map\":{\"1a\":\"1\"}}", "/map/1a", "named by letters");
    complains("{\"map\":{\"\":\"1\"}}", "/map/", "named by letters");
    complains("{\"map\":{\"a=b\":\"1\"}}", "/map/a=b", "named by letters");
    complains("{\"map\":{\"a/b\":\"1\"}}", "/map/a~1b", "named by letters");
    complains("{\"map\":{\"PATH\":5}}", "/map/PATH", "must be text");
}

TEST(bytes_have_their_number)
{
    complains("{\"bytes\":\"AQID\"}", "/bytes", "must be 4 bytes as base64");
    complains("{\"bytes\":\"AQIDBAU=\"}", "/bytes", "must be 4 bytes as base64");
    complains("{\"bytes\":\"AQIDBA\"}", "/bytes", "must be 4 bytes as base64");
    complains("{\"bytes\":\"AQIDBB==\"}", "/bytes", "must be 4 bytes as base64");
    complains("{\"bytes\":[1,2,3,4]}", "/bytes", "must be 4 bytes as base64");
}

TEST(what_is_known_but_not_done_is_not_supported)
{
    complains("{\"kind\":\"stream\"}", "/kind", "not supported");
    CHECK(found.v[0].not_supported && err.code == ERR_NOT_SUPPORTED);
    complains("{\"kind\":5}", "/kind", "not supported");
    complains("{\"pools\":[]}", "/pools", "not supported");
    accept("{\"kind\":\"batch\"}");

    struct all out;
    CHECK(!read_by(fields, "{\"kind\":5,\"pools\":1}", &out));
    CHECK(found.n == 2 && err.code == ERR_NOT_SUPPORTED);
    CHECK(!read_by(fields, "{\"kind\":5,\"number\":\"x\"}", &out));
    CHECK(found.n == 2 && err.code == ERR_VALIDATION_FAILED);
}

TEST(an_unknown_key_is_refused_and_a_slip_is_guessed)
{
    complains("{\"colour\":1}", "/colour", "is not a field of this body");
    CHECK_STR(found.v[0].detail, "is not a field of this body");
    complains("{\"nubmer\":1}", "/nubmer", "is not a field of this body; did you mean \"number\"?");
    complains("{\"Text\":1}", "/Text", "did you mean \"text\"?");
    complains("{\"text_\":1}", "/text_", "did you mean \"text\"?"); /* "texts" comes later */
    complains("{\"object\":{\"text\":\"a\",\"money\":1}}", "/object/money", "not a field");
    complains("{\"a/b~c\":1}", "/a~1b~0c", "not a field");
    complains("{\"\":1}", "/", "not a field");
}

TEST(all_complaints_come_at_once)
{
    struct all out;
    CHECK(!read_by(fields, "{\"x\":1,\"text\":5,\"object\":{\"number\":-1},\"money\":3}", &out));
    CHECK_I64(found.n, 5);
    CHECK_STR(found.v[0].pointer, "/text");
    CHECK_STR(found.v[1].pointer, "/money");
    CHECK_STR(found.v[2].pointer, "/object/text");
    CHECK_STR(found.v[3].pointer, "/object/number");
    CHECK_STR(found.v[4].pointer, "/x");
    CHECK_STR(err.detail, "/text must be text (and 4 more)");
}

TEST(complaints_beyond_the_list_are_counted)
{
    char body[2048] = "{", *p = body + 1;
    struct all out;
    for (int i = 0; i < COMPLAINTS_MAX + 5; i++)
        p += snprintf(p, sizeof(body) - (size_t)(p - body), "%s\"unknown_%d\":1", i ? "," : "", i);
    snprintf(p, sizeof(body) - (size_t)(p - body), "}");
    CHECK(!read_by(fields, body, &out));
    CHECK(found.n == COMPLAINTS_MAX && found.more == 5);
}

TEST(a_caller_can_complain_too)
{
    accept("{}");
    complain(&found, &memory, &err, "/price", "must be at least %d", 5);
    CHECK(found.n == 1 && err.code == ERR_VALIDATION_FAILED);
    CHECK_STR(found.v[0].pointer, "/price");
    CHECK_STR(found.v[0].detail, "must be at least 5");
    CHECK_STR(err.detail, "/price must be at least 5");
}

TEST(too_little_memory_is_told)
{
    auto_json json_t *good =
        json_parse(STR("{\"texts\":[\"a\",\"b\"],\"objects\":[{\"text\":\"c\"}]}"), &err);
    auto_json json_t *bad = json_parse(STR("{\"text\":5}"), &err);
    for (size_t max = 0; max < 32; max += 8) {
        struct arena small;
        struct all out = { .number = 0 };
        arena_init(&small, max);
        CHECK(!json_read(good, fields, &small, &out, &found, &err));
        CHECK(err.code == ERR_NO_MEMORY);
        arena_done(&small);
        arena_init(&small, max < 16 ? max : 15);
        CHECK(!json_read(bad, fields, &small, &out, &found, &err));
        CHECK(err.code == ERR_NO_MEMORY);
        complain(&found, &small, &err, "/a-pointer-that-is-long", "x");
        CHECK(err.code == ERR_NO_MEMORY);
        arena_done(&small);
    }
    arena_done(&memory);
}

TESTS(T(one_of_each_kind_is_read), T(what_is_absent_or_null_keeps_what_was_there),
      T(what_is_needed_must_be_there), T(the_body_is_an_object),
      T(a_text_has_its_length_and_no_controls), T(an_integer_is_one_and_within_its_range),
      T(the_ends_of_int64_are_read), T(flags_and_choices),
      T(money_is_an_object_with_amount_as_text), T(an_amount_is_exact_and_within_its_range),
      T(an_amount_may_be_negative_where_its_range_says_so), T(a_time_is_rfc_3339),
      T(lists_have_a_length), T(one_text_of_a_list_has_a_length_too),
      T(a_map_has_names_of_variables), T(bytes_have_their_number),
      T(what_is_known_but_not_done_is_not_supported),
      T(an_unknown_key_is_refused_and_a_slip_is_guessed), T(all_complaints_come_at_once),
      T(complaints_beyond_the_list_are_counted), T(a_caller_can_complain_too),
      T(too_little_memory_is_told))
