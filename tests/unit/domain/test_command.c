/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/command.h"

#include "base/attr.h"
#include "domain/market.h"
#include "tests/t.h"

/* Lower case, digits and single dashes: such a name needs no quoting anywhere. */
static bool is_name(const char *s)
{
    if (!s || s[0] == '\0' || s[0] == '-' || s[strlen(s) - 1] == '-') return false;
    return strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(s) && !strstr(s, "--");
}

static void check_names(const char *const *names, size_t first, size_t n)
{
    for (size_t i = first; i < n; i++) {
        CHECK(is_name(names[i]));
        for (size_t j = first; j < i; j++)
            CHECK(strcmp(names[i], names[j]) != 0);
    }
}

TEST(every_reason_and_state_has_a_name_of_its_own)
{
    check_names(reason_names, 0, REASONS);
    check_names(order_state_names, 1, ARRAY_LEN(order_state_names));
    check_names(job_state_names, 1, ARRAY_LEN(job_state_names));
}

/* The numbers are stored and published: they may never change. */
TEST(numbers_stay_what_they_are)
{
    CHECK_I64(COMMAND_OPEN_ACCOUNT, 1);
    CHECK_I64(COMMAND_SUBMIT_JOB, 7);
    CHECK_I64(COMMAND_LEASE_EXIT, 14);
    CHECK_I64(COMMAND_FAIL_PAYOUT, 21);
    CHECK_I64(COMMAND_TRIM, 32);
    CHECK_I64(COMMAND_SET_RULES, 33);
    CHECK_I64(COMMAND_LEASE_PREPARED, 34);
    CHECK_I64(COMMAND_LEASE_CHECKPOINT, 35);
    CHECK_I64(COMMAND_NODE_HEALTH, 36);
    CHECK_I64(COMMAND_DRAIN_NODE, 37);
    CHECK_I64(COMMAND_LEASE_DRAINED, 38);
    CHECK_STR(reason_names[1], "done");
    CHECK_STR(reason_names[8], "image-invalid");
    CHECK_STR(reason_names[17], "node-changed");
    CHECK_STR(order_state_names[5], "failed");
    CHECK_STR(job_state_names[5], "settled");
    CHECK_STR(job_state_names[8], "expired");
}

TESTS(T(every_reason_and_state_has_a_name_of_its_own), T(numbers_stay_what_they_are))
