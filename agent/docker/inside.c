/* SPDX-License-Identifier: Apache-2.0 */
#include "docker/inside.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"

#define CGROUP_MAX  65536
#define DEVICES_DIR "/sys/fs/cgroup/devices"
#define MINORS      256

/* What was found: which minor numbers of NVIDIA's. */
struct found {
    bool named[MINORS], allowed[MINORS];
    bool all_allowed;   /* every minor */
    bool allowed_known; /* there is a devices.list */
};

/* ---- the process -------------------------------------------------------------------------------
 */

static bool read_proc(int64_t pid, const char *name, struct buf *out)
{
    struct err ignored;
    char path[64];
    snprintf(path, sizeof(path), "/proc/%" PRId64 "/%s", pid, name);
    return file_read(path, CGROUP_MAX, out, &ignored);
}

static bool holds(struct str text, struct str id)
{
    return id.n > 0 && memmem(text.p, text.n, id.p, id.n) != NULL;
}

/* The engine may count processes from another namespace than we do: then this is somebody else. One
 * that is exiting stands in the root of each group of version 1, whose rules are not its own. */
static bool is_of(struct str cgroup, struct str id)
{
    struct str rest = cgroup, line;
    while (str_cut(rest, '\n', &line, &rest))
        if (holds(line, STR(":devices:")) && !holds(line, id)) return false;
    return holds(cgroup, id);
}

/* ---- nodes -------------------------------------------------------------------------------------
 */

static void note_node(struct found *f, int dir, const char *name)
{
    struct stat st;
    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISCHR(st.st_mode)) return;
    if (major(st.st_rdev) == INSIDE_MAJOR && minor(st.st_rdev) < MINORS)
        f->named[minor(st.st_rdev)] = true;
}

/* No link is followed: what is inside is a stranger's. */
static bool find_nodes(int64_t pid, struct found *f)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%" PRId64 "/root", pid);
    auto_close int root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    const int dev =
        root < 0 ? -1 : openat(root, "dev", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *d = dev < 0 ? NULL : fdopendir(dev);
    if (!d) {
        if (dev >= 0) close(dev);
        return false;
    }
    for (const struct dirent *e; (e = readdir(d));)
        note_node(f, dirfd(d), e->d_name);
    closedir(d);
    return true;
}

/* ---- the device cgroup -------------------------------------------------------------------------
 */

/* The folder of its device group, from a line like "5:devices:/machine/<id>". */
static bool device_group(struct str cgroup, char out[PATH_MAX])
{
    struct str rest = cgroup, line, number, names, group;
    while (str_cut(rest, '\n', &line, &rest)) {
        if (!str_cut(line, ':', &number, &names) || !str_cut(names, ':', &names, &group)) continue;
        if (!str_is(names, "devices")) continue;
        const int n =
            snprintf(out, PATH_MAX, DEVICES_DIR "%.*s/devices.list", (int)group.n, group.p);
        return n > 0 && n < PATH_MAX;
    }
    return false;
}

/* A line like "c 195:0 rwm"; to make a node ("m") is no use without opening it. */
static void note_rule(struct found *f, struct str line)
{
    struct str kind, numbers, access, its_major, its_minor;
    int64_t n;
    if (!str_cut(line, ' ', &kind, &numbers) || !str_cut(numbers, ' ', &numbers, &access)) return;
    if (str_is(access, "m") || str_is(kind, "b")) return;
    if (!str_cut(numbers, ':', &its_major, &its_minor)) return;
    if (!str_is(its_major, "*") && !str_is(its_major, "195")) return;
    if (str_is(its_minor, "*"))
        f->all_allowed = true;
    else if (str_i64(its_minor, 0, MINORS - 1, &n))
        f->allowed[n] = true;
}

static void find_rules(struct str cgroup, struct found *f)
{
    struct err ignored;
    char path[PATH_MAX];
    auto_buf struct buf text = { .max = CGROUP_MAX };
    if (!device_group(cgroup, path) || !file_read(path, CGROUP_MAX, &text, &ignored)) return;
    struct str rest = buf_view(&text), line;
    f->allowed_known = true;
    while (str_cut(rest, '\n', &line, &rest))
        note_rule(f, line);
}

/* ---- the verdict -------------------------------------------------------------------------------
 */

static bool is_granted(const struct gpu_grant *gpus, size_t n, int64_t minor_number)
{
    for (size_t i = 0; i < n; i++)
        if (gpus[i].minor == minor_number) return true;
    return false;
}

static bool has_all(const struct found *f, const struct gpu_grant *gpus, size_t n, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        const int64_t m = gpus[i].minor;
        if (m < 0 || m > INSIDE_MINOR_CARD || !f->named[m])
            return FAIL(err, ERR_PROTOCOL,
                        "GPU %s (/dev/nvidia%" PRId64 ") is not inside the container: the engine "
                        "dropped it.",
                        gpus[i].uuid, m);
        if (f->allowed_known && !f->all_allowed && !f->allowed[m])
            return FAIL(err, ERR_PROTOCOL,
                        "GPU %s (/dev/nvidia%" PRId64 ") may not be opened in the container.",
                        gpus[i].uuid, m);
    }
    return true;
}

static bool has_no_other(const struct found *f, const struct gpu_grant *gpus, size_t n,
                         struct err *err)
{
    if (f->all_allowed)
        return FAIL(err, ERR_PROTOCOL, "The container may open every GPU of this machine.");
    for (int64_t m = 0; m <= INSIDE_MINOR_CARD; m++)
        if ((f->named[m] || f->allowed[m]) && !is_granted(gpus, n, m))
            return FAIL(err, ERR_PROTOCOL,
                        "The container has a GPU that it was not given: /dev/nvidia%" PRId64 ".",
                        m);
    return true;
}

enum engine_result inside_look(struct str id, int64_t pid, const struct gpu_grant *gpus, size_t n,
                               struct err *err)
{
    struct found f = { .all_allowed = false };
    auto_buf struct buf cgroup = { .max = CGROUP_MAX };
    if (pid <= 0 || !read_proc(pid, "cgroup", &cgroup) || !is_of(buf_view(&cgroup), id)) {
        FAIL(err, ERR_PROTOCOL, "The container's process is gone, or not in sight of the agent.");
        return ENGINE_FAILED;
    }
    if (!find_nodes(pid, &f)) {
        FAIL(err, ERR_PROTOCOL,
             "The agent may not look into the container; for GPUs it must run as root.");
        return ENGINE_FAILED;
    }
    find_rules(buf_view(&cgroup), &f);
    return has_all(&f, gpus, n, err) && has_no_other(&f, gpus, n, err) ? ENGINE_DONE
                                                                       : ENGINE_DIFFERS;
}
