/* SPDX-License-Identifier: Apache-2.0 */
#include "service/uploads.h"

#include <unistd.h>

#include "base/fd.h"
#include "base/limits.h"
#include "tests/t.h"

#define ALICE 16
#define BOB   17
#define MIB   (INT64_C(1) << 20)

static char dir[] = "/tmp/bourse-uploads-XXXXXX";
static char left[64], other[64];
static struct uploads *uploads;
static struct err err;

static bool begin(int64_t account, int64_t node, int64_t size, int64_t kept)
{
    const struct upload w = { account, node, size };
    err = (struct err){ 0 };
    return uploads_begin(uploads, &w, kept, &err);
}

static void end(int64_t account, int64_t node, int64_t size)
{
    const struct upload w = { account, node, size };
    uploads_end(uploads, &w);
}

TEST(what_a_crash_left_is_removed_at_the_start)
{
    CHECK(mkdtemp(dir) != NULL);
    snprintf(left, sizeof(left), "%s/upload-abcdef", dir);
    snprintf(other, sizeof(other), "%s/other", dir);
    CHECK(file_write(left, STR("x"), 0600, &err) && file_write(other, STR("x"), 0600, &err));
    uploads = uploads_new(dir, &err);
    CHECK(uploads != NULL);
    CHECK(access(left, F_OK) != 0);
    CHECK(access(other, F_OK) == 0);
}

TEST(a_folder_that_is_not_there_is_told)
{
    CHECK(uploads_new("/tmp/bourse-no-such-folder", &err) == NULL);
    CHECK_I64(err.code, ERR_IO);
}

TEST(an_account_has_so_many_under_way_and_no_more)
{
    for (int i = 0; i < UPLOADS_MAX; i++)
        CHECK(begin(ALICE, 0, MIB, 0));
    CHECK(!begin(ALICE, 0, MIB, 0));
    CHECK_I64(err.code, ERR_RATE_LIMITED);
    CHECK(begin(ALICE, 5, MIB, 0)); /* a node of it */
    CHECK(begin(BOB, 0, MIB, 0));
    end(ALICE, 0, MIB);
    CHECK(begin(ALICE, 0, MIB, 0));
    end(ALICE, 5, MIB);
    end(BOB, 0, MIB);
    for (int i = 0; i < UPLOADS_MAX; i++)
        end(ALICE, 0, MIB);
}

TEST(what_is_under_way_counts_against_the_limit)
{
    const int64_t kept = BLOBS_ACCOUNT_MAX - 3 * MIB;
    CHECK(begin(ALICE, 0, 2 * MIB, kept));
    CHECK(!begin(ALICE, 5, 2 * MIB, kept));
    CHECK_I64(err.code, ERR_QUOTA_EXCEEDED);
    CHECK(begin(ALICE, 5, MIB, kept));
    end(ALICE, 5, MIB);
    end(ALICE, 0, 2 * MIB);
    CHECK(begin(ALICE, 0, 3 * MIB, kept));
    end(ALICE, 0, 3 * MIB);
}

TEST(a_disk_has_an_end)
{
    int64_t n = 0;
    while (n < 1 << 20 && begin(100 + n, 0, BLOB_MAX, 0))
        n++;
    CHECK_I64(err.code, ERR_OVERLOADED);
    for (int64_t i = 0; i < n; i++)
        end(100 + i, 0, BLOB_MAX);
}

TEST(all_is_given_back)
{
    uploads_free(uploads);
    CHECK(unlink(other) == 0 && rmdir(dir) == 0);
}

TESTS(T(what_a_crash_left_is_removed_at_the_start), T(a_folder_that_is_not_there_is_told),
      T(an_account_has_so_many_under_way_and_no_more),
      T(what_is_under_way_counts_against_the_limit), T(a_disk_has_an_end), T(all_is_given_back))
