/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 9180, sections 4 to 6. Every extract and expand is one HMAC here, as nothing longer than a
 * hash is asked for. What OpenSSL can refuse for lack of memory alone is asserted; a key of small
 * order, a box that is too short or does not open are answered. */
#include "sign/seal.h"

#include <assert.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/base64.h"
#include "base/random.h"

#define HASH_SIZE  32
#define AEAD_SIZE  16 /* AES-128 */
#define NONCE_SIZE 12
#define TAG_SIZE   16
#define LABEL_MAX  512 /* the longest that is hashed at once: labels and three hashes */
#define INFO_MAX   256

static const struct str kem_suite = { "KEM\x00\x20", 5 };
static const struct str hpke_suite = { "HPKE\x00\x20\x00\x01\x00\x01", 10 };

struct joined {
    uint8_t b[LABEL_MAX];
    size_t n;
};

static void join(struct joined *j, const void *p, size_t n)
{
    assert(j->n + n <= sizeof(j->b));
    if (n > 0) memcpy(j->b + j->n, p, n);
    j->n += n;
}

static void hmac(const void *key, size_t key_n, const struct joined *j, uint8_t out[HASH_SIZE])
{
    unsigned n = HASH_SIZE;
    const unsigned char *ok =
        HMAC(EVP_sha256(), key_n > 0 ? key : "", (int)key_n, j->b, j->n, out, &n);
    assert(ok && n == HASH_SIZE);
}

static void extract(struct str suite, struct str salt, const char *label, struct str ikm,
                    uint8_t out[HASH_SIZE])
{
    struct joined j = { .n = 0 };

    join(&j, "HPKE-v1", 7);
    join(&j, suite.p, suite.n);
    join(&j, label, strlen(label));
    join(&j, ikm.p, ikm.n);
    hmac(salt.p, salt.n, &j, out);
    OPENSSL_cleanse(&j, sizeof(j));
}

static void expand(struct str suite, const uint8_t prk[HASH_SIZE], const char *label,
                   struct str info, uint8_t *out, size_t n)
{
    struct joined j = { .n = 0 };
    uint8_t whole[HASH_SIZE];
    const uint8_t length[2] = { 0, (uint8_t)n };

    assert(n <= HASH_SIZE);
    join(&j, length, sizeof(length));
    join(&j, "HPKE-v1", 7);
    join(&j, suite.p, suite.n);
    join(&j, label, strlen(label));
    join(&j, info.p, info.n);
    join(&j, "\x01", 1);
    hmac(prk, HASH_SIZE, &j, whole);
    memcpy(out, whole, n);
    OPENSSL_cleanse(whole, sizeof(whole));
}

static struct str bytes(const void *p, size_t n)
{
    return (struct str){ p, n };
}

/* ---- keys --------------------------------------------------------------------------------------
 */

void seal_key_of(const uint8_t secret[SEAL_KEY_SIZE], struct seal_key *out)
{
    size_t n = SEAL_KEY_SIZE;
    EVP_PKEY *k = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, secret, SEAL_KEY_SIZE);
    memmove(out->secret, secret, SEAL_KEY_SIZE);
    const bool ok = k && EVP_PKEY_get_raw_public_key(k, out->public.b, &n) == 1;
    assert(ok && n == SEAL_KEY_SIZE);
    EVP_PKEY_free(k);
}

void seal_key_new(struct seal_key *out)
{
    random_bytes(out->secret, sizeof(out->secret));
    seal_key_of(out->secret, out);
}

void seal_key_wipe(struct seal_key *k)
{
    OPENSSL_cleanse(k, sizeof(*k));
}

void seal_public_text(const struct seal_public *k, char out[45])
{
    struct buf b;

    buf_init(&b, 64);
    base64_encode(k->b, sizeof(k->b), &b);
    assert(!b.failed && b.n == 44);
    memcpy(out, b.p, b.n);
    out[44] = '\0';
    buf_done(&b);
}

bool seal_public_parse(struct str text, struct seal_public *out)
{
    struct seal_public k;
    size_t n = sizeof(k.b);

    if (!base64_decode(text, k.b, &n) || n != sizeof(k.b)) return false;
    *out = k;
    return true;
}

/* The secret that both sides share, from one's key and the other's public half. */
static bool agree(const uint8_t secret[SEAL_KEY_SIZE], const struct seal_public *other,
                  uint8_t out[SEAL_KEY_SIZE])
{
    size_t n = SEAL_KEY_SIZE;
    EVP_PKEY *own = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, secret, SEAL_KEY_SIZE);
    EVP_PKEY *peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, other->b, SEAL_KEY_SIZE);
    EVP_PKEY_CTX *ctx = own ? EVP_PKEY_CTX_new(own, NULL) : NULL;
    assert(own && peer && ctx);
    /* X25519 of OpenSSL refuses what comes out as zero. */
    const bool ok = EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, peer) == 1 &&
                    EVP_PKEY_derive(ctx, out, &n) == 1 && n == SEAL_KEY_SIZE;
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(peer);
    EVP_PKEY_free(own);
    if (!ok) ERR_clear_error();
    return ok;
}

/* ---- the one message ---------------------------------------------------------------------------
 */

struct once {
    uint8_t key[AEAD_SIZE], nonce[NONCE_SIZE];
};

/* The key schedule of base mode (5.1), from what X25519 gave (4.1). */
static void schedule(const uint8_t dh[SEAL_KEY_SIZE], const struct seal_public *enc,
                     const struct seal_public *to, const char *info, struct once *out)
{
    uint8_t prk[HASH_SIZE], shared[HASH_SIZE], secret[HASH_SIZE];
    uint8_t pair[2 * SEAL_KEY_SIZE], context[1 + 2 * HASH_SIZE] = { 0 };

    memcpy(pair, enc->b, SEAL_KEY_SIZE);
    memcpy(pair + SEAL_KEY_SIZE, to->b, SEAL_KEY_SIZE);
    extract(kem_suite, STR(""), "eae_prk", bytes(dh, SEAL_KEY_SIZE), prk);
    expand(kem_suite, prk, "shared_secret", bytes(pair, sizeof(pair)), shared, HASH_SIZE);

    extract(hpke_suite, STR(""), "psk_id_hash", STR(""), context + 1);
    extract(hpke_suite, STR(""), "info_hash", str_of(info), context + 1 + HASH_SIZE);
    extract(hpke_suite, bytes(shared, HASH_SIZE), "secret", STR(""), secret);
    expand(hpke_suite, secret, "key", bytes(context, sizeof(context)), out->key, AEAD_SIZE);
    expand(hpke_suite, secret, "base_nonce", bytes(context, sizeof(context)), out->nonce,
           NONCE_SIZE);
    OPENSSL_cleanse(prk, sizeof(prk));
    OPENSSL_cleanse(shared, sizeof(shared));
    OPENSSL_cleanse(secret, sizeof(secret));
}

static EVP_CIPHER_CTX *begin(const struct once *o, struct str aad, bool enc)
{
    int n = 0;
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    const bool ok = c &&
                    EVP_CipherInit_ex(c, EVP_aes_128_gcm(), NULL, o->key, o->nonce, enc) == 1 &&
                    (aad.n == 0 ||
                     EVP_CipherUpdate(c, NULL, &n, (const unsigned char *)aad.p, (int)aad.n) == 1);
    assert(ok);
    return c;
}

bool seal_with(const struct seal_key *ephemeral, const struct seal_public *to,
               const struct seal_about *about, struct str plain, struct buf *out)
{
    uint8_t dh[SEAL_KEY_SIZE], tag[TAG_SIZE];
    struct once o;
    int n = 0, rest = 0;

    assert(strlen(about->info) <= INFO_MAX && plain.n <= INT32_MAX && about->aad.n <= INT32_MAX);
    if (!agree(ephemeral->secret, to, dh)) return false;
    schedule(dh, &ephemeral->public, to, about->info, &o);
    OPENSSL_cleanse(dh, sizeof(dh));

    buf_add(out, ephemeral->public.b, SEAL_KEY_SIZE);
    buf_reserve(out, plain.n + TAG_SIZE);
    if (!out->failed) {
        EVP_CIPHER_CTX *c = begin(&o, about->aad, true);
        uint8_t *at = (uint8_t *)out->p + out->n;
        const bool ok =
            EVP_CipherUpdate(c, at, &n, (const unsigned char *)plain.p, (int)plain.n) == 1 &&
            EVP_CipherFinal_ex(c, at + n, &rest) == 1 &&
            EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, TAG_SIZE, tag) == 1;
        assert(ok && (size_t)n == plain.n && rest == 0);
        EVP_CIPHER_CTX_free(c);
        out->n += plain.n;
        buf_add(out, tag, sizeof(tag));
    }
    OPENSSL_cleanse(&o, sizeof(o));
    return true;
}

bool seal(const struct seal_public *to, const struct seal_about *about, struct str plain,
          struct buf *out)
{
    struct seal_key ephemeral;

    seal_key_new(&ephemeral);
    const bool ok = seal_with(&ephemeral, to, about, plain, out);
    seal_key_wipe(&ephemeral);
    return ok;
}

static bool decrypt(const struct once *o, struct str aad, struct str text, struct buf *out)
{
    uint8_t tag[TAG_SIZE];
    const size_t plain_n = text.n - TAG_SIZE;
    int n = 0, rest = 0;

    buf_reserve(out, plain_n + 1);
    if (out->failed) return false;
    memcpy(tag, text.p + plain_n, TAG_SIZE);
    EVP_CIPHER_CTX *c = begin(o, aad, false);
    uint8_t *at = (uint8_t *)out->p + out->n;
    const bool ok = EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, TAG_SIZE, tag) == 1 &&
                    EVP_CipherUpdate(c, at, &n, (const unsigned char *)text.p, (int)plain_n) == 1 &&
                    EVP_CipherFinal_ex(c, at + n, &rest) == 1;
    EVP_CIPHER_CTX_free(c);
    if (ok) {
        out->n += plain_n;
    } else {
        OPENSSL_cleanse(at, plain_n);
        ERR_clear_error();
    }
    return ok;
}

bool seal_open(const struct seal_key *k, const struct seal_about *about, struct str box,
               struct buf *out)
{
    uint8_t dh[SEAL_KEY_SIZE];
    struct seal_public enc;
    struct once o;

    assert(strlen(about->info) <= INFO_MAX);
    if (box.n < SEAL_OVERHEAD || box.n > INT32_MAX || about->aad.n > INT32_MAX) return false;
    memcpy(enc.b, box.p, sizeof(enc.b));
    if (!agree(k->secret, &enc, dh)) return false;
    schedule(dh, &enc, &k->public, about->info, &o);
    OPENSSL_cleanse(dh, sizeof(dh));
    const bool ok =
        decrypt(&o, about->aad, bytes(box.p + SEAL_KEY_SIZE, box.n - SEAL_KEY_SIZE), out);
    OPENSSL_cleanse(&o, sizeof(o));
    return ok;
}
