/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/room.h"

#include <assert.h>

void room_equip(const struct market *m, struct node_entry *n, const struct node_spec *spec)
{
    const struct book *const cards = spec->gpus > 0 ? state_book(m, spec->gpu_pool) : NULL;

    assert(spec->gpus == 0 || cards);
    n->node.spec = *spec;
    n->cards = cards ? &cards->pool : NULL;
    n->site = spec->traits.site != 0 ? state_node(m, spec->traits.site) : n;
    assert(n->site);
}

static bool same_model(const struct pool *a, const struct pool *b)
{
    for (size_t i = 0; i < sizeof(a->gpu_model); i++) {
        if (a->gpu_model[i] != b->gpu_model[i]) return false;
        if (a->gpu_model[i] == '\0') return true;
    }
    return true;
}

/* Does the node have the cards that the pool sells, if it sells any? */
static bool has_cards(const struct node_entry *n, const struct pool *pool)
{
    return pool->unit.gpus == 0 || (n->cards && same_model(n->cards, pool));
}

void room_take(struct node *n, const struct pool *pool, int32_t units)
{
    n->offered.gpus += units * pool->unit.gpus;
    n->offered.cpu_millis += units * pool->unit.cpu_millis;
    n->offered.memory_bytes += units * pool->unit.memory_bytes;
    n->offered.scratch_bytes += units * pool->unit.scratch_bytes;
    assert(n->offered.gpus >= 0);
    assert(n->offered.cpu_millis >= 0);
    assert(n->offered.memory_bytes >= 0);
    assert(n->offered.scratch_bytes >= 0);
}

static bool fits(int64_t has, int64_t load, int64_t units, int64_t share)
{
    return units * share <= has - load;
}

bool room_for(const struct node_entry *n, const struct pool *pool, int32_t units)
{
    const struct needs *const load = &n->node.offered;
    const struct node_spec *const has = &n->node.spec;

    return has_cards(n, pool) && fits(has->gpus, load->gpus, units, pool->unit.gpus) &&
           fits(has->cpu_millis, load->cpu_millis, units, pool->unit.cpu_millis) &&
           fits(has->memory_bytes, load->memory_bytes, units, pool->unit.memory_bytes) &&
           fits(has->scratch_bytes, load->scratch_bytes, units, pool->unit.scratch_bytes);
}

bool room_carries(const struct node_entry *n)
{
    const struct needs *const load = &n->node.offered;
    const struct node_spec *const has = &n->node.spec;

    for (const struct ask_entry *a = n->asks; a; a = a->older)
        if (a->ask.state == ORDER_OPEN && !has_cards(n, &a->book->pool)) return false;
    return load->gpus <= has->gpus && load->cpu_millis <= has->cpu_millis &&
           load->memory_bytes <= has->memory_bytes && load->scratch_bytes <= has->scratch_bytes;
}
