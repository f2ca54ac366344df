/* SPDX-License-Identifier: Apache-2.0 */
/* The texts below are the definition of what is signed: byte for byte, with the keys of two fixed
 * seeds. Who writes another implementation can start here. */
#include "sign/receipt.h"

#include "base/limits.h"
#include "sign/sha.h"
#include "tests/t.h"
#include "tests/unit/sign/seed.h"

#define SECOND INT64_C(1000000)
#define READY  INT64_C(1700000000000000)
#define SHA_A  "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb" /* of "a" */
#define SHA_0  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" /* of nothing */

#define NODE_KEY   "IVL40Zt5HSRFMkLhXy6rbLfP+ntqXtMAl5YOBpiB2xI="
#define MARKET_KEY "Ivwpd5Lwtv/Av8/bftsMCqFOAlo2XsDjQuhuOCnLdLY="

static const char receipt_known[] =
    "{\"command_sha256\":\"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb\","
    "\"ended_at\":\"2023-11-14T22:15:50.123Z\",\"epoch\":2,"
    "\"exit_code\":0,\"gpus\":[],\"image\":\"alpine:3\","
    "\"image_digest\":\"sha256:ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb\","
    "\"job_id\":\"job_j\",\"lease_id\":\"lease_l\","
    "\"log_sha256\":\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\","
    "\"market_id\":\"market_m\",\"node_id\":\"node_n\","
    "\"node_public_key\":\"IVL40Zt5HSRFMkLhXy6rbLfP+ntqXtMAl5YOBpiB2xI=\","
    "\"outputs\":[{\"path\":\"a b/x.txt\","
    "\"sha256\":\"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb\","
    "\"size_bytes\":1},{\"path\":\"log/\xc3\xa9\","
    "\"sha256\":\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\","
    "\"size_bytes\":0}],"
    "\"outputs_root\":\"84c24c802b893ee5f060291e915a976b95414c38482ff1e9b29091b0d0d9a3d9\","
    "\"pool\":\"cpu\",\"ready_at\":\"2023-11-14T22:13:20.000Z\","
    "\"reason\":\"done\",\"seconds\":150,\"ticks\":7,"
    "\"type\":\"bourse-receipt\",\"units\":3,\"version\":1}";
static const char receipt_signature_known[] =
    "K5rO1cruFxYUZ0k3Lq9hN3ocp8KS47kjrZmI+S27c0UgUOXP5OGMDbPP5JiGkdHk6Swwfk8NwOvj8QHBJv97Dg==";
static const char tick_known[] = "{\"at\":\"2023-11-14T22:15:40.000Z\",\"epoch\":2,"
                                 "\"lease_id\":\"lease_l\",\"n\":7,\"seconds\":140}";
static const char tick_signature_known[] =
    "MhU+7ScrqSqKQW6O7oXcoLxXC+0LjptWh8Uk8NhHwFeu1LKXQXIoRRwaCoh1C6XnVVTnsDmpoOP7EqCOrJoBAQ==";
static const char countersign_known[] =
    "{\"agent_signature\":\"K5rO1cruFxYUZ0k3Lq9hN3ocp8KS47kjrZmI+"
    "S27c0UgUOXP5OGMDbPP5JiGkdHk6Swwfk8NwOvj8QHBJv97Dg==\","
    "\"charge\":\"0.045000\",\"entry\":41,\"fee\":\"0.004500\","
    "\"lease_id\":\"lease_l\",\"payout\":\"0.040500\","
    "\"price_per_unit_hour\":\"0.360000\","
    "\"receipt_sha256\":\"39e99dba8fa6dc724999e0cb947235cac4ebc0248769ef61e704ce86797bd1fd\","
    "\"seconds_billed\":150,\"seconds_observed\":151,"
    "\"settled_at\":\"2023-11-14T22:16:00.000Z\",\"units\":3}";
static const char countersign_signature_known[] =
    "Kk0IzpzXq5T+t/5Ld4ZUooqC3ir3QVEpfdYCc/oLV6klTT2RXT1EhrvaOjhCAM3V31hAwVQvFefzT0kZPmEiDQ==";

static const struct output outputs[] = {
    { { "a b/x.txt", 9 }, SHA_A, 1 },
    { { "log/\xc3\xa9", 6 }, SHA_0, 0 },
};

static const struct tick tick = { { "lease_l", 7 }, 2, 7, 140, READY + 140 * SECOND };

static struct arena memory;
static struct key *node, *market;

static struct receipt sample(void)
{
    return (struct receipt){
        .market_id = STR("market_m"),
        .lease_id = STR("lease_l"),
        .job_id = STR("job_j"),
        .node_id = STR("node_n"),
        .node_public_key = STR(NODE_KEY),
        .epoch = 2,
        .image = STR("alpine:3"),
        .image_digest = STR("sha256:" SHA_A),
        .command_sha256 = STR(SHA_A),
        .pool = STR("cpu"),
        .reason = STR("done"),
        .units = 3,
        .seconds = 150,
        .exit_code = 0,
        .ticks = 7,
        .ready_at_us = READY,
        .ended_at_us = READY + 150 * SECOND + 123456,
        .log_sha256 = STR(SHA_0),
        .outputs = outputs,
        .outputs_n = ARRAY_LEN(outputs),
    };
}

/* 0.36 USD × 3 units × 150 s ÷ 3600 = 0.045 USD, of which the market keeps 10 %. */
static struct countersign settled(struct str receipt, const struct signature *s)
{
    struct countersign c = {
        .agent_signature = *s,
        .lease_id = STR("lease_l"),
        .seconds_observed = 151,
        .seconds_billed = 150,
        .units = 3,
        .entry = 41,
        .price_per_unit_hour = 360000,
        .charge = 45000,
        .fee = 4500,
        .payout = 40500,
        .settled_at_us = READY + 160 * SECOND,
    };
    sha256_hex(receipt, c.receipt_sha256);
    return c;
}

static void check_signature(const struct key *k, const char *tag, struct str text, const char *want)
{
    char got[89];
    const struct signature s = key_sign_tagged(k, tag, text);
    signature_text(&s, got);
    CHECK_STR(got, want);
}

TEST(keys_and_memory_are_ready)
{
    char text[45];
    node = key_of_seed(0x42);
    market = key_of_seed(0x43);
    arena_init(&memory, 1 << 20);
    const struct public_key p = key_public(node), q = key_public(market);
    public_key_text(&p, text);
    CHECK_STR(text, NODE_KEY);
    public_key_text(&q, text);
    CHECK_STR(text, MARKET_KEY);
}

/* --- known answers --- */

TEST(the_text_of_a_receipt_and_its_signature_are_known)
{
    const struct receipt r = sample();
    const struct str text = receipt_text(&r, &memory);
    CHECK_STR(text.p, receipt_known);
    check_signature(node, TAG_RECEIPT, text, receipt_signature_known);
}

TEST(the_text_of_a_tick_and_its_signature_are_known)
{
    const struct str text = tick_text(&tick, &memory);
    CHECK_STR(text.p, tick_known);
    check_signature(node, TAG_TICK, text, tick_signature_known);
}

TEST(the_text_of_a_countersignature_and_its_signature_are_known)
{
    const struct signature s = key_sign_tagged(node, TAG_RECEIPT, str_of(receipt_known));
    const struct countersign c = settled(str_of(receipt_known), &s);
    const struct str text = countersign_text(&c, &memory);
    CHECK_STR(text.p, countersign_known);
    check_signature(market, TAG_COUNTERSIGN, text, countersign_signature_known);
}

TEST(no_outputs_have_the_root_of_an_empty_tree)
{
    char text[65];
    const struct hash h = outputs_root(NULL, 0);
    hex_encode(h.b, sizeof(h.b), text);
    CHECK_STR(text, SHA_0);
}

TEST(a_root_is_that_of_the_written_entries)
{
    static const char *const entries[] = {
        "{\"path\":\"a b/x.txt\",\"sha256\":\"" SHA_A "\",\"size_bytes\":1}",
        "{\"path\":\"log/\xc3\xa9\",\"sha256\":\"" SHA_0 "\",\"size_bytes\":0}",
    };
    struct hash leaves[2];
    for (size_t i = 0; i < 2; i++)
        leaves[i] = merkle_leaf(sha256_parts, entries[i], strlen(entries[i]));
    const struct hash want = merkle_root(sha256_parts, leaves, 2), got = outputs_root(outputs, 2);
    CHECK(memcmp(&want, &got, sizeof(want)) == 0);
}

TEST(the_longest_outputs_fit)
{
    static char path[OUTPUT_PATH_MAX + 1];
    struct output many[OUTPUTS_MAX];
    struct receipt r = sample(), again;
    struct err err;
    memset(path, 'x', OUTPUT_PATH_MAX);
    for (size_t i = 0; i < OUTPUTS_MAX; i++) {
        char *copy = arena_fmt(&memory, "%02zu%s", i, path + 2);
        many[i] = (struct output){ { copy, OUTPUT_PATH_MAX }, SHA_A, 1 };
    }
    r.outputs = many;
    r.outputs_n = OUTPUTS_MAX;
    const struct str text = receipt_text(&r, &memory);
    auto_buf struct buf told = { .max = BODY_MAX - 512 }; /* as a text of the agent's body */
    CHECK(text.p);
    json_canonical_text(text, &told);
    CHECK(!told.failed);
    CHECK(receipt_parse(text, &memory, &again, &err));
    CHECK_I64(again.outputs_n, OUTPUTS_MAX);
}

TEST(too_little_memory_is_told)
{
    const struct receipt r = sample();
    struct receipt out;
    struct err err;
    for (size_t max = 0; max < 1000; max += 100) {
        struct arena a;
        arena_init(&a, max);
        CHECK(!receipt_text(&r, &a).p);
        CHECK(!receipt_parse(str_of(receipt_known), &a, &out, &err));
        CHECK(err.code == ERR_NO_MEMORY);
        arena_done(&a);
    }
}

/* --- reading --- */

TEST(a_receipt_is_read_as_it_was_written)
{
    struct err err;
    struct receipt r;
    const struct receipt want = sample();
    CHECK(receipt_parse(str_of(receipt_known), &memory, &r, &err));
    CHECK(str_eq(r.market_id, want.market_id) && str_eq(r.lease_id, want.lease_id));
    CHECK(str_eq(r.job_id, want.job_id) && str_eq(r.node_id, want.node_id));
    CHECK(str_eq(r.image, want.image) && str_eq(r.image_digest, want.image_digest));
    CHECK(str_eq(r.command_sha256, want.command_sha256) && str_eq(r.pool, want.pool));
    CHECK(str_eq(r.reason, want.reason) && str_eq(r.log_sha256, want.log_sha256));
    CHECK_I64(r.epoch, 2);
    CHECK_I64(r.units, 3);
    CHECK_I64(r.seconds, 150);
    CHECK_I64(r.exit_code, 0);
    CHECK_I64(r.ticks, 7);
    CHECK_I64(r.ready_at_us, READY);
    CHECK_I64(r.ended_at_us, READY + 150123000); /* milliseconds are written */
    CHECK_I64(r.outputs_n, 2);
    CHECK(str_eq(r.outputs[1].path, outputs[1].path));
    CHECK_STR(r.outputs[0].sha256, SHA_A);
    CHECK_I64(r.outputs[0].size_bytes, 1);
}

TEST(a_receipt_of_what_never_ran_has_no_ready_time)
{
    struct err err;
    struct receipt r = sample(), again;
    r.ready_at_us = r.seconds = r.ticks = 0;
    r.image_digest = r.reason = (struct str){ NULL, 0 };
    r.outputs_n = 0;
    const struct str text = receipt_text(&r, &memory);
    CHECK(strstr(text.p, "\"ready_at\":null,"));
    CHECK(strstr(text.p, "\"image_digest\":\"\","));
    CHECK(strstr(text.p, "\"outputs\":[],"));
    CHECK(receipt_parse(text, &memory, &again, &err));
    CHECK(again.ready_at_us == 0 && again.outputs_n == 0);

    r.seconds = 1;
    CHECK(!receipt_parse(receipt_text(&r, &memory), &memory, &again, &err));
}

/* The known text with one piece of it replaced. */
static struct str changed(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    CHECK(at);
    const char *made =
        arena_fmt(&memory, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    CHECK(made);
    return str_of(made);
}

static void refuses(const char *from, const char *to, const char *because)
{
    struct err err;
    struct receipt r = { .epoch = -7 };
    CHECK(!receipt_parse(changed(receipt_known, from, to), &memory, &r, &err));
    CHECK(err.code == ERR_VALIDATION_FAILED && r.epoch == -7);
    if (!strstr(err.detail, because)) CHECK_STR(err.detail, because);
}

TEST(only_the_canonical_text_is_a_receipt)
{
    refuses("{\"command", "{ \"command", "canonical");
    refuses("\"epoch\":2", "\"epoch\": 2", "canonical");
    refuses("\"image\":\"alpine:3\"", "\"image\":\"\\u0061lpine:3\"", "canonical");
    refuses("\"epoch\":2,\"exit_code\":0", "\"exit_code\":0,\"epoch\":2", "canonical");
    refuses("\"exit_code\":0", "\"exit_code\":-0", "canonical");
    refuses(".000Z", "Z", "canonical");
    refuses(".000Z", ".000+00:00", "canonical");
    refuses("\"units\":3", "\"units\":3.0", "/units");
    refuses("\"gpus\":[],", "", "/gpus");
    refuses("\"gpus\":[]", "\"gpus\":[\"x\"]", "/gpus");
    refuses("\"gpus\":[]", "\"gpus\":[null]", "/gpus");
    refuses("\"gpus\":[]", "\"more\":1,\"gpus\":[]", "/more");
    refuses("\"version\":1", "\"version\":2", "/version");
    refuses("bourse-receipt", "bourse-tick", "/type");
    refuses("{\"command", "[{\"command", "The receipt: line 1");
    refuses("\"units\":3", "\"units\":3,\"units\":3", "duplicate");
}

TEST(the_root_must_fit_the_outputs)
{
    refuses("\"size_bytes\":1", "\"size_bytes\":2", "root");
    refuses("\"outputs_root\":\"", "\"outputs_root\":\"0", "/outputs_root");
    refuses("84c24c80", "00000000", "root");
}

TEST(paths_that_lead_out_are_refused)
{
    static const char *const wrong[] = {
        "/etc/passwd", "..",   "../x", "a/../b", "a/..", ".",     "./a",
        "a/.",         "a//b", "a/",   "",       "a\nb", "a\x7f",
    };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        CHECK(!output_path_ok(str_of(wrong[i])));
    CHECK(output_path_ok(STR("a")) && output_path_ok(STR("a/b.c/..d")));
    CHECK(output_path_ok(STR("..a/b..")) && output_path_ok(STR("\xc3\xa9")));
    CHECK(!output_path_ok((struct str){ "a\0b", 3 }));
    refuses("a b/", "../", "path");
}

TEST(outputs_are_sorted_and_each_is_there_once)
{
    struct output wrong[] = { outputs[1], outputs[0] };
    struct receipt r = sample(), again;
    struct err err;
    r.outputs = wrong;
    CHECK(!receipt_parse(receipt_text(&r, &memory), &memory, &again, &err));
    CHECK(strstr(err.detail, "sorted"));
    wrong[0] = wrong[1];
    CHECK(!receipt_parse(receipt_text(&r, &memory), &memory, &again, &err));
    CHECK(strstr(err.detail, "sorted"));
}

TEST(digests_are_lower_case_hex_and_keys_are_keys)
{
    refuses("\"command_sha256\":\"ca", "\"command_sha256\":\"CA", "hex");
    refuses("\"log_sha256\":\"e3", "\"log_sha256\":\"zz", "hex");
    refuses("\"sha256\":\"ca", "\"sha256\":\"CA", "digest");
    refuses(NODE_KEY, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "node_public_key");
}

TEST(a_tick_is_read_as_it_was_written)
{
    struct err err;
    struct tick t;
    CHECK(tick_parse(str_of(tick_known), &memory, &t, &err));
    CHECK(str_eq(t.lease_id, tick.lease_id) && t.epoch == 2 && t.n == 7 && t.seconds == 140);
    CHECK_I64(t.at_us, tick.at_us);
    CHECK(!tick_parse(changed(tick_known, "\"n\":7", "\"n\":-1"), &memory, &t, &err));
    CHECK(!tick_parse(changed(tick_known, "\"n\":7", "\"n\": 7"), &memory, &t, &err));
    CHECK(!tick_parse(STR(""), &memory, &t, &err) && err.code == ERR_VALIDATION_FAILED);
}

TEST(a_countersignature_is_read_as_it_was_written)
{
    struct err err;
    struct countersign c;
    CHECK(countersign_parse(str_of(countersign_known), &memory, &c, &err));
    CHECK(c.charge == 45000 && c.fee == 4500 && c.payout == 40500 && c.entry == 41);
    CHECK(c.price_per_unit_hour == 360000 && c.seconds_observed == 151);
    CHECK(c.seconds_billed == 150 && c.units == 3 && str_is(c.lease_id, "lease_l"));

    static const char *const amounts[] = {
        "0.04500", "0.0450000", "-0.045000", "00.045000", "x", ".045000", "9223372036854.775808"
    };
    for (size_t i = 0; i < ARRAY_LEN(amounts); i++)
        CHECK(!countersign_parse(changed(countersign_known, "0.045000", amounts[i]), &memory, &c,
                                 &err));
}

/* --- the document --- */

/* A document of these statements, each properly signed, whatever they say. */
static json_t *document(const struct receipt *r, const struct countersign *c)
{
    const struct str receipt = receipt_text(r, &memory);
    const struct signature s = key_sign_tagged(node, TAG_RECEIPT, receipt);
    struct countersign fitting = *c;
    fitting.agent_signature = s;
    sha256_hex(receipt, fitting.receipt_sha256);
    const struct str counter = countersign_text(&fitting, &memory);
    const struct signature t = key_sign_tagged(market, TAG_COUNTERSIGN, counter);
    const struct public_key p = key_public(node), q = key_public(market);
    json_t *j = receipt_document(receipt, &s, &p, counter, &t, &q);
    CHECK(j);
    return j;
}

static struct countersign usual(void)
{
    const struct signature s = { { 0 } };
    return settled(STR(""), &s);
}

/* Verify and drop; "" for a good one, else what is wrong. */
static const char *verdict(json_t *j)
{
    static struct err err;
    const struct public_key q = key_public(market);
    const bool ok = receipt_document_verify(j, &q, NULL, &err);
    json_decref(j);
    if (ok) return "";
    CHECK(err.code == ERR_VALIDATION_FAILED && err.detail[0]);
    return err.detail;
}

static json_t *sample_document(void)
{
    const struct receipt r = sample();
    const struct countersign c = usual();
    return document(&r, &c);
}

TEST(a_good_document_is_accepted)
{
    CHECK_STR(verdict(sample_document()), "");
}

TEST(the_keys_must_be_the_expected_ones)
{
    struct err err;
    auto_json json_t *j = sample_document();
    const struct public_key p = key_public(node), q = key_public(market);
    CHECK(receipt_document_verify(j, &q, &p, &err));
    CHECK(!receipt_document_verify(j, &q, &q, &err) && strstr(err.detail, "another node"));
    CHECK(!receipt_document_verify(j, &p, &p, &err) && strstr(err.detail, "another market"));
}

static void refuses_document(json_t *j, const char *because)
{
    const char *why = verdict(j);
    if (!strstr(why, because)) CHECK_STR(why, because);
}

TEST(a_document_has_all_its_parts)
{
    static const char *const parts[] = { "receipt", "agent_signature", "agent_public_key",
                                         "countersignature" };
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        json_t *j = sample_document();
        CHECK(json_object_del(j, parts[i]) == 0);
        refuses_document(j, parts[i]);
    }
    refuses_document(json_array(), "object");
}

static json_t *with(const char *name, json_t *value)
{
    json_t *j = sample_document();
    CHECK(json_object_set_new(j, name, value) == 0);
    return j;
}

static json_t *with_counter(const char *name, json_t *value)
{
    json_t *j = sample_document();
    CHECK(json_object_set_new(json_object_get(j, "countersignature"), name, value) == 0);
    return j;
}

TEST(changed_statements_do_not_fit_their_signatures)
{
    refuses_document(
        with("receipt", json_text(changed(receipt_known, "\"seconds\":150", "\"seconds\":151"))),
        "agent's signature");
    refuses_document(with_counter("document", json_text(changed(countersign_known, "\"entry\":41",
                                                                "\"entry\":42"))),
                     "market's signature");
    refuses_document(with("agent_signature", json_string(countersign_signature_known)),
                     "agent's signature");
    refuses_document(with_counter("signature", json_string(receipt_signature_known)),
                     "market's signature");
    refuses_document(with("agent_public_key", json_string(MARKET_KEY)), "names another key");
    refuses_document(with_counter("market_public_key", json_string(NODE_KEY)), "another market");
}

/* Each statement is good and properly signed, but they do not belong together. */
TEST(a_countersignature_of_another_receipt_is_refused)
{
    struct receipt r = sample();
    const struct countersign c = usual();
    r.seconds = 149;
    json_t *other = document(&r, &c);
    json_t *j = sample_document();
    CHECK(json_object_set(j, "countersignature", json_object_get(other, "countersignature")) == 0);
    json_decref(other);
    refuses_document(j, "another receipt");

    r = sample();
    struct countersign moved = usual();
    moved.lease_id = STR("lease_other");
    refuses_document(document(&r, &moved), "another lease");
    moved = settled(str_of(receipt_known), &(struct signature){ { 1 } });
    const struct str text = countersign_text(&moved, &memory);
    const struct signature t = key_sign_tagged(market, TAG_COUNTERSIGN, text);
    char signature[89];
    signature_text(&t, signature);
    j = sample_document();
    json_t *counter = json_object_get(j, "countersignature");
    CHECK(json_object_set_new(counter, "document", json_text(text)) == 0);
    CHECK(json_object_set_new(counter, "signature", json_string(signature)) == 0);
    refuses_document(j, "another signature");

    moved = usual();
    moved.units = 4;
    refuses_document(document(&r, &moved), "units");
}

TEST(the_arithmetic_is_done_again)
{
    const struct receipt r = sample();
    struct countersign c = usual();
    c.charge += 1;
    c.payout += 1;
    refuses_document(document(&r, &c), "charge");
    c = usual();
    c.payout += 1;
    refuses_document(document(&r, &c), "payout");
    c = usual();
    c.fee = c.charge + 1;
    c.payout = 0;
    refuses_document(document(&r, &c), "payout");
    c = usual();
    c.price_per_unit_hour = INT64_MAX / 2;
    refuses_document(document(&r, &c), "charge");
}

/* 0.36 USD × 3 units ÷ 3600 = 0.0003 USD a second. */
static struct countersign billed(int64_t seconds, int64_t observed)
{
    struct countersign c = usual();
    c.seconds_billed = seconds;
    c.seconds_observed = observed;
    c.charge = seconds * 300;
    c.fee = 0;
    c.payout = c.charge;
    return c;
}

static const char *verdict_on(int64_t is_signed, int64_t observed, int64_t billed_s)
{
    struct receipt r = sample();
    const struct countersign c = billed(billed_s, observed);
    r.seconds = is_signed;
    return verdict(document(&r, &c));
}

TEST(nobody_pays_for_more_than_both_saw_but_for_the_first_minute)
{
    CHECK_STR(verdict_on(150, 200, 150), "");
    CHECK(strstr(verdict_on(150, 200, 151), "More seconds"));
    CHECK_STR(verdict_on(200, 150, 150), "");
    CHECK(strstr(verdict_on(200, 150, 151), "More seconds"));
    CHECK_STR(verdict_on(1, 2, 60), "");
    CHECK(strstr(verdict_on(1, 2, 61), "More seconds"));
    CHECK_STR(verdict_on(150, 150, 0), "");
}

TEST(what_never_ran_costs_nothing)
{
    struct receipt r = sample();
    struct countersign c = billed(60, 0);
    r.ready_at_us = r.seconds = 0;
    refuses_document(document(&r, &c), "never ran");
    c = billed(0, 0);
    CHECK_STR(verdict(document(&r, &c)), "");
}

TEST(everything_is_given_back)
{
    arena_done(&memory);
    key_free(node);
    key_free(market);
    CHECK(memory.used == 0);
}

TESTS(T(keys_and_memory_are_ready), T(the_text_of_a_receipt_and_its_signature_are_known),
      T(the_text_of_a_tick_and_its_signature_are_known),
      T(the_text_of_a_countersignature_and_its_signature_are_known),
      T(no_outputs_have_the_root_of_an_empty_tree), T(a_root_is_that_of_the_written_entries),
      T(the_longest_outputs_fit), T(too_little_memory_is_told),
      T(a_receipt_is_read_as_it_was_written), T(a_receipt_of_what_never_ran_has_no_ready_time),
      T(only_the_canonical_text_is_a_receipt), T(the_root_must_fit_the_outputs),
      T(paths_that_lead_out_are_refused), T(outputs_are_sorted_and_each_is_there_once),
      T(digests_are_lower_case_hex_and_keys_are_keys), T(a_tick_is_read_as_it_was_written),
      T(a_countersignature_is_read_as_it_was_written), T(a_good_document_is_accepted),
      T(the_keys_must_be_the_expected_ones), T(a_document_has_all_its_parts),
      T(changed_statements_do_not_fit_their_signatures),
      T(a_countersignature_of_another_receipt_is_refused), T(the_arithmetic_is_done_again),
      T(nobody_pays_for_more_than_both_saw_but_for_the_first_minute),
      T(what_never_ran_costs_nothing), T(everything_is_given_back))
