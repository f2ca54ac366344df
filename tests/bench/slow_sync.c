/* SPDX-License-Identifier: Apache-2.0 */
/* Preloaded into PostgreSQL: each fdatasync takes longer, as on a disk that is slower than this
 * one.
 *
 * The delay, microseconds as a native 64-bit number, is the first word of the file named by
 * SLOW_SYNC_PAGE. Every process of the server maps the file, so one write changes the delay of all
 * of them at once, and fast and slow rounds can alternate in one cluster. PostgreSQL syncs its log
 * by fdatasync (wal_sync_method) and its data files by fsync, which is left alone. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static const volatile int64_t *page;
static int (*real)(int fd);

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("SLOW_SYNC_PAGE");
    void *found = dlsym(RTLD_NEXT, "fdatasync");

    *(void **)&real = found;
    const int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) return;
    void *p = mmap(NULL, sizeof(*page), PROT_READ, MAP_SHARED, fd, 0);
    if (p != MAP_FAILED) page = p;
    close(fd);
}

int fdatasync(int fd)
{
    const int rc = real(fd);

    if (page && *page > 0) usleep((useconds_t)*page);
    return rc;
}
