/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/limits.h"
#include "service/outputs.h"
#include "tests/t.h"

static char dir[64];
static struct err err;
static struct arena memory;

static void begin(void)
{
    snprintf(dir, sizeof(dir), "/tmp/bourse-test-outputs-XXXXXX");
    CHECK(mkdtemp(dir) != NULL);
    arena_init(&memory, 4 << 20);
}

static void end(void)
{
    arena_done(&memory);
    CHECK(tree_remove(dir, &err));
    CHECK(access(dir, F_OK) != 0);
}

static const char *at(const char *name)
{
    static char path[PATH_MAX];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

static void file(const char *name, const char *content)
{
    CHECK(file_write(at(name), str_of(content), 0644, &err));
}

static struct outputs collect(const struct str *wanted, size_t n, int64_t bytes_max)
{
    struct outputs out;
    const struct str_list list = { wanted, n };
    CHECK(outputs_collect(dir, &list, bytes_max, &memory, &out, &err));
    return out;
}

TEST(regular_files_are_told_in_order_of_their_paths)
{
    begin();
    file("b", "2");
    CHECK(mkdir(at("a"), 0755) == 0);
    file("a/z", "1");
    file("a.txt", "");
    const struct outputs o = collect(NULL, 0, 1000);
    CHECK_I64(o.n, 3);
    CHECK(str_is(o.v[0].path, "a.txt") && str_is(o.v[1].path, "a/z") && str_is(o.v[2].path, "b"));
    CHECK_STR(o.v[0].sha256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK_I64(o.v[1].size_bytes, 1);
    CHECK_I64(o.passed_over, 0);
    end();
}

TEST(links_pipes_and_bad_names_are_passed_over)
{
    begin();
    file("good", "x");
    CHECK(symlink("/etc/passwd", at("link")) == 0);
    CHECK(symlink("/etc", at("folder")) == 0);
    CHECK(mkfifo(at("pipe"), 0644) == 0);
    file("new\nline", "x");
    file("not \xff utf-8", "x");
    const struct outputs o = collect(NULL, 0, 1000);
    CHECK_I64(o.n, 1);
    CHECK(str_is(o.v[0].path, "good"));
    CHECK_I64(o.passed_over, 5);
    end();
}

TEST(only_what_is_wanted_is_kept)
{
    const struct str wanted[] = { STR("/out/model"), STR("/out/log.txt") }, all[] = { STR("/out") },
                     elsewhere[] = { STR("/etc"), STR("/outer"), STR("/out/mod") };
    begin();
    CHECK(mkdir(at("model"), 0755) == 0);
    file("model/w", "1");
    file("models", "2");
    file("log.txt", "3");
    const struct outputs o = collect(wanted, 2, 1000);
    CHECK_I64(o.n, 2);
    CHECK(str_is(o.v[0].path, "log.txt") && str_is(o.v[1].path, "model/w"));
    CHECK_I64(collect(all, 1, 1000).n, 3);
    CHECK_I64(collect(elsewhere, 3, 1000).n, 0);
    end();
}

TEST(no_more_files_than_a_receipt_holds)
{
    begin();
    for (int i = 0; i < OUTPUTS_MAX + 3; i++) {
        char name[16];
        snprintf(name, sizeof(name), "%03d", i);
        file(name, "x");
    }
    const struct outputs o = collect(NULL, 0, 1000);
    CHECK_I64(o.n, OUTPUTS_MAX);
    CHECK(str_is(o.v[0].path, "000"));
    CHECK_I64(o.passed_over, 3);
    end();
}

TEST(no_more_bytes_than_the_scratch)
{
    begin();
    file("a", "12345");
    file("b", "1234567890");
    file("c", "12345");
    const struct outputs o = collect(NULL, 0, 10);
    CHECK_I64(o.n, 2);
    CHECK(str_is(o.v[0].path, "a") && str_is(o.v[1].path, "c"));
    CHECK_I64(o.passed_over, 1);
    end();
}

TEST(an_output_is_opened_without_following_a_link)
{
    begin();
    CHECK(mkdir(at("a"), 0755) == 0);
    file("a/x", "1");
    CHECK(symlink("a", at("b")) == 0);
    CHECK(symlink("x", at("a/y")) == 0);
    const int fd = outputs_open(dir, STR("a/x"));
    CHECK(fd >= 0);
    close(fd);
    CHECK_I64(outputs_open(dir, STR("b/x")), -1);
    CHECK_I64(outputs_open(dir, STR("a/y")), -1);
    CHECK_I64(outputs_open(dir, STR("a")), -1);
    CHECK_I64(outputs_open(dir, STR("none")), -1);
    end();
}

TEST(disk_use_is_measured)
{
    begin();
    CHECK(outputs_within(dir, 0));
    const int fd = open(at("big"), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    static char block[200000];
    CHECK(write(fd, block, sizeof(block)) == (ssize_t)sizeof(block));
    CHECK(fsync(fd) == 0);
    close(fd);
    CHECK(!outputs_within(dir, 100000));
    CHECK(outputs_within(dir, 300000));
    CHECK(!outputs_within("/no/such/folder", 300000));
    end();
}

TEST(what_is_hidden_too_deep_counts_as_too_much)
{
    begin();
    char path[PATH_MAX] = "";
    for (int i = 0; i <= OUTPUTS_DEPTH_MAX; i++) {
        snprintf(path + 2 * i, sizeof(path) - 2 * (size_t)i, "d/");
        CHECK(mkdir(at(path), 0755) == 0);
    }
    CHECK(!outputs_within(dir, INT64_MAX / 2));
    end();
}

TESTS(T(regular_files_are_told_in_order_of_their_paths),
      T(links_pipes_and_bad_names_are_passed_over), T(only_what_is_wanted_is_kept),
      T(no_more_files_than_a_receipt_holds), T(no_more_bytes_than_the_scratch),
      T(an_output_is_opened_without_following_a_link), T(disk_use_is_measured),
      T(what_is_hidden_too_deep_counts_as_too_much))
