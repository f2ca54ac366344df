/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "domain/ladder_node.h"

#define LINE      64        /* bytes that come into the processor's cache together */
#define CHUNK_MAX (1 << 18) /* bytes; a room grows by an eighth of what it has, up to that */
#define ENDS_MIN  256

/* A spare node begins with the next one. */
struct spare {
    struct spare *next;
};

struct ladder_chunk {
    struct ladder_chunk *next;
};

/* Nodes begin where a line does. */
#define WHOLE_LINES(bytes) (((bytes) + LINE - 1) / LINE * LINE)

static const size_t node_bytes[] = {
    [NODE_ASKS] = WHOLE_LINES(offsetof(struct ladder_leaf, u) + sizeof(uint8_t[LEAF_SLOTS])),
    [NODE_BIDS] = WHOLE_LINES(sizeof(struct ladder_leaf)),
    [NODE_INNER] = WHOLE_LINES(sizeof(struct ladder_inner)),
    [NODE_QUEUE] = WHOLE_LINES(sizeof(struct ladder_queue)),
};

void ladder_room_init(struct ladder_room *room, struct mem mem)
{
    *room = (struct ladder_room){ .mem = mem };
}

void ladder_room_done(struct ladder_room *room)
{
    assert(room->leaves == 0 && room->inners == 0 && room->queues == 0);
    while (room->chunks) {
        struct ladder_chunk *const chunk = room->chunks;
        room->chunks = chunk->next;
        room->mem.resize(room->mem.arg, chunk, 0);
    }
    if (room->ends) room->mem.resize(room->mem.arg, room->ends, 0);
    *room = (struct ladder_room){ .mem = room->mem };
}

static void put_spare(struct ladder_room *room, enum node_kind kind, void *node)
{
    struct spare *const spare = node;

    spare->next = room->spare[kind];
    room->spare[kind] = spare;
    room->spares[kind]++;
}

static size_t in_use(const struct ladder_room *room, enum node_kind kind)
{
    return kind == NODE_INNER ? room->inners : kind == NODE_QUEUE ? room->queues : room->leaves;
}

static bool stock(struct ladder_room *room, enum node_kind kind, size_t n)
{
    if (room->spares[kind] >= n) return true;

    const size_t size = node_bytes[kind], eighth = in_use(room, kind) / 8;
    const size_t lacking = n - room->spares[kind];
    size_t more = eighth < CHUNK_MAX / size ? eighth : CHUNK_MAX / size;
    if (more < lacking) more = lacking;
    const size_t bytes = sizeof(struct ladder_chunk) + LINE - 1 + more * size;
    struct ladder_chunk *const chunk = room->mem.resize(room->mem.arg, NULL, bytes);
    if (!chunk) return false;
    room->bytes += bytes;
    chunk->next = room->chunks;
    room->chunks = chunk;

    char *first = (char *)(chunk + 1);
    first += (LINE - (uintptr_t)first % LINE) % LINE;
    for (size_t i = more; i-- > 0;)
        put_spare(room, kind, memset(first + i * size, 0, size));
    return true;
}

/* What is known of ends is forgotten: it comes again. */
static bool stock_ends(struct ladder_room *room, size_t leaves)
{
    size_t cap = room->ends_cap ? room->ends_cap : ENDS_MIN;

    while (cap * LADDER_WAYS < leaves)
        cap *= 2;
    if (cap == room->ends_cap) return true;

    struct ladder_ends *const ends =
        room->mem.resize(room->mem.arg, NULL, cap * sizeof(struct ladder_ends));
    if (!ends) return false;
    memset(ends, 0, cap * sizeof(struct ladder_ends));
    if (room->ends) room->mem.resize(room->mem.arg, room->ends, 0);
    room->bytes += (cap - room->ends_cap) * sizeof(struct ladder_ends);
    room->ends = ends;
    room->ends_cap = cap;
    return true;
}

/* One order makes at most one leaf, and a node in each storey above it, and a new root. A ladder
 * gains one storey by one order, but after that no other before some 200 more: a root has two
 * children at first and splits when it has 32, and a leaf that has been split has eight slots free,
 * or the other half of the two has. For very many orders the other bound is lower: every node that
 * is there splits once, and new ones need 16 children more before they split again. */
static size_t inners_for(const struct ladder_room *room, size_t lines)
{
    const size_t storeys = lines * ((size_t)room->height + 2 + lines / 200);
    if (storeys <= room->spares[NODE_INNER]) return storeys; /* as almost always */

    const size_t splits = room->inners + room->inners / 15 + room->leaves + lines / 8 + 2;
    return storeys < splits ? storeys : splits;
}

/* An order that comes late may cut a line in two and stand between. */
bool ladder_reserve(struct ladder_room *room, size_t adds)
{
    return stock(room, NODE_ASKS, 2 * adds) && stock(room, NODE_BIDS, 2 * adds) &&
           stock(room, NODE_INNER, inners_for(room, 2 * adds)) && stock(room, NODE_QUEUE, adds) &&
           stock_ends(room, room->leaves + adds);
}

void *ladder_take(struct ladder_room *room, enum node_kind kind)
{
    void *const node = room->spare[kind];
    int64_t *price;
    int slots;

    assert(node); /* ladder_reserve() was forgotten */
    room->spare[kind] = ((struct spare *)node)->next;
    room->spares[kind]--;
    memset(node, 0, node_bytes[kind]);
    if (kind == NODE_QUEUE) {
        room->queues++;
        return node;
    }
    if (kind == NODE_INNER) {
        room->inners++;
        price = ((struct ladder_inner *)node)->price;
        slots = INNER_SLOTS;
    } else {
        room->leaves++;
        price = ((struct ladder_leaf *)node)->price;
        slots = LEAF_SLOTS;
    }
    for (int i = 0; i < slots; i++)
        price[i] = LADDER_END;
    return node;
}

void ladder_give(struct ladder_room *room, enum node_kind kind, void *node)
{
    switch (kind) {
    case NODE_ASKS:
    case NODE_BIDS:
        ((struct ladder_leaf *)node)->ladder = NULL;
        room->leaves--;
        break;
    case NODE_INNER: room->inners--; break;
    case NODE_QUEUE: room->queues--; break;
    }
    put_spare(room, kind, node);
}
