/* SPDX-License-Identifier: Apache-2.0 */
/* Two open-addressing tables, one a window. Keys are hashes already, so their first bytes are the
 * hash; a table is emptied as a whole when its window is two back. */
#include "service/keys.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"

#define FIRST_SLOTS 1024

struct slot {
    int64_t account; /* 0: free */
    uint8_t key[16];
    struct key_use use;
};

struct window {
    int64_t number;
    struct slot *slots;
    size_t cap, n;
};

struct keys {
    struct window windows[2]; /* by parity of the window's number */
};

struct keys *keys_new(void)
{
    return mem_zalloc(sizeof(struct keys));
}

void keys_free(struct keys *k)
{
    if (!k) return;
    mem_free(k->windows[0].slots);
    mem_free(k->windows[1].slots);
    mem_free(k);
}

int64_t keys_window(int64_t at_us)
{
    return at_us / ((int64_t)IDEM_KEEP_S * 1000000);
}

void keys_store_form(const uint8_t key[16], int64_t window, uint8_t out[16])
{
    memcpy(out, key, 16);
    for (int i = 0; i < 8; i++)
        out[8 + i] ^= (uint8_t)((uint64_t)window >> (8 * i));
}

static size_t place(const struct window *w, int64_t account, const uint8_t key[16])
{
    uint64_t h;

    memcpy(&h, key, sizeof(h));
    h ^= (uint64_t)account * UINT64_C(0x9e3779b97f4a7c15);
    size_t i = (size_t)h & (w->cap - 1);
    while (w->slots[i].account != 0 &&
           (w->slots[i].account != account || memcmp(w->slots[i].key, key, 16) != 0))
        i = (i + 1) & (w->cap - 1);
    return i;
}

static const struct key_use *find_in(const struct keys *k, int64_t window, int64_t account,
                                     const uint8_t key[16])
{
    const struct window *w = &k->windows[window & 1];
    uint8_t stored[16];

    if (w->number != window || w->n == 0) return NULL;
    keys_store_form(key, window, stored);
    const struct slot *s = &w->slots[place(w, account, stored)];
    return s->account != 0 ? &s->use : NULL;
}

const struct key_use *keys_find(const struct keys *k, int64_t account, const uint8_t key[16],
                                int64_t now_us)
{
    const int64_t window = keys_window(now_us);
    const struct key_use *use = find_in(k, window, account, key);

    return use ? use : find_in(k, window - 1, account, key);
}

static bool grow(struct window *w)
{
    const struct window old = *w;
    const size_t cap = old.cap ? 2 * old.cap : FIRST_SLOTS;

    w->slots = mem_heap.resize(mem_heap.arg, NULL, cap * sizeof(struct slot));
    if (!w->slots) {
        *w = old;
        return false;
    }
    memset(w->slots, 0, cap * sizeof(struct slot));
    w->cap = cap;
    for (size_t i = 0; i < old.cap; i++)
        if (old.slots[i].account != 0)
            w->slots[place(w, old.slots[i].account, old.slots[i].key)] = old.slots[i];
    mem_free(old.slots);
    return true;
}

static void begin_window(struct window *w, int64_t number)
{
    mem_free(w->slots);
    *w = (struct window){ .number = number };
}

bool keys_add(struct keys *k, int64_t account, const uint8_t stored[16], const struct key_use *use)
{
    const int64_t number = keys_window(use->at_us);
    struct window *w = &k->windows[number & 1];

    assert(account != 0);
    if (w->number > number) return true; /* already two windows back */
    if (w->number < number) begin_window(w, number);
    if (4 * (w->n + 1) > 3 * w->cap && !grow(w)) return false;
    struct slot *s = &w->slots[place(w, account, stored)];
    if (s->account == 0) w->n++;
    s->account = account;
    memcpy(s->key, stored, 16);
    s->use = *use;
    return true;
}

void keys_prune(struct keys *k, int64_t now_us)
{
    for (int i = 0; i < 2; i++)
        if (k->windows[i].number < keys_window(now_us) - 1) begin_window(&k->windows[i], 0);
}

size_t keys_count(const struct keys *k)
{
    return k->windows[0].n + k->windows[1].n;
}
