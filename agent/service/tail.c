/* SPDX-License-Identifier: Apache-2.0 */
/* The log of a running container to the market, chunk by chunk.
 *
 * Before a chunk leaves, its number and length are on disk; so after a crash the same bytes go out
 * under the same number, and the market, which keeps the first of each number, has each byte once.
 */
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "service/agent.h"
#include "service/runner.h"

struct chunk {
    int64_t number;
    enum log_stream stream;
    size_t n;
    char bytes[LOG_CHUNK_MAX];
};

static bool next_chunk(struct lease *l, struct chunk *c)
{
    pthread_mutex_lock(&l->lock);
    const size_t exactly = (size_t)l->entry.log_pending;
    c->number = l->entry.log_next;
    pthread_mutex_unlock(&l->lock);
    c->n = pump_peek(l->pump, exactly, clock_monotonic_us(), l->agent->settings.log_flush_us,
                     &c->stream, c->bytes);
    return c->n > 0;
}

/* One write for two things: this chunk is under way, those before it are there. */
static bool note_pending(struct lease *l, const struct chunk *c)
{
    struct err err;
    pthread_mutex_lock(&l->lock);
    l->entry.log_pending = (int64_t)c->n;
    l->entry.log_pending_stream = c->stream;
    const bool saved = lease_save(l, &err);
    pthread_mutex_unlock(&l->lock);
    if (!saved) log_err(LOG_ERROR, "journal.failed", &err);
    return saved;
}

static void note_sent(struct lease *l, const struct chunk *c)
{
    pthread_mutex_lock(&l->lock);
    l->entry.log_pending = 0;
    l->entry.log_sent += (int64_t)c->n;
    l->entry.log_next++;
    pthread_mutex_unlock(&l->lock);
    pump_drop(l->pump, c->n);
}

/* Until the market has it. False: may not go on. */
static bool send(struct lease *l, const struct chunk *c)
{
    const struct link *m = &l->agent->market;
    for (int failures = 1;; failures++) {
        struct err err;
        const enum link_result r = m->ops->log_put(m->self, l->what.lease_id, c->number, c->stream,
                                                   (struct str){ c->bytes, c->n }, &err);
        if (r == LINK_DONE) break;
        if (r != LINK_UNREACHABLE) { /* it does not want this one; the receipt tells all the same */
            log_err(LOG_WARN, "log.refused", &err);
            break;
        }
        if (!runner_pause(l, agent_backoff_us(l->agent, failures))) return false;
    }
    note_sent(l, c);
    return true;
}

/* Nothing can be sent before this time has passed or something has come. */
static int64_t wait_us(struct lease *l)
{
    const int64_t left =
        l->agent->settings.log_flush_us - pump_waits_us(l->pump, clock_monotonic_us());
    return left < 1000 ? 1000 : left;
}

bool runner_send_log(struct lease *l)
{
    struct chunk *c = mem_zalloc(sizeof(*c));
    bool go_on = true;
    while (go_on && !pump_is_dry(l->pump)) {
        if (!next_chunk(l, c))
            go_on = runner_wait(l, wait_us(l));
        else if (!note_pending(l, c))
            go_on = runner_pause(l, 1000000);
        else
            go_on = send(l, c);
    }
    mem_free(c);
    return go_on;
}
