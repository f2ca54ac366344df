/* SPDX-License-Identifier: Apache-2.0 */
/* Idempotency keys (docs/adr/0015): a client's key, with the number of its window of 48 hours mixed
 * into the last eight bytes, stands once for an account. The keys of the present window and of the
 * one before are remembered. */
#include <string.h>

#include "base/mem.h"
#include "check/inside.h"

#define WINDOW_US INT64_C(172800000000)

struct slot {
    int64_t account, seq; /* seq 0: empty */
    uint8_t key[16];
};

struct window {
    int64_t number;
    struct slot *slots;
    size_t n, cap; /* a power of two */
};

struct keys {
    struct window windows[2];
};

struct keys *keys_new(void)
{
    struct keys *k = mem_zalloc(sizeof(*k));
    k->windows[0].number = k->windows[1].number = -1;
    return k;
}

void keys_free(struct keys *k)
{
    if (!k) return;
    mem_free(k->windows[0].slots);
    mem_free(k->windows[1].slots);
    mem_free(k);
}

size_t keys_count(const struct keys *k)
{
    return k->windows[0].n + k->windows[1].n;
}

static struct slot *place(const struct window *w, int64_t account, const uint8_t key[16])
{
    uint64_t h, h2;

    memcpy(&h, key, 8);
    memcpy(&h2, key + 8, 8);
    h = (h ^ h2 * UINT64_C(0xff51afd7ed558ccd) ^ (uint64_t)account) * UINT64_C(0x9e3779b97f4a7c15);
    size_t at = (h >> 20) & (w->cap - 1);
    while (w->slots[at].seq != 0 &&
           (w->slots[at].account != account || memcmp(w->slots[at].key, key, 16) != 0))
        at = (at + 1) & (w->cap - 1);
    return &w->slots[at];
}

static void grow(struct window *w)
{
    const struct window old = *w;

    w->cap = old.cap ? 2 * old.cap : 1024;
    w->slots = mem_zalloc(w->cap * sizeof(*w->slots));
    for (size_t i = 0; i < old.cap; i++)
        if (old.slots[i].seq != 0) *place(w, old.slots[i].account, old.slots[i].key) = old.slots[i];
    mem_free(old.slots);
}

/* 0, or the command of the account that has the key already. */
static int64_t add(struct window *w, int64_t account, const uint8_t key[16], int64_t seq)
{
    if (4 * (w->n + 1) > 3 * w->cap) grow(w);
    struct slot *s = place(w, account, key);
    if (s->seq != 0) return s->seq;
    *s = (struct slot){ .account = account, .seq = seq };
    memcpy(s->key, key, 16);
    w->n++;
    return 0;
}

static int64_t seen(const struct window *w, int64_t account, const uint8_t key[16])
{
    return w->cap > 0 ? place(w, account, key)->seq : 0;
}

/* Without a key the number stands in its place, and no digest. */
static bool is_own_number(const uint8_t key[16], int64_t seq)
{
    uint64_t number = 0;

    for (int i = 0; i < 8; i++) {
        if (key[i] != 0) return false;
        number = number << 8 | key[8 + i];
    }
    return number == (uint64_t)seq;
}

/* The same key of a client as it is stored in the window before. */
static void in_window(const uint8_t stored[16], int64_t from, int64_t to, uint8_t out[16])
{
    const uint64_t mask = (uint64_t)from ^ (uint64_t)to;

    memcpy(out, stored, 16);
    for (int i = 0; i < 8; i++)
        out[8 + i] ^= (uint8_t)(mask >> (8 * i));
}

bool check_key(struct audit *a, const struct row *r)
{
    const struct str key = row_cell(r, COMMANDS_KEY)->s, body = row_cell(r, COMMANDS_BODY)->s;
    const int64_t seq = a->command.seq, account = a->command.account;
    const int64_t number = a->command.at_us / WINDOW_US;
    struct window *w = &a->keys->windows[number & 1], *before = &a->keys->windows[~number & 1];
    uint8_t earlier[16], bytes[16];

    if (key.n != 16 || (body.n != 0 && body.n != 32))
        return find(&a->f, FIND_KEY_FORM, seq, "commands.key", "16 bytes, and a digest or none",
                    "other lengths");
    memcpy(bytes, key.p, 16);
    if (body.n == 0 && kind_must_be_keyed(&a->command))
        return find(&a->f, FIND_KEY_FORM, seq, "commands.body", "the digest of a keyed request",
                    "none");
    if (body.n == 0 && !is_own_number(bytes, seq))
        return find(&a->f, FIND_KEY_FORM, seq, "commands.key", "the command's number",
                    "another key");
    if (body.n == 0) return true;
    if (w->number != number) {
        mem_free(w->slots);
        *w = (struct window){ .number = number };
    }
    in_window(bytes, number, number - 1, earlier);
    int64_t other = before->number == number - 1 ? seen(before, account, earlier) : 0;
    if (other == 0) other = add(w, account, bytes, seq);
    if (other == 0) return true;
    return find_i64(&a->f, FIND_KEY_REUSED, seq, "commands.key", 0, other);
}
