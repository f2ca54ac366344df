/* SPDX-License-Identifier: Apache-2.0 */
#include "service/blobs.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "sign/sha.h"
#include "tests/t.h"

#define ALICE 16
#define BOB   17

static char dir[] = "/tmp/bourse-blobs-XXXXXX";
static struct arena arena;
static struct blobs *blobs;
static struct err err;

/* A file with these bytes. */
static const char *file_of(const char *name, const char *bytes)
{
    const char *path = arena_fmt(&arena, "%s/%s", dir, name);
    CHECK(file_write(path, str_of(bytes), 0600, &err));
    return path;
}

static bool holds(const struct hash *digest, const char *bytes)
{
    auto_buf struct buf b = { .max = 0 };
    const char *path = blobs_path(blobs, digest, &arena);
    if (!file_read(path, 4096, &b, &err)) return false;
    return str_is(buf_view(&b), bytes);
}

static enum blob_append append(int64_t account, struct hash digest, int64_t at, const char *bytes,
                               int64_t total, int64_t *offset)
{
    const struct blob_piece p = { account, digest, at, (int64_t)strlen(bytes), total };
    return blobs_append(blobs, &p, file_of("piece", bytes), offset, &err);
}

TEST(a_whole_blob_is_kept_under_its_name)
{
    const struct hash digest = sha256(STR("hello"));
    CHECK(!holds(&digest, "hello"));
    CHECK(blobs_keep(blobs, &digest, file_of("upload", "hello"), &err));
    CHECK(holds(&digest, "hello"));
}

TEST(keeping_it_again_changes_nothing)
{
    const struct hash digest = sha256(STR("hello"));
    CHECK(blobs_keep(blobs, &digest, file_of("upload", "hello"), &err));
    CHECK(holds(&digest, "hello"));
}

TEST(a_blob_may_be_empty)
{
    const struct hash digest = sha256(STR(""));
    CHECK(blobs_keep(blobs, &digest, NULL, &err));
    CHECK(holds(&digest, ""));
}

TEST(a_file_that_is_not_there_cannot_be_kept)
{
    const struct hash digest = sha256(STR("nothing"));
    CHECK(!blobs_keep(blobs, &digest, "/tmp/bourse-no-such-file", &err));
    CHECK_I64(err.code, ERR_IO);
    CHECK(!holds(&digest, "nothing"));
}

TEST(an_upload_in_pieces_becomes_a_blob)
{
    const struct hash digest = sha256(STR("hello world"));
    int64_t offset = -1;
    CHECK_I64(blobs_offset(blobs, ALICE, &digest), 0);
    CHECK_I64(append(ALICE, digest, 0, "hello ", 11, &offset), BLOB_PART);
    CHECK_I64(offset, 6);
    CHECK_I64(blobs_offset(blobs, ALICE, &digest), 6);
    CHECK_I64(append(ALICE, digest, 6, "world", 11, &offset), BLOB_WHOLE);
    CHECK_I64(offset, 11);
    CHECK(holds(&digest, "hello world"));
    CHECK_I64(blobs_offset(blobs, ALICE, &digest), 0);
}

TEST(a_piece_goes_where_the_upload_stands_or_nowhere)
{
    const struct hash digest = sha256(STR("abcdef"));
    int64_t offset = -1;
    CHECK_I64(append(ALICE, digest, 3, "def", 6, &offset), BLOB_MISPLACED);
    CHECK_I64(offset, 0);
    CHECK_I64(append(ALICE, digest, 0, "abc", 6, &offset), BLOB_PART);
    CHECK_I64(append(ALICE, digest, 0, "abc", 6, &offset), BLOB_MISPLACED);
    CHECK_I64(offset, 3);
    CHECK_I64(append(ALICE, digest, 3, "def", 6, &offset), BLOB_WHOLE);
}

TEST(uploads_of_two_accounts_do_not_mix)
{
    const struct hash digest = sha256(STR("123456"));
    int64_t offset = -1;
    CHECK_I64(append(ALICE, digest, 0, "123", 6, &offset), BLOB_PART);
    CHECK_I64(append(BOB, digest, 0, "12", 6, &offset), BLOB_PART);
    CHECK_I64(blobs_offset(blobs, ALICE, &digest), 3);
    CHECK_I64(blobs_offset(blobs, BOB, &digest), 2);
}

TEST(an_upload_with_another_digest_is_forgotten)
{
    const struct hash digest = sha256(STR("promised"));
    int64_t offset = -1;
    CHECK_I64(append(ALICE, digest, 0, "given...", 8, &offset), BLOB_WRONG);
    CHECK_I64(blobs_offset(blobs, ALICE, &digest), 0);
    CHECK(!holds(&digest, "given..."));
}

TEST(a_piece_that_cannot_be_read_leaves_the_upload_as_it_was)
{
    const struct hash digest = sha256(STR("123456"));
    const struct blob_piece p = { ALICE, digest, 3, 3, 6 };
    int64_t offset = -1;
    CHECK_I64(blobs_append(blobs, &p, "/tmp/bourse-no-such-file", &offset, &err), BLOB_FAILED);
    CHECK_I64(blobs_offset(blobs, ALICE, &digest), 3);
    CHECK_I64(append(ALICE, digest, 3, "456", 6, &offset), BLOB_WHOLE);
    CHECK(holds(&digest, "123456"));
}

struct second {
    pthread_t thread;
    struct hash digest;
    enum blob_append result;
    int64_t offset;
};

static void *append_second(void *arg)
{
    struct second *s = arg;
    const struct blob_piece p = { ALICE, s->digest, 5, 4, 9 };
    struct err its_own = { 0 };

    s->result = blobs_append(blobs, &p, arena_fmt(&arena, "%s/second", dir), &s->offset, &its_own);
    return NULL;
}

/* The second has the file open and waits while the first gives it its name as a blob. */
TEST(a_piece_that_waited_does_not_go_into_a_blob_that_is_whole)
{
    struct second s = { .digest = sha256(STR("first")), .offset = -1 };
    char hex[65];
    int64_t offset = -1;

    CHECK_I64(append(ALICE, s.digest, 0, "first", 9, &offset), BLOB_PART);
    hex_encode(s.digest.b, sizeof(s.digest.b), hex);
    const char *part = arena_fmt(&arena, "%s/blobs/partial/%d/%s", dir, ALICE, hex);
    const char *whole = blobs_path(blobs, &s.digest, &arena);
    CHECK(file_of("second", "more") != NULL);
    const int fd = open(part, O_RDWR | O_CLOEXEC);
    CHECK(fd >= 0 && flock(fd, LOCK_EX) == 0);
    CHECK(pthread_create(&s.thread, NULL, append_second, &s) == 0);
    clock_sleep_us(100000);
    CHECK(rename(part, whole) == 0);
    close(fd);
    pthread_join(s.thread, NULL);
    CHECK_I64(s.result, BLOB_MISPLACED);
    CHECK_I64(s.offset, 0);
    CHECK(holds(&s.digest, "first"));
}

TEST(what_is_kept_cannot_be_written)
{
    const struct hash digest = sha256(STR("hello"));
    struct stat st;
    CHECK(stat(blobs_path(blobs, &digest, &arena), &st) == 0);
    CHECK_I64(st.st_mode & 0777, 0400);
}

TEST(a_blob_can_be_removed_and_kept_again)
{
    const struct hash digest = sha256(STR("gone"));
    CHECK(blobs_keep(blobs, &digest, file_of("upload", "gone"), &err));
    const int held = blobs_lock(blobs, &digest, &err);
    CHECK(held >= 0);
    CHECK(blobs_remove(blobs, &digest, &err));
    CHECK(blobs_remove(blobs, &digest, &err));
    close(held);
    CHECK(!holds(&digest, "gone"));
    CHECK(blobs_keep(blobs, &digest, file_of("upload", "gone"), &err));
    CHECK(holds(&digest, "gone"));
}

TEST(uploads_that_go_on_are_counted_and_forgotten_after_a_day)
{
    const struct hash digest = sha256(STR("long"));
    int64_t offset = -1;
    struct stat st;
    CHECK_I64(append(BOB, digest, 0, "lo", 4, &offset), BLOB_PART);
    CHECK(stat(dir, &st) == 0);
    const int64_t now = st.st_mtim.tv_sec * INT64_C(1000000), day = INT64_C(86400000000);
    CHECK_I64(blobs_partial_bytes(blobs, BOB, now), 4); /* with that of two bytes before */
    CHECK_I64(blobs_partial_bytes(blobs, ALICE, now), 0);
    CHECK_I64(blobs_partial_bytes(blobs, BOB, now + day + 60000000), 0);
    CHECK_I64(blobs_offset(blobs, BOB, &digest), 0);
}

TEST(only_whole_names_are_left)
{
    const struct hash digest = sha256(STR("hello"));
    const char *path = arena_fmt(&arena, "%s/blobs/%02x", dir, digest.b[0]);
    DIR *d = opendir(path);
    CHECK(d != NULL);
    for (const struct dirent *e; (e = readdir(d));)
        CHECK(e->d_name[0] == '.' || strlen(e->d_name) == 64);
    closedir(d);
}

TEST(a_store_begins)
{
    arena_init(&arena, 1 << 20);
    CHECK(mkdtemp(dir) != NULL);
    blobs = blobs_new(dir, &err);
    CHECK(blobs != NULL);
}

TEST(a_store_ends)
{
    char command[64];
    blobs_free(blobs);
    arena_done(&arena);
    snprintf(command, sizeof(command), "rm -rf '%s'", dir);
    CHECK(system(command) == 0);
}

TESTS(T(a_store_begins), T(a_whole_blob_is_kept_under_its_name),
      T(keeping_it_again_changes_nothing), T(a_blob_may_be_empty),
      T(a_file_that_is_not_there_cannot_be_kept), T(an_upload_in_pieces_becomes_a_blob),
      T(a_piece_goes_where_the_upload_stands_or_nowhere), T(uploads_of_two_accounts_do_not_mix),
      T(an_upload_with_another_digest_is_forgotten),
      T(a_piece_that_cannot_be_read_leaves_the_upload_as_it_was),
      T(a_piece_that_waited_does_not_go_into_a_blob_that_is_whole),
      T(what_is_kept_cannot_be_written), T(a_blob_can_be_removed_and_kept_again),
      T(uploads_that_go_on_are_counted_and_forgotten_after_a_day), T(only_whole_names_are_left),
      T(a_store_ends))
