/* SPDX-License-Identifier: Apache-2.0 */
#include "docker/oom.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"

#define WATCHED_MAX 128
#define NAME_SIZE   128
#define CGROUP_MAX  16384
#define ROOT        "/sys/fs/cgroup/memory"

struct watched {
    char name[NAME_SIZE]; /* empty: free */
    char control[PATH_MAX];
    int events;
    uint64_t seen;
};

struct oom_watch {
    pthread_mutex_t lock; /* guards: v */
    struct watched v[WATCHED_MAX];
};

struct oom_watch *oom_watch_new(void)
{
    struct oom_watch *w = mem_zalloc(sizeof(*w));
    pthread_mutex_init(&w->lock, NULL);
    return w;
}

static void release(struct watched *it)
{
    if (it->name[0] != '\0') close(it->events);
    it->name[0] = '\0';
}

void oom_watch_free(struct oom_watch *w)
{
    if (!w) return;
    for (size_t i = 0; i < WATCHED_MAX; i++)
        release(&w->v[i]);
    pthread_mutex_destroy(&w->lock);
    mem_free(w);
}

/* A name of "" finds a free place. */
static struct watched *find(struct oom_watch *w, const char *name)
{
    for (size_t i = 0; i < WATCHED_MAX; i++)
        if (strcmp(w->v[i].name, name) == 0) return &w->v[i];
    return NULL;
}

/* The folder of the memory group of a process, from lines like "7:memory:/machine/<id>". */
static bool memory_group(int64_t pid, struct str id, char out[PATH_MAX])
{
    struct err err;
    char path[64];
    auto_buf struct buf text = { .max = CGROUP_MAX };
    snprintf(path, sizeof(path), "/proc/%" PRId64 "/cgroup", pid);
    if (pid <= 0 || !file_read(path, CGROUP_MAX, &text, &err)) return false;

    struct str rest = buf_view(&text), line, number, names, group;
    while (str_cut(rest, '\n', &line, &rest)) {
        if (!str_cut(line, ':', &number, &names) || !str_cut(names, ':', &names, &group)) continue;
        if (!str_is(names, "memory") || !memmem(group.p, group.n, id.p, id.n)) continue;
        const int n = snprintf(out, PATH_MAX, ROOT "%.*s", (int)group.n, group.p);
        return n > 0 && n < PATH_MAX;
    }
    return false;
}

/* -1: there is nothing to register with. */
static int register_events(const char *group, char control[PATH_MAX])
{
    char registration[PATH_MAX], line[32];
    int n = snprintf(control, PATH_MAX, "%s/memory.oom_control", group);
    const int m = snprintf(registration, sizeof(registration), "%s/cgroup.event_control", group);
    if (n < 0 || n >= PATH_MAX || m < 0 || m >= PATH_MAX) return -1;

    auto_close int watched = open(control, O_RDONLY | O_CLOEXEC);
    auto_close int to = open(registration, O_WRONLY | O_CLOEXEC);
    if (watched < 0 || to < 0) return -1;
    const int events = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    n = snprintf(line, sizeof(line), "%d %d", events, watched);
    if (events >= 0 && write(to, line, (size_t)n) == n) return events;
    if (events >= 0) close(events);
    return -1;
}

void oom_watch_add(struct oom_watch *w, const char *name, struct str id, int64_t pid)
{
    char group[PATH_MAX];
    if (strlen(name) >= NAME_SIZE || id.n == 0 || !memory_group(pid, id, group)) return;
    pthread_mutex_lock(&w->lock);
    struct watched *it = find(w, name) ? NULL : find(w, "");
    if (it) {
        it->seen = 0;
        it->events = register_events(group, it->control);
        if (it->events >= 0) snprintf(it->name, sizeof(it->name), "%s", name);
    }
    pthread_mutex_unlock(&w->lock);
}

bool oom_watch_ask(struct oom_watch *w, const char *name)
{
    bool happened = false;
    pthread_mutex_lock(&w->lock);
    struct watched *it = find(w, name);
    if (it) {
        uint64_t n;
        /* First the group, then the counter: a removal between them only adds to the count. */
        const bool there = access(it->control, F_OK) == 0;
        if (eventfd_read(it->events, &n) == 0) it->seen += n;
        happened = it->seen >= 2 || (it->seen == 1 && there);
    }
    pthread_mutex_unlock(&w->lock);
    return happened;
}

void oom_watch_drop(struct oom_watch *w, const char *name)
{
    pthread_mutex_lock(&w->lock);
    struct watched *it = find(w, name);
    if (it) release(it);
    pthread_mutex_unlock(&w->lock);
}
