/* SPDX-License-Identifier: Apache-2.0 */
/* A row of commands: its place, its text, its key, its leaf; then what the naive market does with
 * it, and its entry, trades and receipt. */
#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "check/inside.h"
#include "sign/sha.h"

/* ---- its leaf ---- */

/* docs/architecture.md: H(00 ‖ entry), the entry a commitment H(salt ‖ payload), salt = H(key ‖
 * seq). */
static struct hash leaf_of(const struct command *c, struct str payload, const uint8_t key[32])
{
    const uint64_t seq = htobe64((uint64_t)c->seq);
    const struct hash_part salt_parts[] = { { key, 32 }, { &seq, sizeof(seq) } };
    const struct hash salt = sha256_parts(salt_parts, 2);
    const struct hash_part parts[] = { { salt.b, 32 }, { payload.p, payload.n } };
    const struct hash commitment = sha256_parts(parts, 2);
    char hex[65], at[RFC3339_SIZE], entry[400];

    hex_encode(commitment.b, 32, hex);
    rfc3339_format(c->at_us, at);
    const int n = snprintf(entry, sizeof(entry),
                           "{\"at\":\"%s\",\"commit\":\"%s\",\"kind\":\"%s\",\"seq\":%" PRId64
                           ",\"type\":\"command\",\"version\":1}",
                           at, hex, kind_name(c->kind), c->seq);
    const struct hash_part leaf[] = { { "\0", 1 }, { entry, (size_t)n } };
    return sha256_parts(leaf, 2);
}

static bool check_leaf(struct audit *a, const struct row *r, const struct command_text *t)
{
    const struct str got = row_cell(r, COMMANDS_LEAF)->s;
    struct hash leaf;
    char want_hex[65], got_hex[65];

    if (got.n != sizeof(leaf.b))
        return find(&a->f, FIND_LEAF, r->key, "commands.leaf", "32 bytes", "another length");
    memcpy(leaf.b, got.p, sizeof(leaf.b));
    if (a->o.log_key) {
        const struct hash want =
            leaf_of(&a->command, row_cell(r, COMMANDS_PAYLOAD)->s, a->o.log_key);
        hex_encode(want.b, 32, want_hex);
        hex_encode(leaf.b, 32, got_hex);
        if (memcmp(want.b, leaf.b, sizeof(leaf.b)) != 0)
            return find(&a->f, FIND_LEAF, r->key, "commands.leaf", want_hex, got_hex);
    }
    tree_add(&a->tree, leaf);
    publog_command(a, t, row_cell(r, COMMANDS_PAYLOAD)->s, leaf);
    if (!a->o.root || a->tree.n != (uint64_t)a->o.root_size) return true;
    const struct hash root = tree_root(&a->tree);
    if (memcmp(root.b, a->o.root->b, sizeof(root.b)) == 0) return true;
    hex_encode(a->o.root->b, 32, want_hex);
    hex_encode(root.b, 32, got_hex);
    return find(&a->f, FIND_TREE, r->key, "root of the log", want_hex, got_hex);
}

/* ---- its place and text ---- */

static bool check_place(struct audit *a, const struct row *r)
{
    const int64_t due = a->n->last_seq + 1, at = row_i64(r, COMMANDS_AT);

    if (row_i64(r, COMMANDS_SEQ) != due)
        return find_i64(&a->f, FIND_SEQUENCE, due, "commands.seq", due, row_i64(r, COMMANDS_SEQ));
    if (at >= a->n->last_us) return true;
    return find_i64(&a->f, FIND_TIME, due, "commands.at", a->n->last_us, at);
}

static bool check_text(struct audit *a, const struct row *r, struct command_text *t)
{
    char why[160];
    const int64_t seq = r->key;

    if (!command_read(row_cell(r, COMMANDS_PAYLOAD)->s, t, why, sizeof(why)))
        return find(&a->f, FIND_PAYLOAD, seq, "commands.payload", "the canonical text of a command",
                    why);
    t->command.seq = seq;
    t->command.at_us = row_i64(r, COMMANDS_AT);
    a->command = t->command;
    if (t->command.account != row_i64(r, COMMANDS_ACCOUNT))
        return find_i64(&a->f, FIND_COMMAND_ACCOUNT, seq, "commands.account", t->command.account,
                        row_i64(r, COMMANDS_ACCOUNT));
    if ((int64_t)t->command.kind != row_i64(r, COMMANDS_KIND))
        return find(&a->f, FIND_COMMAND_KIND, seq, "commands.kind", kind_name(t->command.kind),
                    kind_name(row_i64(r, COMMANDS_KIND)));
    const int64_t status = kind_must_be_keyed(&t->command) ? 201 : 200;
    if (status == row_i64(r, COMMANDS_STATUS)) return true;
    return find_i64(&a->f, FIND_COMMAND_STATUS, seq, "commands.status", status,
                    row_i64(r, COMMANDS_STATUS));
}

/* ---- what it does ---- */

/* Leases that wait for others say later when they were made. */
static void note_born(struct audit *a)
{
    for (size_t i = 0; i < a->n->trades_n; i++) {
        if (!a->n->trades[i].displacing) continue;
        if (a->born_n == a->born_cap) {
            struct born *more = mem_zalloc((2 * a->born_cap + 16) * sizeof(*more));
            if (a->born_n > 0) memcpy(more, a->born, a->born_n * sizeof(*more));
            mem_free(a->born);
            a->born = more;
            a->born_cap = 2 * a->born_cap + 16;
        }
        a->born[a->born_n++] = (struct born){ a->n->trades[i].trade, a->n->now };
    }
}

static bool apply(struct audit *a)
{
    note_leases(a);
    naive_apply(a->n, &a->command);
    if (a->n->refused != ERR_NONE)
        return find(&a->f, FIND_REFUSED, a->command.seq, kind_name(a->command.kind), "applied",
                    err_info(a->n->refused)->name);
    a->at_hand = true;
    a->account_row = a->lease_row = false;
    a->trades_seen = a->foreign_seen = 0;
    a->counts.commands++;
    note_born(a);
    for (size_t i = 0; i < a->n->leases_n; i++)
        if (i < a->states_n && a->states[i] < LEASE_SETTLED &&
            a->n->leases[i].state == LEASE_SETTLED)
            a->counts.settled++;
    return check_transitions(a);
}

static bool check_all(struct audit *a, const struct row *r, struct command_text *t)
{
    if (!check_key(a, r) || !check_leaf(a, r, t)) return false;
    receipts_note(a, t);
    return apply(a) && check_entry(a, r) && check_receipt(a, t);
}

bool check_command(struct audit *a, const struct row *r)
{
    struct command_text t = { .json = NULL };
    const bool ok = check_place(a, r) && check_text(a, r, &t) && check_all(a, r, &t);

    json_decref(t.json);
    return ok;
}

/* ---- what comes behind it ---- */

static size_t foreign_due(const struct audit *a)
{
    int64_t before = 0;
    size_t due = 0;

    for (size_t i = 0; i < a->n->lines_n; i++) {
        const int64_t other = a->n->lines[i].account;
        if (other == before || other == a->command.account) continue;
        before = other;
        due++;
    }
    return due;
}

bool check_command_end(struct audit *a)
{
    const int64_t seq = a->command.seq;

    if (!a->at_hand) return true;
    a->at_hand = false;
    if (a->trades_seen < a->n->trades_n)
        return find(&a->f, FIND_TRADE_MISSING, seq,
                    object_named("trade", a->n->trades[a->trades_seen].trade), "a trade", "none");
    if (a->foreign_seen < foreign_due(a))
        return find_i64(&a->f, FIND_FOREIGN_ENTRY, seq, "foreign_entries", (int64_t)foreign_due(a),
                        (int64_t)a->foreign_seen);
    if (a->command.kind == COMMAND_OPEN_ACCOUNT && !a->account_row)
        return find(&a->f, FIND_ACCOUNT_ROW, seq, object_named("account", seq), "a row", "none");
    if (kind_tells_lease(a->command.kind) && !a->lease_row)
        return find(&a->f, FIND_LEASE_COMMAND, seq, "lease_commands", "a row", "none");
    return true;
}

bool check_trade(struct audit *a, const struct row *r)
{
    const struct naive *n = a->n;
    const int64_t seq = r->key, number = row_i64(r, TRADES_TRADE);

    if (a->trades_seen >= n->trades_n)
        return find(&a->f, FIND_TRADE_EXTRA, seq, object_named("trade", number), "none", "a trade");
    const struct trade *t = &n->trades[a->trades_seen++];
    const struct {
        enum column column;
        enum finding_kind kind;
        int64_t want;
    } members[] = {
        { TRADES_TRADE, FIND_TRADE_ID, t->trade },
        { TRADES_AT, FIND_TRADE_TIME, t->at_us },
        { TRADES_POOL, FIND_TRADE_POOL, t->pool },
        { TRADES_BID, FIND_TRADE_PARTY, t->bid },
        { TRADES_ASK, FIND_TRADE_PARTY, t->ask },
        { TRADES_UNITS, FIND_TRADE_UNITS, t->units },
        { TRADES_PRICE, FIND_TRADE_PRICE, t->price.micros },
        { TRADES_BID_RESTED, FIND_TRADE_SIDE, t->bid_rested },
        { TRADES_OWN, FIND_TRADE_OWN, t->own },
        { TRADES_DISPLACING, FIND_TRADE_DISPLACING, t->displacing },
    };
    a->counts.trades++;
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        char object[64];
        if (row_i64(r, members[i].column) == members[i].want) continue;
        snprintf(object, sizeof(object), "trade %" PRId64 ".%s", t->trade,
                 column_infos[members[i].column].name);
        return find_i64(&a->f, members[i].kind, seq, object, members[i].want,
                        row_i64(r, members[i].column));
    }
    return true;
}
