/* SPDX-License-Identifier: Apache-2.0 */
#include "docker/oom.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"

#define WATCHED_MAX 128
#define NAME_SIZE   128
#define CGROUP_MAX  16384
#define ROOT        "/sys/fs/cgroup/memory"
#define LOOK_US     2000
#define LOOKS       500 /* a second: the kernel tells of a removal within some milliseconds */

struct watched {
    char name[NAME_SIZE]; /* empty: free */
    char control[PATH_MAX];
    int gone;   /* counts the removal of the group and nothing else */
    int events; /* counts kills, and the removal before `gone` does */
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
    if (it->name[0] != '\0') {
        close(it->events);
        close(it->gone);
    }
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

/* An event counter on a file of the group. -1: there is nothing to register with. */
static int register_events(const char *group, const char *file, const char *argument)
{
    char path[PATH_MAX], registration[PATH_MAX], line[64];
    int n = snprintf(path, sizeof(path), "%s/%s", group, file);
    const int m = snprintf(registration, sizeof(registration), "%s/cgroup.event_control", group);
    if (n < 0 || n >= PATH_MAX || m < 0 || m >= PATH_MAX) return -1;

    auto_close int watched = open(path, O_RDONLY | O_CLOEXEC);
    auto_close int to = open(registration, O_WRONLY | O_CLOEXEC);
    if (watched < 0 || to < 0) return -1;
    const int events = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    n = snprintf(line, sizeof(line), "%d %d%s", events, watched, argument);
    if (events >= 0 && write(to, line, (size_t)n) == n) return events;
    if (events >= 0) close(events);
    return -1;
}

/* `gone` watches for a use of memory that there cannot be. It is registered first: the kernel takes
 * the latest off first, and a threshold only after it has waited for all its processors. So when
 * `gone` has counted, `events` has. False: nothing is watched. */
static bool watch(struct watched *it, const char *group)
{
    const int n = snprintf(it->control, sizeof(it->control), "%s/memory.oom_control", group);

    if (n < 0 || n >= PATH_MAX) return false;
    it->seen = 0;
    it->gone = register_events(group, "memory.usage_in_bytes", " 9223372036854771712");
    if (it->gone < 0) return false;
    it->events = register_events(group, "memory.oom_control", "");
    if (it->events < 0) close(it->gone);
    return it->events >= 0;
}

void oom_watch_add(struct oom_watch *w, const char *name, struct str id, int64_t pid)
{
    char group[PATH_MAX];
    if (strlen(name) >= NAME_SIZE || id.n == 0 || !memory_group(pid, id, group)) return;
    pthread_mutex_lock(&w->lock);
    struct watched *it = find(w, name) ? NULL : find(w, "");
    if (it && watch(it, group)) snprintf(it->name, sizeof(it->name), "%s", name);
    pthread_mutex_unlock(&w->lock);
}

/* False: the group is being removed, and what has been counted is not all yet. */
static bool look(struct watched *it, bool *happened)
{
    uint64_t n;
    /* First the group and its end, then the counter: what comes between only adds to the count. */
    const bool there = access(it->control, F_OK) == 0;
    struct pollfd gone = { .fd = it->gone, .events = POLLIN };
    const bool counted = poll(&gone, 1, 0) == 1;

    if (eventfd_read(it->events, &n) == 0) it->seen += n;
    *happened = it->seen >= 2 || (it->seen == 1 && there);
    return *happened || there || counted;
}

bool oom_watch_ask(struct oom_watch *w, const char *name)
{
    bool happened = false, known = false;

    for (int i = 0; i < LOOKS && !known; i++) {
        if (i > 0) clock_sleep_us(LOOK_US);
        pthread_mutex_lock(&w->lock);
        struct watched *it = find(w, name);
        known = !it || look(it, &happened);
        pthread_mutex_unlock(&w->lock);
    }
    return happened;
}

void oom_watch_drop(struct oom_watch *w, const char *name)
{
    pthread_mutex_lock(&w->lock);
    struct watched *it = find(w, name);
    if (it) release(it);
    pthread_mutex_unlock(&w->lock);
}
