/* SPDX-License-Identifier: Apache-2.0 */
#include "sign/sha.h"

#include "tests/t.h"

#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void check_hex(struct hash h, const char *want)
{
    char text[65];
    hex_encode(h.b, sizeof(h.b), text);
    CHECK_STR(text, want);
}

TEST(digests_are_those_of_fips_180)
{
    char text[65];
    sha256_hex(STR(""), text);
    CHECK_STR(text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sha256_hex(STR("abc"), text);
    CHECK_STR(text, ABC);
    sha256_hex(STR("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), text);
    CHECK_STR(text, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    check_hex(sha256((struct str){ NULL, 0 }),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(parts_are_one_text)
{
    const struct hash_part parts[] = { { "a", 1 }, { NULL, 0 }, { "bc", 2 } };
    check_hex(sha256_parts(parts, ARRAY_LEN(parts)), ABC);
    check_hex(sha256_parts(NULL, 0),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(a_stream_is_the_sum_of_its_pieces)
{
    struct sha256_stream *s = sha256_new();
    sha256_add(s, "a", 1);
    sha256_add(s, NULL, 0);
    sha256_add(s, "bc", 2);
    check_hex(sha256_end(s), ABC);
}

TEST(a_stream_may_be_dropped)
{
    struct sha256_stream *s = sha256_new();
    sha256_add(s, "abc", 3);
    sha256_free(s);
    sha256_free(NULL);
}

TEST(bytes_are_equal_or_not)
{
    CHECK(bytes_eq_ct("abc", "abc", 3));
    CHECK(!bytes_eq_ct("abc", "abd", 3));
    CHECK(!bytes_eq_ct("abc", "bbc", 3));
    CHECK(bytes_eq_ct("abc", "abd", 2));
    CHECK(bytes_eq_ct("", "", 0));
}

TESTS(T(digests_are_those_of_fips_180), T(parts_are_one_text), T(a_stream_is_the_sum_of_its_pieces),
      T(a_stream_may_be_dropped), T(bytes_are_equal_or_not))
