/* SPDX-License-Identifier: Apache-2.0 */
/* Buckets of eight, chosen by random bits of the id. A flood drives out the oldest of a bucket, so
 * whoever answers within a second is safe until tens of thousands are asked for in that second; and
 * it costs no more memory than this. */
#include "service/challenges.h"

#include <pthread.h>
#include <string.h>

#include "base/mem.h"

#define BUCKETS    4096
#define PER_BUCKET 8

struct challenges {
    pthread_mutex_t lock;                           /* guards: rows */
    struct challenge_row rows[BUCKETS][PER_BUCKET]; /* expires_us 0: free */
};

struct challenges *challenges_new(void)
{
    struct challenges *c = mem_zalloc(sizeof(*c));

    pthread_mutex_init(&c->lock, NULL);
    return c;
}

void challenges_free(struct challenges *c)
{
    if (!c) return;
    pthread_mutex_destroy(&c->lock);
    mem_free(c);
}

static struct challenge_row *bucket_of(struct challenges *c, struct id id)
{
    const size_t bits = (size_t)id.b[14] << 8 | id.b[15];

    return c->rows[bits % BUCKETS];
}

void challenges_put(struct challenges *c, const struct challenge_row *row, int64_t now_us)
{
    pthread_mutex_lock(&c->lock);
    struct challenge_row *b = bucket_of(c, row->id), *best = &b[0];
    for (size_t i = 0; i < PER_BUCKET && best->expires_us > now_us; i++)
        if (b[i].expires_us < best->expires_us) best = &b[i];
    *best = *row;
    pthread_mutex_unlock(&c->lock);
}

bool challenges_take(struct challenges *c, struct id id, int64_t now_us, struct challenge_row *out)
{
    bool found = false;

    pthread_mutex_lock(&c->lock);
    struct challenge_row *b = bucket_of(c, id);
    for (size_t i = 0; i < PER_BUCKET && !found; i++) {
        if (b[i].expires_us == 0 || !id_eq(b[i].id, id)) continue;
        found = b[i].expires_us > now_us;
        if (found) *out = b[i];
        b[i] = (struct challenge_row){ .expires_us = 0 };
        break;
    }
    pthread_mutex_unlock(&c->lock);
    return found;
}
