/* SPDX-License-Identifier: Apache-2.0 */
#include "service/pump.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

struct pump *pump_new(int64_t sent, void (*wake)(void *arg), void *arg)
{
    struct pump *p = mem_zalloc(sizeof(*p));
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->changed, NULL);
    p->sha = sha256_new();
    p->sent = sent;
    p->wake = wake;
    p->arg = arg;
    return p;
}

void pump_free(struct pump *p)
{
    if (!p) return;
    sha256_free(p->sha);
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->lock);
    mem_free(p);
}

static bool has_room(const struct pump *p)
{
    return p->bytes_n < PUMP_ROOM && p->runs_n < PUMP_RUNS_MAX;
}

static void append(struct pump *p, enum log_stream stream, const char *bytes, size_t n)
{
    const size_t before = p->bytes_n;
    if (before == 0) p->first_us = clock_monotonic_us();
    memcpy(p->bytes + p->bytes_n, bytes, n);
    p->bytes_n += n;
    if (p->runs_n > 0 && p->runs[p->runs_n - 1].stream == stream)
        p->runs[p->runs_n - 1].n += n;
    else
        p->runs[p->runs_n++] = (struct pump_run){ stream, n };
    if (before == 0 || p->bytes_n / LOG_CHUNK_MAX > before / LOG_CHUNK_MAX) p->wake(p->arg);
}

static size_t least(int64_t a, int64_t b)
{
    return (size_t)(a < b ? a : b);
}

/* As many of the bytes at p->high as can be dealt with now; 0: there is no room. */
static size_t take_some(struct pump *p, enum log_stream stream, const char *bytes, size_t n)
{
    if (p->high >= LOG_LEASE_MAX) {
        p->dropped += (int64_t)n;
        return n;
    }
    n = least((int64_t)n, LOG_LEASE_MAX - p->high);
    if (p->high < p->sent) {
        n = least((int64_t)n, p->sent - p->high);
    } else {
        if (!has_room(p)) return 0;
        n = least((int64_t)n, (int64_t)(PUMP_ROOM - p->bytes_n));
        append(p, stream, bytes, n);
    }
    sha256_add(p->sha, bytes, n);
    return n;
}

bool pump_take(void *reader, enum log_stream stream, const void *bytes, size_t n)
{
    struct pump_reader *r = reader;
    struct pump *p = r->pump;
    const char *from = bytes;

    pthread_mutex_lock(&p->lock);
    while (n > 0 && !p->closed) {
        size_t done;
        if (r->at < p->high) { /* another reader brought it */
            done = least((int64_t)n, p->high - r->at);
        } else {
            done = take_some(p, stream, from, n);
            p->high += (int64_t)done;
        }
        if (done == 0) pthread_cond_wait(&p->changed, &p->lock);
        r->at += (int64_t)done;
        from += done;
        n -= done;
    }
    const bool go_on = !p->closed;
    pthread_mutex_unlock(&p->lock);
    return go_on;
}

void pump_end(struct pump *p)
{
    pthread_mutex_lock(&p->lock);
    p->ended = true;
    p->wake(p->arg);
    pthread_mutex_unlock(&p->lock);
}

void pump_close(struct pump *p)
{
    pthread_mutex_lock(&p->lock);
    p->closed = true;
    p->bytes_n = 0;
    p->runs_n = 0;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

/* How much of the first run makes a chunk now. */
static size_t due(const struct pump *p, size_t exactly, int64_t now_us, int64_t flush_us)
{
    if (p->runs_n == 0) return 0;
    const size_t n = p->runs[0].n;
    if (exactly > 0 && n >= exactly) return exactly;
    if (exactly > 0) return p->ended || p->runs_n > 1 ? n : 0; /* the engine lost some of its log */
    if (n >= LOG_CHUNK_MAX) return LOG_CHUNK_MAX;
    return p->ended || p->runs_n > 1 || now_us - p->first_us >= flush_us ? n : 0;
}

size_t pump_peek(struct pump *p, size_t exactly, int64_t now_us, int64_t flush_us,
                 enum log_stream *stream, char out[LOG_CHUNK_MAX])
{
    pthread_mutex_lock(&p->lock);
    const size_t n = due(p, exactly, now_us, flush_us);
    if (n > 0) {
        memcpy(out, p->bytes, n);
        *stream = p->runs[0].stream;
    }
    pthread_mutex_unlock(&p->lock);
    return n;
}

void pump_drop(struct pump *p, size_t n)
{
    pthread_mutex_lock(&p->lock);
    if (!p->closed) {
        assert(p->runs_n > 0 && p->runs[0].n >= n);
        memmove(p->bytes, p->bytes + n, p->bytes_n - n);
        p->bytes_n -= n;
        p->runs[0].n -= n;
        if (p->runs[0].n == 0) memmove(p->runs, p->runs + 1, --p->runs_n * sizeof(p->runs[0]));
        p->first_us = clock_monotonic_us();
    }
    p->sent += (int64_t)n;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

bool pump_is_dry(struct pump *p)
{
    pthread_mutex_lock(&p->lock);
    const bool dry = p->closed || (p->ended && p->bytes_n == 0);
    pthread_mutex_unlock(&p->lock);
    return dry;
}

int64_t pump_waits_us(struct pump *p, int64_t now_us)
{
    pthread_mutex_lock(&p->lock);
    const int64_t waits = p->bytes_n > 0 ? now_us - p->first_us : 0;
    pthread_mutex_unlock(&p->lock);
    return waits;
}

void pump_sha256(struct pump *p, char out[SHA_TEXT_SIZE], int64_t *dropped)
{
    pthread_mutex_lock(&p->lock);
    const struct hash h = sha256_end(take(p->sha));
    *dropped = p->dropped;
    p->closed = true;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    hex_encode(h.b, sizeof(h.b), out);
}
