/* SPDX-License-Identifier: Apache-2.0 */
#include "tlog/note.h"

#include <assert.h>
#include <endian.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "sign/sha.h"
#include "tlog/cosign.h"

#define DASH      "\xe2\x80\x94 " /* U+2014 and a blank */
#define ID_SIZE   4
#define KEY_BYTES (1 + PUBLIC_KEY_SIZE)

/* ---- text ---- */

/* Length of the UTF-8 character that begins at s, 0 when there is none: RFC 3629, no overlong
 * forms, no surrogates. */
static size_t character(struct str s, uint32_t *out)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    const uint8_t *p = (const uint8_t *)s.p;
    const size_t n = p[0] < 0x80             ? 1
                     : (p[0] & 0xe0) == 0xc0 ? 2
                     : (p[0] & 0xf0) == 0xe0 ? 3
                     : (p[0] & 0xf8) == 0xf0 ? 4
                                             : 0;
    if (n == 0 || n > s.n) return 0;
    uint32_t c = n == 1 ? p[0] : p[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) return 0;
        c = c << 6 | (p[i] & 0x3fu);
    }
    if ((n > 1 && c < least[n]) || (c >= 0xd800 && c < 0xe000) || c > 0x10ffff) return 0;
    *out = c;
    return n;
}

static bool is_text(struct str s)
{
    uint32_t c = 0;
    for (size_t n; s.n > 0; s.p += n, s.n -= n) {
        n = character(s, &c);
        if (n == 0 || (c < 0x20 && c != '\n')) return false;
    }
    return true;
}

/* What Unicode calls white space; a name has none. */
static bool is_space(uint32_t c)
{
    return c <= 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) ||
           c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

bool note_name_ok(struct str name)
{
    uint32_t c = 0;
    if (name.n == 0 || name.n > NOTE_NAME_MAX) return false;
    for (size_t n; name.n > 0; name.p += n, name.n -= n) {
        n = character(name, &c);
        if (n == 0 || c == '+' || c == 0x7f || is_space(c)) return false;
    }
    return true;
}

/* ---- keys ---- */

struct note_key note_key_of(struct str name, enum note_key_type type, const struct public_key *k)
{
    struct note_key out = { .type = type, .key = *k };
    const uint8_t tag = (uint8_t)type;
    const struct hash_part parts[] = {
        { name.p, name.n }, { "\n", 1 }, { &tag, 1 }, { k->b, PUBLIC_KEY_SIZE }
    };

    assert(note_name_ok(name));
    const struct hash h = sha256_parts(parts, ARRAY_LEN(parts));
    memcpy(out.name, name.p, name.n);
    out.id = (uint32_t)h.b[0] << 24 | (uint32_t)h.b[1] << 16 | (uint32_t)h.b[2] << 8 | h.b[3];
    return out;
}

static uint32_t id_at(const uint8_t b[ID_SIZE])
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

enum tlog_rc note_key_parse(struct str vkey, struct note_key *out)
{
    struct str name, rest, hex, base64;
    uint8_t id[ID_SIZE], bytes[KEY_BYTES];
    size_t n = sizeof(bytes);
    struct public_key key;

    if (!str_cut(vkey, '+', &name, &rest) || !str_cut(rest, '+', &hex, &base64) ||
        !note_name_ok(name) || !str_hex(hex, id, sizeof(id)) || !base64_decode(base64, bytes, &n) ||
        n != sizeof(bytes))
        return TLOG_BAD_KEY;
    if (bytes[0] != NOTE_ED25519 && bytes[0] != NOTE_COSIGNATURE) return TLOG_BAD_KEY;
    memcpy(key.b, bytes + 1, sizeof(key.b));
    const struct note_key k = note_key_of(name, (enum note_key_type)bytes[0], &key);
    if (k.id != id_at(id)) return TLOG_BAD_KEY;
    *out = k;
    return TLOG_OK;
}

void note_key_text(const struct note_key *k, char out[NOTE_VKEY_MAX])
{
    auto_buf struct buf b = { .max = NOTE_VKEY_MAX };
    uint8_t bytes[KEY_BYTES] = { (uint8_t)k->type };

    memcpy(bytes + 1, k->key.b, sizeof(k->key.b));
    buf_fmt(&b, "%s+%08x+", k->name, (unsigned)k->id);
    base64_encode(bytes, sizeof(bytes), &b);
    assert(!b.failed && b.n < NOTE_VKEY_MAX);
    memcpy(out, b.p, b.n);
    out[b.n] = '\0';
}

/* ---- parsing ---- */

static bool parse_line(struct str line, struct note_signature *out)
{
    struct str rest = { line.p, line.n - 1 }, name, base64;
    uint8_t bytes[ID_SIZE + NOTE_SIGNATURE_MAX];
    size_t n = sizeof(bytes);

    if (!str_starts(rest, STR(DASH))) return false;
    rest.p += sizeof(DASH) - 1;
    rest.n -= sizeof(DASH) - 1;
    if (!str_cut(rest, ' ', &name, &base64) || !note_name_ok(name)) return false;
    if (!base64_decode(base64, bytes, &n) || n <= ID_SIZE) return false;
    *out = (struct note_signature){ name, id_at(bytes), base64, line };
    return true;
}

static enum tlog_rc parse_lines(struct str lines, struct note *out)
{
    struct str line, rest;

    for (; str_cut(lines, '\n', &line, &rest); lines = rest) {
        line.n++; /* its newline */
        if (out->signatures_n == NOTE_SIGNATURES_MAX) return TLOG_MANY_SIGNATURES;
        if (!parse_line(line, &out->signatures[out->signatures_n])) return TLOG_BAD_SIGNATURE_LINE;
        out->signatures_n++;
    }
    return TLOG_OK;
}

enum tlog_rc note_parse(struct str bytes, struct note *out)
{
    if (bytes.n > NOTE_MAX) return TLOG_TOO_LONG;
    if (!is_text(bytes)) return TLOG_NOT_TEXT;
    if (bytes.n == 0 || bytes.p[bytes.n - 1] != '\n') return TLOG_NO_END;

    size_t at = bytes.n - 1; /* the last empty line: where two newlines meet, the second at `at` */
    while (at > 0 && !(bytes.p[at] == '\n' && bytes.p[at - 1] == '\n'))
        at--;
    if (at == 0 || at + 1 == bytes.n) return TLOG_NO_SIGNATURES;
    out->text = (struct str){ bytes.p, at };
    out->signatures_n = 0;
    return parse_lines((struct str){ bytes.p + at + 1, bytes.n - at - 1 }, out);
}

/* ---- signatures ---- */

bool note_signature_fits(const struct note_signature *s, struct str text, const struct note_key *k,
                         uint64_t *at_s)
{
    uint8_t bytes[ID_SIZE + NOTE_SIGNATURE_MAX];
    size_t n = sizeof(bytes);
    struct signature plain;

    if (!base64_decode(s->base64, bytes, &n)) return false;
    if (k->type == NOTE_COSIGNATURE)
        return cosignature_fits(bytes + ID_SIZE, n - ID_SIZE, text, &k->key, at_s);
    if (n != ID_SIZE + SIGNATURE_SIZE) return false;
    memcpy(plain.b, bytes + ID_SIZE, SIGNATURE_SIZE);
    if (!public_key_verify(&k->key, text, &plain)) return false;
    if (at_s) *at_s = 0;
    return true;
}

/* 1: it has signed, 0: it has not, −1: it is said to have, but has not. */
static int signed_by(const struct note *n, const struct note_key *k)
{
    int found = 0;
    for (size_t i = 0; i < n->signatures_n; i++) {
        const struct note_signature *s = &n->signatures[i];
        if (s->id != k->id || !str_is(s->name, k->name)) continue;
        if (!note_signature_fits(s, n->text, k, NULL)) return -1;
        found = 1;
    }
    return found;
}

enum tlog_rc note_verify(const struct note *n, const struct note_key *keys, size_t keys_n,
                         size_t *signers)
{
    size_t good = 0;
    for (size_t i = 0; i < keys_n; i++) {
        const int found = signed_by(n, &keys[i]);
        if (found < 0) return TLOG_FORGED;
        good += (size_t)found;
    }
    if (good == 0) return TLOG_UNSIGNED;
    if (signers) *signers = good;
    return TLOG_OK;
}

void note_put_line(struct buf *b, const struct note_key *k, const uint8_t *signature, size_t n)
{
    uint8_t bytes[ID_SIZE + NOTE_SIGNATURE_MAX];
    const uint32_t id = htobe32(k->id);

    assert(n <= NOTE_SIGNATURE_MAX);
    memcpy(bytes, &id, ID_SIZE);
    memcpy(bytes + ID_SIZE, signature, n);
    buf_fmt(b, DASH "%s ", k->name);
    base64_encode(bytes, ID_SIZE + n, b);
    buf_char(b, '\n');
}

void note_sign(struct buf *b, struct str text, const struct note_key *k, const struct key *secret)
{
    const struct signature s = key_sign(secret, text);

    assert(text.n > 0 && text.p[text.n - 1] == '\n' && k->type == NOTE_ED25519);
    buf_str(b, text);
    buf_char(b, '\n');
    note_put_line(b, k, s.b, sizeof(s.b));
}
