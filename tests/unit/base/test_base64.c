/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"
#include "tests/t.h"

struct vector {
    const char *bytes, *standard, *url;
};

/* RFC 4648 section 10, and what tells the two alphabets apart. */
static const struct vector vectors[] = {
    { "", "", "" },
    { "f", "Zg==", "Zg" },
    { "fo", "Zm8=", "Zm8" },
    { "foo", "Zm9v", "Zm9v" },
    { "foob", "Zm9vYg==", "Zm9vYg" },
    { "fooba", "Zm9vYmE=", "Zm9vYmE" },
    { "foobar", "Zm9vYmFy", "Zm9vYmFy" },
    { "\xfb\xff\xfe", "+//+", "-__-" },
    { "\xff", "/w==", "_w" },
};

static bool decodes(bool url, const char *text, struct str want)
{
    uint8_t out[64];
    size_t n = sizeof(out);
    const bool ok =
        url ? base64url_decode(str_of(text), out, &n) : base64_decode(str_of(text), out, &n);
    return ok && str_eq((struct str){ (const char *)out, n }, want);
}

static bool refuses(bool url, struct str text)
{
    uint8_t out[64] = { 42 };
    size_t n = sizeof(out);
    const bool ok = url ? base64url_decode(text, out, &n) : base64_decode(text, out, &n);
    return !ok && n == sizeof(out) && out[0] == 42;
}

TEST(the_vectors_of_the_rfc_go_out)
{
    auto_buf struct buf b;
    buf_init(&b, 100);
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        const struct vector *v = &vectors[i];
        const void *bytes = v->bytes;
        buf_clear(&b);
        base64_encode(bytes, strlen(v->bytes), &b);
        CHECK(str_is(buf_view(&b), v->standard));
        buf_clear(&b);
        base64url_encode(bytes, strlen(v->bytes), &b);
        CHECK(str_is(buf_view(&b), v->url));
    }
}

TEST(and_come_back)
{
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        CHECK(decodes(false, vectors[i].standard, str_of(vectors[i].bytes)));
        CHECK(decodes(true, vectors[i].url, str_of(vectors[i].bytes)));
    }
}

TEST(every_byte_survives_the_round_trip)
{
    uint8_t bytes[256], back[256];
    auto_buf struct buf b;
    buf_init(&b, 400);
    for (size_t i = 0; i < 256; i++)
        bytes[i] = (uint8_t)i;
    for (size_t length = 0; length <= 256; length++) {
        size_t n = length;
        buf_clear(&b);
        base64_encode(bytes, length, &b);
        CHECK(!b.failed);
        CHECK(base64_decode(buf_view(&b), back, &n));
        CHECK(n == length && memcmp(bytes, back, n) == 0);
        buf_clear(&b);
        base64url_encode(bytes, length, &b);
        CHECK(base64url_decode(buf_view(&b), back, &n));
        CHECK(n == length && memcmp(bytes, back, n) == 0);
    }
}

TEST(an_encoding_that_passes_the_buffers_maximum_fails_the_buffer)
{
    auto_buf struct buf b;
    buf_init(&b, 7);
    base64_encode((const uint8_t *)"foob", 4, &b);
    CHECK(b.failed);
}

TEST(padding_must_be_there_whole_and_only_at_the_end)
{
    static const char *const wrong[] = { "Zg",    "Zg=",      "Zm8",   "Z===",    "====",
                                         "=",     "==",       "Zg===", "=Zg=",    "Zg=v",
                                         "Zm9v=", "Zm9v====", "Z=g=",  "Zg==Zg==" };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        CHECK(refuses(false, str_of(wrong[i])));
}

TEST(padding_is_refused_where_there_is_none)
{
    CHECK(refuses(true, STR("Zg==")));
    CHECK(refuses(true, STR("Zm8=")));
    CHECK(refuses(true, STR("=")));
}

TEST(spare_bits_that_are_not_zero_are_refused)
{
    CHECK(decodes(false, "Zg==", STR("f")));
    CHECK(refuses(false, STR("Zh==")));
    CHECK(refuses(false, STR("Zo==")));
    CHECK(refuses(false, STR("Zm9=")));
    CHECK(refuses(true, STR("Zh")));
    CHECK(refuses(true, STR("Zm-")));
    CHECK(refuses(true, STR("Zm9")));
}

TEST(a_single_digit_is_no_byte)
{
    CHECK(refuses(true, STR("Z")));
    CHECK(refuses(true, STR("Zm9vY")));
    CHECK(refuses(false, STR("Zm9vY")));
}

TEST(characters_outside_the_alphabet_are_refused)
{
    CHECK(refuses(false, STR("Zm9 ")));
    CHECK(refuses(false, STR("Zm9v\n")));
    CHECK(refuses(false, STR(" Zm9v   ")));
    CHECK(refuses(false, STR("-__-")));
    CHECK(refuses(true, STR("+//+")));
    CHECK(refuses(true, STR("Zm9\0")));
    CHECK(refuses(true, STR("Zm9\xc3")));
    CHECK(refuses(true, STR("@[`{")));
}

TEST(what_does_not_fit_the_room_is_refused)
{
    uint8_t out[3] = { 7, 7, 7 };
    size_t n = 2;
    CHECK(!base64_decode(STR("Zm9v"), out, &n) && n == 2 && out[0] == 7);
    n = 3;
    CHECK(base64_decode(STR("Zm9v"), out, &n) && n == 3);
    n = 0;
    CHECK(base64_decode(STR(""), out, &n) && n == 0);
    CHECK(base64url_decode(str_of(NULL), out, &n) && n == 0);
}

TESTS(T(the_vectors_of_the_rfc_go_out), T(and_come_back), T(every_byte_survives_the_round_trip),
      T(an_encoding_that_passes_the_buffers_maximum_fails_the_buffer),
      T(padding_must_be_there_whole_and_only_at_the_end), T(padding_is_refused_where_there_is_none),
      T(spare_bits_that_are_not_zero_are_refused), T(a_single_digit_is_no_byte),
      T(characters_outside_the_alphabet_are_refused), T(what_does_not_fit_the_room_is_refused))
