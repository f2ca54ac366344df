/* SPDX-License-Identifier: Apache-2.0 */
/* The public log (docs/log.md): each entry is the one that is due, in its place, and each
 * checkpoint that was ever signed is over just these entries, and by the key of the log.
 *
 * What is due follows from the commands: their entry, that of a receipt or of new parameters behind
 * it, and behind a group those of the leases that it paid. With the log key entries are known byte
 * for byte; without it, by type and number, and commands by their leaves. */
#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/mem.h"
#include "check/inside.h"
#include "sign/sha.h"
#include "tlog/checkpoint.h"

#define TEXT_MAX (256u << 10)

struct due {
    const char *type;
    int64_t seq;
    struct hash leaf;
    bool known; /* leaf says what it must be */
};

struct publog {
    struct due *due; /* a queue */
    size_t from, n, cap;
    struct tree tree;
    struct tree before;  /* the tree before the command at hand had entries, */
    struct hash *recent; /* and their leaves: a checkpoint may stand between them */
    size_t recent_n, recent_cap;
    int64_t recent_key;
    struct note_key key;
    bool has_key, off;
};

struct publog *publog_new(void)
{
    return mem_zalloc(sizeof(struct publog));
}

void publog_free(struct publog *p)
{
    if (!p) return;
    mem_free(p->due);
    mem_free(p->recent);
    mem_free(p);
}

/* A market that has no log yet owes no entries. */
void publog_begin(struct audit *a)
{
    if (!a->publog->has_key) a->publog->off = true;
}

void publog_off(struct audit *a)
{
    a->publog->off = true;
}

/* ---- what is due ---- */

static struct due *put(struct publog *p)
{
    if (p->from > 4096 && 2 * p->from > p->n) { /* what has come is let go */
        memmove(p->due, p->due + p->from, (p->n - p->from) * sizeof(*p->due));
        p->n -= p->from;
        p->from = 0;
    }
    if (p->n == p->cap) {
        struct due *more = mem_zalloc((2 * p->cap + 64) * sizeof(*more));
        if (p->n > 0) memcpy(more, p->due, p->n * sizeof(*more));
        mem_free(p->due);
        p->due = more;
        p->cap = 2 * p->cap + 64;
    }
    return &p->due[p->n++];
}

static struct hash leaf_of(struct str entry)
{
    const struct hash_part parts[] = { { "\0", 1 }, { entry.p, entry.n } };
    return sha256_parts(parts, 2);
}

static struct hash commit_to(const struct audit *a, int64_t number, const char *label,
                             struct str text)
{
    const uint64_t wire = htobe64((uint64_t)number);
    const struct hash_part salt_parts[] = { { a->o.log_key, 32 },
                                            { &wire, sizeof(wire) },
                                            { label, strlen(label) } };
    const struct hash salt = sha256_parts(salt_parts, 3);
    const struct hash_part parts[] = { { salt.b, sizeof(salt.b) }, { text.p, text.n } };
    return sha256_parts(parts, 2);
}

/* The leaf of an entry that commits to a text. */
static void put_commit(struct audit *a, const char *type, int64_t seq, int64_t at_us,
                       int64_t number, struct str text)
{
    char at[RFC3339_SIZE], hex[65], entry[300];
    struct due *d = put(a->publog);

    *d = (struct due){ .type = type, .seq = seq };
    if (!a->o.log_key) return;
    const struct hash commit = commit_to(a, number, type, text);
    hex_encode(commit.b, sizeof(commit.b), hex);
    rfc3339_format(at_us, at);
    snprintf(entry, sizeof(entry),
             "{\"at\":\"%s\",\"commit\":\"%s\",\"seq\":%" PRId64 ",\"type\":\"%s\",\"version\":1}",
             at, hex, seq, type);
    d->leaf = leaf_of(str_of(entry));
    d->known = true;
}

void publog_command(struct audit *a, const struct command_text *t, struct str payload,
                    struct hash leaf)
{
    struct buf b;
    char at[RFC3339_SIZE];

    if (a->publog->off) return;
    *put(a->publog) = (struct due){ "command", a->command.seq, leaf, true };
    buf_init(&b, TEXT_MAX);
    if (a->command.kind == COMMAND_LEASE_EXIT) {
        if (t->more) json_canonical(t->more, &b);
        put_commit(a, "receipt", a->command.seq, a->command.at_us, a->command.seq, buf_view(&b));
    } else if (a->command.kind == COMMAND_SET_RULES) {
        rfc3339_format(a->command.at_us, at);
        buf_fmt(&b, "{\"at\":\"%s\",\"parameters\":", at);
        buf_str(&b, payload);
        buf_fmt(&b, ",\"seq\":%" PRId64 ",\"type\":\"parameters\",\"version\":1}", a->command.seq);
        *put(a->publog) = (struct due){ "parameters", a->command.seq, leaf_of(buf_view(&b)), true };
    }
    buf_done(&b);
}

/* The document of a settlement, as docs/log.md has it. */
void publog_settled(struct audit *a, const struct lease *l, int64_t born_us, int64_t version)
{
    struct buf b;
    char id[ID_TEXT_MAX], ended[RFC3339_SIZE], receipt[65] = "";

    if (a->publog->off ||
        !(l->state == LEASE_SETTLED || (l->state == LEASE_VOID && l->charge.micros > 0)))
        return;
    buf_init(&b, TEXT_MAX);
    id_format("lease_", id_make(born_us, l->lease / 4096, (int)(l->lease % 4096)), id);
    rfc3339_format(l->ended_us, ended);
    receipts_digest(a, l->lease, receipt);
    buf_fmt(&b,
            "{\"charge\":%" PRId64 ",\"epoch\":%d,\"exit_code\":%d,\"fault\":%d,\"fee\":%" PRId64
            ",\"insurance\":%" PRId64 ",\"lease_id\":\"%s\",\"payout\":%" PRId64
            ",\"pool\":%d,\"price_per_unit_hour\":%" PRId64 ",\"reason\":\"%s\"",
            l->charge.micros, (int)l->epoch, (int)l->exit_code, (int)l->fault, l->fee.micros,
            l->insurance.micros, id, l->payout.micros, (int)l->pool, l->price.micros,
            l->reason != REASON_NONE ? reason_name((int64_t)l->reason) : "");
    buf_fmt(&b,
            ",\"receipt_sha256\":\"%s\",\"seconds_billed\":%" PRId64
            ",\"seconds_observed\":%" PRId64 ",\"seconds_signed\":%" PRId64
            ",\"settled_at\":\"%s\",\"type\":\"settlement\",\"units\":%d,\"version\":1}",
            receipt, l->seconds_billed, l->seconds_observed, l->seconds_signed, ended,
            (int)l->units);
    put_commit(a, "settlement", version, l->ended_us, l->lease, buf_view(&b));
    buf_done(&b);
}

/* ---- what is there ---- */

static bool wrong(struct audit *a, enum finding_kind kind, int64_t seq, const char *expected,
                  const char *found)
{
    return find(&a->f, kind, seq, object_named("log entry", (int64_t)a->publog->tree.n), expected,
                found);
}

/* Of an entry whose text is not known: its type and number are. */
static bool same_head(struct audit *a, const struct due *d, struct str entry)
{
    struct err err = { 0 };
    int64_t seq = 0;
    auto_json json_t *o = json_parse(entry, &err);

    return (str_is(json_get_text(o, "type"), d->type) &&
            json_get_i64(o, "seq", d->seq, d->seq, &seq)) ||
           wrong(a, FIND_LOG_ENTRY, d->seq, d->type, "another entry");
}

static void grow(struct publog *p, struct hash leaf)
{
    if (p->recent_n == p->recent_cap) {
        struct hash *more = mem_zalloc((2 * p->recent_cap + 64) * sizeof(*more));
        if (p->recent_n > 0) memcpy(more, p->recent, p->recent_n * sizeof(*more));
        mem_free(p->recent);
        p->recent = more;
        p->recent_cap = 2 * p->recent_cap + 64;
    }
    p->recent[p->recent_n++] = leaf;
    tree_add(&p->tree, leaf);
}

/* The root of the first `size` entries, which are not far back. */
static bool root_at(const struct publog *p, uint64_t size, struct hash *out)
{
    struct tree t = p->before;

    if (size < t.n || size > p->tree.n) return false;
    for (size_t i = 0; t.n < size; i++)
        tree_add(&t, p->recent[i]);
    *out = tree_root(&t);
    return true;
}

static bool check_entry_of_log(struct audit *a, struct str entry)
{
    struct publog *p = a->publog;
    const struct hash leaf = leaf_of(entry);
    char want[65], got[65];

    if (p->from == p->n)
        return wrong(a, FIND_LOG_ENTRY, a->n->last_seq, "no entry", "an entry of nothing");
    const struct due *d = &p->due[p->from++];
    if (d->known && memcmp(&d->leaf, &leaf, sizeof(leaf)) != 0) {
        char expected[120];
        hex_encode(d->leaf.b, 32, want);
        hex_encode(leaf.b, 32, got);
        snprintf(expected, sizeof(expected), "%s %" PRId64 ", leaf %s", d->type, d->seq, want);
        return wrong(a, FIND_LOG_ENTRY, d->seq, expected, got);
    }
    if (!d->known && !same_head(a, d, entry)) return false;
    grow(p, leaf);
    return true;
}

bool check_log_entries(struct audit *a, const struct row *r)
{
    struct str rest = row_cell(r, LOG_ENTRIES_ENTRIES)->s;
    const int64_t first = row_i64(r, LOG_ENTRIES_FIRST);
    struct publog *p = a->publog;

    if (p->off) return true;
    if (p->recent_key != r->key) {
        p->recent_key = r->key;
        p->recent_n = 0;
        p->before = p->tree;
    }
    if (first != (int64_t)a->publog->tree.n)
        return find_i64(&a->f, FIND_LOG_INDEX, r->key, "log_entries.first",
                        (int64_t)a->publog->tree.n, first);
    for (int64_t i = 0; i < row_i64(r, LOG_ENTRIES_N); i++) {
        if (rest.n < 2) return wrong(a, FIND_LOG_ENTRY, r->key, "an entry", "the end of a bundle");
        const size_t n = (size_t)(uint8_t)rest.p[0] << 8 | (uint8_t)rest.p[1];
        if (rest.n < 2 + n)
            return wrong(a, FIND_LOG_ENTRY, r->key, "an entry", "the end of a bundle");
        if (!check_entry_of_log(a, (struct str){ rest.p + 2, n })) return false;
        rest = (struct str){ rest.p + 2 + n, rest.n - 2 - n };
    }
    return rest.n == 0 || wrong(a, FIND_LOG_ENTRY, r->key, "the end of a bundle", "more of it");
}

bool check_log_identity(struct audit *a, const struct row *r)
{
    const struct str origin = row_cell(r, LOG_IDENTITY_ORIGIN)->s;
    const struct str key = row_cell(r, LOG_IDENTITY_KEY)->s;
    struct public_key k;

    if (key.n != sizeof(k.b) || !note_name_ok(origin))
        return find(&a->f, FIND_IDENTITY, 0, "log_identity", "a name and a key", "something else");
    memcpy(k.b, key.p, sizeof(k.b));
    a->publog->key = note_key_of(origin, NOTE_ED25519, &k);
    a->publog->has_key = true;
    return true;
}

bool check_log_checkpoint(struct audit *a, const struct row *r)
{
    const struct publog *p = a->publog;
    const struct str root = row_cell(r, LOG_CHECKPOINTS_ROOT)->s;
    struct hash want = { { 0 } };
    const int64_t size = row_i64(r, LOG_CHECKPOINTS_SIZE);
    struct note note;
    struct checkpoint_note c;
    char want_hex[65], got_hex[65];

    if (p->off) return true;
    const char *object = object_named("checkpoint", size);
    if (size < 0 || !root_at(p, (uint64_t)size, &want))
        return find_i64(&a->f, FIND_LOG_CHECKPOINT, r->key, object, (int64_t)p->tree.n, size);
    const enum tlog_rc rc =
        p->has_key ? checkpoint_note_open(row_cell(r, LOG_CHECKPOINTS_NOTE)->s, &p->key, &note, &c)
                   : TLOG_BAD_KEY;
    if (rc != TLOG_OK)
        return find(&a->f, FIND_LOG_SIGNATURE, r->key, object, "a checkpoint that the log signed",
                    tlog_reason(rc));
    hex_encode(want.b, 32, want_hex);
    hex_encode(c.root.b, 32, got_hex);
    if (root.n == 32 && memcmp(root.p, want.b, 32) == 0 && c.size == (uint64_t)size &&
        memcmp(c.root.b, want.b, 32) == 0)
        return true;
    return find(&a->f, FIND_LOG_CHECKPOINT, r->key, object, want_hex, got_hex);
}
