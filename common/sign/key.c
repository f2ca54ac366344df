/* SPDX-License-Identifier: Apache-2.0 */
/* Ed25519 on OpenSSL.
 *
 * What may fail for reasons of the outside (files, the bytes of a message) is answered; what may
 * fail only for lack of memory is asserted, since a signer that cannot sign has nothing to offer.
 *
 * Public keys of small order are refused by every check: under such a key one signature fits many
 * messages, so its holder could deny, or swap, what it signed. */
#include "sign/key.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/base64.h"
#include "base/fd.h"
#include "base/mem.h"
#include "sign/sha.h"

#define KEY_FILE_MAX 4096 /* PEM of an Ed25519 key has 119 bytes */

struct key {
    EVP_PKEY *pkey;
    struct public_key public;
};

static struct key *key_of(EVP_PKEY *pkey)
{
    struct key *k = mem_zalloc(sizeof(*k));
    size_t n = sizeof(k->public.b);
    const int ok = EVP_PKEY_get_raw_public_key(pkey, k->public.b, &n);
    assert(ok == 1 && n == PUBLIC_KEY_SIZE);
    k->pkey = pkey;
    return k;
}

struct key *key_new(void)
{
    EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    assert(pkey);
    return key_of(pkey);
}

void key_free(struct key *k)
{
    if (!k) return;
    EVP_PKEY_free(k->pkey); /* which wipes the private half */
    mem_free(k);
}

/* The group and everybody else may do nothing with a private key. */
static bool is_private(const char *path, struct err *err)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        const int reason = errno;
        FAIL(err, reason == ENOENT ? ERR_NOT_FOUND : ERR_IO, "The key file could not be opened.");
        err_internal(err, "%s: %s", path, strerror(reason));
        return false;
    }
    if ((st.st_mode & (S_IRWXG | S_IRWXO)) == 0) return true;
    FAIL(err, ERR_IO, "The key file is open to others; set its mode to 0600.");
    err_internal(err, "%s: mode %04o", path, (unsigned)st.st_mode & 07777);
    return false;
}

/* An encrypted key is not ours; without this OpenSSL would ask the terminal. */
/* NOLINTNEXTLINE(readability-non-const-parameter): the signature is OpenSSL's */
static int no_passphrase(char *out, int size, int writing, void *arg)
{
    (void)out, (void)size, (void)writing, (void)arg;
    return -1;
}

static EVP_PKEY *pem_parse(struct str text)
{
    BIO *bio = BIO_new_mem_buf(text.p, (int)text.n);
    EVP_PKEY *pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
    BIO_free(bio);
    ERR_clear_error();
    if (pkey && EVP_PKEY_get_base_id(pkey) == EVP_PKEY_ED25519) return pkey;
    EVP_PKEY_free(pkey);
    return NULL;
}

struct key *key_load(const char *path, struct err *err)
{
    struct buf text;
    buf_init(&text, KEY_FILE_MAX);
    if (!is_private(path, err) || !file_read(path, KEY_FILE_MAX, &text, err)) return NULL;

    EVP_PKEY *pkey = pem_parse(buf_view(&text));
    if (text.p) OPENSSL_cleanse(text.p, text.cap);
    buf_done(&text);
    if (pkey) return key_of(pkey);
    FAIL(err, ERR_IO, "The key file does not hold an Ed25519 key as PEM (PKCS #8).");
    err_internal(err, "%s", path);
    return NULL;
}

bool key_save(const struct key *k, const char *path, struct err *err)
{
    BIO *bio = BIO_new(BIO_s_mem());
    const bool ok = bio && PEM_write_bio_PKCS8PrivateKey(bio, k->pkey, NULL, NULL, 0, NULL, NULL);
    assert(ok);

    char *text = NULL;
    const long n = BIO_get_mem_data(bio, &text);
    const bool saved = file_write(path, (struct str){ text, (size_t)n }, 0600, err);
    OPENSSL_cleanse(text, (size_t)n);
    BIO_free(bio);
    return saved;
}

struct public_key key_public(const struct key *k)
{
    return k->public;
}

struct signature key_sign(const struct key *k, struct str message)
{
    struct signature s;
    size_t n = sizeof(s.b);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const bool ok = ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, k->pkey) == 1 &&
                    EVP_DigestSign(ctx, s.b, &n, (const unsigned char *)message.p, message.n) == 1;
    assert(ok && n == SIGNATURE_SIZE);
    EVP_MD_CTX_free(ctx);
    return s;
}

/* tag ‖ message, as one run of bytes, because Ed25519 reads a message twice. */
static struct buf tagged(const char *tag, struct str message)
{
    struct buf b;
    const size_t tag_n = strlen(tag);
    buf_init(&b, tag_n + message.n);
    buf_add(&b, tag, tag_n);
    buf_str(&b, message);
    assert(!b.failed);
    return b;
}

struct signature key_sign_tagged(const struct key *k, const char *tag, struct str message)
{
    auto_buf struct buf b = tagged(tag, message);
    return key_sign(k, buf_view(&b));
}

/* The points whose order divides 8, and two texts of such points that are not reduced. The top bit
 * of the last byte, the sign of x, is left out of the comparison. */
static bool has_small_order(const struct public_key *k)
{
    static const uint8_t points[][PUBLIC_KEY_SIZE] = {
        { 0 },
        { 1 },
        { 0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
          0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
          0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05 },
        { 0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b,
          0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
          0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a },
    };
    struct public_key y = *k;
    y.b[PUBLIC_KEY_SIZE - 1] &= 0x7f;
    for (size_t i = 0; i < ARRAY_LEN(points); i++)
        if (memcmp(y.b, points[i], PUBLIC_KEY_SIZE) == 0) return true;

    /* p − 1, p and p + 1: ec, ed or ee, then ff … ff 7f. */
    if (y.b[0] < 0xec || y.b[0] > 0xee || y.b[PUBLIC_KEY_SIZE - 1] != 0x7f) return false;
    for (size_t i = 1; i < PUBLIC_KEY_SIZE - 1; i++)
        if (y.b[i] != 0xff) return false;
    return true;
}

bool public_key_verify(const struct public_key *k, struct str message, const struct signature *s)
{
    if (has_small_order(k)) return false;

    EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, k->b, PUBLIC_KEY_SIZE);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const bool ok = pkey && ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
                    EVP_DigestVerify(ctx, s->b, SIGNATURE_SIZE, (const unsigned char *)message.p,
                                     message.n) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    if (!ok) ERR_clear_error();
    return ok;
}

bool public_key_verify_tagged(const struct public_key *k, const char *tag, struct str message,
                              const struct signature *s)
{
    auto_buf struct buf b = tagged(tag, message);
    return public_key_verify(k, buf_view(&b), s);
}

/* Base64 into room that the caller has: a buffer over it never asks the heap. */
static void base64_into(const uint8_t *p, size_t n, char *out, size_t room)
{
    struct buf b = { .p = out, .cap = room, .max = room - 1 };
    base64_encode(p, n, &b);
    assert(!b.failed && b.n == room - 1);
    out[b.n] = '\0';
}

void public_key_text(const struct public_key *k, char out[45])
{
    base64_into(k->b, PUBLIC_KEY_SIZE, out, 45);
}

bool public_key_parse(struct str text, struct public_key *out)
{
    struct public_key k;
    size_t n = PUBLIC_KEY_SIZE;
    if (!base64_decode(text, k.b, &n) || n != PUBLIC_KEY_SIZE) return false;
    if (has_small_order(&k)) return false;
    *out = k;
    return true;
}

void signature_text(const struct signature *s, char out[89])
{
    base64_into(s->b, SIGNATURE_SIZE, out, 89);
}

bool signature_parse(struct str text, struct signature *out)
{
    struct signature s;
    size_t n = SIGNATURE_SIZE;
    if (!base64_decode(text, s.b, &n) || n != SIGNATURE_SIZE) return false;
    *out = s;
    return true;
}

void public_key_fingerprint(const struct public_key *k, char out[33])
{
    const struct hash h = sha256((struct str){ (const char *)k->b, PUBLIC_KEY_SIZE });
    hex_encode(h.b, 16, out);
}
