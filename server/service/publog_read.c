/* SPDX-License-Identifier: Apache-2.0 */
/* What the published log holds: full tiles from the database, the others from the edge in memory.
 * The database may have more already; a tile's first hashes never change, so a part of a full one
 * is what the log had there before. */
#include <string.h>

#include "base/mem.h"
#include "service/entry.h"
#include "service/orders_log.h"
#include "service/publog_inside.h"
#include "sign/sha.h"

#define ENTRIES_MEMORY ((size_t)TILE_WIDTH * (LOG_ENTRY_MAX + 2))

struct hash publog_settlement_salt(const struct publog *l, int64_t lease)
{
    return entry_salt(l->o.log_key, lease, "settlement");
}

void publog_day_key(const struct publog *l, const char *day, struct master *out)
{
    orders_log_key(l->o.log_key, day, out);
}

bool publog_checkpoint(struct publog *l, struct arena *a, struct str *note, struct err *err)
{
    char *copy = NULL;

    pthread_mutex_lock(&l->lock);
    const size_t n = l->note.n;
    if (n > 0) copy = arena_copy(a, buf_view(&l->note));
    pthread_mutex_unlock(&l->lock);
    if (n == 0) return FAIL(err, ERR_OVERLOADED, "The log is being loaded; try again shortly.");
    if (!copy) return FAIL(err, ERR_NO_MEMORY, "No memory for the checkpoint.");
    *note = (struct str){ copy, n };
    return true;
}

void publog_stats(struct publog *l, struct publog_stats *out)
{
    pthread_mutex_lock(&l->lock);
    *out = l->stats;
    pthread_mutex_unlock(&l->lock);
}

static uint64_t published_size(struct publog *l)
{
    pthread_mutex_lock(&l->lock);
    const uint64_t size = l->published.size;
    pthread_mutex_unlock(&l->lock);
    return size;
}

/* ---- tiles ---- */

static bool stored_tile(const struct tile_source *s, int level, uint64_t n, struct str *hashes)
{
    const enum db_rc rc = store_publog_tile(s->db, level, (int64_t)n, s->arena, hashes, s->err);

    if (rc == DB_NONE) FAIL(s->err, ERR_INTERNAL, "A tile of the log is missing.");
    return rc == DB_ONE;
}

bool publog_source_tile(void *arg, int level, uint64_t n, unsigned width,
                        struct hash out[TILE_WIDTH])
{
    const struct tile_source *s = arg;
    struct str hashes;

    if (width < TILE_WIDTH) { /* at the edge: a tree asks for as many as its size has */
        memcpy(out, s->edge->level[level], width * sizeof(out[0]));
        return true;
    }
    if (!stored_tile(s, level, n, &hashes)) return false;
    return tile_read(hashes, TILE_WIDTH, out) == TLOG_OK ||
           FAIL(s->err, ERR_INTERNAL, "A stored tile of the log is none.");
}

/* False: that tile is full, and in the database. */
static bool from_edge(struct publog *l, const struct tile_name *name, struct arena *a,
                      struct str *bytes)
{
    bool partial;

    *bytes = (struct str){ NULL, 0 };
    pthread_mutex_lock(&l->lock);
    partial = tile_width(l->published.size, name->level, name->n) < TILE_WIDTH;
    if (partial) {
        const struct str view = { (const char *)l->published.level[name->level],
                                  name->width * sizeof(struct hash) };
        *bytes = (struct str){ arena_copy(a, view), view.n };
    }
    pthread_mutex_unlock(&l->lock);
    return partial;
}

static bool hashes_of(struct publog *l, struct db *db, const struct tile_name *name,
                      struct arena *a, struct str *bytes, struct err *err)
{
    const struct tile_source s = { db, NULL, a, err };

    if (from_edge(l, name, a, bytes))
        return bytes->p || FAIL(err, ERR_NO_MEMORY, "No memory for the tile.");
    if (!stored_tile(&s, name->level, name->n, bytes)) return false;
    bytes->n = name->width * sizeof(struct hash);
    return true;
}

/* The first `width` entries of a bundle. */
static bool entries_of(struct db *db, const struct tile_name *name, struct arena *a,
                       struct str *bytes, struct err *err)
{
    auto_buf struct buf b = { .max = ENTRIES_MEMORY };
    struct publog_part_row *parts = NULL;
    size_t n = 0;
    unsigned have = 0;

    if (!store_publog_bundle(db, (int64_t)name->n, a, &parts, &n, err)) return false;
    for (size_t i = 0; i < n; i++) {
        struct str rest = parts[i].entries, entry;
        for (; have < name->width && bundle_next(&rest, &entry); have++)
            bundle_put(&b, entry);
    }
    if (have < name->width) return FAIL(err, ERR_INTERNAL, "Entries of the log are missing.");
    const char *copy = b.failed ? NULL : arena_copy(a, buf_view(&b));
    if (!copy) return FAIL(err, ERR_NO_MEMORY, "No memory for the entries.");
    *bytes = (struct str){ copy, b.n };
    return true;
}

bool publog_tile(struct publog *l, struct db *db, const struct tile_name *name, struct arena *a,
                 struct str *bytes, struct err *err)
{
    const unsigned width = tile_width(published_size(l), name->level, name->n);

    if (width < name->width)
        return FAIL(err, ERR_NOT_FOUND, "The published log has %u there.", width);
    if (name->level == TILE_ENTRIES) return entries_of(db, name, a, bytes, err);
    return hashes_of(l, db, name, a, bytes, err);
}

/* ---- proofs ---- */

/* What is published, of one moment. */
static bool copy_published(struct publog *l, struct log_edge *edge, struct arena *a,
                           struct str *note)
{
    pthread_mutex_lock(&l->lock);
    *edge = l->published;
    *note = (struct str){ l->note.n > 0 ? arena_copy(a, buf_view(&l->note)) : NULL, l->note.n };
    pthread_mutex_unlock(&l->lock);
    return note->p != NULL;
}

static bool write_proof(const struct log_proof *p, struct arena *a, struct str *proof,
                        struct err *err)
{
    auto_buf struct buf b = { .max = NOTE_MAX };

    log_proof_text(p, &b);
    const char *copy = b.failed ? NULL : arena_copy(a, buf_view(&b));
    if (!copy) return FAIL(err, ERR_NO_MEMORY, "No memory for the proof.");
    *proof = (struct str){ copy, b.n };
    return true;
}

struct proving {
    struct log_edge edge;
    struct tree_reader reader;
    struct log_proof proof;
};

static bool prove(struct publog *l, struct db *db, struct proving *x, struct arena *a,
                  struct str *proof, struct err *err)
{
    struct tile_source source = { db, &x->edge, a, err };

    if (!copy_published(l, &x->edge, a, &x->proof.checkpoint) || x->proof.index >= x->edge.size)
        return FAIL(err, ERR_NOT_YET_LOGGED, "No published checkpoint covers it yet.");
    tree_reader_init(&x->reader, sha256_parts, publog_source_tile, &source, x->edge.size);
    return tree_inclusion(&x->reader, x->proof.index, x->proof.path, &x->proof.path_n) &&
           write_proof(&x->proof, a, proof, err);
}

bool publog_proof(struct publog *l, struct db *db, uint64_t index, struct arena *a,
                  struct str *proof, struct err *err)
{
    struct proving *x = mem_zalloc(sizeof(*x)); /* too large for the stack of a thread */

    x->proof.index = index;
    const bool ok = prove(l, db, x, a, proof, err);
    mem_free(x);
    return ok;
}

bool publog_entry(struct publog *l, struct db *db, uint64_t index, struct arena *a,
                  struct str *entry, struct err *err)
{
    const struct tile_name bundle = { TILE_ENTRIES, index / TILE_WIDTH,
                                      (unsigned)(index % TILE_WIDTH) + 1 };
    struct str rest = { NULL, 0 };

    if (index >= published_size(l))
        return FAIL(err, ERR_NOT_YET_LOGGED, "No published checkpoint covers it yet.");
    if (!publog_tile(l, db, &bundle, a, &rest, err)) return false;
    while (rest.n > 0)
        if (!bundle_next(&rest, entry)) return FAIL(err, ERR_INTERNAL, "An entry is cut.");
    return true;
}
