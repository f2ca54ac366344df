/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of the public log, byte for byte as docs/log.md says, for another implementation. The log
 * key is 32 times the byte 9. */
#include "service/entry.h"

#include "service/payload.h"
#include "sign/sha.h"
#include "tests/t.h"

static const uint8_t log_key[32] = { 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9,
                                     9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9 };
#define AT INT64_C(1764000000217000)

static struct buf b = { .max = 4096 };

static const char *text(void)
{
    buf_char(&b, '\0');
    CHECK(!b.failed);
    return b.p;
}

static void commit_hex(const char *of, int64_t number, const char *label, char hex[65])
{
    const struct hash h = entry_commit(entry_salt(log_key, number, label), str_of(of));
    hex_encode(h.b, sizeof(h.b), hex);
}

TEST(a_commitment_is_this_one)
{
    char hex[65];

    commit_hex("{}", 31, "", hex);
    CHECK_STR(hex, "e87a757a898c5d9bb679b1faf691b1cbbc265e3753c9fa0f40c154d60e5d79c3");
    commit_hex("{}", 31, "receipt", hex);
    CHECK_STR(hex, "d1ab985163a6d49e21e7a8122e396b550f497e3af870e946f62bda1ea22dc0a0");
    commit_hex("{}", 31, "settlement", hex);
    CHECK_STR(hex, "a6ead39657424f03c8f9a67875a64d02a63d486ccc59bde51242f09cd211f16b");
}

TEST(entries_are_these)
{
    struct hash h;
    memset(h.b, 0xab, sizeof(h.b));
    const struct entry_head head = { 31, AT };

    buf_clear(&b);
    entry_put_command(&b, head, "submit-job", h);
    CHECK_STR(text(),
              "{\"at\":\"2025-11-24T16:00:00.217Z\",\"commit\":\"abababababababababababababab"
              "abababababababababababababababababab\",\"kind\":\"submit-job\",\"seq\":31,"
              "\"type\":\"command\",\"version\":1}");
    buf_clear(&b);
    entry_put_commit(&b, head, "settlement", h);
    CHECK_STR(text(),
              "{\"at\":\"2025-11-24T16:00:00.217Z\",\"commit\":\"abababababababababababababab"
              "abababababababababababababababababab\",\"seq\":31,\"type\":\"settlement\","
              "\"version\":1}");
    buf_clear(&b);
    entry_put_parameters(&b, head, STR("{\"fee_bps\":100}"));
    CHECK_STR(text(),
              "{\"at\":\"2025-11-24T16:00:00.217Z\",\"parameters\":{\"fee_bps\":100},\"seq\":31,"
              "\"type\":\"parameters\",\"version\":1}");
}

TEST(the_leaf_of_a_command_is_that_of_its_entry)
{
    const struct command c = { .seq = 31, .at_us = AT, .kind = COMMAND_SUBMIT_JOB };
    const struct hash commit = payload_commit(&c, STR("{}"), log_key);
    const struct hash leaf = payload_leaf(&c, commit);

    buf_clear(&b);
    entry_put_command(&b, (struct entry_head){ 31, AT }, "submit-job", commit);
    const struct hash want = merkle_leaf(sha256_parts, b.p, b.n);
    CHECK(memcmp(leaf.b, want.b, sizeof(leaf.b)) == 0);
}

TEST(a_settlement_is_told_like_this)
{
    const struct settled_row row = {
        .seq = 40,
        .lease = 31 * 4096,
        .traded_us = AT,
        .ended_us = AT + 1000,
        .pool = 1,
        .units = 2,
        .price = 36000,
        .epoch = 1,
        .seconds_signed = 1,
        .seconds_billed = 60,
        .charge = 1200,
        .fee = 12,
        .payout = 1188,
        .exit_code = 3,
        .reason = REASON_DONE,
    };
    struct arena a;
    struct err err = { 0 };

    arena_init(&a, 1 << 16);
    const struct str document = settlement_document(&row, &a, &err);
    buf_clear(&b);
    buf_str(&b, document);
    CHECK_STR(text(), "{\"charge\":1200,\"epoch\":1,\"exit_code\":3,\"fault\":0,\"fee\":12,\""
                      "insurance\":0,\"lease_id\":\"lease_01kav9ft6se00800000000000z\",\"payo"
                      "ut\":1188,\"pool\":1,\"price_per_unit_hour\":36000,\"reason\":\"done\""
                      ",\"receipt_sha256\":\"\",\"seconds_billed\":60,\"seconds_observed\":0,"
                      "\"seconds_signed\":1,\"settled_at\":\"2025-11-24T16:00:00.218Z\",\"typ"
                      "e\":\"settlement\",\"units\":2,\"version\":1}");
    arena_done(&a);
}

int main(void)
{
    static const struct t_test all[] = {
        T(a_commitment_is_this_one),
        T(entries_are_these),
        T(the_leaf_of_a_command_is_that_of_its_entry),
        T(a_settlement_is_told_like_this),
    };
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        all[i].run();
        printf("ok %s\n", all[i].name);
    }
    buf_done(&b);
    return 0;
}
