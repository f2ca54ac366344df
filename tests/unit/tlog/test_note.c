/* SPDX-License-Identifier: Apache-2.0 */
#include "tlog/note.h"

#include "sign/sha.h"
#include "tests/t.h"
#include "tests/unit/sign/seed.h"
#include "tlog/cosign.h"
#include "tlog/proof.h"

/* Keys with the seeds 01… and 02…, so that every byte below is known. */
#define LOG_VKEY "bourse.test/log+ce848e62+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"
#define ENTRY    "{\"type\":\"command\",\"version\":1}"

static struct key *log_secret, *witness_secret;
static struct note_key log_key, witness_key;

static void make_keys(void)
{
    log_secret = key_of_seed(1);
    witness_secret = key_of_seed(2);
    const struct public_key l = key_public(log_secret), w = key_public(witness_secret);
    log_key = note_key_of(STR("bourse.test/log"), NOTE_ED25519, &l);
    witness_key = note_key_of(STR("witness.test"), NOTE_COSIGNATURE, &w);
}

/* A checkpoint of one entry, signed and cosigned at second 1700000000. */
static void make_checkpoint(struct buf *b)
{
    auto_buf struct buf text = { .max = 4096 };
    uint8_t cosigned[COSIGNATURE_SIZE];
    const struct checkpoint_note c = {
        .origin = STR("bourse.test/log"),
        .size = 1,
        .root = merkle_leaf(sha256_parts, ENTRY, sizeof(ENTRY) - 1),
    };

    checkpoint_note_text(&c, &text);
    note_sign(b, buf_view(&text), &log_key, log_secret);
    cosignature_make(buf_view(&text), 1700000000, witness_secret, cosigned);
    note_put_line(b, &witness_key, cosigned, sizeof(cosigned));
    CHECK(!b->failed);
}

TEST(a_key_has_one_text)
{
    char text[NOTE_VKEY_MAX];
    struct note_key k;

    note_key_text(&log_key, text);
    CHECK_STR(text, LOG_VKEY);
    CHECK(note_key_parse(str_of(text), &k) == TLOG_OK);
    CHECK(k.id == log_key.id && k.type == NOTE_ED25519);
    CHECK_STR(k.name, "bourse.test/log");
    note_key_text(&witness_key, text);
    CHECK(note_key_parse(str_of(text), &k) == TLOG_OK && k.type == NOTE_COSIGNATURE);
}

TEST(no_other_text_is_a_key)
{
    static const char *const wrong[] = {
        "",
        "name",
        "bourse.test/log+ce848e62",
        "bourse.test/log+ce848e63+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c",
        "bourse.test/lag+ce848e62+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c",
        "bourse.test/log+CE848E62+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c",
        "bourse.test/log+ce848e62+BoqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c",
        "bourse.test/log+ce848e62+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29cAA==",
        "bourse test+ce848e62+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c",
        "+ce848e62+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c",
    };
    struct note_key k;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        CHECK(note_key_parse(str_of(wrong[i]), &k) == TLOG_BAD_KEY);
}

TEST(what_is_signed_is_read_again)
{
    auto_buf struct buf b = { .max = NOTE_MAX };
    struct note n;
    struct checkpoint_note c;
    const struct note_key both[] = { log_key, witness_key };
    size_t signers = 0;

    make_checkpoint(&b);
    CHECK(checkpoint_note_open(buf_view(&b), &log_key, &n, &c) == TLOG_OK);
    CHECK_I64(c.size, 1);
    CHECK(str_is(c.origin, "bourse.test/log"));
    CHECK_I64(n.signatures_n, 2);
    CHECK(note_verify(&n, both, 2, &signers) == TLOG_OK && signers == 2);
    uint64_t at = 0;
    CHECK(note_signature_fits(&n.signatures[1], n.text, &witness_key, &at) && at == 1700000000);
    CHECK(!note_signature_fits(&n.signatures[0], n.text, &witness_key, NULL));
}

static const struct {
    enum tlog_rc want;
    struct str bytes;
} malformed[] = {
    { TLOG_NO_END, STR("") },
    { TLOG_NO_END, STR("text") },
    { TLOG_NO_SIGNATURES, STR("text\n") },
    { TLOG_NO_SIGNATURES, STR("text\n\n") },
    { TLOG_NO_SIGNATURES, STR("\n") },
    { TLOG_NO_END, STR("text\n\n\xe2\x80\x94 a AAAAAAA=") },
    { TLOG_BAD_SIGNATURE_LINE, STR("text\n\n- a AAAAAAA=\n") },
    { TLOG_BAD_SIGNATURE_LINE, STR("text\n\n\xe2\x80\x94 a AAAAAA==\n") }, /* an id alone */
    { TLOG_BAD_SIGNATURE_LINE, STR("text\n\n\xe2\x80\x94 a+b AAAAAAA=\n") },
    { TLOG_BAD_SIGNATURE_LINE, STR("text\n\n\xe2\x80\x94  AAAAAAA=\n") },
    { TLOG_BAD_SIGNATURE_LINE, STR("text\n\n\xe2\x80\x94 a AAAAAAB=\n") }, /* stray bits */
    { TLOG_BAD_SIGNATURE_LINE, STR("text\n\n\xe2\x80\x94 a AAAAAAA= \n") },
    { TLOG_BAD_SIGNATURE_LINE, STR("text\n\n\xe2\x80\x94 a\n") },
    { TLOG_NOT_TEXT, STR("bad\rxt\n\n\xe2\x80\x94 a AAAAAAA=\n") },
    { TLOG_NOT_TEXT, STR("bad\0xt\n\n\xe2\x80\x94 a AAAAAAA=\n") },
    { TLOG_NOT_TEXT, STR("bad\xffxt\n\n\xe2\x80\x94 a AAAAAAA=\n") },
    { TLOG_NOT_TEXT, STR("bad\xc0\x80xt\n\n\xe2\x80\x94 a AAAAAAA=\n") },
    { TLOG_NOT_TEXT, STR("bad\xed\xa0\x80xt\n\n\xe2\x80\x94 a AAAAAAA=\n") },
};

TEST(malformed_notes_are_refused_with_a_reason)
{
    struct note n;
    for (size_t i = 0; i < ARRAY_LEN(malformed); i++) {
        const enum tlog_rc rc = note_parse(malformed[i].bytes, &n);
        if (rc != malformed[i].want) fprintf(stderr, "case %zu: %s\n", i, tlog_reason(rc));
        CHECK(rc == malformed[i].want);
    }
    CHECK(note_parse(STR("text\n\n\xe2\x80\x94 a AAAAAAA=\n"), &n) == TLOG_OK);
    CHECK(note_parse(STR("a\n\nb\n\n\xe2\x80\x94 a AAAAAAA=\n"), &n) == TLOG_OK);
    CHECK(str_is(n.text, "a\n\nb\n"));
}

TEST(sixty_four_signatures_are_taken_and_no_more)
{
    auto_buf struct buf b = { .max = NOTE_MAX };
    struct note n;

    buf_c(&b, "text\n\n");
    for (int i = 0; i < NOTE_SIGNATURES_MAX; i++)
        buf_fmt(&b, "\xe2\x80\x94 n%d AAAAAAA=\n", i);
    CHECK(note_parse(buf_view(&b), &n) == TLOG_OK);
    buf_c(&b, "\xe2\x80\x94 more AAAAAAA=\n");
    CHECK(note_parse(buf_view(&b), &n) == TLOG_MANY_SIGNATURES);
}

TEST(unknown_signatures_are_passed_over_but_none_of_a_known_key_is)
{
    auto_buf struct buf b = { .max = NOTE_MAX };
    struct note n;

    note_sign(&b, STR("text\n"), &log_key, log_secret);
    buf_c(&b, "\xe2\x80\x94 stranger AAAAAAA=\n");
    CHECK(note_parse(buf_view(&b), &n) == TLOG_OK);
    CHECK(note_verify(&n, &log_key, 1, NULL) == TLOG_OK);
    CHECK(note_verify(&n, &witness_key, 1, NULL) == TLOG_UNSIGNED);
    CHECK(note_verify(&n, NULL, 0, NULL) == TLOG_UNSIGNED);
    b.p[0] = 'T'; /* the text is another now */
    CHECK(note_verify(&n, &log_key, 1, NULL) == TLOG_FORGED);
}

static const struct {
    enum tlog_rc want;
    struct str text;
} texts[] = {
    { TLOG_OK, STR("o\n0\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n") },
    { TLOG_OK, STR("o\n7\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nextension\n") },
    { TLOG_BAD_ORIGIN, STR("\n7\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n") },
    { TLOG_BAD_ORIGIN, STR("o") },
    { TLOG_BAD_SIZE, STR("o\n07\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n") },
    { TLOG_BAD_SIZE, STR("o\n-7\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n") },
    { TLOG_BAD_SIZE,
      STR("o\n9223372036854775808\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n") },
    { TLOG_BAD_SIZE, STR("o\n\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n") },
    { TLOG_BAD_ROOT, STR("o\n7\nAAAA\n") },
    { TLOG_BAD_ROOT, STR("o\n7\n") },
    { TLOG_BAD_ROOT, STR("o\n7\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=\n") },
    { TLOG_BAD_EXTENSION, STR("o\n7\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\nmore\n") },
    { TLOG_NO_END, STR("o\n7\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nmore") },
};

TEST(a_checkpoint_has_origin_size_and_root)
{
    struct checkpoint_note c;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        const enum tlog_rc rc = checkpoint_note_parse(texts[i].text, &c);
        if (rc != texts[i].want) fprintf(stderr, "case %zu: %s\n", i, tlog_reason(rc));
        CHECK(rc == texts[i].want);
    }
}

TEST(a_checkpoint_of_another_log_is_refused)
{
    auto_buf struct buf b = { .max = NOTE_MAX };
    struct note n;
    struct checkpoint_note c;

    note_sign(&b, STR("other.test\n0\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"), &log_key,
              log_secret);
    CHECK(checkpoint_note_open(buf_view(&b), &log_key, &n, &c) == TLOG_OTHER_ORIGIN);
}

static void make_proof(struct buf *b)
{
    auto_buf struct buf note = { .max = NOTE_MAX };
    make_checkpoint(&note);
    const struct log_proof p = { .index = 0, .checkpoint = buf_view(&note) };
    log_proof_text(&p, b);
    CHECK(!b->failed);
}

TEST(a_proof_is_checked_offline)
{
    auto_buf struct buf b = { .max = NOTE_MAX };
    const struct log_trust log_alone = { .log = log_key };
    const struct log_trust cosigned = { log_key, &witness_key, 1, 1 };
    const struct log_trust two = { log_key, &witness_key, 1, 2 };
    const struct log_trust wrong = { .log = witness_key };

    make_proof(&b);
    CHECK(log_proof_verify(buf_view(&b), STR(ENTRY), &log_alone) == TLOG_OK);
    CHECK(log_proof_verify(buf_view(&b), STR(ENTRY), &cosigned) == TLOG_OK);
    CHECK(log_proof_verify(buf_view(&b), STR(ENTRY), &two) == TLOG_FEW_WITNESSES);
    CHECK(log_proof_verify(buf_view(&b), STR("another"), &log_alone) == TLOG_NOT_INCLUDED);
    CHECK(log_proof_verify(buf_view(&b), STR(ENTRY), &wrong) == TLOG_OTHER_ORIGIN);
}

/* Whatever bit of a proof is turned, it is refused: a path, an index, a size, a root, a signature.
 */
TEST(no_bit_of_a_proof_can_be_turned)
{
    auto_buf struct buf b = { .max = NOTE_MAX };
    const struct log_trust t = { log_key, &witness_key, 1, 1 };

    make_proof(&b);
    for (size_t i = 0; i < b.n * 8; i++) {
        b.p[i / 8] = (char)(b.p[i / 8] ^ 1 << i % 8);
        CHECK(log_proof_verify(buf_view(&b), STR(ENTRY), &t) != TLOG_OK);
        b.p[i / 8] = (char)(b.p[i / 8] ^ 1 << i % 8);
    }
    for (size_t n = 0; n < b.n; n++)
        CHECK(log_proof_verify((struct str){ b.p, n }, STR(ENTRY), &t) != TLOG_OK);
}

static const struct {
    enum tlog_rc want;
    const char *text;
} proofs[] = {
    { TLOG_BAD_PROOF, "" },
    { TLOG_BAD_PROOF, "c2sp.org/tlog-proof@v2\nindex 0\n\n" },
    { TLOG_BAD_INDEX, "c2sp.org/tlog-proof@v1\n" },
    { TLOG_BAD_INDEX, "c2sp.org/tlog-proof@v1\nindex 00\n\n" },
    { TLOG_BAD_INDEX, "c2sp.org/tlog-proof@v1\nextra AAAA\nextra AAAA\nindex 0\n\n" },
    { TLOG_BAD_PROOF, "c2sp.org/tlog-proof@v1\nextra A\nindex 0\n\n" },
    { TLOG_BAD_HASH, "c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\n" },
    { TLOG_NO_SIGNATURES, "c2sp.org/tlog-proof@v1\nindex 0\n" },
    { TLOG_OK, "c2sp.org/tlog-proof@v1\nextra AAAA\nindex 9\n\nanything" },
};

TEST(malformed_proofs_are_refused_with_a_reason)
{
    struct log_proof p;
    for (size_t i = 0; i < ARRAY_LEN(proofs); i++) {
        const enum tlog_rc rc = log_proof_parse(str_of(proofs[i].text), &p);
        if (rc != proofs[i].want) fprintf(stderr, "case %zu: %s\n", i, tlog_reason(rc));
        CHECK(rc == proofs[i].want);
    }
}

TEST(a_path_of_more_than_64_hashes_is_none)
{
    auto_buf struct buf b = { .max = NOTE_MAX };
    struct log_proof p;

    buf_c(&b, "c2sp.org/tlog-proof@v1\nindex 0\n");
    for (int i = 0; i < TREE_PATH_MAX + 1; i++)
        buf_c(&b, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
    buf_c(&b, "\n");
    CHECK(log_proof_parse(buf_view(&b), &p) == TLOG_LONG_PATH);
}

TEST(each_reason_is_a_sentence)
{
    for (int i = 0; i < TLOG_REASONS; i++)
        CHECK(strlen(tlog_reason((enum tlog_rc)i)) > 10);
}

int main(void)
{
    static const struct t_test all[] = {
        T(a_key_has_one_text),
        T(no_other_text_is_a_key),
        T(what_is_signed_is_read_again),
        T(malformed_notes_are_refused_with_a_reason),
        T(sixty_four_signatures_are_taken_and_no_more),
        T(unknown_signatures_are_passed_over_but_none_of_a_known_key_is),
        T(a_checkpoint_has_origin_size_and_root),
        T(a_checkpoint_of_another_log_is_refused),
        T(a_proof_is_checked_offline),
        T(no_bit_of_a_proof_can_be_turned),
        T(malformed_proofs_are_refused_with_a_reason),
        T(a_path_of_more_than_64_hashes_is_none),
        T(each_reason_is_a_sentence),
    };
    make_keys();
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        all[i].run();
        printf("ok %s\n", all[i].name);
    }
    key_free(log_secret);
    key_free(witness_secret);
    return 0;
}
