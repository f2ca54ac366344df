/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "service/journal.h"
#include "service/outputs.h"
#include "tests/t.h"

#define LEASE "lease_01h455vb4pex5vsknk084sn02q"
#define OTHER "lease_01h455vb4pex5vsknk084sn02r"

static char dir[64];
static struct err err;
static struct arena memory;

static void begin(void)
{
    snprintf(dir, sizeof(dir), "/tmp/bourse-test-journal-XXXXXX");
    CHECK(mkdtemp(dir) != NULL);
    char leases[96];
    snprintf(leases, sizeof(leases), "%s/leases", dir);
    CHECK(dir_make(leases, &err));
    arena_init(&memory, 4 << 20);
}

static void end(void)
{
    arena_done(&memory);
    CHECK(tree_remove(dir, &err));
}

static struct journal_entry full(void)
{
    struct journal_entry e = {
        .document = STR("{\"a\":\"quote \\\" and \\u0001\"}"),
        .signature = STR("c2ln"),
        .step = STEP_SIGNED,
        .max_seconds = 60,
        .ready_boot_us = -5,
        .ready_wall_us = 1795511537982440,
        .ended_wall_us = 1795511538982440,
        .seconds = 1,
        .exit_code = 137,
        .ticks = 3,
        .over_quota = true,
        .over_bytes = true,
        .displaced = true,
        .log_next = 7,
        .log_sent = 1234,
        .log_pending = 65536,
        .log_pending_stream = LOG_STDERR,
        .detail = STR("why"),
        .receipt = STR("{}"),
        .receipt_signature = STR("cmVj"),
    };
    snprintf(e.image_id, sizeof(e.image_id), "sha256:1");
    snprintf(e.image_digest, sizeof(e.image_digest), "sha256:2");
    snprintf(e.boot_id, sizeof(e.boot_id), "boot");
    snprintf(e.log_sha256, sizeof(e.log_sha256), "00ff");
    snprintf(e.reason, sizeof(e.reason), "done");
    snprintf(e.fault, sizeof(e.fault), "nobody");
    return e;
}

TEST(what_is_written_is_read_back_whole)
{
    begin();
    const struct journal_entry e = full();
    struct journal_entry got;
    CHECK(journal_write(dir, STR(LEASE), &e, &err));
    CHECK(journal_read(dir, STR(LEASE), &memory, &got, &err));
    CHECK(str_eq(got.document, e.document) && str_eq(got.signature, e.signature));
    CHECK(str_eq(got.receipt, e.receipt) && str_eq(got.receipt_signature, e.receipt_signature));
    CHECK(str_eq(got.detail, e.detail));
    CHECK_STR(got.image_id, e.image_id);
    CHECK_STR(got.image_digest, e.image_digest);
    CHECK_STR(got.boot_id, e.boot_id);
    CHECK_STR(got.log_sha256, e.log_sha256);
    CHECK_STR(got.reason, e.reason);
    CHECK_STR(got.fault, e.fault);
    CHECK(got.step == e.step && got.max_seconds == e.max_seconds && got.ticks == e.ticks);
    CHECK(got.ready_boot_us == e.ready_boot_us && got.ready_wall_us == e.ready_wall_us);
    CHECK(got.ended_wall_us == e.ended_wall_us && got.seconds == e.seconds);
    CHECK(got.exit_code == e.exit_code && got.over_quota == e.over_quota &&
          got.over_bytes == e.over_bytes);
    CHECK(got.displaced == e.displaced);
    CHECK(got.log_next == e.log_next && got.log_sent == e.log_sent);
    CHECK(got.log_pending == e.log_pending && got.log_pending_stream == e.log_pending_stream);
    end();
}

TEST(every_step_has_a_name_that_is_read_back)
{
    begin();
    for (int step = 0; step < STEPS; step++) {
        struct journal_entry e = full(), got;
        e.step = (enum step)step;
        CHECK(journal_write(dir, STR(LEASE), &e, &err));
        CHECK(journal_read(dir, STR(LEASE), &memory, &got, &err));
        CHECK_I64(got.step, step);
    }
    CHECK(step_names[STEPS] == NULL);
    end();
}

TEST(the_file_is_ours_alone)
{
    struct stat st;
    char path[256];
    begin();
    const struct journal_entry e = full();
    CHECK(journal_write(dir, STR(LEASE), &e, &err));
    snprintf(path, sizeof(path), "%s/leases/" LEASE ".json", dir);
    CHECK(stat(path, &st) == 0);
    CHECK_I64(st.st_mode & 0777, 0600);
    end();
}

/* A crash leaves the old file, or the new one, and perhaps the half of a third, which is nothing.
 */
TEST(half_a_write_is_cleared_away)
{
    char path[256];
    struct journal_names names;
    begin();
    const struct journal_entry e = full();
    CHECK(journal_write(dir, STR(LEASE), &e, &err));
    snprintf(path, sizeof(path), "%s/leases/" LEASE ".json.0123456789abcdef.tmp", dir);
    CHECK(file_write(path, STR("{\"docu"), 0600, &err));
    CHECK(journal_list(dir, &memory, &names, &err));
    CHECK_I64(names.leases.n, 1);
    CHECK(access(path, F_OK) != 0);
    end();
}

TEST(the_list_tells_leases_and_scratch_and_nothing_else)
{
    char path[256];
    struct journal_names names;
    begin();
    const struct journal_entry e = full();
    CHECK(journal_write(dir, STR(LEASE), &e, &err));
    snprintf(path, sizeof(path), "%s/leases/" OTHER, dir);
    CHECK(dir_make(path, &err));
    snprintf(path, sizeof(path), "%s/leases/notes.txt", dir);
    CHECK(file_write(path, STR("mine"), 0600, &err));
    CHECK(journal_list(dir, &memory, &names, &err));
    CHECK_I64(names.leases.n, 1);
    CHECK(str_is(names.leases.v[0], LEASE));
    CHECK_I64(names.folders.n, 1);
    CHECK(str_is(names.folders.v[0], OTHER));
    CHECK(access(path, F_OK) == 0);
    end();
}

TEST(a_name_that_is_no_lease_never_becomes_a_path)
{
    static const char *const wrong[] = {
        "", "lease_", "../../etc/passwd", "lease_../x", "job_01h455vb4pex5vsknk084sn02q", LEASE "x"
    };
    begin();
    const struct journal_entry e = full();
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct journal_entry got;
        CHECK(!journal_write(dir, str_of(wrong[i]), &e, &err));
        CHECK(!journal_read(dir, str_of(wrong[i]), &memory, &got, &err));
        CHECK(!journal_remove(dir, str_of(wrong[i]), &err));
    }
    end();
}

TEST(what_is_no_entry_is_refused)
{
    static const char *const wrong[] = {
        "",
        "{",
        "[]",
        "{}",
        "{\"step\":\"gone\"}",
        ("{\"document\":\"x\",\"signature\":\"y\",\"step\":\"taken\","
         "\"more\":1}")
    };
    char path[256];
    struct journal_entry got;
    begin();
    snprintf(path, sizeof(path), "%s/leases/" LEASE ".json", dir);
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        CHECK(file_write(path, str_of(wrong[i]), 0600, &err));
        CHECK(!journal_read(dir, STR(LEASE), &memory, &got, &err));
    }
    end();
}

TEST(what_is_removed_is_gone_and_may_be_removed_again)
{
    struct journal_entry got;
    begin();
    const struct journal_entry e = full();
    CHECK(journal_write(dir, STR(LEASE), &e, &err));
    CHECK(journal_remove(dir, STR(LEASE), &err));
    CHECK(journal_remove(dir, STR(LEASE), &err));
    CHECK(!journal_read(dir, STR(LEASE), &memory, &got, &err));
    CHECK_I64(err.code, ERR_NOT_FOUND);
    end();
}

TEST(the_meter_counts_on_in_the_same_boot_and_by_the_wall_in_another)
{
    struct journal_entry e = full();
    e.ready_boot_us = 500;
    e.ready_wall_us = 1000000;
    CHECK_I64(journal_ready_boot_us(&e, "boot", 9000, 5000000), 500);
    CHECK_I64(journal_ready_boot_us(&e, "later", 9000, 1004000), 5000);
    CHECK_I64(journal_ready_boot_us(&e, "later", 9000, 900000), 9000); /* the wall ran backwards */
    e.boot_id[0] = '\0';
    CHECK_I64(journal_ready_boot_us(&e, "", 9000, 1004000), 5000);
}

TESTS(T(what_is_written_is_read_back_whole), T(every_step_has_a_name_that_is_read_back),
      T(the_file_is_ours_alone), T(half_a_write_is_cleared_away),
      T(the_list_tells_leases_and_scratch_and_nothing_else),
      T(a_name_that_is_no_lease_never_becomes_a_path), T(what_is_no_entry_is_refused),
      T(what_is_removed_is_gone_and_may_be_removed_again),
      T(the_meter_counts_on_in_the_same_boot_and_by_the_wall_in_another))
