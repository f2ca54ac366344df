/* SPDX-License-Identifier: Apache-2.0 */
/* A tape being run: where we are in its text, what its names stand for, what there is to tell.
 *
 *   words.c     from text to words, numbers and amounts; whatever is wrong ends the program
 *   commands.c  one function for each word that begins a line
 *   terms.c     what may stand behind a node, an ask or a job: traits, terms, wishes
 *   tell.c      what a command has led to, as text
 *   run_tape.c  the program */
#pragma once

#include "base/buf.h"
#include "domain/market.h"

#define TAPE_MAX  65536
#define NAMES_MAX 256
#define WORDS_MAX 40
#define SECOND_US INT64_C(1000000)
#define START_US  INT64_C(1767225600000000) /* 2026-01-01 */
#define GIB       (INT64_C(1) << 30)

enum named { ACCOUNT, NODE, ASK, JOB, PAYOUT };

struct name {
    struct str text;
    enum named kind;
    int64_t number, account;
    /* as last told of: */
    int64_t lease; /* the first of a job's grant, */
    int32_t leases_n;
    enum lease_state lease_states[GANG_NODES_MAX];
    enum order_state order_state;
    bool parked;
};

struct tape {
    const char *file;
    int line;
    struct str words[WORDS_MAX]; /* of the line, all with n = 0 behind the last */
    size_t at;
    struct market *m;
    struct market_rules rules;
    int64_t now_us;
    bool one_group;
    struct name names[NAMES_MAX];
    size_t names_n;
    struct buf out;
};

/* Cut the next line off *rest: its words, without what follows a '#'. */
void tape_read_line(struct tape *t, struct str *rest);

_Noreturn void tape_wrong(const struct tape *t, const char *what); /* ends the program */

bool tape_is_word(const struct tape *t, const char *word); /* is it the next one? */
bool tape_take_word(struct tape *t, const char *word);     /* then step over it */
void tape_expect(struct tape *t, const char *word);        /* it must be */
struct str tape_word(struct tape *t);                      /* any; the others are like it: */
int64_t tape_number(struct tape *t);
struct money tape_amount(struct tape *t);
int32_t tape_pool(struct tape *t);
enum reason tape_reason(struct tape *t);
struct name *tape_find(struct tape *t, struct str text); /* NULL: a new name */
struct name *tape_known(struct tape *t, enum named kind);
struct name *tape_order(struct tape *t); /* an ask or a job */
bool tape_take_number(struct tape *t, const char *word,
                      int32_t *out); /* "WORD N": then step over */

/* Terms, in any order, up to the end of the line. */
void tape_traits(struct tape *t, struct traits *out);
void tape_ask_terms(struct tape *t, struct ask_spec *out);
void tape_bid_terms(struct tape *t, struct bid_spec *out);
void tape_rules(struct tape *t, struct market_rules *out);

/* Do what the line says. */
void tape_run_line(struct tape *t);

/* What the command has ended, stopped, freed and traded, as lines of t->out. */
void tape_tell(struct tape *t, const struct outcome *o);
const char *tape_name_of(const struct tape *t, int64_t number); /* a few stay valid */
const char *tape_money(struct money m); /* without idle zeros, but two decimals; the same */
