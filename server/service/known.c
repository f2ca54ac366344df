/* SPDX-License-Identifier: Apache-2.0 */
/* Three tables in which the newer drives out the older. A node or a key has one place. A secret has
 * a few, as it comes with every request: two that shared one would drive each other out with each,
 * and the database be asked each time. */
#include "service/known.h"

#include <pthread.h>
#include <string.h>

#include "base/mem.h"

#define SLOTS    4096
#define PLACES   4
#define US_PER_S INT64_C(1000000)

struct secret_slot {
    struct hash secret;
    int64_t until_us; /* 0: free */
    struct known_key key;
};

struct key_slot {
    int64_t until_us;
    struct known_key key;
};

struct node_slot {
    int64_t until_us;
    struct known_node node;
};

struct known {
    pthread_mutex_t lock; /* guards: everything below */
    int64_t forgotten;
    struct secret_slot secrets[SLOTS];
    struct key_slot keys[SLOTS];
    struct node_slot nodes[SLOTS];
};

struct known *known_new(void)
{
    struct known *k = mem_zalloc(sizeof(*k));

    pthread_mutex_init(&k->lock, NULL);
    return k;
}

void known_free(struct known *k)
{
    if (!k) return;
    pthread_mutex_destroy(&k->lock);
    mem_free(k);
}

/* A hash, and the random end of an id, are as good as random; numbers of nodes follow each other.
 */
static size_t two_bytes(const uint8_t *p)
{
    return (size_t)((unsigned)p[0] << 8 | p[1]) % SLOTS;
}

/* Where the secret is, or else where it would be put: the place that is free longest. */
static struct secret_slot *secret_slot(struct known *k, const struct hash *secret)
{
    const size_t first = two_bytes(secret->b);
    struct secret_slot *oldest = &k->secrets[first];

    for (size_t i = 0; i < PLACES; i++) {
        struct secret_slot *s = &k->secrets[(first + i) % SLOTS];
        if (memcmp(s->secret.b, secret->b, sizeof(secret->b)) == 0) return s;
        if (s->until_us < oldest->until_us) oldest = s;
    }
    return oldest;
}

static struct key_slot *key_slot(struct known *k, struct id id)
{
    return &k->keys[two_bytes(&id.b[14])];
}

static struct node_slot *node_slot(struct known *k, int64_t node)
{
    return &k->nodes[(uint64_t)node % SLOTS];
}

int64_t known_mark(struct known *k)
{
    pthread_mutex_lock(&k->lock);
    const int64_t mark = k->forgotten;
    pthread_mutex_unlock(&k->lock);
    return mark;
}

bool known_find_secret(struct known *k, const struct hash *secret, int64_t now_us,
                       struct known_key *out)
{
    pthread_mutex_lock(&k->lock);
    const struct secret_slot *s = secret_slot(k, secret);
    const bool found =
        s->until_us > now_us && memcmp(s->secret.b, secret->b, sizeof(secret->b)) == 0;
    if (found) *out = s->key;
    pthread_mutex_unlock(&k->lock);
    return found;
}

bool known_find_key(struct known *k, struct id id, int64_t now_us, struct known_key *out)
{
    pthread_mutex_lock(&k->lock);
    const struct key_slot *s = key_slot(k, id);
    const bool found = s->until_us > now_us && id_eq(s->key.id, id);
    if (found) *out = s->key;
    pthread_mutex_unlock(&k->lock);
    return found;
}

bool known_find_node(struct known *k, int64_t node, int64_t now_us, struct known_node *out)
{
    pthread_mutex_lock(&k->lock);
    const struct node_slot *s = node_slot(k, node);
    const bool found = s->until_us > now_us && s->node.node == node;
    if (found) *out = s->node;
    pthread_mutex_unlock(&k->lock);
    return found;
}

void known_put_key(struct known *k, const struct hash *secret, const struct known_key *key,
                   int64_t mark, int64_t now_us)
{
    const int64_t until_us = now_us + KNOWN_LIFE_S * US_PER_S;

    pthread_mutex_lock(&k->lock);
    if (mark == k->forgotten) {
        *key_slot(k, key->id) = (struct key_slot){ until_us, *key };
        if (secret) *secret_slot(k, secret) = (struct secret_slot){ *secret, until_us, *key };
    }
    pthread_mutex_unlock(&k->lock);
}

void known_put_node(struct known *k, const struct known_node *node, int64_t mark, int64_t now_us)
{
    pthread_mutex_lock(&k->lock);
    if (mark == k->forgotten)
        *node_slot(k, node->node) = (struct node_slot){ now_us + KNOWN_LIFE_S * US_PER_S, *node };
    pthread_mutex_unlock(&k->lock);
}

void known_forget_key(struct known *k, struct id id)
{
    pthread_mutex_lock(&k->lock);
    k->forgotten++;
    if (id_eq(key_slot(k, id)->key.id, id)) key_slot(k, id)->until_us = 0;
    for (size_t i = 0; i < SLOTS; i++)
        if (id_eq(k->secrets[i].key.id, id)) k->secrets[i].until_us = 0;
    pthread_mutex_unlock(&k->lock);
}

void known_forget_node(struct known *k, int64_t node)
{
    pthread_mutex_lock(&k->lock);
    k->forgotten++;
    if (node_slot(k, node)->node.node == node) node_slot(k, node)->until_us = 0;
    pthread_mutex_unlock(&k->lock);
}
