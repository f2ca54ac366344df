/* SPDX-License-Identifier: Apache-2.0 */
/* Files: the image's, those the engine puts in, and tricks for whoever collects /out. */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

static void root_file(struct answer *a)
{
    refused(a, open("/bin/planted", O_WRONLY | O_CREAT | O_CLOEXEC, 0755));
}

static void own_program(struct answer *a)
{
    const int one = try_write("/bin/probe");
    refused(a, one < 0 ? try_write("/proc/1/exe") : one);
}

static void engine_files(struct answer *a)
{
    static const char *const paths[] = { "/etc/hosts",  "/etc/resolv.conf",   "/etc/hostname",
                                         "/etc/passwd", "/run/.containerenv", "/.dockerenv" };
    int last = ENOENT;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        if (try_write(paths[i]) >= 0) {
            escaped(a, "%s can be written", paths[i]);
            return;
        }
        if (errno != ENOENT) last = errno;
    }
    contained(a, "%s", strerrorname_np(last));
}

/* Links to files of the host are made here; that nobody follows them is seen from outside. */
static void symlinks(struct answer *a)
{
    int made = 0;
    made += symlink(stage.canary ? stage.canary : "/etc/shadow", "/out/link-absolute") == 0;
    made += symlink("../../../../../../etc/shadow", "/out/link-relative") == 0;
    made += symlink("/", "/out/link-folder") == 0;
    made += symlink("/proc/self/root", "/out/link-proc") == 0;
    contained(a, "%d links lie in /out, for the one who collects", made);
}

static void hard_link(struct answer *a)
{
    refused(a, link("/etc/hosts", "/out/hosts") < 0 ? link("/bin/suid", "/out/suid") : 0);
}

static void odd_names(struct answer *a)
{
    int made = 0;
    static const char *const names[] = { "/out/new\nline", "/out/back\\slash", "/out/-rf",
                                         "/out/\xff\xfe", "/out/ " };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const int fd = open(names[i], O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        if (fd >= 0) close(fd);
        made += fd >= 0;
    }
    contained(a, "%d odd names lie in /out, for the one who collects", made);
}

/* A pipe that nobody writes to would hold up a reader for ever. */
static void special_files(struct answer *a)
{
    const int r = mkfifo("/out/pipe", 0666);
    contained(a, "a pipe %s in /out, for the one who collects", r == 0 ? "lies" : "cannot be made");
}

static void suid_in_out(struct answer *a)
{
    const int fd = open("/out/suid", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    struct stat st = { 0 };
    if (fd >= 0 && fchmod(fd, 04755) == 0) fstat(fd, &st);
    if (fd >= 0) close(fd);
    judged(a, st.st_uid == 0 && (st.st_mode & 04000) && fd >= 0, "such a file belongs to user %d",
           (int)st.st_uid);
}

static void give_away(struct answer *a)
{
    const int fd = open("/out/given", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    refused(a, fd < 0 ? -1 : fchown(fd, 0, 0));
}

/* A whole disk, where /out is one of its own. */
static void out_size(struct answer *a)
{
    struct statfs fs;
    if (stage.out_bytes == 0) {
        contained(a, "bounded by the agent's watch");
        return;
    }
    if (statfs("/out", &fs) != 0) {
        refused(a, 0);
        return;
    }
    const int64_t size = (int64_t)fs.f_blocks * (int64_t)fs.f_bsize;
    judged(a, size > stage.out_bytes, "it is a disk of %lld bytes", (long long)size);
}

const struct probe probes_files[] = {
    { "root-file", "write into the image", root_file, 0, 0 },
    { "own-program", "overwrite the program or the runtime behind /proc/1/exe", own_program, 0, 0 },
    { "engine-files", "write hosts, resolv.conf and others of the engine", engine_files, 0, 0 },
    { "symlinks", "leave links to the host's files in /out", symlinks, 0, 0 },
    { "hard-link", "link files of the engine into /out", hard_link, 0, 0 },
    { "odd-names", "leave odd names in /out", odd_names, 0, 0 },
    { "special-files", "leave a pipe in /out", special_files, 0, 0 },
    { "suid-in-out", "leave a set-user-id file of root in /out", suid_in_out, 0, 0 },
    { "give-away", "give a file in /out to root", give_away, 0, 0 },
    { "out-size", "have more disk than was given", out_size, 0, 0 },
    { NULL, NULL, NULL, 0, 0 },
};
