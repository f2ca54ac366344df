/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSL's digest can only fail for lack of memory or of the algorithm itself: a program without
 * SHA-256 has nothing to go on with, so that is asserted. */
#include "sign/sha.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>

#include "base/mem.h"

struct sha256_stream {
    EVP_MD_CTX *ctx;
};

static EVP_MD *sha; /* looked up once: EVP_sha256() would be looked up again by each use */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void look_up(void)
{
    sha = EVP_MD_fetch(NULL, "SHA256", NULL);
    assert(sha != NULL);
}

static EVP_MD_CTX *begin(void)
{
    pthread_once(&once, look_up);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const bool ok = ctx && EVP_DigestInit_ex(ctx, sha, NULL) == 1;
    assert(ok);
    return ctx;
}

static void add(EVP_MD_CTX *ctx, const void *p, size_t n)
{
    const int ok = n == 0 || EVP_DigestUpdate(ctx, p, n);
    assert(ok == 1);
}

static struct hash end(EVP_MD_CTX *ctx)
{
    struct hash h;
    unsigned n = 0;
    const int ok = EVP_DigestFinal_ex(ctx, h.b, &n);
    assert(ok == 1 && n == sizeof(h.b));
    EVP_MD_CTX_free(ctx);
    return h;
}

struct hash sha256_parts(const struct hash_part *parts, size_t n)
{
    EVP_MD_CTX *ctx = begin();
    for (size_t i = 0; i < n; i++)
        add(ctx, parts[i].p, parts[i].n);
    return end(ctx);
}

struct hash sha256(struct str bytes)
{
    const struct hash_part part = { bytes.p, bytes.n };
    return sha256_parts(&part, 1);
}

void sha256_hex(struct str bytes, char out[65])
{
    const struct hash h = sha256(bytes);
    hex_encode(h.b, sizeof(h.b), out);
}

struct sha256_stream *sha256_new(void)
{
    struct sha256_stream *s = mem_zalloc(sizeof(*s));
    s->ctx = begin();
    return s;
}

void sha256_add(struct sha256_stream *s, const void *p, size_t n)
{
    add(s->ctx, p, n);
}

struct hash sha256_end(struct sha256_stream *s)
{
    const struct hash h = end(s->ctx);
    mem_free(s);
    return h;
}

void sha256_free(struct sha256_stream *s)
{
    if (!s) return;
    EVP_MD_CTX_free(s->ctx);
    mem_free(s);
}

bool bytes_eq_ct(const void *a, const void *b, size_t n)
{
    return CRYPTO_memcmp(a, b, n) == 0;
}
