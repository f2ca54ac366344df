/* SPDX-License-Identifier: Apache-2.0 */
/* Preloaded into PostgreSQL: keeps what its write-ahead log was before each write that is not
 * synced yet, so that a power cut can be played afterwards: kill everything, then put back what was
 * there (tests/outside/power.py). What was synced stays, all else is lost, whatever the kernel has
 * kept.
 *
 * Only the log is watched. That is enough: no page of a table is written before the log that tells
 * of it is synced, so tables that are further than a real cut would have left them are only such as
 * another cut could have left, and full-page images repair them.
 *
 * The file named by POWER_CUT_PAGE is mapped by every process of the server. Its layout is known to
 * power.py: head, records, bytes. POWER_CUT_SYNC_US: how much longer a sync takes; until it returns
 * nothing counts as synced. */
#include <dlfcn.h>
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECORDS_MAX 65536
#define BYTES_MAX   (256u << 20)
#define FDS_MAX     4096

struct record {
    uint64_t inode, offset, length, at; /* `at`: where in the bytes */
    uint64_t unsynced;
};

struct page {
    atomic_int lock;
    int32_t unused;
    uint64_t records_n, bytes_n, generation;
    struct record records[RECORDS_MAX];
    unsigned char bytes[BYTES_MAX];
};

static struct page *page;
static useconds_t sync_us;
static ssize_t (*real_pwrite)(int, const void *, size_t, off64_t);
static int (*real_fdatasync)(int);
static int (*real_fsync)(int);

/* What is known of a descriptor: whose it was when it was looked at. */
static struct {
    uint64_t inode;
    bool is_log;
} seen[FDS_MAX];

static void *find(const char *name)
{
    void *p = dlsym(RTLD_NEXT, name);
    if (!p) abort();
    return p;
}

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("POWER_CUT_PAGE"), *us = getenv("POWER_CUT_SYNC_US");

    *(void **)&real_pwrite = find("pwrite64");
    *(void **)&real_fdatasync = find("fdatasync");
    *(void **)&real_fsync = find("fsync");
    sync_us = us ? (useconds_t)strtoul(us, NULL, 10) : 0;
    const int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0) return;
    void *p = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p != MAP_FAILED) page = p;
    close(fd);
}

static void lock(void)
{
    int expected = 0;
    while (!atomic_compare_exchange_weak(&page->lock, &expected, 1)) {
        expected = 0;
        sched_yield();
    }
}

static void unlock(void)
{
    atomic_store(&page->lock, 0);
}

/* The inode when the descriptor is a segment of the log, else 0. */
static uint64_t log_inode(int fd)
{
    struct stat st;
    char name[64], path[512];

    if (!page || fd < 0 || fd >= FDS_MAX || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) return 0;
    if (seen[fd].inode != st.st_ino) {
        snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
        const ssize_t n = readlink(name, path, sizeof(path) - 1);
        path[n > 0 ? n : 0] = '\0';
        seen[fd].inode = st.st_ino;
        seen[fd].is_log = strstr(path, "/pg_wal/0") != NULL;
    }
    return seen[fd].is_log ? st.st_ino : 0;
}

static void keep(int fd, uint64_t inode, size_t n, off64_t offset)
{
    lock();
    if (page->records_n == RECORDS_MAX || n > BYTES_MAX - page->bytes_n) abort();
    unsigned char *to = page->bytes + page->bytes_n;
    const ssize_t got = pread64(fd, to, n, offset);
    if (got < 0) abort();
    memset(to + got, 0, n - (size_t)got); /* behind the end of the file */
    page->records[page->records_n] =
        (struct record){ inode, (uint64_t)offset, n, page->bytes_n, 1 };
    page->bytes_n += n;
    page->records_n++;
    unlock();
}

ssize_t pwrite64(int fd, const void *p, size_t n, off64_t offset)
{
    const uint64_t inode = log_inode(fd);

    if (inode) keep(fd, inode, n, offset);
    return real_pwrite(fd, p, n, offset);
}

/* By its other name; the headers make one of the two into the other. */
ssize_t by_other_name(int fd, const void *p, size_t n, off64_t offset) __asm__("pwrite");
ssize_t by_other_name(int fd, const void *p, size_t n, off64_t offset)
{
    return pwrite64(fd, p, n, offset);
}

/* All that was written before the sync began is forgotten: it is on disk. */
static void forget(uint64_t inode, uint64_t before, uint64_t generation)
{
    bool any = false;

    lock();
    if (generation == page->generation) {
        for (uint64_t i = 0; i < page->records_n; i++) {
            struct record *r = &page->records[i];
            if (i < before && r->inode == inode) r->unsynced = 0;
            any = any || r->unsynced;
        }
        if (!any) {
            page->records_n = page->bytes_n = 0;
            page->generation++;
        }
    }
    unlock();
}

static int sync_by(int (*real)(int), int fd)
{
    const uint64_t inode = log_inode(fd);
    uint64_t before = 0, generation = 0;

    if (!inode) return real(fd);
    lock();
    before = page->records_n;
    generation = page->generation;
    unlock();
    const int rc = real(fd);
    if (sync_us > 0) usleep(sync_us);
    if (rc == 0) forget(inode, before, generation);
    return rc;
}

int fdatasync(int fd)
{
    return sync_by(real_fdatasync, fd);
}

int fsync(int fd)
{
    return sync_by(real_fsync, fd);
}
