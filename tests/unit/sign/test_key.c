/* SPDX-License-Identifier: Apache-2.0 */
#include "sign/key.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "tests/t.h"
#include "tests/unit/sign/seed.h"

static bool text_is_signed(const struct key *k, struct str message)
{
    const struct public_key p = key_public(k);
    const struct signature s = key_sign(k, message);
    return public_key_verify(&p, message, &s);
}

TEST(what_a_key_signs_its_public_half_confirms)
{
    struct key *k = key_new();
    CHECK(text_is_signed(k, STR("a")));
    CHECK(text_is_signed(k, STR("")));
    CHECK(text_is_signed(k, (struct str){ NULL, 0 }));
    CHECK(text_is_signed(k, (struct str){ "a\0b", 3 }));
    key_free(k);
    key_free(NULL);
}

/* RFC 8032 §7.1 has the seed 9d61… for its first test; ours is 0x42 thirty-two times. */
TEST(a_known_seed_has_a_known_key_and_signature)
{
    struct key *k = key_of_seed(0x42);
    const struct public_key p = key_public(k);
    const struct signature s = key_sign(k, STR("Bourse"));
    const struct signature tagged = key_sign_tagged(k, "bourse-tick-v1\n", STR("{}"));
    char key_text[45], text[89], tagged_text[89];

    public_key_text(&p, key_text);
    signature_text(&s, text);
    signature_text(&tagged, tagged_text);
    CHECK_STR(key_text, "IVL40Zt5HSRFMkLhXy6rbLfP+ntqXtMAl5YOBpiB2xI=");
    CHECK_STR(
        text,
        "RFkOWXWhbMD19774/gkfpPlIMOEzORbKpu2HKB43R9QdBF8kYnPR8AZtu1r37tmg33fjyd+Ad/5UNphHxZaIAA==");
    CHECK_STR(
        tagged_text,
        "TGZoltI7vWDCb8N12hRGTlRDg1ztHiHh2qYLpIcqBSoVIUgiQtff/9q8rR95zrg2p6whQfJ1T97keLi/YWqRDA==");
    key_free(k);
}

TEST(another_text_tag_key_or_signature_does_not_fit)
{
    struct key *k = key_new(), *other = key_new();
    const struct public_key p = key_public(k), q = key_public(other);
    struct signature s = key_sign_tagged(k, TAG_TICK, STR("text"));

    CHECK(public_key_verify_tagged(&p, TAG_TICK, STR("text"), &s));
    CHECK(!public_key_verify_tagged(&p, TAG_TICK, STR("texT"), &s));
    CHECK(!public_key_verify_tagged(&p, TAG_RECEIPT, STR("text"), &s));
    CHECK(!public_key_verify(&p, STR("text"), &s));
    CHECK(!public_key_verify_tagged(&q, TAG_TICK, STR("text"), &s));
    for (size_t i = 0; i < SIGNATURE_SIZE; i++) {
        s.b[i] ^= 0x20;
        CHECK(!public_key_verify_tagged(&p, TAG_TICK, STR("text"), &s));
        s.b[i] ^= 0x20;
    }
    key_free(k);
    key_free(other);
}

/* With the neutral element as key, R = neutral and S = 0 would sign any text. */
TEST(a_key_of_small_order_confirms_nothing)
{
    static const char *const keys[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    };
    const struct signature nothing = { { 1 } };
    const char *texts = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        struct public_key k, again;
        char text[45];
        CHECK(str_hex(str_of(keys[i]), k.b, sizeof(k.b)));
        public_key_text(&k, text);
        CHECK(!public_key_parse(str_of(text), &again));
        for (const char *c = texts; *c; c++) /* a key of order 8 would confirm one in eight */
            CHECK(!public_key_verify(&k, (struct str){ c, 1 }, &nothing));
    }
}

TEST(texts_of_keys_and_signatures_are_read_back)
{
    struct key *k = key_new();
    const struct public_key p = key_public(k);
    const struct signature s = key_sign(k, STR("x"));
    struct public_key q;
    struct signature t;
    char key_text[45], text[89];

    public_key_text(&p, key_text);
    signature_text(&s, text);
    CHECK(strlen(key_text) == 44 && strlen(text) == 88);
    CHECK(public_key_parse(str_of(key_text), &q) && memcmp(&p, &q, sizeof(p)) == 0);
    CHECK(signature_parse(str_of(text), &t) && memcmp(&s, &t, sizeof(s)) == 0);
    key_free(k);
}

TEST(texts_of_another_length_or_alphabet_are_refused)
{
    static const char *const wrong[] = {
        "",
        "AAAA",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",      /* padding is missing */
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",     /* 31 bytes */
        "Jrq1j5P_-9iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs=",     /* URL-safe */
        " JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=",    /* a blank */
        "JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bsAAAA=", /* 35 bytes */
    };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct public_key k = { { 7 } };
        struct signature s = { { 7 } };
        CHECK(!public_key_parse(str_of(wrong[i]), &k) && k.b[0] == 7);
        CHECK(!signature_parse(str_of(wrong[i]), &s) && s.b[0] == 7);
    }
}

TEST(a_fingerprint_is_half_of_the_keys_digest)
{
    struct key *k = key_of_seed(0x42);
    const struct public_key p = key_public(k);
    char text[33];
    public_key_fingerprint(&p, text);
    CHECK_STR(text, "3097e2dee2cb4a34b53840cdb705aed7");
    key_free(k);
}

TEST(a_saved_key_is_loaded_again_and_is_ours_alone)
{
    struct err err;
    struct stat st;
    struct key *k = key_new();
    const char *path = scratch("key.pem");

    CHECK(key_save(k, path, &err));
    CHECK(stat(path, &st) == 0 && (st.st_mode & 07777) == 0600);
    struct key *again = key_load(path, &err);
    CHECK(again);
    const struct public_key p = key_public(k), q = key_public(again);
    CHECK(memcmp(&p, &q, sizeof(p)) == 0);
    CHECK(text_is_signed(again, STR("still the same")));
    unlink(path);
    key_free(k);
    key_free(again);
}

TEST(a_key_that_others_may_touch_is_refused)
{
    static const mode_t modes[] = { 0640, 0604, 0620, 0602, 0610, 0644, 0777 };
    struct err err;
    struct key *k = key_new();
    const char *path = scratch("open.pem");
    CHECK(key_save(k, path, &err));
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        CHECK(chmod(path, modes[i]) == 0);
        CHECK(!key_load(path, &err) && err.code == ERR_IO);
        CHECK(strstr(err.detail, "0600"));
    }
    CHECK(chmod(path, 0400) == 0);
    struct key *again = key_load(path, &err);
    CHECK(again);
    unlink(path);
    key_free(k);
    key_free(again);
}

static void refuses_file(struct str text)
{
    struct err err;
    const char *path = scratch("bad.pem");
    CHECK(file_write(path, text, 0600, &err));
    CHECK(!key_load(path, &err) && err.code == ERR_IO);
    unlink(path);
}

/* The encrypted key must be refused without a question at the terminal. */
TEST(what_is_no_ed25519_key_is_refused)
{
    refuses_file(STR(""));
    refuses_file(STR("hello"));
    refuses_file(STR("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"));
    refuses_file(STR("-----BEGIN PRIVATE "
                     "KEY-----\nMC4CAQAwBQYDK2VuBCIEIGhIh4UkEF4knR8hO4YaWixPa/SAduabCRzA5ljOX4Nf\n"
                     "-----END PRIVATE KEY-----\n"));
    refuses_file(STR("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
                     "MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhX4oYEHBmVlgICCAAw\n"
                     "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEAQIEEKChwwsjKjoKXJPvip2XHEEEQPSF\n"
                     "piZniWyEUhAI/UKw3mEBYXNGY+XOLtop2rJCke1VFANutzVPntLqFqLWSO+6yRbf\n"
                     "/3QSn1yubQOolMEdKAs=\n"
                     "-----END ENCRYPTED PRIVATE KEY-----\n"));
}

TEST(a_missing_key_is_told_as_such)
{
    struct err err;
    CHECK(!key_load(scratch("none.pem"), &err) && err.code == ERR_NOT_FOUND);
    CHECK(!key_load(scratch("no/folder/none.pem"), &err) && err.code == ERR_NOT_FOUND);
    struct key *k = key_new();
    CHECK(!key_save(k, scratch("no/folder/key.pem"), &err) && err.code == ERR_IO);
    key_free(k);
}

TESTS(T(what_a_key_signs_its_public_half_confirms), T(a_known_seed_has_a_known_key_and_signature),
      T(another_text_tag_key_or_signature_does_not_fit), T(a_key_of_small_order_confirms_nothing),
      T(texts_of_keys_and_signatures_are_read_back),
      T(texts_of_another_length_or_alphabet_are_refused),
      T(a_fingerprint_is_half_of_the_keys_digest), T(a_saved_key_is_loaded_again_and_is_ours_alone),
      T(a_key_that_others_may_touch_is_refused), T(what_is_no_ed25519_key_is_refused),
      T(a_missing_key_is_told_as_such))
