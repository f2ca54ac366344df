/* SPDX-License-Identifier: Apache-2.0 */
/* Memory for jansson's values, which are many, small, and all dropped together with a request: a
 * few hundred for one job. What a thread frees it keeps in lists by size, and takes from there
 * again. The heap does the same for seven pieces of a size; beyond that it merges and splits them.
 *
 * Pieces are the heap's own, and it knows their sizes; so what jansson gives away, a text of
 * json_dumps() for one, may be given to free() as ever. A thread keeps at most KEEP pieces of a
 * size, and gives them back when it ends. Sanitizers watch the heap: with them it is used as it is.
 */
#include "json/room.h"

#include <jansson.h>
#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/mem.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WATCHED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WATCHED 1
#endif
#endif
#ifndef WATCHED
#define WATCHED 0
#endif

#define STEP  ((size_t)16)
#define LISTS ((size_t)16) /* of pieces up to 256 bytes */
#define KEEP  512

struct piece {
    struct piece *next;
};

struct kept {
    struct piece *first[LISTS];
    unsigned n[LISTS];
    bool given_back_at_end;
};

static _Thread_local struct kept kept;
static pthread_key_t at_end;

static void give_back(void *arg)
{
    struct kept *k = arg;

    for (size_t i = 0; i < LISTS; i++) {
        while (k->first[i]) {
            struct piece *p = k->first[i];
            k->first[i] = p->next;
            free(p);
        }
        k->n[i] = KEEP; /* whatever comes later goes to the heap */
    }
}

static void *room(size_t size)
{
    const size_t i = size > 0 ? (size - 1) / STEP : 0;
    if (i >= LISTS) return mem_heap.resize(mem_heap.arg, NULL, size);

    struct piece *p = kept.first[i];
    if (!p) return mem_heap.resize(mem_heap.arg, NULL, (i + 1) * STEP);
    kept.first[i] = p->next;
    kept.n[i]--;
    return p;
}

static void drop(void *at)
{
    struct piece *p = at;
    const size_t size = malloc_usable_size(at);
    if (size < STEP || size >= (LISTS + 1) * STEP || kept.n[size / STEP - 1] >= KEEP) {
        free(at);
        return;
    }
    if (!kept.given_back_at_end) kept.given_back_at_end = pthread_setspecific(at_end, &kept) == 0;
    const size_t i = size / STEP - 1;
    p->next = kept.first[i];
    kept.first[i] = p;
    kept.n[i]++;
}

void json_room_use(void)
{
    if (!WATCHED && pthread_key_create(&at_end, give_back) == 0) json_set_alloc_funcs(room, drop);
}
