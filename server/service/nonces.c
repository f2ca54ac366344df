/* SPDX-License-Identifier: Apache-2.0 */
/* Open addressing over the first 16 bytes of the hash. A slot of zeros is free: that a hash begins
 * with 16 zeros does not happen, and if it did, one nonce could be used twice. */
#include "service/nonces.h"

#include <pthread.h>
#include <string.h>

#include "base/mem.h"

#define FIRST_SLOTS 1024
#define NONCE_SIZE  16

struct generation {
    uint8_t (*slots)[NONCE_SIZE];
    size_t cap, n;
};

struct nonces {
    int64_t period_us;
    size_t max;
    pthread_mutex_t lock; /* guards: everything below */
    struct generation now, before;
    int64_t since_us; /* when the present generation began */
};

struct nonces *nonces_new(int64_t period_us, size_t max)
{
    struct nonces *n = mem_zalloc(sizeof(*n));

    n->period_us = period_us;
    n->max = max;
    pthread_mutex_init(&n->lock, NULL);
    return n;
}

void nonces_free(struct nonces *n)
{
    if (!n) return;
    mem_free(n->now.slots);
    mem_free(n->before.slots);
    pthread_mutex_destroy(&n->lock);
    mem_free(n);
}

static bool is_free(const uint8_t slot[NONCE_SIZE])
{
    static const uint8_t zeros[NONCE_SIZE];
    return memcmp(slot, zeros, NONCE_SIZE) == 0;
}

/* Where it is, or would be. */
static size_t place(const struct generation *g, const uint8_t nonce[NONCE_SIZE])
{
    uint64_t h;

    memcpy(&h, nonce, sizeof(h));
    size_t i = (size_t)h & (g->cap - 1);
    while (!is_free(g->slots[i]) && memcmp(g->slots[i], nonce, NONCE_SIZE) != 0)
        i = (i + 1) & (g->cap - 1);
    return i;
}

static bool holds(const struct generation *g, const uint8_t nonce[NONCE_SIZE])
{
    return g->cap > 0 && !is_free(g->slots[place(g, nonce)]);
}

static bool grow(struct generation *g)
{
    const struct generation old = *g;
    const size_t cap = old.cap ? 2 * old.cap : FIRST_SLOTS;
    void *slots = mem_heap.resize(mem_heap.arg, NULL, cap * NONCE_SIZE);

    if (!slots) return false;
    memset(slots, 0, cap * NONCE_SIZE);
    g->slots = slots;
    g->cap = cap;
    for (size_t i = 0; i < old.cap; i++)
        if (!is_free(old.slots[i]))
            memcpy(g->slots[place(g, old.slots[i])], old.slots[i], NONCE_SIZE);
    mem_free(old.slots);
    return true;
}

/* A clock that jumps back makes a generation last longer, never shorter. */
static void turn(struct nonces *n, int64_t now_us)
{
    if (n->since_us == 0) n->since_us = now_us;
    if (now_us - n->since_us < n->period_us) return;
    mem_free(n->before.slots);
    n->before = n->now;
    n->now = (struct generation){ .n = 0 };
    n->since_us = now_us;
}

static enum nonce_seen add(struct nonces *n, const uint8_t nonce[NONCE_SIZE])
{
    struct generation *g = &n->now;

    if (holds(g, nonce) || holds(&n->before, nonce)) return NONCE_SEEN;
    if (g->n >= n->max) return NONCE_FULL;
    if (4 * (g->n + 1) > 3 * g->cap && !grow(g)) return NONCE_FULL;
    memcpy(g->slots[place(g, nonce)], nonce, NONCE_SIZE);
    g->n++;
    return NONCE_NEW;
}

enum nonce_seen nonces_add(struct nonces *n, const struct hash *nonce, int64_t now_us)
{
    pthread_mutex_lock(&n->lock);
    turn(n, now_us);
    const enum nonce_seen seen = add(n, nonce->b);
    pthread_mutex_unlock(&n->lock);
    return seen;
}
