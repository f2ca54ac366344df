/* SPDX-License-Identifier: Apache-2.0 */
#include "service/images.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "service/fetch.h"

const char *const image_phase_names[] = { "waiting", "downloading", "unpacking" };

#define FETCHES_MAX 64
#define WAITERS_MAX 16

struct waiter {
    void (*wake)(void *arg);
    void *arg;
};

struct fetching {
    struct images *images;
    char ref[IMAGE_MAX + 1];
    char lease_id[LEASE_ID_SIZE]; /* whose login is used; empty: none */
    int64_t epoch;
    struct image_progress progress;
    struct waiter waiters[WAITERS_MAX];
    size_t waiters_n;
    bool done, used;
    bool ready; /* else refused */
    struct images_answer answer;
};

struct images {
    struct fetch_place place;
    pthread_mutex_t lock; /* guards: everything below */
    pthread_cond_t changed;
    struct fetching v[FETCHES_MAX];
    size_t running;
    bool closed;
};

struct images *images_new(const char *dir, const struct engine *engine, const struct link *market,
                          const struct trust *trust)
{
    struct images *i = mem_zalloc(sizeof(*i));
    i->place =
        (struct fetch_place){ .dir = dir, .engine = engine, .market = market, .trust = trust };
    pthread_mutex_init(&i->place.lock, NULL);
    pthread_mutex_init(&i->lock, NULL);
    pthread_cond_init(&i->changed, NULL);
    return i;
}

void images_free(struct images *i)
{
    if (!i) return;
    pthread_mutex_lock(&i->lock);
    i->closed = true;
    pthread_cond_broadcast(&i->changed);
    while (i->running > 0)
        pthread_cond_wait(&i->changed, &i->lock);
    pthread_mutex_unlock(&i->lock);
    pthread_cond_destroy(&i->changed);
    pthread_mutex_destroy(&i->lock);
    pthread_mutex_destroy(&i->place.lock);
    mem_free(i);
}

/* For a fetch that waits for the market: is anybody still waiting for it? Sleeps a little. */
static bool still_wanted(void *arg)
{
    struct fetching *f = arg;
    struct images *i = f->images;
    pthread_mutex_lock(&i->lock);
    bool wanted = !i->closed && f->waiters_n > 0;
    pthread_mutex_unlock(&i->lock);
    if (wanted) clock_sleep_us(FETCH_RETRY_US);
    return wanted;
}

static void note_progress(void *arg, const struct image_progress *p)
{
    struct fetching *f = arg;
    pthread_mutex_lock(&f->images->lock);
    f->progress = *p;
    pthread_mutex_unlock(&f->images->lock);
}

static void *fetch_main(void *arg)
{
    struct fetching *f = arg;
    struct images *i = f->images;
    struct images_answer answer = { .reason = NULL };
    const struct image_wish wish = { str_of(f->ref), str_of(f->lease_id), f->epoch };
    const struct fetch_ear ear = { still_wanted, note_progress, f };
    const bool ready = fetch_image(&i->place, &wish, &ear, &answer);

    pthread_mutex_lock(&i->lock);
    f->answer = answer;
    f->ready = ready;
    f->done = true;
    f->used = f->waiters_n > 0;
    for (size_t w = 0; w < f->waiters_n; w++)
        f->waiters[w].wake(f->waiters[w].arg);
    i->running--;
    pthread_cond_broadcast(&i->changed);
    pthread_mutex_unlock(&i->lock);
    return NULL;
}

static struct fetching *find(struct images *i, const struct image_wish *w)
{
    for (size_t n = 0; n < FETCHES_MAX; n++)
        if (i->v[n].used && str_is(w->ref, i->v[n].ref) && str_is(w->lease_id, i->v[n].lease_id) &&
            w->epoch == i->v[n].epoch)
            return &i->v[n];
    return NULL;
}

/* NULL: too many at once, or no thread to be had. */
static struct fetching *begin(struct images *i, const struct image_wish *w)
{
    pthread_t thread;
    struct fetching *f = NULL;
    for (size_t n = 0; n < FETCHES_MAX && !f; n++)
        if (!i->v[n].used) f = &i->v[n];
    if (!f || i->closed) return NULL;

    assert(w->ref.n <= IMAGE_MAX && w->lease_id.n < LEASE_ID_SIZE);
    memset(f, 0, sizeof(*f));
    f->images = i;
    f->epoch = w->epoch;
    f->progress.total_bytes = -1;
    memcpy(f->ref, w->ref.p, w->ref.n);
    if (w->lease_id.n > 0) memcpy(f->lease_id, w->lease_id.p, w->lease_id.n);
    if (pthread_create(&thread, NULL, fetch_main, f) != 0) return NULL;
    pthread_detach(thread);
    f->used = true;
    i->running++;
    return f;
}

static size_t waiter_of(const struct fetching *f, const void *arg)
{
    size_t w = 0;
    while (w < f->waiters_n && f->waiters[w].arg != arg)
        w++;
    return w;
}

static void leave(struct fetching *f, const void *arg)
{
    const size_t w = waiter_of(f, arg);
    if (w < f->waiters_n) f->waiters[w] = f->waiters[--f->waiters_n];
    if (f->done && f->waiters_n == 0) f->used = false;
}

static enum images_result join(struct fetching *f, void (*wake)(void *arg), void *arg,
                               struct images_answer *out)
{
    if (f->done) {
        const enum images_result result = f->ready ? IMAGES_READY : IMAGES_REFUSED;
        *out = f->answer;
        leave(f, arg);
        return result;
    }
    if (waiter_of(f, arg) == f->waiters_n && f->waiters_n < WAITERS_MAX)
        f->waiters[f->waiters_n++] = (struct waiter){ wake, arg };
    return IMAGES_FETCHING;
}

enum images_result images_ask(struct images *i, const struct image_wish *wish,
                              void (*wake)(void *arg), void *arg, struct images_answer *out)
{
    enum images_result result = IMAGES_FETCHING;
    if (!image_ref_ok(wish->ref)) {
        *out = (struct images_answer){ .reason = "image-invalid",
                                       .fault = "buyer",
                                       .detail = "This is no reference of an image." };
        return IMAGES_REFUSED;
    }
    pthread_mutex_lock(&i->lock);
    struct fetching *f = find(i, wish);
    if (!f) f = begin(i, wish);
    if (f) result = join(f, wake, arg, out);
    pthread_mutex_unlock(&i->lock);
    return result;
}

void images_leave(struct images *i, void *arg)
{
    pthread_mutex_lock(&i->lock);
    for (size_t n = 0; n < FETCHES_MAX; n++)
        if (i->v[n].used) leave(&i->v[n], arg);
    pthread_mutex_unlock(&i->lock);
}

bool images_progress(struct images *i, const void *arg, struct image_progress *out)
{
    bool found = false;
    pthread_mutex_lock(&i->lock);
    for (size_t n = 0; n < FETCHES_MAX && !found; n++) {
        const struct fetching *f = &i->v[n];
        found = f->used && !f->done && waiter_of(f, arg) < f->waiters_n;
        if (found) *out = f->progress;
    }
    pthread_mutex_unlock(&i->lock);
    return found;
}

static bool is_ref_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_' || c == '/' || c == ':' || c == '@';
}

bool image_ref_ok(struct str ref)
{
    uint8_t digest[32];
    const struct str named = image_ref_digest(ref);
    if (ref.n == 0 || ref.n > IMAGE_MAX) return false;
    for (size_t i = 0; i < ref.n; i++)
        if (!is_ref_byte(ref.p[i])) return false;
    if (ref.p[0] == '.' || ref.p[0] == '-' || ref.p[0] == '/' || ref.p[0] == ':') return false;
    if (str_starts(ref, STR("sha256:")))
        return false; /* an image that this machine has of its own */
    if (str_starts(ref, STR("blob:")) || named.n > 0)
        return named.n == 71 && str_hex((struct str){ named.p + 7, 64 }, digest, sizeof(digest));
    return !memchr(ref.p, '@', ref.n);
}

struct str image_ref_digest(struct str ref)
{
    struct str name, digest;
    if (str_starts(ref, STR("blob:sha256:"))) return (struct str){ ref.p + 5, ref.n - 5 };
    if (str_cut(ref, '@', &name, &digest) && str_starts(digest, STR("sha256:"))) return digest;
    return STR("");
}
