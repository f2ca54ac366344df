/* SPDX-License-Identifier: Apache-2.0 */
/* From commands to entries, tiles and a signed checkpoint: one transaction, all of it or nothing.
 *
 * The entries of a command are its own, then that of its receipt or its parameters; a lease that
 * was paid follows the group that paid it. So their order is that of the commands, and anybody who
 * has the commands can make them again. */
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "domain/command.h"
#include "service/entry.h"
#include "service/payload.h"
#include "service/publog_inside.h"
#include "sign/sha.h"

#define COMMANDS_A_BATCH 8192
#define BATCH_MEMORY     ((size_t)256 << 20)
#define PART_MAX         ((size_t)TILE_WIDTH * (LOG_ENTRY_MAX + 2))
#define NOTE_ROOM        1024

struct part {
    struct publog_part_row row;
    int64_t seq;
    struct part *next;
};

struct full_tile {
    int level;
    uint64_t n;
    struct hash hashes[TILE_WIDTH];
    struct full_tile *next;
};

struct paid {
    int64_t lease;
    struct publog_settlement_row row;
    struct paid *next;
};

/* A batch while it is made. */
struct batch {
    struct publog *l;
    int64_t epoch, up_to, seq; /* of the last command that has an entry */
    struct log_edge edge;
    struct arena arena;
    struct arena row; /* one command at a time */
    struct buf entry, bundle;
    uint64_t bundle_first;
    struct part *parts, **parts_end;
    struct full_tile *tiles, **tiles_end;
    struct paid *paid, **paid_end;
    struct settled_row *settled;
    size_t settled_n, settled_at;
    bool stale, no_memory;
    struct buf note;
    struct hash root;
};

static void begin(struct batch *b)
{
    arena_done(&b->arena);
    arena_init(&b->arena, BATCH_MEMORY);
    b->edge = b->l->edge;
    b->bundle_first = b->edge.size;
    b->seq = b->l->seq;
    b->parts = NULL;
    b->parts_end = &b->parts;
    b->tiles = NULL;
    b->tiles_end = &b->tiles;
    b->paid = NULL;
    b->paid_end = &b->paid;
    b->settled_at = 0;
    b->stale = b->no_memory = false;
    buf_clear(&b->bundle);
    buf_clear(&b->note);
}

/* ---- entries ---- */

static void keep_tile(void *arg, int level, uint64_t n, const struct hash hashes[TILE_WIDTH])
{
    struct batch *b = arg;
    struct full_tile *t = arena_alloc(&b->arena, sizeof(*t));

    if (!t) {
        b->no_memory = true;
        return;
    }
    t->level = level;
    t->n = n;
    memcpy(t->hashes, hashes, sizeof(t->hashes));
    *b->tiles_end = t;
    b->tiles_end = &t->next;
}

/* The bundle that is being filled becomes a row. */
static void end_part(struct batch *b)
{
    if (b->edge.size == b->bundle_first) return;
    struct part *p = arena_alloc(&b->arena, sizeof(*p));
    const char *copy = b->bundle.failed ? NULL : arena_copy(&b->arena, buf_view(&b->bundle));
    if (!p || !copy) {
        b->no_memory = true;
        return;
    }
    p->row = (struct publog_part_row){ (int64_t)b->bundle_first,
                                       (int64_t)(b->edge.size - b->bundle_first),
                                       { copy, b->bundle.n } };
    p->seq = b->seq;
    *b->parts_end = p;
    b->parts_end = &p->next;
    b->bundle_first = b->edge.size;
    buf_clear(&b->bundle);
}

/* b->entry is the next entry. */
static struct hash append_entry(struct batch *b, int64_t seq)
{
    const struct hash leaf = merkle_leaf(sha256_parts, b->entry.p, b->entry.n);

    if (b->entry.failed || b->entry.n > LOG_ENTRY_MAX) {
        b->no_memory = true;
        return leaf;
    }
    bundle_put(&b->bundle, buf_view(&b->entry));
    log_edge_add(&b->edge, sha256_parts, leaf, keep_tile, b);
    b->seq = seq;
    if (b->edge.size % TILE_WIDTH == 0) end_part(b);
    buf_clear(&b->entry);
    return leaf;
}

/* ---- paid leases ---- */

static bool append_settlement(struct batch *b, const struct settled_row *row, struct err *err)
{
    const struct hash salt = publog_settlement_salt(b->l, row->lease);
    const struct str document = settlement_document(row, &b->arena, err);
    struct paid *p = arena_alloc(&b->arena, sizeof(*p));

    if (!document.p) return false;
    if (!p) return FAIL(err, ERR_NO_MEMORY, "No memory for the log.");
    if (str_eq(document, row->logged)) return true; /* touched again, but nothing new */
    *p = (struct paid){ row->lease, { (int64_t)b->edge.size, document }, NULL };
    *b->paid_end = p;
    b->paid_end = &p->next;
    entry_put_commit(&b->entry, (struct entry_head){ row->seq, row->ended_us }, "settlement",
                     entry_commit(salt, document));
    (void)append_entry(b, row->seq);
    return true;
}

/* Those of groups that ended before this command. */
static bool append_settled(struct batch *b, int64_t before, struct err *err)
{
    while (b->settled_at < b->settled_n && b->settled[b->settled_at].seq < before)
        if (!append_settlement(b, &b->settled[b->settled_at++], err)) return false;
    return true;
}

/* ---- commands ---- */

static bool append_receipt(struct batch *b, const struct publog_command_row *row, struct err *err)
{
    auto_json json_t *more = payload_more(row->payload, err);
    auto_buf struct buf text = { .max = (size_t)4 * BODY_MAX };

    if (!more) return FAIL(err, ERR_INTERNAL, "A recorded receipt cannot be read.");
    json_canonical(more, &text);
    if (text.failed) return FAIL(err, ERR_NO_MEMORY, "No memory for the log.");
    const struct hash salt = entry_salt(b->l->o.log_key, row->seq, "receipt");
    entry_put_commit(&b->entry, (struct entry_head){ row->seq, row->at_us }, "receipt",
                     entry_commit(salt, buf_view(&text)));
    (void)append_entry(b, row->seq);
    return true;
}

static bool append_command(void *arg, const void *of, struct err *err)
{
    struct batch *b = arg;
    const struct publog_command_row *row = of;
    const struct entry_head head = { row->seq, row->at_us };
    const struct hash salt = entry_salt(b->l->o.log_key, row->seq, "");

    if (row->kind <= 0 || row->kind >= COMMANDS)
        return FAIL(err, ERR_INTERNAL, "Command %lld is of no kind.", (long long)row->seq);
    if (!append_settled(b, row->seq, err)) return false;
    entry_put_command(&b->entry, head, command_name((enum command_kind)row->kind),
                      entry_commit(salt, row->payload));
    const struct hash leaf = append_entry(b, row->seq);
    if (row->leaf.n != sizeof(leaf.b) || memcmp(leaf.b, row->leaf.p, sizeof(leaf.b)) != 0)
        return FAIL(err, ERR_INTERNAL, "Command %lld is not the one that was recorded.",
                    (long long)row->seq);
    if (row->kind == COMMAND_LEASE_EXIT && !append_receipt(b, row, err)) return false;
    if (row->kind == COMMAND_SET_RULES) {
        entry_put_parameters(&b->entry, head, row->payload);
        (void)append_entry(b, row->seq);
    }
    return !b->no_memory || FAIL(err, ERR_NO_MEMORY, "No memory for the log.");
}

/* ---- the transaction ---- */

static bool append_all(struct batch *b, struct db *db, struct err *err)
{
    struct publog *l = b->l;

    if (!store_publog_settled(db, l->seq, b->up_to, &b->arena, &b->settled, &b->settled_n, err))
        return false;
    const enum db_rc rc =
        store_publog_commands(db, l->seq, b->up_to, &b->row, append_command, b, err);
    if (rc != DB_ONE && rc != DB_NONE) return false;
    if (!append_settled(b, INT64_MAX, err)) return false;
    b->seq = b->up_to;
    end_part(b);
    return !b->no_memory || FAIL(err, ERR_NO_MEMORY, "No memory for the log.");
}

static bool sign_it(struct batch *b, struct err *err)
{
    auto_buf struct buf text = { .max = NOTE_ROOM };
    const struct publog_options *o = &b->l->o;

    b->root = log_edge_root(&b->edge, sha256_parts);
    const struct checkpoint_note c = { str_of(o->note_key->name), b->edge.size, b->root };
    checkpoint_note_text(&c, &text);
    note_sign(&b->note, buf_view(&text), o->note_key, o->key);
    return (!text.failed && !b->note.failed) || FAIL(err, ERR_NO_MEMORY, "No memory for the log.");
}

static bool store_all(struct batch *b, struct db *db, struct err *err)
{
    for (const struct part *p = b->parts; p; p = p->next)
        if (!store_publog_entries_add(db, &p->row, p->seq, err)) return false;
    for (const struct full_tile *t = b->tiles; t; t = t->next) {
        const struct str hashes = { (const char *)t->hashes, sizeof(t->hashes) };
        if (!store_publog_tile_add(db, t->level, (int64_t)t->n, hashes, err)) return false;
    }
    for (const struct paid *p = b->paid; p; p = p->next)
        if (!store_publog_settlement_add(db, p->lease, &p->row, err)) return false;
    const struct publog_checkpoint_row row = {
        .size = (int64_t)b->edge.size,
        .seq = b->up_to,
        .root = { (const char *)b->root.b, sizeof(b->root.b) },
        .note = buf_view(&b->note),
    };
    return store_publog_checkpoint_add(db, &row, clock_wall_us(), err) &&
           store_publog_fence(db, b->epoch, err);
}

/* Is the last checkpoint the one that we went on from? */
static bool is_ours(struct batch *b, struct db *db, bool *signed_before, struct err *err)
{
    struct publog_checkpoint_row last = { .size = 0, .seq = 0 };
    const enum db_rc rc = store_publog_last(db, &b->arena, &last, err);

    if (rc != DB_ONE && rc != DB_NONE) return false;
    *signed_before = rc == DB_ONE;
    b->stale = last.size != (int64_t)b->l->edge.size || last.seq != b->l->seq;
    return true;
}

static enum db_rc append_tx(struct db *db, void *arg, struct err *err)
{
    struct batch *b = arg;
    bool signed_before = false;

    begin(b);
    if (!is_ours(b, db, &signed_before, err)) return DB_FAIL;
    if (b->stale) return DB_NONE;
    if (!store_publog_reach(db, b->l->seq, COMMANDS_A_BATCH, &b->up_to, err)) return DB_FAIL;
    if (b->up_to == b->l->seq && signed_before) return DB_NONE;
    if (!append_all(b, db, err) || !sign_it(b, err) || !store_all(b, db, err)) return DB_FAIL;
    return DB_ONE;
}

static struct batch *batch_new(struct publog *l, int64_t epoch)
{
    struct batch *b = mem_zalloc(sizeof(*b));

    b->l = l;
    b->epoch = epoch;
    arena_init(&b->arena, BATCH_MEMORY);
    arena_init(&b->row, (size_t)8 * BODY_MAX);
    buf_init(&b->entry, (size_t)4 * BODY_MAX);
    buf_init(&b->bundle, PART_MAX);
    buf_init(&b->note, NOTE_ROOM);
    return b;
}

static void batch_free(struct batch *b)
{
    buf_done(&b->entry);
    buf_done(&b->bundle);
    buf_done(&b->note);
    arena_done(&b->row);
    arena_done(&b->arena);
    mem_free(b);
}

enum appended publog_append(struct publog *l, int64_t epoch, struct buf *note, struct hash *root,
                            struct err *err)
{
    struct batch *b = batch_new(l, epoch);
    enum appended done = APPEND_FAILED;
    const enum db_rc rc = db_tx(l->db, append_tx, b, err);

    if (rc == DB_NONE) {
        l->loaded = !b->stale;
        done = APPENDED_NONE;
    } else if (rc == DB_ONE) {
        *note = b->note;
        buf_init(&b->note, 0);
        *root = b->root;
        done = b->up_to - l->seq >= COMMANDS_A_BATCH ? APPENDED_MORE : APPENDED_ALL;
        l->edge = b->edge;
        l->seq = b->up_to;
    } else {
        l->loaded = false; /* it may be committed */
    }
    batch_free(b);
    return done;
}

/* ---- at a start ---- */

struct loading {
    struct log_edge *edge;
    int level;
    unsigned at;
};

/* The root of a full tile is a hash of the level above. */
static bool load_hash(void *arg, const void *of, struct err *err)
{
    struct loading *x = arg;
    const struct publog_tile_row *row = of;
    struct hash hashes[TILE_WIDTH];

    if (x->at >= log_edge_width(x->edge->size, x->level) ||
        tile_read(row->hashes, TILE_WIDTH, hashes) != TLOG_OK)
        return FAIL(err, ERR_INTERNAL, "A stored tile of the log is none.");
    x->edge->level[x->level][x->at++] = merkle_root(sha256_parts, hashes, TILE_WIDTH);
    return true;
}

static bool load_level(struct publog *l, struct db *db, int level, struct err *err)
{
    struct loading x = { &l->edge, level, 0 };
    const unsigned width = log_edge_width(l->edge.size, level);
    const int64_t to = (int64_t)(l->edge.size >> (8 * level));
    struct arena scratch;

    if (width == 0) return true;
    arena_init(&scratch, (size_t)1 << 20);
    const enum db_rc rc =
        store_publog_tiles(db, level - 1, to - width, to, &scratch, load_hash, &x, err);
    arena_done(&scratch);
    if (rc != DB_ONE && rc != DB_NONE) return false;
    return x.at == width || FAIL(err, ERR_INTERNAL, "A tile of the log is missing.");
}

static bool load_entries(struct publog *l, struct db *db, struct arena *a, struct err *err)
{
    struct publog_part_row *parts = NULL;
    size_t n = 0;
    const int64_t bundle = (int64_t)(l->edge.size / TILE_WIDTH);
    unsigned at = 0;

    if (!store_publog_bundle(db, bundle, a, &parts, &n, err)) return false;
    for (size_t i = 0; i < n; i++) {
        struct str rest = parts[i].entries, entry;
        while (at < TILE_WIDTH && bundle_next(&rest, &entry))
            l->edge.level[0][at++] = merkle_leaf(sha256_parts, entry.p, entry.n);
    }
    return at == log_edge_width(l->edge.size, 0) ||
           FAIL(err, ERR_INTERNAL, "Entries of the log are missing.");
}

struct load {
    struct publog *l;
    struct arena *a;
    struct publog_checkpoint_row last;
    bool any;
};

static enum db_rc load_tx(struct db *db, void *arg, struct err *err)
{
    struct load *x = arg;
    struct publog *l = x->l;
    const enum db_rc rc = store_publog_last(db, x->a, &x->last, err);

    if (rc != DB_ONE && rc != DB_NONE) return rc;
    x->any = rc == DB_ONE;
    l->edge.size = x->any ? (uint64_t)x->last.size : 0;
    l->seq = x->any ? x->last.seq : 0;
    if (!load_entries(l, db, x->a, err)) return DB_FAIL;
    for (int level = 1; level < TILE_LEVELS; level++)
        if (!load_level(l, db, level, err)) return DB_FAIL;
    return DB_ONE;
}

static bool load(struct load *x, struct buf *note, struct hash *root, struct err *err)
{
    if (db_snapshot(x->l->db, load_tx, x, err) != DB_ONE) return false;
    if (!x->any) return true;
    *root = log_edge_root(&x->l->edge, sha256_parts);
    if (x->last.root.n != sizeof(root->b) || memcmp(x->last.root.p, root->b, sizeof(root->b)) != 0)
        return FAIL(err, ERR_INTERNAL,
                    "The entries and tiles of the log are not those that were signed.");
    buf_init(note, NOTE_ROOM);
    buf_str(note, x->last.note);
    return !note->failed || FAIL(err, ERR_NO_MEMORY, "No memory for the log.");
}

bool publog_load(struct publog *l, struct buf *note, struct hash *root, struct err *err)
{
    struct arena a;
    struct load x = { .l = l, .a = &a };

    arena_init(&a, BATCH_MEMORY);
    l->loaded = load(&x, note, root, err);
    arena_done(&a);
    return l->loaded;
}
