/* SPDX-License-Identifier: Apache-2.0 */
/* One test for each way in which a token can be wrong and libjwt 1.10 would take it, and for some
 * more. */
#include "service/jwt.h"

#include "base/base64.h"
#include "base/limits.h"
#include "service/master.h"
#include "tests/t.h"

#define NOW_S  INT64_C(1795509000)
#define NOW_US (NOW_S * 1000000)
#define MARKET "mkt_01m86ch3mge00800000000000g"
#define KID    "0123456789abcdef"
#define HEADER "{\"alg\":\"HS256\",\"kid\":\"" KID "\",\"typ\":\"JWT\"}"

static const struct master key = { "an HMAC key has thirty-two bytes" };
static const struct jwt_issuer issuer = { key.b, sizeof(key.b), KID, MARKET };
static struct arena arena;

static struct jwt_claims sample(void)
{
    return (struct jwt_claims){
        .account = id_make(NOW_US, 77, 0),
        .token = id_make(NOW_US, 1, 0),
        .from_key = true,
        .key = id_make(NOW_US, 5, 9),
        .scopes = 3,
        .issued_s = NOW_S,
        .expires_s = NOW_S + 900,
    };
}

static const char *issued(const struct jwt_claims *c)
{
    const char *token = NULL;
    struct err err = { 0 };
    CHECK(jwt_issue(&issuer, c, &arena, &token, &err));
    return token;
}

/* A text as a part of a token. */
static const char *part(const char *text)
{
    struct buf b;
    buf_init(&b, 8192);
    base64url_encode((const uint8_t *)text, strlen(text), &b);
    CHECK(!b.failed);
    const char *copy = arena_copy(&arena, buf_view(&b));
    buf_done(&b);
    return copy;
}

/* header and claims with the MAC that `k` gives. */
static const char *signed_by(const struct master *k, const char *header, const char *claims)
{
    uint8_t mac[32];
    struct buf b;
    const char *text = arena_fmt(&arena, "%s.%s", part(header), part(claims));
    master_derive(k, text, mac); /* which is HMAC-SHA256 */
    buf_init(&b, 64);
    base64url_encode(mac, sizeof(mac), &b);
    const char *token = arena_fmt(&arena, "%s.%.*s", text, (int)b.n, b.p);
    buf_done(&b);
    return token;
}

static const char *forged(const char *header, const char *claims)
{
    return signed_by(&key, header, claims);
}

/* Our claims, with the text of one of them in place of its own; NULL: ours. */
struct texts {
    const char *iss, *aud, *sub, *jti, *iat, *nbf, *exp, *scp, *more;
};

static const char *claims(struct texts t)
{
    char sub[ID_TEXT_MAX], jti[ID_TEXT_MAX];
    id_format("acct_", sample().account, sub);
    id_format("jti_", sample().token, jti);
#define OR(x, ours) (t.x ? t.x : (ours))
    return arena_fmt(
        &arena,
        "{\"iss\":%s,\"aud\":%s,\"sub\":%s,\"jti\":%s,\"iat\":%s,\"nbf\":%s,\"exp\":%s,"
        "\"scp\":%s%s}",
        OR(iss, "\"" MARKET "\""), OR(aud, "\"" MARKET "\""),
        OR(sub, arena_fmt(&arena, "\"%s\"", sub)), OR(jti, arena_fmt(&arena, "\"%s\"", jti)),
        OR(iat, arena_fmt(&arena, "%" PRId64, NOW_S)),
        OR(nbf, arena_fmt(&arena, "%" PRId64, NOW_S)),
        OR(exp, arena_fmt(&arena, "%" PRId64, NOW_S + 900)), OR(scp, "3"), OR(more, ""));
#undef OR
}

static bool accepted(const char *token)
{
    struct jwt_claims c;
    struct err err = { 0 };
    const bool ok = jwt_check(&issuer, str_of(token), NOW_US, &c, &err);
    CHECK(ok || err.code == ERR_UNAUTHENTICATED);
    CHECK(ok || strcmp(err.detail, "The token is not valid.") == 0);
    return ok;
}

static bool accepted_with(struct texts t)
{
    return accepted(forged(HEADER, claims(t)));
}

/* The tools of this test make a token that is right, so that what follows fails for its own reason.
 */
TEST(a_token_made_by_hand_is_accepted)
{
    CHECK(accepted_with((struct texts){ 0 }));
}

TEST(what_was_issued_is_read_back)
{
    const struct jwt_claims c = sample();
    struct jwt_claims got;
    struct err err = { 0 };
    CHECK(jwt_check(&issuer, str_of(issued(&c)), NOW_US, &got, &err));
    CHECK(id_eq(got.account, c.account));
    CHECK(id_eq(got.token, c.token));
    CHECK(got.from_key && id_eq(got.key, c.key));
    CHECK_I64(got.scopes, 3);
    CHECK_I64(got.issued_s, NOW_S);
    CHECK_I64(got.expires_s, NOW_S + 900);
}

TEST(a_token_of_a_sign_in_names_no_key)
{
    struct jwt_claims c = sample(), got;
    struct err err = { 0 };
    c.from_key = false;
    CHECK(jwt_check(&issuer, str_of(issued(&c)), NOW_US, &got, &err));
    CHECK(!got.from_key);
}

TEST(a_token_is_short)
{
    const struct jwt_claims c = sample();
    CHECK(strlen(issued(&c)) < 600);
}

TEST(a_missing_key_makes_and_takes_nothing)
{
    const struct jwt_issuer none = { NULL, 0, KID, MARKET };
    const struct jwt_claims c = sample();
    const char *token = issued(&c), *out = NULL;
    struct jwt_claims got;
    struct err err = { 0 };
    CHECK(!jwt_check(&none, str_of(token), NOW_US, &got, &err));
    CHECK_I64(err.code, ERR_INTERNAL);
    CHECK(!jwt_issue(&none, &c, &arena, &out, &err));
}

TEST(a_short_key_makes_and_takes_nothing)
{
    const struct jwt_issuer weak = { key.b, 31, KID, MARKET };
    const struct jwt_claims c = sample();
    const char *out = NULL;
    struct jwt_claims got;
    struct err err = { 0 };
    CHECK(!jwt_check(&weak, str_of(issued(&c)), NOW_US, &got, &err));
    CHECK_I64(err.code, ERR_INTERNAL);
    CHECK(!jwt_issue(&weak, &c, &arena, &out, &err));
}

TEST(the_algorithm_none_is_refused)
{
    const char *header = "{\"alg\":\"none\",\"kid\":\"" KID "\",\"typ\":\"JWT\"}";
    const char *ours = claims((struct texts){ 0 });
    CHECK(!accepted(arena_fmt(&arena, "%s.%s.", part(header), part(ours))));
    CHECK(!accepted(forged(header, ours)));
    CHECK(!accepted(arena_fmt(&arena, "%s.%s.", part(HEADER), part(ours))));
}

TEST(other_algorithms_are_refused)
{
    static const char *const algs[] = { "HS384", "HS512", "RS256", "ES256", "hs256", "" };
    for (size_t i = 0; i < sizeof(algs) / sizeof(algs[0]); i++)
        CHECK(!accepted(forged(
            arena_fmt(&arena, "{\"alg\":\"%s\",\"kid\":\"%s\",\"typ\":\"JWT\"}", algs[i], KID),
            claims((struct texts){ 0 }))));
    CHECK(!accepted(
        forged("{\"alg\":256,\"kid\":\"" KID "\",\"typ\":\"JWT\"}", claims((struct texts){ 0 }))));
}

TEST(another_kid_is_refused)
{
    CHECK(!accepted(forged("{\"alg\":\"HS256\",\"kid\":\"fedcba9876543210\",\"typ\":\"JWT\"}",
                           claims((struct texts){ 0 }))));
    CHECK(!accepted(forged("{\"alg\":\"HS256\",\"typ\":\"JWT\"}", claims((struct texts){ 0 }))));
}

TEST(another_type_is_refused)
{
    CHECK(!accepted(forged("{\"alg\":\"HS256\",\"kid\":\"" KID "\",\"typ\":\"at+jwt\"}",
                           claims((struct texts){ 0 }))));
    CHECK(
        !accepted(forged("{\"alg\":\"HS256\",\"kid\":\"" KID "\"}", claims((struct texts){ 0 }))));
}

TEST(more_in_the_header_is_refused)
{
    CHECK(!accepted(forged("{\"alg\":\"HS256\",\"kid\":\"" KID
                           "\",\"typ\":\"JWT\",\"crit\":[\"exp\"]}",
                           claims((struct texts){ 0 }))));
    CHECK(!accepted(forged("{\"alg\":\"HS256\",\"kid\":\"" KID "\",\"typ\":\"JWT\",\"jwk\":{}}",
                           claims((struct texts){ 0 }))));
}

TEST(a_header_with_something_twice_is_refused)
{
    CHECK(
        !accepted(forged("{\"alg\":\"none\",\"alg\":\"HS256\",\"kid\":\"" KID "\",\"typ\":\"JWT\"}",
                         claims((struct texts){ 0 }))));
}

TEST(claims_with_something_twice_are_refused)
{
    CHECK(!accepted_with((struct texts){ .scp = "1,\"scp\":15" }));
}

TEST(the_mac_of_another_key_is_refused)
{
    const struct master other = { "another key has thirty-two bytes" };
    CHECK(!accepted(signed_by(&other, HEADER, claims((struct texts){ 0 }))));
}

TEST(each_changed_byte_is_refused)
{
    const struct jwt_claims c = sample();
    const char *token = issued(&c);
    const size_t n = strlen(token);
    for (size_t i = 0; i < n; i++) {
        char *copy = arena_copy(&arena, str_of(token));
        copy[i] = copy[i] == 'A' ? 'B' : 'A';
        CHECK(!accepted(copy));
        arena_done(&arena);
        arena_init(&arena, 1 << 20);
        token = issued(&c);
    }
}

/* 32 bytes leave two bits of the last digit unused: set, they would make another text of one MAC.
 */
TEST(unused_bits_of_the_mac_are_zero)
{
    const struct jwt_claims c = sample();
    char *token = arena_copy(&arena, str_of(issued(&c)));
    token[strlen(token) - 1]++;
    CHECK(!accepted(token));
}

TEST(three_parts_and_no_other_number)
{
    const struct jwt_claims c = sample();
    const char *token = issued(&c);
    CHECK(!accepted(""));
    CHECK(!accepted("."));
    CHECK(!accepted(".."));
    CHECK(!accepted("..."));
    CHECK(!accepted(arena_fmt(&arena, "%s.", token)));
    CHECK(!accepted(arena_fmt(&arena, "%s.e30", token)));
    CHECK(!accepted(arena_fmt(&arena, ".%s", token)));
    CHECK(!accepted(arena_fmt(&arena, "%s.%s", part(HEADER), part("{}"))));
}

TEST(blanks_padding_and_nul_are_refused)
{
    const struct jwt_claims c = sample();
    const char *token = issued(&c);
    struct jwt_claims got;
    struct err err = { 0 };
    CHECK(!accepted(arena_fmt(&arena, " %s", token)));
    CHECK(!accepted(arena_fmt(&arena, "%s ", token)));
    CHECK(!accepted(arena_fmt(&arena, "%s=", token)));
    CHECK(!jwt_check(&issuer, (struct str){ token, strlen(token) + 1 }, NOW_US, &got, &err));
}

TEST(a_long_token_is_refused_before_anything_else)
{
    static char huge[9 << 20];
    struct jwt_claims got;
    struct err err = { 0 };
    memset(huge, 'A', sizeof(huge));
    huge[1000] = huge[2000] = '.';
    CHECK(!jwt_check(&issuer, (struct str){ huge, sizeof(huge) }, NOW_US, &got, &err));
    CHECK_I64(err.code, ERR_UNAUTHENTICATED);
    CHECK(!jwt_check(&issuer, (struct str){ huge, TOKEN_MAX + 1 }, NOW_US, &got, &err));
    CHECK(!jwt_check(&issuer, (struct str){ huge, TOKEN_MAX }, NOW_US, &got, &err));
}

TEST(it_ends_when_it_expires)
{
    const struct jwt_claims c = sample();
    const struct str token = str_of(issued(&c));
    struct jwt_claims got;
    struct err err = { 0 };
    CHECK(jwt_check(&issuer, token, (NOW_S + 899) * 1000000, &got, &err));
    CHECK(!jwt_check(&issuer, token, (NOW_S + 900) * 1000000, &got, &err));
    CHECK_I64(err.code, ERR_UNAUTHENTICATED);
}

TEST(it_does_not_begin_before_its_time)
{
    const struct jwt_claims c = sample();
    const struct str token = str_of(issued(&c));
    struct jwt_claims got;
    struct err err = { 0 };
    CHECK(jwt_check(&issuer, token, (NOW_S - JWT_SKEW_S) * 1000000, &got, &err));
    CHECK(!jwt_check(&issuer, token, (NOW_S - JWT_SKEW_S - 1) * 1000000, &got, &err));
    CHECK(!accepted_with((struct texts){ .nbf = "1795509006" }));
}

TEST(exp_is_a_whole_number)
{
    CHECK(!accepted_with((struct texts){ .exp = "\"1795509900\"" }));
    CHECK(!accepted_with((struct texts){ .exp = "1795509900.0" }));
    CHECK(!accepted_with((struct texts){ .exp = "0" }));
    CHECK(!accepted_with((struct texts){ .exp = "-1" }));
    CHECK(!accepted_with((struct texts){ .exp = "null" }));
    CHECK(!accepted_with((struct texts){ .exp = "true" }));
    CHECK(!accepted_with((struct texts){ .exp = "9223372036854775807" }));
    CHECK(!accepted_with((struct texts){ .exp = "99999999999999999999" }));
}

TEST(no_token_lives_longer_than_a_session)
{
    CHECK(accepted_with((struct texts){ .exp = "1795552200" })); /* 12 hours */
    CHECK(!accepted_with((struct texts){ .exp = "1795552201" }));
}

TEST(iat_and_nbf_are_whole_numbers)
{
    CHECK(!accepted_with((struct texts){ .iat = "\"1795509000\"" }));
    CHECK(!accepted_with((struct texts){ .iat = "0" }));
    CHECK(!accepted_with((struct texts){ .iat = "1795509006" }));
    CHECK(!accepted_with((struct texts){ .nbf = "\"1795509000\"" }));
    CHECK(!accepted_with((struct texts){ .nbf = "0" }));
}

TEST(issuer_and_audience_are_this_market)
{
    CHECK(!accepted_with((struct texts){ .iss = "\"mkt_other\"" }));
    CHECK(!accepted_with((struct texts){ .iss = "null" }));
    CHECK(!accepted_with((struct texts){ .aud = "\"mkt_other\"" }));
    CHECK(!accepted_with((struct texts){ .aud = "[\"" MARKET "\"]" }));
    CHECK(!accepted_with((struct texts){ .aud = "\"" MARKET "\\u0000\"" }));
}

TEST(the_subject_is_an_account)
{
    CHECK(!accepted_with((struct texts){ .sub = "77" }));
    CHECK(!accepted_with((struct texts){ .sub = "\"node_01m86ch3mge00800000000000g\"" }));
    CHECK(!accepted_with((struct texts){ .sub = "\"acct_\"" }));
}

TEST(the_token_has_an_id)
{
    CHECK(!accepted_with((struct texts){ .jti = "\"\"" }));
    CHECK(!accepted_with((struct texts){ .jti = "1" }));
}

TEST(scopes_are_ours)
{
    CHECK(accepted_with((struct texts){ .scp = "15" }));
    CHECK(!accepted_with((struct texts){ .scp = "0" }));
    CHECK(!accepted_with((struct texts){ .scp = "16" }));
    CHECK(!accepted_with((struct texts){ .scp = "\"15\"" }));
    CHECK(!accepted_with((struct texts){ .scp = "[1]" }));
}

TEST(other_claims_are_refused)
{
    CHECK(!accepted_with((struct texts){ .more = ",\"adm\":true" }));
    CHECK(!accepted_with((struct texts){ .more = ",\"kno\":\"\"" }));
    CHECK(!accepted_with((struct texts){ .more = ",\"kno\":1" }));
    CHECK(!accepted(forged(HEADER, "[]")));
    CHECK(!accepted(forged(HEADER, "{}")));
    CHECK(!accepted(forged(HEADER, "null")));
    CHECK(!accepted(forged(HEADER, "")));
}

TEST(a_refusal_leaves_the_result_alone)
{
    struct jwt_claims got = { .scopes = 42 };
    struct err err = { 0 };
    CHECK(!jwt_check(&issuer, str_of(forged(HEADER, claims((struct texts){ .exp = "1" }))), NOW_US,
                     &got, &err));
    CHECK_I64(got.scopes, 42);
}

int main(void)
{
    static const struct t_test all[] = {
        T(a_token_made_by_hand_is_accepted),
        T(what_was_issued_is_read_back),
        T(a_token_of_a_sign_in_names_no_key),
        T(a_token_is_short),
        T(a_missing_key_makes_and_takes_nothing),
        T(a_short_key_makes_and_takes_nothing),
        T(the_algorithm_none_is_refused),
        T(other_algorithms_are_refused),
        T(another_kid_is_refused),
        T(another_type_is_refused),
        T(more_in_the_header_is_refused),
        T(a_header_with_something_twice_is_refused),
        T(claims_with_something_twice_are_refused),
        T(the_mac_of_another_key_is_refused),
        T(each_changed_byte_is_refused),
        T(unused_bits_of_the_mac_are_zero),
        T(three_parts_and_no_other_number),
        T(blanks_padding_and_nul_are_refused),
        T(a_long_token_is_refused_before_anything_else),
        T(it_ends_when_it_expires),
        T(it_does_not_begin_before_its_time),
        T(exp_is_a_whole_number),
        T(no_token_lives_longer_than_a_session),
        T(iat_and_nbf_are_whole_numbers),
        T(issuer_and_audience_are_this_market),
        T(the_subject_is_an_account),
        T(the_token_has_an_id),
        T(scopes_are_ours),
        T(other_claims_are_refused),
        T(a_refusal_leaves_the_result_alone),
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        arena_init(&arena, 1 << 20);
        all[i].run();
        arena_done(&arena);
        printf("ok %s\n", all[i].name);
    }
    return 0;
}
