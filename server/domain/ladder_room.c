/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "domain/ladder_node.h"

/* A spare node begins with the next one. */
struct spare {
    struct spare *next;
};

static const size_t node_bytes[] = {
    [NODE_ASKS] = offsetof(struct ladder_leaf, u) + sizeof(uint8_t[LEAF_SLOTS]),
    [NODE_BIDS] = sizeof(struct ladder_leaf),
    [NODE_INNER] = sizeof(struct ladder_inner),
    [NODE_QUEUE] = sizeof(struct ladder_queue),
    [NODE_ENDS] = sizeof(struct ladder_ends),
};

void ladder_room_init(struct ladder_room *room, struct mem mem)
{
    *room = (struct ladder_room){ .mem = mem };
}

void ladder_room_done(struct ladder_room *room)
{
    for (size_t kind = 0; kind < ARRAY_LEN(node_bytes); kind++) {
        for (struct spare *spare; (spare = room->spare[kind]);) {
            room->spare[kind] = spare->next;
            room->bytes -= node_bytes[kind];
            room->mem.resize(room->mem.arg, spare, 0);
        }
    }
    assert(room->bytes == 0);
    *room = (struct ladder_room){ .mem = room->mem };
}

static void put_spare(struct ladder_room *room, enum node_kind kind, void *node)
{
    struct spare *const spare = node;

    spare->next = room->spare[kind];
    room->spare[kind] = spare;
    room->spares[kind]++;
}

static bool stock(struct ladder_room *room, enum node_kind kind, size_t n)
{
    while (room->spares[kind] < n) {
        void *const node = room->mem.resize(room->mem.arg, NULL, node_bytes[kind]);
        if (!node) return false;
        room->bytes += node_bytes[kind];
        put_spare(room, kind, node);
    }
    return true;
}

/* One order makes at most one leaf, and a node in each storey above it, and a new root. A ladder
 * gains one storey by one order, but after that no other before some 480 more: a new root has two
 * children of 16 each, and splits when it has 32 of them, each of which has split at 32. For very
 * many orders the other bound is lower: every node that is there splits once, and new ones need 16
 * children more before they split again. */
static size_t inners_for(const struct ladder_room *room, size_t lines)
{
    const size_t storeys = lines * ((size_t)room->height + 2 + lines / 480);
    if (storeys <= room->spares[NODE_INNER]) return storeys; /* as almost always */

    const size_t splits = room->inners + room->inners / 15 + room->leaves + lines / 8 + 2;
    return storeys < splits ? storeys : splits;
}

/* An order that comes late may cut a line in two and stand between. */
bool ladder_reserve(struct ladder_room *room, size_t adds)
{
    return stock(room, NODE_ASKS, 2 * adds) && stock(room, NODE_BIDS, 2 * adds) &&
           stock(room, NODE_INNER, inners_for(room, 2 * adds)) && stock(room, NODE_QUEUE, adds) &&
           stock(room, NODE_ENDS, 1);
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
    if (kind == NODE_QUEUE || kind == NODE_ENDS) return node;
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
    if (kind == NODE_INNER)
        room->inners--;
    else if (kind == NODE_ASKS || kind == NODE_BIDS)
        room->leaves--;
    put_spare(room, kind, node);
}
