/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fd.h"
#include "base/mem.h"
#include "tests/t.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

/* The working folder is a fresh one for each test, so that names are short. */
static char folder[] = "/tmp/bourse-fd-XXXXXX";

static void enter_folder(void)
{
    memset(folder + sizeof(folder) - 7, 'X', 6);
    CHECK(mkdtemp(folder));
    CHECK(chdir(folder) == 0);
}

static void leave_folder(void)
{
    CHECK(chdir("/") == 0);
    CHECK(rmdir(folder) == 0); /* so a test leaves nothing behind, above all no temporary file */
}

static void write_text(const char *path, const char *bytes)
{
    struct err err;
    CHECK(file_write(path, str_of(bytes), 0600, &err));
}

static bool holds(const char *path, struct str want)
{
    auto_buf struct buf b = { 0 };
    struct err err;
    return file_read(path, 1 << 20, &b, &err) && str_eq(buf_view(&b), want);
}

static unsigned mode_of(const char *path)
{
    struct stat st;
    CHECK(stat(path, &st) == 0);
    return st.st_mode & 07777u;
}

static int lowest_free_fd(void)
{
    const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    CHECK(fd >= 0);
    close(fd);
    return fd;
}

TEST(what_was_written_is_read)
{
    enter_folder();
    write_text("a", "hello");
    CHECK(holds("a", STR("hello")));
    unlink("a");
    leave_folder();
}

TEST(a_file_may_be_empty_or_hold_any_byte)
{
    struct err err;
    enter_folder();
    CHECK(file_write("a", str_of(NULL), 0600, &err));
    CHECK(holds("a", STR("")));
    CHECK(file_write("a", STR("\0\xff\n\0"), 0600, &err));
    CHECK(holds("a", STR("\0\xff\n\0")));
    unlink("a");
    leave_folder();
}

TEST(a_file_larger_than_one_read_is_whole)
{
    static char large[100000];
    struct err err;
    enter_folder();
    for (size_t i = 0; i < sizeof(large); i++)
        large[i] = (char)(i * 7);
    CHECK(file_write("a", (struct str){ large, sizeof(large) }, 0600, &err));
    CHECK(holds("a", (struct str){ large, sizeof(large) }));
    unlink("a");
    leave_folder();
}

TEST(reading_replaces_what_the_buffer_held)
{
    auto_buf struct buf b;
    struct err err;
    enter_folder();
    buf_init(&b, 3);
    buf_c(&b, "old");
    buf_c(&b, "too long");
    write_text("a", "new");
    CHECK(file_read("a", 100, &b, &err));
    CHECK(str_is(buf_view(&b), "new") && !b.failed);
    unlink("a");
    leave_folder();
}

TEST(the_maximum_itself_is_read_and_one_more_is_refused)
{
    auto_buf struct buf b;
    struct err err;
    enter_folder();
    buf_init(&b, 10);
    buf_c(&b, "old");
    write_text("a", "12345");
    CHECK(!file_read("a", 4, &b, &err));
    CHECK(err.code == ERR_IO);
    CHECK(str_is(buf_view(&b), "old"));
    CHECK(file_read("a", 5, &b, &err));
    CHECK(str_is(buf_view(&b), "12345"));
    unlink("a");
    leave_folder();
}

TEST(a_missing_file_is_not_found_and_its_path_is_for_the_log_alone)
{
    auto_buf struct buf b = { 0 };
    struct err err;
    CHECK(!file_read("/tmp/bourse-missing", 10, &b, &err));
    CHECK(err.code == ERR_NOT_FOUND);
    CHECK(!strstr(err.detail, "bourse-missing"));
    CHECK(strstr(err.internal, "/tmp/bourse-missing: "));
}

TEST(a_folder_cannot_be_read_as_a_file)
{
    auto_buf struct buf b = { 0 };
    struct err err;
    CHECK(!file_read("/tmp", 10, &b, &err));
    CHECK(err.code == ERR_IO);
}

TEST(writing_again_replaces_the_whole_file)
{
    enter_folder();
    write_text("a", "a long text");
    write_text("a", "short");
    CHECK(holds("a", STR("short")));
    unlink("a");
    leave_folder();
}

TEST(one_who_has_the_old_file_open_keeps_the_old_bytes)
{
    char text[8] = "";
    enter_folder();
    write_text("a", "old");
    auto_close int fd = open("a", O_RDONLY | O_CLOEXEC);
    write_text("a", "new");
    CHECK(read(fd, text, sizeof(text) - 1) == 3);
    CHECK_STR(text, "old");
    unlink("a");
    leave_folder();
}

TEST(the_mode_is_that_of_open)
{
    struct err err;
    enter_folder();
    const mode_t mask = umask(027);
    CHECK(file_write("a", STR("x"), 0600, &err));
    CHECK_I64(mode_of("a"), 0600);
    CHECK(file_write("a", STR("x"), 0666, &err));
    CHECK_I64(mode_of("a"), 0640);
    umask(mask);
    unlink("a");
    leave_folder();
}

TEST(paths_with_folders_and_from_the_root_work)
{
    char path[64];
    struct err err;
    enter_folder();
    CHECK(dir_make("b", &err));
    write_text("b/a", "x");
    CHECK(holds("b/a", STR("x")));
    unlink("b/a");
    rmdir("b");
    snprintf(path, sizeof(path), "%s/a", folder);
    write_text(path, "x");
    CHECK(holds("a", STR("x")));
    unlink("a");
    leave_folder();
}

TEST(a_failed_write_leaves_the_old_and_nothing_else)
{
    struct err err;
    enter_folder();
    CHECK(mkdir("d", 0700) == 0);
    CHECK(!file_write("d", STR("x"), 0600, &err));
    CHECK(err.code == ERR_IO);
    CHECK(!file_write("missing/a", STR("x"), 0600, &err));
    CHECK(err.code == ERR_IO);
    CHECK(strstr(err.internal, "missing/a: "));
    CHECK(!file_write("", STR("x"), 0600, &err));
    CHECK(rmdir("d") == 0);
    leave_folder();
}

TEST(a_path_that_is_too_long_is_an_error)
{
    static char path[PATH_MAX + 10];
    struct err err;
    memset(path, 'a', sizeof(path) - 1);
    CHECK(!file_write(path, STR("x"), 0600, &err));
    CHECK(err.code == ERR_IO);
    CHECK(!dir_make(path, &err));
    CHECK(err.code == ERR_IO);
}

TEST(no_descriptor_is_left_open)
{
    auto_buf struct buf b = { 0 };
    struct err err;
    enter_folder();
    const int before = lowest_free_fd();
    write_text("a", "12345");
    CHECK(file_read("a", 10, &b, &err));
    CHECK(!file_read("a", 1, &b, &err));
    CHECK(!file_write("missing/a", STR("x"), 0600, &err));
    CHECK_I64(lowest_free_fd(), before);
    unlink("a");
    leave_folder();
}

TEST(all_folders_of_a_path_are_made_for_us_alone)
{
    struct err err;
    enter_folder();
    const mode_t mask = umask(0);
    CHECK(dir_make("a/b//c/", &err));
    umask(mask);
    CHECK_I64(mode_of("a"), 0700);
    CHECK_I64(mode_of("a/b/c"), 0700);
    CHECK(dir_make("a/b/c", &err));
    CHECK(dir_make(folder, &err));
    CHECK(dir_make("/", &err));
    CHECK(dir_make(".", &err));
    CHECK(rmdir("a/b/c") == 0 && rmdir("a/b") == 0 && rmdir("a") == 0);
    leave_folder();
}

TEST(what_is_there_already_keeps_its_mode)
{
    struct err err;
    enter_folder();
    CHECK(mkdir("a", 0750) == 0);
    CHECK(dir_make("a/b", &err));
    CHECK_I64(mode_of("a"), 0750);
    CHECK(rmdir("a/b") == 0 && rmdir("a") == 0);
    leave_folder();
}

TEST(a_file_in_the_way_is_an_error)
{
    struct err err;
    enter_folder();
    write_text("a", "x");
    CHECK(!dir_make("a", &err));
    CHECK(err.code == ERR_IO);
    CHECK(!dir_make("a/b", &err));
    CHECK(err.code == ERR_IO);
    CHECK(!dir_make("", &err));
    CHECK(err.code == ERR_IO);
    unlink("a");
    leave_folder();
}

TEST(a_scope_that_ends_closes_its_file_and_keeps_errno)
{
    const int before = lowest_free_fd();
    errno = 0;
    {
        auto_close int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        auto_close int none = -1;
        CHECK(fd == before && none < 0);
        errno = ENOENT;
    }
    CHECK(errno == ENOENT);
    CHECK_I64(lowest_free_fd(), before);
}

TEST(a_scope_that_ends_frees_what_was_not_taken)
{
    char *kept = NULL;
    {
        auto_free char *p = mem_zalloc(1); /* the leak checker is the judge */
        auto_free char *q = mem_zalloc(1);
        CHECK(p);
        kept = take(q);
        CHECK(!q);
    }
    CHECK_STR(kept, "");
    mem_free(kept);
}

TESTS(T(what_was_written_is_read), T(a_file_may_be_empty_or_hold_any_byte),
      T(a_file_larger_than_one_read_is_whole), T(reading_replaces_what_the_buffer_held),
      T(the_maximum_itself_is_read_and_one_more_is_refused),
      T(a_missing_file_is_not_found_and_its_path_is_for_the_log_alone),
      T(a_folder_cannot_be_read_as_a_file), T(writing_again_replaces_the_whole_file),
      T(one_who_has_the_old_file_open_keeps_the_old_bytes), T(the_mode_is_that_of_open),
      T(paths_with_folders_and_from_the_root_work),
      T(a_failed_write_leaves_the_old_and_nothing_else), T(a_path_that_is_too_long_is_an_error),
      T(no_descriptor_is_left_open), T(all_folders_of_a_path_are_made_for_us_alone),
      T(what_is_there_already_keeps_its_mode), T(a_file_in_the_way_is_an_error),
      T(a_scope_that_ends_closes_its_file_and_keeps_errno),
      T(a_scope_that_ends_frees_what_was_not_taken))
