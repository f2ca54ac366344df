/* SPDX-License-Identifier: Apache-2.0 */
#include "service/command.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTPUT_MAX 65536

static bool is_program(const char *folder, size_t n, const char *name, char *out, size_t room)
{
    const int written = snprintf(out, room, "%.*s/%s", (int)n, folder, name);
    return written > 0 && (size_t)written < room && access(out, X_OK) == 0;
}

bool command_find(const char *name, char *out, size_t room)
{
    static const char *const more[] = { "/usr/sbin", "/sbin", "/usr/bin", "/bin" };
    const char *path = getenv("PATH");
    struct str folder, rest = str_of(path);
    while (str_cut(rest, ':', &folder, &rest))
        if (is_program(folder.p, folder.n, name, out, room)) return true;
    if (rest.n > 0 && is_program(rest.p, rest.n, name, out, room)) return true;
    for (size_t i = 0; i < ARRAY_LEN(more); i++)
        if (is_program(more[i], strlen(more[i]), name, out, room)) return true;
    return false;
}

/* A file in memory that holds the input; -1: none. */
static int input_file(struct str input)
{
    const int fd = memfd_create("input", MFD_CLOEXEC);
    size_t done = 0;
    while (fd >= 0 && done < input.n) {
        const ssize_t n = write(fd, input.p + done, input.n - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            close(fd);
            return -1;
        }
        done += (size_t)n;
    }
    if (fd >= 0) lseek(fd, 0, SEEK_SET);
    return fd;
}

/* Signals are blocked in the agent's threads; another program shall have them. */
static bool start(const char *path, const char *const *words, int in, int out, pid_t *pid)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none;
    char *const environment[] = { (char[]){ "LC_ALL=C" },
                                  (char[]){ "PATH=/usr/sbin:/usr/bin:/sbin:/bin" }, NULL };
    char *arguments[64];
    size_t n = 0;
    for (; words[n] && n < ARRAY_LEN(arguments) - 1; n++)
        memcpy(&arguments[n], &words[n], sizeof(arguments[n])); /* spawn takes them as not const */
    arguments[n] = NULL;
    sigemptyset(&none);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, out, STDERR_FILENO);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    const bool ok = posix_spawn(pid, path, &files, &attributes, arguments, environment) == 0;
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return ok;
}

static void read_all(int fd, struct buf *out)
{
    char chunk[4096];
    for (;;) {
        const ssize_t n = read(fd, chunk, sizeof(chunk));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return;
        buf_add(out, chunk, (size_t)n);
    }
}

static int await(pid_t pid)
{
    int status = -1;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

bool command_run(const char *const *words, struct str input, struct buf *out, struct err *err)
{
    char path[PATH_MAX];
    auto_buf struct buf mine = { .max = OUTPUT_MAX };
    struct buf *text = out ? out : &mine;
    int pipes[2];
    pid_t pid;
    if (!command_find(words[0], path, sizeof(path)))
        return FAIL(err, ERR_NOT_FOUND, "The program %s is not on this machine.", words[0]);
    if (pipe2(pipes, O_CLOEXEC) != 0) return FAIL(err, ERR_IO, "No pipe could be made.");
    auto_close int in = input_file(input), from = pipes[0];
    const bool started = in >= 0 && start(path, words, in, pipes[1], &pid);
    close(pipes[1]);
    if (!started) return FAIL(err, ERR_IO, "The program %s could not be started.", words[0]);
    read_all(from, text);
    const int status = await(pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return true;
    const struct str said = str_trim(buf_view(text));
    return FAIL(err, ERR_IO, "The program %s failed: %.*s", words[0],
                (int)(said.n < 200 ? said.n : 200), said.p);
}
