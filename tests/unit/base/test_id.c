/* SPDX-License-Identifier: Apache-2.0 */
#include "base/id.h"
#include "tests/t.h"

#define SEQ_LAST (((int64_t)1 << 62) - 1)
#define US_LAST  ((((int64_t)1 << 48) - 1) * 1000)

static bool refuses(const char *prefix, struct str text)
{
    struct id id = { { 42 } };
    return !id_parse(prefix, text, &id) && id.b[0] == 42 && id.b[15] == 0;
}

static const char *text_of(struct id id)
{
    static char text[ID_TEXT_MAX];
    id_format("bid_", id, text);
    return text;
}

static bool comes_back(int64_t at_us, int64_t seq, int index)
{
    const struct id made = id_make(at_us, seq, index);
    struct id read;
    return id_parse("bid_", str_of(text_of(made)), &read) && id_eq(read, made) &&
           id_ms(read) == at_us / 1000 && id_seq(read) == seq && id_index(read) == index;
}

/* Made with Python's integers. */
TEST(the_bits_are_where_the_layout_says)
{
    char hex[33];
    hex_encode(id_make(0x0192abcdef01 * 1000, 123456789012345, 4095).b, 16, hex);
    CHECK_STR(hex, "0192abcdef017fff80007048860ddf79");
    hex_encode(id_make(0, 0, 0).b, 16, hex);
    CHECK_STR(hex, "00000000000070008000000000000000");
    hex_encode(id_make(US_LAST, SEQ_LAST, ID_INDEX_MAX).b, 16, hex);
    CHECK_STR(hex, "ffffffffffff7fffbfffffffffffffff");
    hex_encode(id_make(1732438028123000, 1, 1).b, 16, hex);
    CHECK_STR(hex, "01935d5a6f5b70018000000000000001");
}

TEST(the_text_is_the_prefix_and_26_digits)
{
    char text[ID_TEXT_MAX];
    CHECK_STR(text_of(id_make(0x0192abcdef01 * 1000, 123456789012345, 4095)),
              "bid_01janwvvr1fzzr003g9230vqvs");
    CHECK_STR(text_of(id_make(0, 0, 0)), "bid_0000000000e008000000000000");
    CHECK_STR(text_of(id_make(US_LAST, SEQ_LAST, ID_INDEX_MAX)), "bid_7zzzzzzzzzfzzvzzzzzzzzzzzz");
    CHECK_STR(text_of(id_make(1732438028123000, 1, 1)), "bid_01jdenmvtve00r000000000001");
    id_format("payout_", id_make(0, 0, 0), text);
    CHECK_STR(text, "payout_0000000000e008000000000000");
    id_format("", id_make(0, 0, 0), text);
    CHECK_STR(text, "0000000000e008000000000000");
}

TEST(when_sequence_and_index_come_back)
{
    CHECK(comes_back(0, 0, 0));
    CHECK(comes_back(US_LAST, SEQ_LAST, ID_INDEX_MAX));
    CHECK(comes_back(1795510028123000, 1, 1));
    for (int bit = 0; bit < 62; bit++)
        CHECK(comes_back(1795510028123000, (int64_t)1 << bit, bit));
    for (int bit = 0; bit < 12; bit++)
        CHECK(comes_back(1795510028123000, 7, 1 << bit));
    for (int bit = 0; bit < 48; bit++)
        CHECK(comes_back(((int64_t)1 << bit) * 1000, 7, 7));
}

TEST(microseconds_within_a_millisecond_are_not_kept)
{
    CHECK(id_eq(id_make(1000, 1, 1), id_make(1999, 1, 1)));
    CHECK(!id_eq(id_make(1999, 1, 1), id_make(2000, 1, 1)));
}

TEST(texts_sort_by_time_then_index_then_sequence)
{
    char early[ID_TEXT_MAX];
    id_format("bid_", id_make(1000, SEQ_LAST, ID_INDEX_MAX), early);
    CHECK(strcmp(early, text_of(id_make(2000, 0, 0))) < 0);
    id_format("bid_", id_make(1000, 5, 1), early);
    CHECK(strcmp(early, text_of(id_make(1000, 4, 2))) < 0);
    CHECK(strcmp(early, text_of(id_make(1000, 6, 1))) < 0);
}

TEST(different_bits_are_different_ids)
{
    CHECK(id_eq(id_make(1000, 1, 1), id_make(1000, 1, 1)));
    CHECK(!id_eq(id_make(1000, 1, 1), id_make(1000, 2, 1)));
    CHECK(!id_eq(id_make(1000, 1, 1), id_make(1000, 1, 2)));
}

TEST(random_ids_are_well_formed_and_differ)
{
    for (int i = 0; i < 100; i++) {
        const struct id one = id_random(1795510028123000), other = id_random(1795510028123000);
        struct id read;
        CHECK(id_parse("bid_", str_of(text_of(one)), &read));
        CHECK(id_eq(read, one));
        CHECK_I64(id_ms(one), 1795510028123);
        CHECK(!id_eq(one, other));
    }
}

TEST(another_prefix_is_refused)
{
    CHECK(refuses("ask_", STR("bid_0000000000e008000000000000")));
    CHECK(refuses("bid_", STR("Bid_0000000000e008000000000000")));
    CHECK(refuses("bid_", STR("0000000000e008000000000000")));
    CHECK(refuses("bid", STR("bid_0000000000e008000000000000")));
    CHECK(refuses("bid_", STR("bid__000000000e008000000000000")));
    CHECK(refuses("", STR("bid_0000000000e008000000000000")));
}

TEST(another_length_is_refused)
{
    CHECK(refuses("bid_", STR("")));
    CHECK(refuses("bid_", STR("bid_")));
    CHECK(refuses("bid_", STR("bid_0000000000e00800000000000")));
    CHECK(refuses("bid_", STR("bid_0000000000e0080000000000000")));
    CHECK(refuses("bid_", STR("bid_0000000000e008000000000000\0")));
    CHECK(refuses("bid_", STR("bid_0000000000e008000000000000 ")));
    CHECK(refuses("bid_", str_of(NULL)));
}

TEST(letters_are_small_and_from_the_alphabet)
{
    CHECK(refuses("bid_", STR("bid_0000000000E008000000000000")));
    CHECK(refuses("bid_", STR("bid_0000000000e00800000000000i")));
    CHECK(refuses("bid_", STR("bid_0000000000e00800000000000l")));
    CHECK(refuses("bid_", STR("bid_0000000000e00800000000000o")));
    CHECK(refuses("bid_", STR("bid_0000000000e00800000000000u")));
    CHECK(refuses("bid_", STR("bid_0000000000e00800000000000-")));
    CHECK(refuses("bid_", STR("bid_0000000000e00800000000000\0")));
    CHECK(refuses("bid_", STR("bid_0000000000e00800000000000\xff")));
    CHECK(refuses("bid_", STR("bid_o000000000e008000000000000")));
}

TEST(more_than_128_bits_are_refused)
{
    CHECK(refuses("bid_", STR("bid_8000000000e008000000000000")));
    CHECK(refuses("bid_", STR("bid_z000000000e008000000000000")));
    CHECK(refuses("bid_", STR("bid_/000000000e008000000000000")));
}

TEST(another_version_or_variant_is_refused)
{
    CHECK(refuses("bid_", STR("bid_00000000000008000000000000"))); /* version 0 */
    CHECK(refuses("bid_", STR("bid_00000000008008000000000000"))); /* version 4 */
    CHECK(refuses("bid_", STR("bid_0000000000g008000000000000"))); /* version 8 */
    CHECK(refuses("bid_", STR("bid_0000000000z008000000000000"))); /* version 15 */
    CHECK(refuses("bid_", STR("bid_0000000000e000000000000000"))); /* variant 00 */
    CHECK(refuses("bid_", STR("bid_0000000000e004000000000000"))); /* variant 01 */
    CHECK(refuses("bid_", STR("bid_0000000000e00c000000000000"))); /* variant 11 */
}

TESTS(T(the_bits_are_where_the_layout_says), T(the_text_is_the_prefix_and_26_digits),
      T(when_sequence_and_index_come_back), T(microseconds_within_a_millisecond_are_not_kept),
      T(texts_sort_by_time_then_index_then_sequence), T(different_bits_are_different_ids),
      T(random_ids_are_well_formed_and_differ), T(another_prefix_is_refused),
      T(another_length_is_refused), T(letters_are_small_and_from_the_alphabet),
      T(more_than_128_bits_are_refused), T(another_version_or_variant_is_refused))
