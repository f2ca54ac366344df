/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/agenda.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

static bool before(const struct event *a, const struct event *b)
{
    if (a->at_us != b->at_us) return a->at_us < b->at_us;
    return a->order < b->order;
}

static void swap(struct event *a, struct event *b)
{
    const struct event c = *a;

    *a = *b;
    *b = c;
}

void agenda_add(struct agenda *a, int64_t at_us, int kind, int64_t what)
{
    if (a->n == a->room) {
        a->room = a->room ? 2 * a->room : 256;
        a->events = mem_heap.resize(mem_heap.arg, a->events, a->room * sizeof(a->events[0]));
        if (a->events == NULL) {
            fprintf(stderr, "no memory\n");
            exit(1);
        }
    }
    size_t i = a->n++;
    a->events[i] = (struct event){ at_us, a->added++, kind, what };
    for (; i > 0 && before(&a->events[i], &a->events[(i - 1) / 2]); i = (i - 1) / 2)
        swap(&a->events[i], &a->events[(i - 1) / 2]);
}

const struct event *agenda_first(const struct agenda *a)
{
    return a->n > 0 ? &a->events[0] : NULL;
}

bool agenda_next(struct agenda *a, struct event *out)
{
    if (a->n == 0) return false;
    *out = a->events[0];
    a->events[0] = a->events[--a->n];
    for (size_t i = 0;;) {
        size_t least = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2; child++) {
            if (child < a->n && before(&a->events[child], &a->events[least])) least = child;
        }
        if (least == i) return true;
        swap(&a->events[i], &a->events[least]);
        i = least;
    }
}

void agenda_free(struct agenda *a)
{
    (void)mem_heap.resize(mem_heap.arg, a->events, 0);
    *a = (struct agenda){ 0 };
}
