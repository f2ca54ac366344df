/* SPDX-License-Identifier: Apache-2.0 */
/* The grammar that is accepted is much narrower than that of RFC 9421, as both ends are ours: one
 * label, two possible lists of components, four parameters, each once, no blanks between them.
 * What is narrower has fewer texts that two parsers could read differently. */
#include "sign/request.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/base64.h"
#include "base/limits.h"
#include "base/random.h"

#define US_PER_SECOND 1000000
#define CREATED_MAX   INT64_C(253402300799) /* the end of the year 9999 */
#define NONCE_MIN     16
#define NONCE_MAX     64
#define KEYID_MAX     128
#define BASE_MAX      16384 /* what is signed; a URI may have half of that */
#define URI_MAX       8192
#define METHOD_MAX    16
#define DIGEST_SIZE   56 /* "sha-256=:", 44 digits, ":", NUL, rounded up */

static const struct str with_digest = { "(\"@method\" \"@target-uri\" \"content-digest\")", 42 };
static const struct str without_digest = { "(\"@method\" \"@target-uri\")", 25 };

static bool eat(struct str *s, struct str prefix)
{
    if (!str_starts(*s, prefix)) return false;
    *s = (struct str){ s->p + prefix.n, s->n - prefix.n };
    return true;
}

static void digest_format(const struct hash *digest, char out[DIGEST_SIZE])
{
    struct buf b = { .p = out, .cap = DIGEST_SIZE, .max = DIGEST_SIZE - 1 };
    buf_c(&b, "sha-256=:");
    base64_encode(digest->b, sizeof(digest->b), &b);
    buf_char(&b, ':');
    assert(!b.failed);
    out[b.n] = '\0';
}

bool content_digest_parse(struct str header, struct hash *out)
{
    struct hash digest;
    size_t n = sizeof(digest.b);
    if (!eat(&header, STR("sha-256=:"))) return false;
    if (header.n == 0 || header.p[header.n - 1] != ':') return false;
    header.n--;
    if (!base64_decode(header, digest.b, &n) || n != sizeof(digest.b)) return false;
    *out = digest;
    return true;
}

/* Visible ASCII only: what is put on a line of its own must not be able to end that line. */
static bool is_visible(struct str s, size_t max)
{
    if (s.n == 0 || s.n > max) return false;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] >= 0x7f) return false;
    return true;
}

/* May it stand between quotes as it is? */
static bool is_quotable(struct str s, size_t max)
{
    if (!is_visible(s, max)) return false;
    return !memchr(s.p, '"', s.n) && !memchr(s.p, '\\', s.n);
}

static bool is_request(struct str method, struct str target_uri)
{
    return is_visible(method, METHOD_MAX) && is_visible(target_uri, URI_MAX);
}

/* The signature base, §2.5: one line for each component, then the parameters as they were sent. */
static void write_base(struct str method, struct str target_uri, const struct hash *digest,
                       struct str params, struct buf *out)
{
    buf_c(out, "\"@method\": ");
    buf_str(out, method);
    buf_c(out, "\n\"@target-uri\": ");
    buf_str(out, target_uri);
    if (digest) {
        char text[DIGEST_SIZE];
        digest_format(digest, text);
        buf_c(out, "\n\"content-digest\": ");
        buf_c(out, text);
    }
    buf_c(out, "\n\"@signature-params\": ");
    buf_str(out, params);
}

static void write_params(bool digest, int64_t now_us, struct str keyid, struct buf *out)
{
    uint8_t nonce[18];
    random_bytes(nonce, sizeof(nonce));
    buf_str(out, digest ? with_digest : without_digest);
    buf_fmt(out, ";created=%" PRId64 ";nonce=\"", now_us / US_PER_SECOND);
    base64url_encode(nonce, sizeof(nonce), out);
    buf_c(out, "\";keyid=\"");
    buf_str(out, keyid);
    buf_c(out, "\";alg=\"ed25519\"");
}

static bool fill(const struct signature *s, struct str params, const struct hash *digest,
                 struct arena *a, struct request_signature *out)
{
    char signature[89], content_digest[DIGEST_SIZE];
    struct request_signature r = { NULL, NULL, NULL };

    signature_text(s, signature);
    r.signature = arena_fmt(a, "sig1=:%s:", signature);
    r.signature_input = arena_fmt(a, "sig1=%.*s", (int)params.n, params.p);
    if (digest) {
        digest_format(digest, content_digest);
        r.content_digest = arena_copy(a, str_of(content_digest));
    }
    if (!r.signature || !r.signature_input || (digest && !r.content_digest)) return false;
    *out = r;
    return true;
}

bool request_sign_digest(const struct key *k, struct str keyid, struct str method,
                         struct str target_uri, const struct hash *digest, int64_t now_us,
                         struct arena *a, struct request_signature *out, struct err *err)
{
    if (!is_request(method, target_uri) || !is_quotable(keyid, KEYID_MAX))
        return FAIL(err, ERR_MALFORMED_REQUEST, "This method, URI or key id cannot be signed.");

    auto_buf struct buf params = { .max = 512 };
    auto_buf struct buf base = { .max = BASE_MAX };
    write_params(digest, now_us, keyid, &params);
    write_base(method, target_uri, digest, buf_view(&params), &base);
    if (params.failed || base.failed)
        return FAIL(err, ERR_NO_MEMORY, "No memory was left to sign a request.");

    const struct signature s = key_sign(k, buf_view(&base));
    if (!fill(&s, buf_view(&params), digest, a, out))
        return FAIL(err, ERR_NO_MEMORY, "No memory was left to sign a request.");
    return true;
}

bool request_sign(const struct key *k, struct str keyid, struct str method, struct str target_uri,
                  struct str body, int64_t now_us, struct arena *a, struct request_signature *out,
                  struct err *err)
{
    const struct hash digest = sha256(body);
    return request_sign_digest(k, keyid, method, target_uri, body.n > 0 ? &digest : NULL, now_us, a,
                               out, err);
}

/* A text between quotes, with neither quotes nor backslashes inside. */
static bool eat_quoted(struct str *s, struct str *out)
{
    struct str text, rest;
    if (!eat(s, STR("\"")) || !str_cut(*s, '"', &text, &rest)) return false;
    *out = text;
    *s = rest;
    return true;
}

static bool eat_number(struct str *s, int64_t *out)
{
    size_t n = 0;
    while (n < s->n && s->p[n] >= '0' && s->p[n] <= '9')
        n++;
    if (!str_i64((struct str){ s->p, n }, 0, CREATED_MAX, out)) return false;
    *s = (struct str){ s->p + n, s->n - n };
    return true;
}

struct params {
    struct str keyid, nonce, alg;
    int64_t created;
    unsigned seen; /* a bit for each that came */
};

enum { SAW_CREATED = 1, SAW_NONCE = 2, SAW_KEYID = 4, SAW_ALG = 8, SAW_ALL = 15 };

static bool first_time(struct params *p, unsigned which)
{
    const bool first = !(p->seen & which);
    p->seen |= which;
    return first;
}

/* One parameter behind its semicolon. */
static bool eat_param(struct str *s, struct params *p)
{
    if (eat(s, STR("created="))) return first_time(p, SAW_CREATED) && eat_number(s, &p->created);
    if (eat(s, STR("nonce="))) return first_time(p, SAW_NONCE) && eat_quoted(s, &p->nonce);
    if (eat(s, STR("keyid="))) return first_time(p, SAW_KEYID) && eat_quoted(s, &p->keyid);
    if (eat(s, STR("alg="))) return first_time(p, SAW_ALG) && eat_quoted(s, &p->alg);
    return false;
}

/* The whole rest of the header: another label after a comma is as wrong as an unknown parameter. */
static bool read_params(struct str s, struct params *p)
{
    while (s.n > 0)
        if (!eat(&s, STR(";")) || !eat_param(&s, p)) return false;
    return p->seen == SAW_ALL;
}

static bool read_signature(struct str header, struct signature *out)
{
    if (!eat(&header, STR("sig1=:"))) return false;
    if (header.n == 0 || header.p[header.n - 1] != ':') return false;
    return signature_parse((struct str){ header.p, header.n - 1 }, out);
}

bool request_claim_parse(struct str signature_input, struct str signature,
                         struct request_claim *out, struct err *err)
{
    struct params p = { .created = 0 };
    struct request_claim c = { .created = 0 };
    struct str rest = signature_input;

    if (!eat(&rest, STR("sig1=")))
        return FAIL(err, ERR_UNAUTHENTICATED,
                    "Signature-Input does not start with the label sig1.");
    c.params = rest;
    c.covers_digest = eat(&rest, with_digest);
    if (!c.covers_digest && !eat(&rest, without_digest))
        return FAIL(err, ERR_UNAUTHENTICATED,
                    "Signature-Input must cover \"@method\" \"@target-uri\", and "
                    "\"content-digest\" when there is a body.");
    if (!read_params(rest, &p))
        return FAIL(err, ERR_UNAUTHENTICATED,
                    "Signature-Input must have created, nonce, keyid and alg, each once, and "
                    "nothing else.");
    if (!str_is(p.alg, "ed25519"))
        return FAIL(err, ERR_UNAUTHENTICATED, "The algorithm of a signature must be ed25519.");
    if (!is_quotable(p.nonce, NONCE_MAX) || p.nonce.n < NONCE_MIN)
        return FAIL(err, ERR_UNAUTHENTICATED, "The nonce of a signature must have %d to %d bytes.",
                    NONCE_MIN, NONCE_MAX);
    if (!is_quotable(p.keyid, KEYID_MAX))
        return FAIL(err, ERR_UNAUTHENTICATED, "The keyid of a signature is not well formed.");
    if (!read_signature(signature, &c.signature))
        return FAIL(err, ERR_UNAUTHENTICATED,
                    "Signature must be sig1=:…: with 64 bytes as base64, and nothing else.");

    c.keyid = p.keyid;
    c.nonce = p.nonce;
    c.created = p.created;
    *out = c;
    return true;
}

bool request_verify_digest(const struct request_claim *claim, const struct public_key *key,
                           struct str method, struct str target_uri, const struct hash *digest,
                           int64_t now_us, struct err *err)
{
    const int64_t age_s = now_us / US_PER_SECOND - claim->created;

    if (digest && !claim->covers_digest)
        return FAIL(err, ERR_UNAUTHENTICATED, "The signature does not cover content-digest.");
    if (!digest && claim->covers_digest)
        return FAIL(err, ERR_UNAUTHENTICATED, "The signature covers a digest that did not come.");
    if (age_s > SIGNATURE_AGE_S || age_s < -SIGNATURE_AHEAD_S)
        return FAIL(err, ERR_UNAUTHENTICATED,
                    "The signature was created %" PRId64 " s %s; is the clock right?",
                    age_s < 0 ? -age_s : age_s, age_s < 0 ? "ahead of our time" : "ago");
    if (!is_request(method, target_uri))
        return FAIL(err, ERR_UNAUTHENTICATED, "This method and URI cannot be signed.");

    auto_buf struct buf base = { .max = BASE_MAX };
    write_base(method, target_uri, digest, claim->params, &base);
    if (base.failed || !public_key_verify(key, buf_view(&base), &claim->signature))
        return FAIL(err, ERR_UNAUTHENTICATED, "The signature does not fit this request.");
    return true;
}

bool request_verify(const struct request_claim *claim, const struct public_key *key,
                    struct str method, struct str target_uri, struct str content_digest,
                    struct str body, int64_t now_us, struct err *err)
{
    const bool needs_digest = body.n > 0 || content_digest.n > 0 || claim->covers_digest;
    const struct hash actual = sha256(body);
    struct hash said;

    if (!needs_digest)
        return request_verify_digest(claim, key, method, target_uri, NULL, now_us, err);
    if (!content_digest_parse(content_digest, &said))
        return FAIL(err, ERR_UNAUTHENTICATED, "Content-Digest must be sha-256=:…: alone.");
    if (!bytes_eq_ct(said.b, actual.b, sizeof(said.b)))
        return FAIL(err, ERR_UNAUTHENTICATED, "The body does not have its Content-Digest.");
    return request_verify_digest(claim, key, method, target_uri, &said, now_us, err);
}
