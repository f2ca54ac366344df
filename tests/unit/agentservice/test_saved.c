/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "service/outputs.h"
#include "service/saved.h"
#include "tests/t.h"

#define PLENTY (INT64_C(1) << 30)

static char root[64], dir[128], stage[128];
static struct err err;

static void begin(void)
{
    snprintf(root, sizeof(root), "/tmp/bourse-saved-XXXXXX");
    CHECK(mkdtemp(root) != NULL);
    snprintf(dir, sizeof(dir), "%s/checkpoint", root);
    snprintf(stage, sizeof(stage), "%s/stage", root);
    CHECK(mkdir(dir, 0700) == 0);
}

static void end(void)
{
    CHECK(tree_remove(root, &err));
}

static void put(const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    CHECK(file_write(path, str_of(text), 0640, &err));
}

static bool is_staged(const char *sha256)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", stage, sha256);
    return access(path, F_OK) == 0;
}

static const char *piece(const struct snapshot *s, size_t file)
{
    return s->manifest.files[file].pieces.v[0].p;
}

TEST(a_folder_is_read_and_what_is_no_file_of_it_is_not)
{
    struct snapshot s;
    char path[256];
    begin();
    put("model", "weights");
    put("steps.tmp", "half");
    put("empty", "");
    snprintf(path, sizeof(path), "%s/deep", dir);
    CHECK(mkdir(path, 0700) == 0);
    put("deep/log", "line");
    snprintf(path, sizeof(path), "%s/link", dir);
    CHECK(symlink("/etc/passwd", path) == 0);
    snprintf(path, sizeof(path), "%s/pipe", dir);
    CHECK(mkfifo(path, 0600) == 0);

    snapshot_init(&s);
    CHECK_I64(saved_take(dir, stage, NULL, PLENTY, &s, &err), SHOT_TAKEN);
    CHECK_I64((int64_t)s.manifest.n, 3);
    CHECK(str_is(s.manifest.files[0].path, "deep/log") && s.manifest.files[0].mode == 0640);
    CHECK(str_is(s.manifest.files[1].path, "empty") && s.manifest.files[1].pieces.n == 0);
    CHECK(str_is(s.manifest.files[2].path, "model") && s.manifest.files[2].size_bytes == 7);
    CHECK(is_staged(piece(&s, 0)) && is_staged(piece(&s, 2)) && is_staged(s.sha256));
    CHECK(s.newest_ns > 0 && s.newest_ns <= s.now_ns);
    snapshot_done(&s);
    end();
}

TEST(what_has_not_changed_is_not_staged_again)
{
    struct snapshot first, second;
    begin();
    put("a", "one");
    put("b", "two");
    snapshot_init(&first);
    snapshot_init(&second);
    CHECK_I64(saved_take(dir, stage, NULL, PLENTY, &first, &err), SHOT_TAKEN);
    CHECK(!saved_has_changed(dir, &first));
    CHECK(tree_remove(stage, &err));
    put("b", "three"); /* as a program does: another file under the same name */
    CHECK(saved_has_changed(dir, &first));
    CHECK_I64(saved_take(dir, stage, &first, PLENTY, &second, &err), SHOT_TAKEN);
    CHECK(strncmp(piece(&first, 0), piece(&second, 0), 64) == 0);
    CHECK(strncmp(piece(&first, 1), piece(&second, 1), 64) != 0);
    CHECK(!is_staged(piece(&second, 0)) && is_staged(piece(&second, 1)));
    CHECK(strcmp(first.sha256, second.sha256) != 0);
    snapshot_done(&first);
    snapshot_done(&second);
    end();
}

TEST(more_than_fits_is_too_much)
{
    struct snapshot s;
    begin();
    put("a", "12345678");
    snapshot_init(&s);
    CHECK_I64(saved_take(dir, stage, NULL, 7, &s, &err), SHOT_TOO_MUCH);
    CHECK_I64(saved_take(dir, stage, NULL, 8, &s, &err), SHOT_TAKEN);
    snapshot_done(&s);
    end();
}

TEST(a_file_is_made_where_the_manifest_says_and_never_over_another)
{
    const struct saved_file deep = { .path = STR("x/y/z"), .mode = 0750 };
    const struct saved_file through = { .path = STR("link/z"), .mode = 0640 };
    struct stat st;
    char path[256];
    begin();
    int fd = saved_create(dir, &deep, &err);
    CHECK(fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & 0777) == 0750);
    close(fd);
    CHECK_I64(saved_create(dir, &deep, &err), -1);
    CHECK_I64(err.code, ERR_IO);
    snprintf(path, sizeof(path), "%s/link", dir);
    CHECK(symlink("gone", path) == 0);
    CHECK_I64(saved_create(dir, &through, &err), -1);
    CHECK(saved_give(dir, &err));
    end();
}

TESTS(T(a_folder_is_read_and_what_is_no_file_of_it_is_not),
      T(what_has_not_changed_is_not_staged_again), T(more_than_fits_is_too_much),
      T(a_file_is_made_where_the_manifest_says_and_never_over_another))
