/* SPDX-License-Identifier: Apache-2.0 */
#include "service/slots.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

struct slots *slots_new(const struct slots_kind *kind)
{
    struct slots *s = mem_zalloc(sizeof(*s));
    const struct slots made = { .kind = *kind };
    memcpy(s, &made, sizeof(made));
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->given, NULL);
    return s;
}

void slots_free(struct slots *s)
{
    if (!s) return;
    for (size_t i = 0; i < s->n; i++) {
        assert(!s->v[i].busy);
        s->kind.free(s->v[i].connection);
    }
    pthread_cond_destroy(&s->given);
    pthread_mutex_destroy(&s->lock);
    mem_free(s);
}

/* Under the lock. The one used last is the one whose connection is most likely still open. */
static struct slot *idle_or_new(struct slots *s)
{
    for (size_t i = 0; i < s->n; i++)
        if (!s->v[i].busy) return &s->v[i];
    if (s->n == SLOTS_MAX) return NULL;
    void *connection = s->kind.make(s->kind.arg);
    if (!connection) return NULL;
    s->v[s->n] = (struct slot){ .connection = connection };
    return &s->v[s->n++];
}

void *slots_take(struct slots *s)
{
    void *connection = NULL;
    pthread_mutex_lock(&s->lock);
    while (!s->closed && !connection) {
        struct slot *slot = idle_or_new(s);
        if (slot) {
            slot->busy = true;
            connection = slot->connection;
        } else if (s->n == SLOTS_MAX) {
            pthread_cond_wait(&s->given, &s->lock);
        } else {
            break;
        }
    }
    pthread_mutex_unlock(&s->lock);
    return connection;
}

void slots_give(struct slots *s, void *connection, bool good)
{
    pthread_mutex_lock(&s->lock);
    size_t i = 0;
    while (s->v[i].connection != connection)
        i++;
    assert(i < s->n && s->v[i].busy);
    s->v[i].busy = false;
    if (!good) s->v[i] = s->v[--s->n];
    pthread_cond_signal(&s->given);
    pthread_mutex_unlock(&s->lock);
    if (!good) s->kind.free(connection);
}

void slots_interrupt(struct slots *s)
{
    pthread_mutex_lock(&s->lock);
    s->closed = true;
    for (size_t i = 0; i < s->n; i++)
        if (s->v[i].busy) s->kind.cancel(s->v[i].connection);
    pthread_cond_broadcast(&s->given);
    pthread_mutex_unlock(&s->lock);
}
