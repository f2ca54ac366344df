/* SPDX-License-Identifier: Apache-2.0 */
/* nft's own words, as 1.0.6 says them. */
#include "net/flows.h"

#include "tests/t.h"

static const char listing[] = "{\"nftables\": [{\"metainfo\": {\"version\": \"1.0.6\"}},"
                              "{\"quota\": {\"family\": \"inet\", \"name\": \"quota_3\", "
                              "\"table\": \"bourse\", \"handle\": 1, "
                              "\"bytes\": 1000, \"used\": 999, \"inv\": true}},"
                              "{\"quota\": {\"family\": \"inet\", \"name\": \"quota_5\", "
                              "\"table\": \"bourse\", \"handle\": 2, "
                              "\"bytes\": 2000, \"used\": 2000, \"inv\": true}},"
                              "{\"quota\": {\"name\": \"quota_128\", \"bytes\": 1, \"used\": 1}},"
                              "{\"quota\": {\"name\": \"quota_x\", \"bytes\": 1, \"used\": 1}},"
                              "{\"quota\": {\"name\": \"other_7\", \"bytes\": 1, \"used\": 1}}]}";

TEST(a_lane_is_spent_when_all_its_bytes_are_used)
{
    bool spent[LANES_MAX];
    struct err err;
    CHECK(quotas_parse(str_of(listing), spent, &err));
    for (int i = 0; i < LANES_MAX; i++)
        CHECK(spent[i] == (i == 5));
}

TEST(what_is_no_listing_is_told)
{
    bool spent[LANES_MAX];
    struct err err;
    CHECK(!quotas_parse(STR("Error: No such file"), spent, &err));
    CHECK(quotas_parse(STR("{}"), spent, &err));
    CHECK(!spent[0]);
}

TESTS(T(a_lane_is_spent_when_all_its_bytes_are_used), T(what_is_no_listing_is_told))
