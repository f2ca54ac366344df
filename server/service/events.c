/* SPDX-License-Identifier: Apache-2.0 */
#include "service/events.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"

#define FRAME_MAX (256 << 10) /* a snapshot of all levels is a tenth of that */
#define PING      ":\n\n"

/* One frame, shared by the ring and those who begin with it. */
struct text {
    int64_t refs;
    size_t n;
    char p[];
};

struct kept {
    struct text *text;
    size_t topic;
};

struct events {
    size_t topics;
    int64_t epoch;
    struct kept ring[EVENTS_KEPT];
    int64_t first, next; /* numbers in the ring: first, …, next - 1 */
    size_t bytes;
    int64_t *sequences;      /* of the last event of each topic */
    struct text **snapshots; /* NULL: none that is of now */
    bool *fresh;             /* published since events_wanted() */
    struct reader *asleep;
    struct events_stats stats;
    bool closed;
};

struct reader {
    reader_wake_fn *wake;
    void *arg;
    int64_t next;    /* number of the event to read */
    size_t at;       /* bytes of it, or of the frame in `first`, that were read */
    size_t firsts_n; /* frames to read before the ring's */
    size_t firsts_at;
    struct text **firsts;
    int64_t slept_us;
    bool asleep, ping, gone;
    struct reader *prev, *next_asleep; /* also the chain of those to wake */
    bool wanted[];
};

/* ---- frames ---- */

static struct text *text_new(struct str s)
{
    struct text *t = mem_heap.resize(mem_heap.arg, NULL, sizeof(*t) + s.n);

    if (!t) return NULL;
    *t = (struct text){ .refs = 1, .n = s.n };
    memcpy(t->p, s.p, s.n);
    return t;
}

static void text_drop(struct text *t)
{
    if (t && --t->refs == 0) mem_free(t);
}

/* number < 0: without an id. */
static struct text *frame(const struct events *e, int64_t number, const char *name, struct str data)
{
    auto_buf struct buf b = { .max = FRAME_MAX };

    buf_fmt(&b, "event: %s\n", name);
    if (number >= 0) buf_fmt(&b, "id: %lld-%lld\n", (long long)e->epoch, (long long)number);
    buf_c(&b, "data: ");
    buf_str(&b, data);
    buf_c(&b, "\n\n");
    return b.failed ? NULL : text_new(buf_view(&b));
}

/* ---- the ring ---- */

struct events *events_new(size_t topics, int64_t epoch)
{
    struct events *e = mem_zalloc(sizeof(*e));

    e->topics = topics;
    e->epoch = epoch;
    e->first = e->next = 1;
    e->sequences = mem_zalloc((topics + 1) * sizeof(*e->sequences));
    e->snapshots = mem_zalloc((topics + 1) * sizeof(struct text *));
    e->fresh = mem_zalloc((topics + 1) * sizeof(*e->fresh));
    return e;
}

static struct kept *place(struct events *e, int64_t number)
{
    return &e->ring[number % EVENTS_KEPT];
}

static void forget_oldest(struct events *e)
{
    struct kept *k = place(e, e->first++);

    e->bytes -= k->text->n;
    text_drop(k->text);
    k->text = NULL;
}

void events_free(struct events *e)
{
    if (!e) return;
    assert(e->stats.readers == 0);
    while (e->first < e->next)
        forget_oldest(e);
    for (size_t i = 0; i < e->topics; i++)
        text_drop(e->snapshots[i]);
    mem_free(e->sequences);
    mem_free(e->snapshots);
    mem_free(e->fresh);
    mem_free(e);
}

int64_t events_sequence(const struct events *e, size_t topic)
{
    assert(topic < e->topics);
    return e->sequences[topic] + 1;
}

bool events_repeat(struct events *e, size_t topic, const char *name, struct str data)
{
    struct text *t = frame(e, e->next, name, data);

    assert(topic < e->topics);
    if (!t) return false;
    while (e->next - e->first >= EVENTS_KEPT ||
           (e->first < e->next && e->bytes + t->n > EVENTS_BYTES_MAX))
        forget_oldest(e);
    *place(e, e->next++) = (struct kept){ t, topic };
    e->bytes += t->n;
    e->fresh[topic] = true;
    e->stats.published++;
    return true;
}

bool events_publish(struct events *e, size_t topic, const char *name, struct str data)
{
    if (!events_repeat(e, topic, name, data)) return false;
    e->sequences[topic]++;
    text_drop(e->snapshots[topic]);
    e->snapshots[topic] = NULL;
    return true;
}

bool events_has_snapshot(const struct events *e, size_t topic)
{
    assert(topic < e->topics);
    return e->snapshots[topic] != NULL;
}

bool events_set_snapshot(struct events *e, size_t topic, struct str data)
{
    struct text *t = frame(e, -1, "snapshot", data);

    assert(topic < e->topics);
    if (!t) return false;
    text_drop(e->snapshots[topic]);
    e->snapshots[topic] = t;
    return true;
}

/* ---- beginning to read ---- */

static size_t count_wanted(const struct events *e, const bool *wanted)
{
    size_t n = 0;

    for (size_t i = 0; i < e->topics; i++)
        n += wanted[i];
    return n;
}

/* Is all that came after this id still here? Then *number is its number. */
static bool can_resume(const struct events *e, struct str id, int64_t *number)
{
    struct str epoch, rest;
    int64_t at, n;

    if (!str_cut(id, '-', &epoch, &rest)) return false;
    if (!str_i64(epoch, 0, INT64_MAX, &at) || !str_i64(rest, 0, INT64_MAX - 1, &n)) return false;
    if (at != e->epoch || n + 1 < e->first || n >= e->next) return false;
    *number = n;
    return true;
}

/* What a client is told first: whether what it has is still good. */
static struct text *hello(bool resumed, bool reset)
{
    auto_buf struct buf b = { .max = 256 };

    buf_fmt(&b, "retry: 3000\nevent: hello\ndata: {\"resumed\":%s,\"reset\":%s}\n\n",
            resumed ? "true" : "false", reset ? "true" : "false");
    return b.failed ? NULL : text_new(buf_view(&b));
}

/* hello, a snapshot of each topic, and `live`, whose id says that all of it was read. */
static bool begin_anew(struct events *e, struct reader *r, bool reset)
{
    r->firsts[r->firsts_n++] = hello(false, reset);
    for (size_t i = 0; i < e->topics; i++) {
        if (!r->wanted[i]) continue;
        assert(e->snapshots[i]);
        e->snapshots[i]->refs++;
        r->firsts[r->firsts_n++] = e->snapshots[i];
    }
    r->firsts[r->firsts_n++] = frame(e, e->next - 1, "live", STR("{}"));
    r->next = e->next;
    return r->firsts[0] && r->firsts[r->firsts_n - 1];
}

static bool begin_at(struct reader *r, int64_t number)
{
    r->firsts[r->firsts_n++] = hello(true, false);
    r->next = number + 1;
    return r->firsts[0] != NULL;
}

static void drop_firsts(struct reader *r)
{
    for (size_t i = r->firsts_at; i < r->firsts_n; i++)
        text_drop(r->firsts[i]);
    mem_free(r->firsts);
    r->firsts = NULL;
    r->firsts_n = r->firsts_at = 0;
}

struct reader *reader_new(struct events *e, const bool *wanted, struct str last_id,
                          reader_wake_fn *wake, void *arg)
{
    const size_t n = count_wanted(e, wanted);
    struct reader *r = mem_heap.resize(mem_heap.arg, NULL, sizeof(*r) + e->topics);
    struct text **firsts = mem_heap.resize(mem_heap.arg, NULL, (n + 2) * sizeof(struct text *));
    int64_t number = 0;

    if (!r || !firsts || e->closed) {
        mem_free(r);
        mem_free(firsts);
        return NULL;
    }
    *r = (struct reader){ .wake = wake, .arg = arg, .firsts = firsts };
    memcpy(r->wanted, wanted, e->topics);
    const bool ok =
        can_resume(e, last_id, &number) ? begin_at(r, number) : begin_anew(e, r, last_id.n > 0);
    if (ok) {
        e->stats.readers++;
        return r;
    }
    drop_firsts(r);
    mem_free(r);
    return NULL;
}

/* ---- asleep and awake ---- */

static void wake_up(struct events *e, struct reader *r)
{
    assert(r->asleep);
    if (r->prev)
        r->prev->next_asleep = r->next_asleep;
    else
        e->asleep = r->next_asleep;
    if (r->next_asleep) r->next_asleep->prev = r->prev;
    r->prev = r->next_asleep = NULL;
    r->asleep = false;
}

void reader_free(struct events *e, struct reader *r)
{
    if (r->asleep) wake_up(e, r);
    drop_firsts(r);
    mem_free(r);
    e->stats.readers--;
}

/* Go past what others want. False: its place was overwritten. */
static bool find_next(const struct events *e, struct reader *r)
{
    if (r->next < e->first) return false;
    while (r->at == 0 && r->next < e->next && !r->wanted[e->ring[r->next % EVENTS_KEPT].topic])
        r->next++;
    return true;
}

bool reader_sleep(struct events *e, struct reader *r, int64_t now_us)
{
    assert(!r->asleep);
    if (e->closed || r->gone || r->ping || r->firsts_at < r->firsts_n) return false;
    if (!find_next(e, r) || r->next < e->next) return false;
    r->asleep = true;
    r->slept_us = now_us;
    r->prev = NULL;
    r->next_asleep = e->asleep;
    if (e->asleep) e->asleep->prev = r;
    e->asleep = r;
    return true;
}

static void chain_add(struct events *e, struct reader **chain, struct reader *r)
{
    wake_up(e, r);
    r->next_asleep = *chain;
    *chain = r;
}

static bool is_wanted(const struct events *e, const struct reader *r)
{
    for (size_t i = 0; i < e->topics; i++)
        if (e->fresh[i] && r->wanted[i]) return true;
    return false;
}

struct reader *events_wanted(struct events *e)
{
    struct reader *chain = NULL;

    if (!memchr(e->fresh, true, e->topics)) return NULL;
    for (struct reader *r = e->asleep, *next; r; r = next) {
        next = r->next_asleep;
        if (is_wanted(e, r))
            chain_add(e, &chain, r);
        else
            r->next = e->next; /* what it sleeps through is not for it */
    }
    memset(e->fresh, 0, e->topics);
    return chain;
}

struct reader *events_idle(struct events *e, int64_t since_us)
{
    struct reader *chain = NULL;

    for (struct reader *r = e->asleep, *next; r; r = next) {
        next = r->next_asleep;
        if (r->slept_us > since_us) continue;
        r->ping = true;
        chain_add(e, &chain, r);
    }
    return chain;
}

struct reader *reader_gone(struct events *e, struct reader *r)
{
    struct reader *chain = NULL;

    r->gone = true;
    if (r->asleep) chain_add(e, &chain, r);
    return chain;
}

struct reader *events_close(struct events *e)
{
    struct reader *chain = NULL;

    e->closed = true;
    while (e->asleep)
        chain_add(e, &chain, e->asleep);
    return chain;
}

void events_wake(struct reader *chain)
{
    while (chain) {
        struct reader *r = chain;
        chain = r->next_asleep; /* once awake it may end */
        r->next_asleep = NULL;
        r->wake(r->arg);
    }
}

/* ---- reading ---- */

/* As much of a frame as there is room for. True: that was its end. */
static bool copy_some(const struct text *t, struct reader *r, char *to, size_t max, size_t *n)
{
    size_t more = t->n - r->at;

    if (more > max - *n) more = max - *n;
    memcpy(to + *n, t->p + r->at, more);
    *n += more;
    r->at += more;
    if (r->at < t->n) return false;
    r->at = 0;
    return true;
}

static void read_firsts(struct reader *r, char *to, size_t max, size_t *n)
{
    while (r->firsts_at < r->firsts_n && *n < max) {
        if (!copy_some(r->firsts[r->firsts_at], r, to, max, n)) return;
        text_drop(r->firsts[r->firsts_at++]);
    }
    if (r->firsts && r->firsts_at == r->firsts_n) drop_firsts(r);
}

static void read_ring(struct events *e, struct reader *r, char *to, size_t max, size_t *n)
{
    while (*n < max && find_next(e, r) && r->next < e->next)
        if (copy_some(place(e, r->next)->text, r, to, max, n)) r->next++;
}

enum reading reader_read(struct events *e, struct reader *r, char *to, size_t max, size_t *n)
{
    *n = 0;
    assert(!r->asleep);
    if (e->closed || r->gone) return READ_OVER;
    if (!find_next(e, r)) {
        e->stats.cut++;
        return READ_OVER;
    }
    read_firsts(r, to, max, n);
    if (!r->firsts) read_ring(e, r, to, max, n);
    if (*n == 0 && r->ping && max >= sizeof(PING) - 1) {
        memcpy(to, PING, sizeof(PING) - 1);
        *n = sizeof(PING) - 1;
    }
    r->ping = false;
    return *n > 0 ? READ_SOME : READ_NOTHING;
}

void events_stats(const struct events *e, struct events_stats *out)
{
    *out = e->stats;
}
