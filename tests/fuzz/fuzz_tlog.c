/* SPDX-License-Identifier: Apache-2.0 */
/* The public log's texts: notes, checkpoints, proofs, names of tiles, bundles, verifier keys. The
 * first byte says which; what is taken is written as it was read. */
#include "sign/sha.h"
#include "tests/fuzz/fuzz.h"
#include "tlog/proof.h"

static void a_note(struct str s)
{
    struct note n;
    struct checkpoint_note c;
    const struct public_key nobody = { { 1 } };
    const struct note_key k = note_key_of(STR("nobody"), NOTE_COSIGNATURE, &nobody);

    if (note_parse(s, &n) != TLOG_OK) return;
    LAW(n.text.n > 0 && n.text.p[n.text.n - 1] == '\n' && n.signatures_n > 0);
    size_t used = n.text.n + 1;
    for (size_t i = 0; i < n.signatures_n; i++)
        used += n.signatures[i].line.n;
    LAW(used == s.n);
    LAW(note_verify(&n, &k, 1, NULL) != TLOG_OK);
    if (checkpoint_note_parse(n.text, &c) != TLOG_OK) return;
    auto_buf struct buf b = { .max = NOTE_MAX };
    checkpoint_note_text(&c, &b);
    LAW(b.failed || str_starts(n.text, buf_view(&b)));
}

static void a_proof(struct str s)
{
    struct log_proof p;
    auto_buf struct buf b = { .max = 2 * NOTE_MAX };
    const struct public_key nobody = { { 1 } };
    const struct log_trust trust = { .log = note_key_of(STR("o"), NOTE_ED25519, &nobody) };

    LAW(log_proof_verify(s, STR("entry"), &trust) != TLOG_OK);
    if (log_proof_parse(s, &p) != TLOG_OK) return;
    log_proof_text(&p, &b);
    LAW(b.failed || p.extra.p || str_eq(buf_view(&b), s));
}

static void a_name(struct str s)
{
    struct tile_name t;
    char text[TILE_NAME_MAX];

    if (tile_name_parse(s, &t) != TLOG_OK) return;
    LAW(t.width >= 1 && t.width <= TILE_WIDTH && t.level < TILE_LEVELS);
    tile_name_text(&t, text);
    LAW(str_is(s, text));
}

static void a_key(struct str s)
{
    struct note_key k;
    char text[NOTE_VKEY_MAX];

    if (note_key_parse(s, &k) != TLOG_OK) return;
    note_key_text(&k, text);
    LAW(str_is(s, text));
}

static void a_bundle(struct str s)
{
    static struct hash leaves[TILE_WIDTH];
    auto_buf struct buf b = { .max = 1 << 20 };
    struct str rest = s, entry;
    unsigned n = 0;

    for (; bundle_next(&rest, &entry); n++)
        bundle_put(&b, entry);
    LAW(b.failed || str_eq(buf_view(&b), (struct str){ s.p, s.n - rest.n }));
    if (n > TILE_WIDTH) return;
    LAW((bundle_leaves(sha256_parts, s, n, leaves) == TLOG_OK) == (rest.n == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    const struct str s = { (const char *)data + 1, size - 1 };
    switch (data[0] % 5) {
    case 0: a_note(s); break;
    case 1: a_proof(s); break;
    case 2: a_name(s); break;
    case 3: a_key(s); break;
    default: a_bundle(s); break;
    }
    return 0;
}
