/* SPDX-License-Identifier: Apache-2.0 */
#include "sign/request.h"

#include "base/limits.h"
#include "tests/t.h"
#include "tests/unit/sign/seed.h"

#define URI     "https://agent.example:8081/v1/agent/join?dry=1"
#define BODY    "{\"token\":\"brs_join_x\"}"
#define DIGEST  "sha-256=:1/1blwtzwoJ1ReWsOkeFf2zDesbdWD4AdmoxzJQ7vp8=:"
#define NONCE   "0123456789abcdefABCDEF-_"
#define LIST    "(\"@method\" \"@target-uri\" \"content-digest\")"
#define BARE    "(\"@method\" \"@target-uri\")"
#define REST    ";nonce=\"" NONCE "\";keyid=\"node_x\";alg=\"ed25519\""
#define PARAMS  LIST ";created=1700000000" REST
#define CREATED INT64_C(1700000000)
#define SECOND  INT64_C(1000000)
#define NOW     (CREATED * SECOND)
#define EMPTY   "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"

/* What stands in the two headers of a request that the test signs itself. */
struct headers {
    char input[512], signature[128];
};

static struct key *key;
static struct public_key public;

static void begin(void)
{
    if (key) return;
    key = key_of_seed(0x42);
    public = key_public(key);
}

static struct headers sign_base(const char *params, const char *base)
{
    struct headers h;
    char text[89];
    begin();
    const struct signature s = key_sign(key, str_of(base));
    signature_text(&s, text);
    snprintf(h.input, sizeof(h.input), "sig1=%s", params);
    snprintf(h.signature, sizeof(h.signature), "sig1=:%s:", text);
    return h;
}

/* A good request with a body, its base written out. */
static struct headers good(void)
{
    return sign_base(PARAMS, "\"@method\": POST\n"
                             "\"@target-uri\": " URI "\n"
                             "\"content-digest\": " DIGEST "\n"
                             "\"@signature-params\": " PARAMS);
}

static struct headers good_without_body(void)
{
    return sign_base(BARE ";created=1700000000" REST,
                     "\"@method\": GET\n"
                     "\"@target-uri\": " URI "\n"
                     "\"@signature-params\": " BARE ";created=1700000000" REST);
}

static bool parses(const char *input, const char *signature, struct request_claim *out)
{
    struct err err;
    const bool ok = request_claim_parse(str_of(input), str_of(signature), out, &err);
    if (!ok) CHECK(err.code == ERR_UNAUTHENTICATED && err.detail[0]);
    return ok;
}

struct request {
    const char *method, *uri, *digest, *body;
    int64_t now_us;
};

static const struct request as_sent = { "POST", URI, DIGEST, BODY, NOW };

static bool verifies(const struct headers *h, struct request r)
{
    struct err err;
    struct request_claim c;
    CHECK(parses(h->input, h->signature, &c));
    const bool ok = request_verify(&c, &public, str_of(r.method), str_of(r.uri), str_of(r.digest),
                                   str_of(r.body), r.now_us, &err);
    if (!ok) CHECK(err.code == ERR_UNAUTHENTICATED && err.detail[0]);
    return ok;
}

TEST(a_request_signed_by_the_letter_of_the_rfc_is_accepted)
{
    const struct headers h = good(), bare = good_without_body();
    CHECK(verifies(&h, as_sent));
    CHECK(verifies(&bare, (struct request){ "GET", URI, NULL, NULL, NOW }));
}

TEST(what_is_signed_here_is_accepted_here)
{
    static const char *const bodies[] = { BODY, "" };
    struct err err;
    struct arena a;
    begin();
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        struct request_signature s;
        struct request_claim c;
        arena_init(&a, 65536);
        CHECK(request_sign(key, STR("node_x"), STR("PUT"), STR(URI), str_of(bodies[i]), NOW + 5, &a,
                           &s, &err));
        CHECK((s.content_digest != NULL) == (bodies[i][0] != '\0'));
        CHECK(parses(s.signature_input, s.signature, &c));
        CHECK(str_is(c.keyid, "node_x") && c.created == CREATED);
        CHECK(c.nonce.n >= 16);
        CHECK(request_verify(&c, &public, STR("PUT"), STR(URI), str_of(s.content_digest),
                             str_of(bodies[i]), NOW, &err));
        arena_done(&a);
    }
}

TEST(no_two_signatures_have_one_nonce)
{
    struct err err;
    struct arena a;
    struct request_signature s, t;
    struct request_claim c, d;
    begin();
    arena_init(&a, 65536);
    CHECK(request_sign(key, STR("k"), STR("GET"), STR(URI), STR(""), NOW, &a, &s, &err));
    CHECK(request_sign(key, STR("k"), STR("GET"), STR(URI), STR(""), NOW, &a, &t, &err));
    CHECK(parses(s.signature_input, s.signature, &c) && parses(t.signature_input, t.signature, &d));
    CHECK(!str_eq(c.nonce, d.nonce));
    arena_done(&a);
}

TEST(anything_else_than_what_was_signed_is_refused)
{
    const struct headers h = good();
    struct request r = as_sent;

    r.method = "PUT";
    CHECK(!verifies(&h, r));
    r.method = "post";
    CHECK(!verifies(&h, r));
    r = as_sent;
    r.uri = "https://agent.example:8081/v1/agent/join?dry=0";
    CHECK(!verifies(&h, r));
    r.uri = "http://agent.example:8081/v1/agent/join?dry=1";
    CHECK(!verifies(&h, r));
    r.uri = URI "\n\"content-digest\": " DIGEST;
    CHECK(!verifies(&h, r));
    r.uri = "";
    CHECK(!verifies(&h, r));
    r = as_sent;
    r.body = "{\"token\":\"brs_join_y\"}";
    CHECK(!verifies(&h, r));
    r.body = "";
    CHECK(!verifies(&h, r));
}

TEST(another_key_is_refused)
{
    const struct headers h = good();
    struct key *other = key_new();
    public = key_public(other);
    CHECK(!verifies(&h, as_sent));
    public = key_public(key);
    CHECK(verifies(&h, as_sent));
    key_free(other);
}

TEST(a_body_needs_a_digest_and_the_digest_a_signature)
{
    const struct headers h = good(), bare = good_without_body();
    struct request r = as_sent;

    r.digest = NULL; /* the header was taken away */
    CHECK(!verifies(&h, r));
    r.body = NULL; /* and the body too */
    CHECK(!verifies(&h, r));

    r = (struct request){ "GET", URI, NULL, BODY, NOW }; /* a body was added */
    CHECK(!verifies(&bare, r));
    r.digest = DIGEST; /* with its digest, which nobody signed */
    CHECK(!verifies(&bare, r));
    r.body = NULL; /* or the digest of nothing */
    r.digest = EMPTY;
    CHECK(!verifies(&bare, r));
}

TEST(a_digest_has_one_form)
{
    static const char *const wrong[] = {
        "sha-256=1/1blwtzwoJ1ReWsOkeFf2zDesbdWD4AdmoxzJQ7vp8=",
        "sha-256=:1/1blwtzwoJ1ReWsOkeFf2zDesbdWD4AdmoxzJQ7vp8=",
        "sha-256=:1/1blwtzwoJ1ReWsOkeFf2zDesbdWD4AdmoxzJQ7vp8=:, sha-512=:AAAA:",
        "sha-512=:1/1blwtzwoJ1ReWsOkeFf2zDesbdWD4AdmoxzJQ7vp8=:",
        "SHA-256=:1/1blwtzwoJ1ReWsOkeFf2zDesbdWD4AdmoxzJQ7vp8=:",
        "sha-256=::",
        "sha-256=:",
        "sha-256=:AAAA:",
        " sha-256=:1/1blwtzwoJ1ReWsOkeFf2zDesbdWD4AdmoxzJQ7vp8=:",
    };
    const struct headers h = good();
    struct hash digest = { { 7 } };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct request r = as_sent;
        r.digest = wrong[i];
        CHECK(!verifies(&h, r));
        CHECK(!content_digest_parse(str_of(wrong[i]), &digest) && digest.b[0] == 7);
    }
    CHECK(content_digest_parse(STR(DIGEST), &digest));
}

TEST(a_signature_is_good_for_five_minutes)
{
    const struct headers h = good();
    struct request r = as_sent;

    r.now_us = NOW + SIGNATURE_AGE_S * SECOND;
    CHECK(verifies(&h, r));
    r.now_us = NOW + (SIGNATURE_AGE_S + 1) * SECOND;
    CHECK(!verifies(&h, r));
    r.now_us = NOW - SIGNATURE_AHEAD_S * SECOND;
    CHECK(verifies(&h, r));
    r.now_us = NOW - (SIGNATURE_AHEAD_S + 1) * SECOND;
    CHECK(!verifies(&h, r));
    r.now_us = 0;
    CHECK(!verifies(&h, r));
}

static void refuses_input(const char *input)
{
    const struct headers h = good();
    struct request_claim c = { .created = -7 };
    CHECK(!parses(input, h.signature, &c));
    CHECK(c.created == -7);
}

TEST(components_that_are_missing_added_or_moved_are_refused)
{
    refuses_input("sig1=();created=1700000000" REST);
    refuses_input("sig1=(\"@method\");created=1700000000" REST);
    refuses_input("sig1=(\"@target-uri\");created=1700000000" REST);
    refuses_input("sig1=(\"@target-uri\" \"@method\");created=1700000000" REST);
    refuses_input("sig1=(\"@method\" \"@target-uri\" \"@method\");created=1700000000" REST);
    refuses_input("sig1=(\"@method\" \"@target-uri\" \"date\");created=1700000000" REST);
    refuses_input("sig1=(\"@method\" \"@target-uri\";req)"
                  ";created=1700000000" REST);
    refuses_input("sig1=(\"@method\"  \"@target-uri\");created=1700000000" REST);
    refuses_input("sig1=(\"@method\" \"content-digest\");created=1700000000" REST);
}

TEST(another_label_is_refused)
{
    refuses_input("");
    refuses_input("sig1");
    refuses_input("sig2=" PARAMS);
    refuses_input("Sig1=" PARAMS);
    refuses_input("sig1=" PARAMS ", sig2=" PARAMS);
    refuses_input("sig2=" PARAMS ", sig1=" PARAMS);
    refuses_input("sig1=" PARAMS ",");
    refuses_input("sig1=" PARAMS ";");
    refuses_input("sig1=" PARAMS " ");
}

TEST(each_parameter_comes_once)
{
    refuses_input("sig1=" LIST REST);
    refuses_input("sig1=" LIST ";created=1700000000;keyid=\"node_x\";alg=\"ed25519\"");
    refuses_input("sig1=" LIST ";created=1700000000;nonce=\"" NONCE "\";alg=\"ed25519\"");
    refuses_input("sig1=" LIST ";created=1700000000;nonce=\"" NONCE "\";keyid=\"node_x\"");
    refuses_input("sig1=" PARAMS ";created=1700000000");
    refuses_input("sig1=" PARAMS ";nonce=\"" NONCE "\"");
    refuses_input("sig1=" PARAMS ";keyid=\"node_y\"");
    refuses_input("sig1=" PARAMS ";alg=\"ed25519\"");
    refuses_input("sig1=" PARAMS ";expires=1800000000");
    refuses_input("sig1=" PARAMS ";tag=\"x\"");
}

TEST(parameters_may_come_in_any_order)
{
    const struct headers h = good();
    struct request_claim c;
    CHECK(parses("sig1=" BARE REST ";created=5", h.signature, &c));
    CHECK(c.created == 5 && !c.covers_digest);
    CHECK(str_is(c.params, BARE REST ";created=5"));
}

TEST(values_have_one_form)
{
    refuses_input("sig1=" LIST ";created=-1" REST);
    refuses_input("sig1=" LIST ";created=" REST);
    refuses_input("sig1=" LIST ";created=01" REST);
    refuses_input("sig1=" LIST ";created=1.5" REST);
    refuses_input("sig1=" LIST ";created=\"1700000000\"" REST);
    refuses_input("sig1=" LIST ";created=9223372036854775807" REST);
    refuses_input("sig1=" LIST ";created=99999999999999999999999" REST);
    refuses_input("sig1=" LIST ";created=1;nonce=\"short\";keyid=\"node_x\";alg=\"ed25519\"");
    refuses_input("sig1=" LIST ";created=1;nonce=\"" NONCE NONCE NONCE
                  "\";keyid=\"node_x\";alg=\"ed25519\"");
    refuses_input("sig1=" LIST
                  ";created=1;nonce=\"0123456789 abcdef\";keyid=\"n\";alg=\"ed25519\"");
    refuses_input("sig1=" LIST
                  ";created=1;nonce=\"0123456789\\abcdef\";keyid=\"n\";alg=\"ed25519\"");
    refuses_input("sig1=" LIST ";created=1;nonce=\"" NONCE "\";keyid=\"\";alg=\"ed25519\"");
    refuses_input("sig1=" LIST ";created=1;nonce=\"" NONCE "\";keyid=node_x;alg=\"ed25519\"");
    refuses_input("sig1=" LIST ";created=1;nonce=\"" NONCE "\";keyid=\"node_x;alg=\"ed25519");
}

TEST(the_algorithm_is_ed25519)
{
    static const char *const wrong[] = { "none",    "",      "hmac-sha256",
                                         "Ed25519", "ed448", "rsa-v1_5-sha256" };
    char input[512];
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        snprintf(input, sizeof(input),
                 "sig1=" LIST ";created=1;nonce=\"" NONCE "\";keyid=\"node_x\";alg=\"%s\"",
                 wrong[i]);
        refuses_input(input);
    }
}

TEST(the_signature_header_has_one_form)
{
    static const char *const formats[] = { "sig2=:%s:", "sig1=%s",        "sig1=:%s",
                                           "sig1=::",   "sig1=:%s:, x=1", "sig1=:%s: ",
                                           "sig1=:",    "sig1=:A%s:",     "" };
    const struct headers h = good();
    struct request_claim c;
    char text[89], header[256];
    snprintf(text, sizeof(text), "%.88s", h.signature + strlen("sig1=:"));
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        const char *at = strstr(formats[i], "%s");
        const int before = at ? (int)(at - formats[i]) : (int)strlen(formats[i]);
        snprintf(header, sizeof(header), "%.*s%s%s", before, formats[i], at ? text : "",
                 at ? at + 2 : "");
        CHECK(!parses(h.input, header, &c));
    }
    CHECK(parses(h.input, h.signature, &c));
}

TEST(every_byte_of_the_parameters_is_signed)
{
    const struct headers h = good();
    const size_t n = strlen(h.input);
    for (size_t i = strlen("sig1="); i < n; i++) {
        struct headers changed = h;
        struct request_claim c;
        struct err err;
        changed.input[i] ^= 1;
        if (!parses(changed.input, changed.signature, &c)) continue;
        CHECK(
            !request_verify(&c, &public, STR("POST"), STR(URI), STR(DIGEST), STR(BODY), NOW, &err));
    }
}

TEST(a_large_body_is_checked_before_it_has_come)
{
    const struct headers h = good();
    const struct hash digest = sha256(STR(BODY)), other = sha256(STR("other"));
    struct request_claim c;
    struct err err;
    CHECK(parses(h.input, h.signature, &c));
    CHECK(request_verify_digest(&c, &public, STR("POST"), STR(URI), &digest, NOW, &err));
    CHECK(!request_verify_digest(&c, &public, STR("POST"), STR(URI), &other, NOW, &err));
    CHECK(!request_verify_digest(&c, &public, STR("POST"), STR(URI), NULL, NOW, &err));
}

TEST(what_cannot_be_put_on_a_line_is_not_signed)
{
    struct err err;
    struct arena a;
    struct request_signature s = { .signature = "untouched" };
    begin();
    arena_init(&a, 65536);
    CHECK(
        !request_sign(key, STR("k"), STR("GET"), STR("http://a/\nb"), STR(""), NOW, &a, &s, &err));
    CHECK(err.code == ERR_MALFORMED_REQUEST);
    CHECK(!request_sign(key, STR("k"), STR("G T"), STR(URI), STR(""), NOW, &a, &s, &err));
    CHECK(!request_sign(key, STR("k\""), STR("GET"), STR(URI), STR(""), NOW, &a, &s, &err));
    CHECK(!request_sign(key, STR(""), STR("GET"), STR(URI), STR(""), NOW, &a, &s, &err));
    CHECK_STR(s.signature, "untouched");
    arena_done(&a);
}

TEST(an_arena_that_is_full_is_told)
{
    struct err err;
    begin();
    for (size_t max = 0; max <= 240; max += 20) {
        struct arena a;
        struct request_signature s = { .signature = "untouched" };
        arena_init(&a, max);
        CHECK(!request_sign(key, STR("k"), STR("PUT"), STR(URI), STR(BODY), NOW, &a, &s, &err));
        CHECK(err.code == ERR_NO_MEMORY);
        CHECK_STR(s.signature, "untouched");
        arena_done(&a);
    }
    key_free(key);
}

TESTS(T(a_request_signed_by_the_letter_of_the_rfc_is_accepted),
      T(what_is_signed_here_is_accepted_here), T(no_two_signatures_have_one_nonce),
      T(anything_else_than_what_was_signed_is_refused), T(another_key_is_refused),
      T(a_body_needs_a_digest_and_the_digest_a_signature), T(a_digest_has_one_form),
      T(a_signature_is_good_for_five_minutes),
      T(components_that_are_missing_added_or_moved_are_refused), T(another_label_is_refused),
      T(each_parameter_comes_once), T(parameters_may_come_in_any_order), T(values_have_one_form),
      T(the_algorithm_is_ed25519), T(the_signature_header_has_one_form),
      T(every_byte_of_the_parameters_is_signed), T(a_large_body_is_checked_before_it_has_come),
      T(what_cannot_be_put_on_a_line_is_not_signed), T(an_arena_that_is_full_is_told))
