/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of an audit share. */
#pragma once

#include "check/audit.h"
#include "check/command.h"

struct keys;     /* idempotency keys in their windows: keys.c */
struct publog;   /* what is due in the public log: publog.c */
struct receipts; /* notes of nodes, jobs, and documents that parties have: receipts.c */

/* The roots of the full subtrees of a growing tree: tree.c. */
struct tree {
    struct hash full[64];
    uint64_t n;
};
void tree_add(struct tree *t, struct hash leaf);
struct hash tree_root(const struct tree *t);

/* Of a lease that waited for another: when it was made. */
struct born {
    int64_t lease, at_us;
};

struct audit {
    struct audit_options o;
    struct finding f;
    struct audit_counts counts;
    struct naive *n;
    struct keys *keys;
    struct receipts *receipts;
    struct publog *publog;
    struct tree tree;
    char market_id[64];
    struct public_key market_key;
    struct pool *pools;
    size_t pools_n;
    int64_t key; /* of the last row */

    /* The command at hand. */
    struct command command;
    bool at_hand, account_row, lease_row;
    size_t trades_seen, foreign_seen;

    /* The first row whose command has not come; early_key 0: none. */
    enum table early_table;
    int64_t early_key, early_number;

    struct born *born;
    size_t born_n, born_cap;
    uint8_t *states; /* of the leases before the command at hand, by their place */
    size_t states_n, states_cap;
    int64_t since_sweep;

    /* Which rows of the tables behind all commands have been seen: how many, in order. */
    size_t balances_seen, nodes_seen, pools_seen, standings_seen;
};

static inline bool audit_fails(const struct audit *a)
{
    return a->f.kind != FIND_NONE;
}

/* command.c's caller: a row of commands. False: found. */
bool check_command(struct audit *a, const struct row *r);
/* Everything that had to come behind the command at hand has. */
bool check_command_end(struct audit *a);

/* Its lines against what the market moved. */
bool check_entry(struct audit *a, const struct row *r);

/* Its idempotency key. */
struct keys *keys_new(void);
void keys_free(struct keys *k);
size_t keys_count(const struct keys *k);
bool check_key(struct audit *a, const struct row *r);

/* Rows of what there is. */
bool check_trade(struct audit *a, const struct row *r);
bool check_object(struct audit *a, const struct row *r);
bool check_state(struct audit *a, const struct row *r); /* behind all commands */
bool check_states_end(struct audit *a);
/* Note how the leases stand before a command, and that each has gone along an arrow after it. */
void note_leases(struct audit *a);
bool check_transitions(struct audit *a);
/* Forget what is over and has been seen. With `all`, find what has not been seen as it is. */
bool sweep(struct audit *a, bool all);

/* Nothing negative, all sums to zero, holds are obligations, no ask oversold. */
bool check_laws(struct audit *a);

/* Receipts. */
struct receipts *receipts_new(void);
void receipts_free(struct receipts *r);
bool receipts_document(struct audit *a, struct str document);
/* Before and after the market has applied it. */
void receipts_note(struct audit *a, const struct command_text *t);
bool check_receipt(struct audit *a, const struct command_text *t);
void receipts_sweep(struct audit *a);
size_t receipts_count(const struct receipts *r);
/* The SHA-256 in hex of the receipt that ended a lease; "" when there is none. */
void receipts_digest(const struct audit *a, int64_t lease, char out[65]);

/* The public log. */
struct publog *publog_new(void);
void publog_free(struct publog *p);
void publog_begin(struct audit *a); /* behind its identity */
void publog_off(struct audit *a);   /* it is not compared from now on */
void publog_command(struct audit *a, const struct command_text *t, struct str payload,
                    struct hash leaf);
void publog_settled(struct audit *a, const struct lease *l, int64_t born_us, int64_t version);
bool check_log_identity(struct audit *a, const struct row *r);
bool check_log_entries(struct audit *a, const struct row *r);
bool check_log_checkpoint(struct audit *a, const struct row *r);
