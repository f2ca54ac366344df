/* SPDX-License-Identifier: Apache-2.0 */
#include "service/blob_s3.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "service/blob_dir.h"
#include "sign/sha.h"

#define KEY_SIZE  512
#define PATH_SIZE 4096
#define PIECE     65536

struct blob_s3 {
    struct s3 *s3;
    struct blob_dir *cache;
    char prefix[256];
    char temp[PATH_SIZE - 64]; /* of what is being fetched */
    pthread_mutex_t lock;      /* guards: cached */
    int64_t cached;            /* bytes in the cache, at least */
};

struct key {
    char text[KEY_SIZE];
};

static struct key key_of(const struct blob_s3 *b, const struct hash *digest)
{
    struct key k;
    char hex[65];

    hex_encode(digest->b, sizeof(digest->b), hex);
    snprintf(k.text, sizeof(k.text), "%s%02x/%s", b->prefix, digest->b[0], hex);
    return k;
}

/* ---- the cache ---- */

static void count_cached(struct blob_s3 *b, int64_t more)
{
    pthread_mutex_lock(&b->lock);
    b->cached += more;
    if (b->cached > BLOB_CACHE_MAX) b->cached = blob_dir_shrink(b->cache, BLOB_CACHE_MAX / 10 * 9);
    pthread_mutex_unlock(&b->lock);
}

static void halve(struct blob_s3 *b)
{
    pthread_mutex_lock(&b->lock);
    b->cached = blob_dir_shrink(b->cache, b->cached / 2);
    pthread_mutex_unlock(&b->lock);
}

static int64_t size_of(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 ? (int64_t)st.st_size : -1;
}

/* What was read just now is the last to go. */
static int open_cached(struct blob_s3 *b, const struct hash *digest, struct err *err)
{
    const int fd = blob_dir_open(b->cache, digest, err);

    if (fd >= 0) (void)futimens(fd, NULL);
    return fd;
}

/* ---- keeping ---- */

static bool put_file(struct blob_s3 *b, const char *key, const char *file, int64_t *size,
                     struct err *err)
{
    auto_close int fd = open(file, O_RDONLY | O_CLOEXEC);

    *size = fd >= 0 ? size_of(fd) : -1;
    if (*size < 0) return blob_io_failed("open an upload", file, err);
    return s3_put(b->s3, key, fd, *size, err);
}

static bool keep(void *self, const struct hash *digest, const char *file, struct err *err)
{
    struct blob_s3 *b = self;
    struct err ignored;
    int64_t size = 0;
    const struct key k = key_of(b, digest);

    if (!put_file(b, k.text, file, &size, err)) return false;
    if (blob_dir_keep(b->cache, digest, file, &ignored)) count_cached(b, size);
    return true;
}

static bool has(void *self, const struct hash *digest, struct err *err)
{
    const struct blob_s3 *b = self;
    const struct key k = key_of(b, digest);

    return s3_has(b->s3, k.text, err);
}

static bool remove_blob(void *self, const struct hash *digest, struct err *err)
{
    struct blob_s3 *b = self;
    struct err ignored;
    const struct key k = key_of(b, digest);

    (void)!blob_dir_remove(b->cache, digest, &ignored);
    return s3_remove(b->s3, k.text, err);
}

/* ---- reading ---- */

static bool has_digest(int fd, const struct hash *digest)
{
    char piece[PIECE];
    ssize_t n;
    off_t at = 0;
    struct sha256_stream *s = sha256_new();

    while ((n = pread(fd, piece, sizeof(piece), at)) > 0) {
        sha256_add(s, piece, (size_t)n);
        at += n;
    }
    const struct hash found = sha256_end(s);
    return n == 0 && memcmp(found.b, digest->b, sizeof(found.b)) == 0;
}

/* Into a file of its own, compared, then into the cache. */
static int fetch_to(struct blob_s3 *b, const struct hash *digest, int fd, const char *path,
                    struct err *err)
{
    const struct key k = key_of(b, digest);

    if (!s3_get(b->s3, k.text, fd, BLOB_MAX, err)) return -1;
    if (!has_digest(fd, digest)) {
        FAIL(err, ERR_PROTOCOL, "The blob store gave other bytes than were kept.");
        err_internal(err, "%s", k.text);
        return -1;
    }
    const int64_t size = size_of(fd);
    if (!blob_dir_keep(b->cache, digest, path, err)) return -1;
    const int out = open_cached(b, digest, err);
    count_cached(b, size);
    return out;
}

static int fetch(struct blob_s3 *b, const struct hash *digest, struct err *err)
{
    char path[PATH_SIZE];

    snprintf(path, sizeof(path), "%s/fetch-XXXXXX", b->temp);
    auto_close int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0) {
        (void)blob_io_failed("make a file", path, err);
        return -1;
    }
    const int out = fetch_to(b, digest, fd, path, err);
    (void)unlink(path); /* gone already when the cache has taken it */
    return out;
}

/* Many may ask for the same at once: the first fetches, the others find it in the cache. */
static int open_blob(void *self, const struct hash *digest, struct err *err)
{
    struct blob_s3 *b = self;
    int fd = open_cached(b, digest, err);

    if (fd >= 0 || err->code != ERR_NOT_FOUND) return fd;
    auto_close int held = blob_dir_lock(b->cache, digest, err);
    if (held < 0) return -1;
    fd = open_cached(b, digest, err);
    if (fd < 0) fd = fetch(b, digest, err);
    if (fd >= 0 || err->code != ERR_IO) return fd;
    halve(b); /* the disk may be full */
    return fetch(b, digest, err);
}

/* ---- making one ---- */

static void free_all(void *self)
{
    struct blob_s3 *b = self;

    if (!b) return;
    s3_free(b->s3);
    blob_dir_free(b->cache);
    pthread_mutex_destroy(&b->lock);
    mem_free(b);
}

/* Does the store take what we give? */
static bool probe(const struct blob_s3 *b, struct err *err)
{
    char key[KEY_SIZE];
    bool silent = false;

    snprintf(key, sizeof(key), "%sbourse", b->prefix);
    if (s3_check(b->s3, key, &silent, err)) return true;
    if (!silent) return false;
    log_err(LOG_WARN, "blobs.away", err);
    return true;
}

struct blob_s3 *blob_s3_new(const struct s3_options *o, const char *prefix, const char *cache,
                            struct err *err)
{
    struct blob_s3 *b = mem_zalloc(sizeof(*b));
    const size_t n = strlen(prefix);

    pthread_mutex_init(&b->lock, NULL);
    snprintf(b->prefix, sizeof(b->prefix), "%s%s", prefix,
             n > 0 && prefix[n - 1] != '/' ? "/" : "");
    const int used = snprintf(b->temp, sizeof(b->temp), "%s/coming", cache);
    if (used < 0 || (size_t)used >= sizeof(b->temp) || n + 2 > sizeof(b->prefix))
        FAIL(err, ERR_VALIDATION_FAILED,
             "The prefix of blobs, or the path of the state folder, is too long.");
    else if (dir_make(b->temp, err) && (b->cache = blob_dir_new(cache, err)) &&
             (b->s3 = s3_new(o, err)) && probe(b, err)) {
        b->cached = blob_dir_shrink(b->cache, BLOB_CACHE_MAX);
        return b;
    }
    free_all(b);
    return NULL;
}

const struct blob_store_ops blob_s3_ops = {
    .keep = keep,
    .has = has,
    .open = open_blob,
    .remove = remove_blob,
    .free = free_all,
};
