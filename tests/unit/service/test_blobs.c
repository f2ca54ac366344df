/* SPDX-License-Identifier: Apache-2.0 */
#include "service/blobs.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "sign/sha.h"
#include "tests/t.h"

#define ALICE 16
#define BOB   17

static char dir[] = "/tmp/bourse-blobs-XXXXXX";
static struct arena arena;
static struct blobs *blobs;
static struct partials *partials;
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
    char text[4096];
    auto_close int fd = blobs_open(blobs, digest, &err);
    const ssize_t n = fd >= 0 ? read(fd, text, sizeof(text)) : -1;
    return n == (ssize_t)strlen(bytes) && memcmp(text, bytes, strlen(bytes)) == 0;
}

static const char *name_of(const struct hash *digest)
{
    char hex[65];
    hex_encode(digest->b, sizeof(digest->b), hex);
    return arena_fmt(&arena, "%s/blobs/%02x/%s", dir, digest->b[0], hex);
}

#define MISPLACED (-1)

/* A whole piece, from its first byte to its end, and the blob when that was the last one. */
static int append(int64_t account, struct hash digest, int64_t at, const char *bytes, int64_t total,
                  int64_t *offset)
{
    const struct blob_piece p = { account, digest, at, (int64_t)strlen(bytes), total };
    struct partial *w = NULL;
    const char *path = NULL;
    if (partial_open(partials, &p, &w, offset, &err) != PARTIAL_OPEN) return MISPLACED;
    CHECK(partial_write(w, bytes, strlen(bytes), &err));
    const enum partial_end end = partial_end(w, &path, offset, &err);
    if (end == PARTIAL_WHOLE) CHECK(blobs_keep(blobs, &digest, path, &err));
    partial_close(w, end == PARTIAL_WHOLE);
    return (int)end;
}

static int64_t offset_of(int64_t account, const struct hash *digest)
{
    return partials_offset(partials, account, digest);
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
    CHECK_I64(offset_of(ALICE, &digest), 0);
    CHECK_I64(append(ALICE, digest, 0, "hello ", 11, &offset), PARTIAL_PART);
    CHECK_I64(offset, 6);
    CHECK_I64(offset_of(ALICE, &digest), 6);
    CHECK_I64(append(ALICE, digest, 6, "world", 11, &offset), PARTIAL_WHOLE);
    CHECK_I64(offset, 11);
    CHECK(holds(&digest, "hello world"));
    CHECK_I64(offset_of(ALICE, &digest), 0);
}

TEST(a_piece_goes_where_the_upload_stands_or_nowhere)
{
    const struct hash digest = sha256(STR("abcdef"));
    int64_t offset = -1;
    CHECK_I64(append(ALICE, digest, 3, "def", 6, &offset), MISPLACED);
    CHECK_I64(offset, 0);
    CHECK_I64(append(ALICE, digest, 0, "abc", 6, &offset), PARTIAL_PART);
    CHECK_I64(append(ALICE, digest, 0, "abc", 6, &offset), MISPLACED);
    CHECK_I64(offset, 3);
    CHECK_I64(append(ALICE, digest, 3, "def", 6, &offset), PARTIAL_WHOLE);
}

TEST(uploads_of_two_accounts_do_not_mix)
{
    const struct hash digest = sha256(STR("123456"));
    int64_t offset = -1;
    CHECK_I64(append(ALICE, digest, 0, "123", 6, &offset), PARTIAL_PART);
    CHECK_I64(append(BOB, digest, 0, "12", 6, &offset), PARTIAL_PART);
    CHECK_I64(offset_of(ALICE, &digest), 3);
    CHECK_I64(offset_of(BOB, &digest), 2);
}

TEST(an_upload_with_another_digest_is_forgotten)
{
    const struct hash digest = sha256(STR("promised"));
    int64_t offset = -1;
    CHECK_I64(append(ALICE, digest, 0, "given...", 8, &offset), PARTIAL_WRONG);
    CHECK_I64(offset_of(ALICE, &digest), 0);
    CHECK(!holds(&digest, "given..."));
}

TEST(what_came_before_the_line_was_cut_stays)
{
    const struct hash digest = sha256(STR("123456"));
    const struct blob_piece p = { ALICE, digest, 3, 3, 6 };
    struct partial *w = NULL;
    int64_t offset = -1;
    CHECK_I64(partial_open(partials, &p, &w, &offset, &err), PARTIAL_OPEN);
    CHECK(partial_write(w, "4", 1, &err));
    partial_close(w, false);
    CHECK_I64(offset_of(ALICE, &digest), 4);
    CHECK_I64(append(ALICE, digest, 4, "56", 6, &offset), PARTIAL_WHOLE);
    CHECK(holds(&digest, "123456"));
}

TEST(bytes_that_were_not_those_sent_are_taken_back)
{
    const struct hash digest = sha256(STR("undone"));
    const struct blob_piece p = { ALICE, digest, 2, 2, 6 };
    struct partial *w = NULL;
    int64_t offset = -1;
    CHECK_I64(append(ALICE, digest, 0, "un", 6, &offset), PARTIAL_PART);
    CHECK_I64(partial_open(partials, &p, &w, &offset, &err), PARTIAL_OPEN);
    CHECK(partial_write(w, "xx", 2, &err));
    partial_undo(w);
    partial_close(w, false);
    CHECK_I64(append(ALICE, digest, 2, "done", 6, &offset), PARTIAL_WHOLE);
}

/* The line of the first is dead, though we do not know it yet. */
TEST(whoever_comes_where_it_stands_takes_it_over)
{
    const struct hash digest = sha256(STR("taken over"));
    const struct blob_piece p = { ALICE, digest, 0, 10, 10 }, q = { ALICE, digest, 4, 6, 10 };
    struct partial *first = NULL, *second = NULL;
    const char *path = NULL;
    int64_t offset = -1;
    CHECK_I64(partial_open(partials, &p, &first, &offset, &err), PARTIAL_OPEN);
    CHECK(partial_write(first, "take", 4, &err));
    CHECK_I64(partial_open(partials, &q, &second, &offset, &err), PARTIAL_OPEN);
    CHECK(!partial_write(first, "XXX", 3, &err));
    CHECK_I64(err.code, ERR_WRONG_STATE);
    CHECK_I64(partial_end(first, &path, &offset, &err), PARTIAL_NOT_END);
    CHECK(partial_write(second, "n over", 6, &err));
    CHECK_I64(partial_end(second, &path, &offset, &err), PARTIAL_WHOLE);

    /* While it becomes a blob nobody may write: the file's name will promise its bytes. */
    struct partial *third = NULL;
    const struct blob_piece r = { ALICE, digest, 10, 0, 10 };
    CHECK_I64(partial_open(partials, &r, &third, &offset, &err), PARTIAL_BUSY);
    CHECK(!partial_write(first, "XXX", 3, &err));
    CHECK(!partial_write(second, "XXX", 3, &err));
    CHECK(blobs_keep(blobs, &digest, path, &err));
    partial_close(second, true);
    CHECK(!partial_write(first, "XXX", 3, &err));
    partial_close(first, false);
    CHECK(holds(&digest, "taken over"));
    CHECK_I64(offset_of(ALICE, &digest), 0);
}

/* As after a crash between the last byte and the name, or when the store was away. */
TEST(what_is_all_there_becomes_a_blob_without_another_byte)
{
    const struct hash digest = sha256(STR("all here"));
    const struct blob_piece p = { BOB, digest, 0, 8, 8 };
    struct partial *w = NULL;
    int64_t offset = -1;
    CHECK_I64(partial_open(partials, &p, &w, &offset, &err), PARTIAL_OPEN);
    CHECK(partial_write(w, "all here", 8, &err));
    partial_close(w, false);
    CHECK_I64(offset_of(BOB, &digest), 8);
    CHECK_I64(append(BOB, digest, 8, "", 8, &offset), PARTIAL_WHOLE);
    CHECK(holds(&digest, "all here"));
}

TEST(what_is_kept_cannot_be_written)
{
    const struct hash digest = sha256(STR("hello"));
    struct stat st;
    CHECK(stat(name_of(&digest), &st) == 0);
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
    CHECK_I64(append(BOB, digest, 0, "lo", 4, &offset), PARTIAL_PART);
    CHECK(stat(dir, &st) == 0);
    const int64_t now = st.st_mtim.tv_sec * INT64_C(1000000), day = INT64_C(86400000000);
    partials_forget(partials, now);
    CHECK_I64(partials_bytes(partials, BOB), 4); /* with that of two bytes before */
    CHECK_I64(partials_bytes(partials, ALICE), 0);
    partials_forget(partials, now + day + 60000000);
    CHECK_I64(partials_bytes(partials, BOB), 0);
    CHECK_I64(offset_of(BOB, &digest), 0);
}

/* Its whole length is counted as an upload under way, so what has come must not count as well. */
TEST(what_a_piece_brings_just_now_is_not_counted_twice)
{
    const struct hash digest = sha256(STR("counted"));
    const struct blob_piece p = { BOB, digest, 0, 7, 7 };
    struct partial *w = NULL;
    int64_t offset = -1;
    CHECK_I64(partial_open(partials, &p, &w, &offset, &err), PARTIAL_OPEN);
    CHECK(partial_write(w, "count", 5, &err));
    CHECK_I64(partials_bytes(partials, BOB), 0);
    partial_close(w, false);
    CHECK_I64(partials_bytes(partials, BOB), 5);
}

TEST(a_store_is_a_bucket_only_with_all_that_it_needs)
{
    static const char *const wrong[] = { "s3:/b",     "s3://",     "s3://b/../x",
                                         "s3://b//x", "s3://b /x", "/var/blobs" };
    struct blobs_options o = { .state_dir = dir, .s3_region = "r", .s3_endpoint = "http://h" };
    o.s3_credentials = file_of("s3", "access_key = a\nsecret_key = b\n");
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        o.where = wrong[i];
        CHECK(!blobs_new(&o, &err));
        CHECK_I64(err.code, ERR_VALIDATION_FAILED);
    }
    o.where = "s3://b/x";
    o.s3_endpoint = "ftp://h";
    CHECK(!blobs_new(&o, &err));
    CHECK_I64(err.code, ERR_VALIDATION_FAILED);
    o.s3_endpoint = "http://h";
    o.s3_credentials = file_of("s3", "access_key = a\n");
    CHECK(!blobs_new(&o, &err));
    CHECK_I64(err.code, ERR_VALIDATION_FAILED);
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
    blobs = blobs_new(&(const struct blobs_options){ .state_dir = dir }, &err);
    CHECK(blobs != NULL);
    partials = blobs_partials(blobs);
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
      T(an_upload_with_another_digest_is_forgotten), T(what_came_before_the_line_was_cut_stays),
      T(bytes_that_were_not_those_sent_are_taken_back),
      T(whoever_comes_where_it_stands_takes_it_over),
      T(what_is_all_there_becomes_a_blob_without_another_byte), T(what_is_kept_cannot_be_written),
      T(a_blob_can_be_removed_and_kept_again),
      T(uploads_that_go_on_are_counted_and_forgotten_after_a_day),
      T(what_a_piece_brings_just_now_is_not_counted_twice),
      T(a_store_is_a_bucket_only_with_all_that_it_needs), T(only_whole_names_are_left),
      T(a_store_ends))
