/* SPDX-License-Identifier: Apache-2.0 */
/* The vector of RFC 9180, A.1.1, and what a box must not do. */
#include "sign/seal.h"

#include <string.h>

#include "tests/t.h"

#define INFO "Ode on a Grecian Urn"

static void hex(const char *text, uint8_t *out, size_t n)
{
    const bool ok = str_hex(str_of(text), out, n);
    CHECK(ok);
}

static struct seal_key rfc_key(const char *secret)
{
    uint8_t b[SEAL_KEY_SIZE] = { 0 };
    struct seal_key k;
    hex(secret, b, sizeof(b));
    seal_key_of(b, &k);
    return k;
}

#define SK_EM "52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736"
#define PK_EM "37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431"
#define SK_RM "4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8"
#define PK_RM "3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d"
#define PLAIN "Beauty is truth, truth beauty"
#define CT                                                                                         \
    "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a"

TEST(the_vector_of_rfc_9180_is_sealed_and_opened)
{
    const struct seal_key sender = rfc_key(SK_EM), reader = rfc_key(SK_RM);
    const struct seal_about about = { INFO, STR("Count-0") };
    uint8_t want[SEAL_KEY_SIZE + 45] = { 0 }, pk[SEAL_KEY_SIZE] = { 0 };
    auto_buf struct buf box = { .max = 256 }, plain = { .max = 256 };

    hex(PK_RM, pk, sizeof(pk));
    CHECK(memcmp(reader.public.b, pk, sizeof(pk)) == 0);
    hex(PK_EM, want, SEAL_KEY_SIZE);
    hex(CT, want + SEAL_KEY_SIZE, 45);
    CHECK(seal_with(&sender, &reader.public, &about, STR(PLAIN), &box));
    CHECK_I64((int64_t)box.n, (int64_t)sizeof(want));
    CHECK(memcmp(box.p, want, sizeof(want)) == 0);
    CHECK(seal_open(&reader, &about, buf_view(&box), &plain));
    CHECK(str_is(buf_view(&plain), PLAIN));
}

TEST(a_box_opens_for_its_reader_and_its_purpose_alone)
{
    struct seal_key reader, other;
    const struct seal_about about = { "kind", STR("account 1") };
    const struct seal_about elsewhere = { "kind", STR("account 2") };
    const struct seal_about kind = { "other kind", STR("account 1") };
    auto_buf struct buf box = { .max = 256 }, plain = { .max = 256 };

    seal_key_new(&reader);
    seal_key_new(&other);
    CHECK(seal(&reader.public, &about, STR("secret"), &box));
    CHECK_I64((int64_t)box.n, 6 + SEAL_OVERHEAD);
    CHECK(!seal_open(&other, &about, buf_view(&box), &plain));
    CHECK(!seal_open(&reader, &elsewhere, buf_view(&box), &plain));
    CHECK(!seal_open(&reader, &kind, buf_view(&box), &plain));
    CHECK_I64((int64_t)plain.n, 0);
    CHECK(seal_open(&reader, &about, buf_view(&box), &plain));
    CHECK(str_is(buf_view(&plain), "secret"));
}

TEST(a_box_that_was_changed_or_cut_does_not_open)
{
    struct seal_key reader;
    const struct seal_about about = { "kind", STR("") };
    auto_buf struct buf box = { .max = 256 }, plain = { .max = 256 };

    seal_key_new(&reader);
    CHECK(seal(&reader.public, &about, STR("secret"), &box));
    for (size_t i = 0; i < box.n; i++) {
        box.p[i] ^= 1;
        /* The highest bit of a point is not part of it; the lowest is. */
        CHECK(!seal_open(&reader, &about, buf_view(&box), &plain));
        box.p[i] ^= 1;
        CHECK(!seal_open(&reader, &about, (struct str){ box.p, i }, &plain));
    }
    CHECK_I64((int64_t)plain.n, 0);
}

TEST(two_boxes_of_the_same_are_different)
{
    struct seal_key reader;
    const struct seal_about about = { "kind", STR("") };
    auto_buf struct buf a = { .max = 256 }, b = { .max = 256 };

    seal_key_new(&reader);
    CHECK(seal(&reader.public, &about, STR(""), &a) && seal(&reader.public, &about, STR(""), &b));
    CHECK_I64((int64_t)a.n, SEAL_OVERHEAD);
    CHECK(memcmp(a.p, b.p, a.n) != 0);
}

TEST(nothing_is_sealed_to_a_key_that_anybody_opens)
{
    const struct seal_public zero = { { 0 } };
    const struct seal_about about = { "kind", STR("") };
    struct seal_key reader;
    auto_buf struct buf box = { .max = 256 }, plain = { .max = 256 };
    const char zeroes[SEAL_OVERHEAD] = { 0 };

    seal_key_new(&reader);
    CHECK(!seal(&zero, &about, STR("secret"), &box));
    CHECK_I64((int64_t)box.n, 0);
    CHECK(!seal_open(&reader, &about, (struct str){ zeroes, sizeof(zeroes) }, &plain));
}

TEST(a_full_buffer_fails_and_leaks_nothing)
{
    struct seal_key reader;
    const struct seal_about about = { "kind", STR("") };
    auto_buf struct buf box = { .max = 40 }, small = { .max = 3 }, whole = { .max = 256 };

    seal_key_new(&reader);
    CHECK(seal(&reader.public, &about, STR("secret"), &box));
    CHECK(box.failed);
    CHECK(seal(&reader.public, &about, STR("secret"), &whole));
    CHECK(!seal_open(&reader, &about, buf_view(&whole), &small));
    CHECK(small.failed && small.n == 0);
}

TEST(keys_have_a_text)
{
    struct seal_key k;
    struct seal_public back;
    char text[45];

    seal_key_new(&k);
    seal_public_text(&k.public, text);
    CHECK(seal_public_parse(str_of(text), &back));
    CHECK(memcmp(back.b, k.public.b, sizeof(back.b)) == 0);
    CHECK(!seal_public_parse(STR("AAAA"), &back));
    CHECK(!seal_public_parse(STR("no base64"), &back));
    seal_key_wipe(&k);
    CHECK(k.secret[0] == 0 && k.secret[31] == 0);
}

TESTS(T(the_vector_of_rfc_9180_is_sealed_and_opened),
      T(a_box_opens_for_its_reader_and_its_purpose_alone),
      T(a_box_that_was_changed_or_cut_does_not_open), T(two_boxes_of_the_same_are_different),
      T(nothing_is_sealed_to_a_key_that_anybody_opens), T(a_full_buffer_fails_and_leaks_nothing),
      T(keys_have_a_text))
