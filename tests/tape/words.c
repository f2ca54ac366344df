/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "tests/t.h"
#include "tests/tape/tape.h"

_Noreturn void tape_wrong(const struct tape *t, const char *what)
{
    fprintf(stderr, "%s:%d: %s\n", t->file, t->line, what);
    exit(1);
}

bool tape_is_word(const struct tape *t, const char *word)
{
    return str_is(t->words[t->at], word);
}

bool tape_take_word(struct tape *t, const char *word)
{
    if (!tape_is_word(t, word)) return false;
    t->at++;
    return true;
}

void tape_expect(struct tape *t, const char *word)
{
    if (!tape_take_word(t, word)) tape_wrong(t, word);
}

struct str tape_word(struct tape *t)
{
    if (t->words[t->at].n == 0) tape_wrong(t, "the line is too short");
    return t->words[t->at++];
}

int64_t tape_number(struct tape *t)
{
    int64_t n;

    if (!str_i64(tape_word(t), 0, INT64_C(1) << 40, &n)) tape_wrong(t, "not a number");
    return n;
}

bool tape_take_number(struct tape *t, const char *word, int32_t *out)
{
    if (!tape_take_word(t, word)) return false;
    *out = (int32_t)tape_number(t);
    return true;
}

struct money tape_amount(struct tape *t)
{
    struct money m;

    if (!money_parse(tape_word(t), &m)) tape_wrong(t, "not an amount");
    return m;
}

struct name *tape_find(struct tape *t, struct str text)
{
    for (size_t i = 0; i < t->names_n; i++)
        if (str_eq(t->names[i].text, text)) return &t->names[i];
    return NULL;
}

struct name *tape_known(struct tape *t, enum named kind)
{
    struct name *const n = tape_find(t, tape_word(t));

    if (!n || n->kind != kind) tape_wrong(t, "no such name");
    return n;
}

struct name *tape_order(struct tape *t)
{
    struct name *const n = tape_find(t, tape_word(t));

    if (!n || (n->kind != ASK && n->kind != JOB)) tape_wrong(t, "no such order");
    return n;
}

int32_t tape_pool(struct tape *t)
{
    const struct pool *const p = market_pool_named(t->m, tape_word(t));

    if (!p) tape_wrong(t, "no such pool");
    return p->number;
}

enum reason tape_reason(struct tape *t)
{
    const struct str word = tape_word(t);

    for (int i = 0; i < REASONS; i++)
        if (str_is(word, reason_names[i])) return (enum reason)i;
    tape_wrong(t, "no such reason");
}

void tape_read_line(struct tape *t, struct str *rest)
{
    struct str line = *rest, tail = { "", 0 }, comment;
    size_t n = 0;

    if (str_cut(*rest, '\n', &line, &tail))
        *rest = tail;
    else
        *rest = (struct str){ "", 0 };
    if (str_cut(line, '#', &line, &comment)) (void)comment;

    memset(t->words, 0, sizeof(t->words));
    for (line = str_trim(line); line.n > 0; line = str_trim(line)) {
        struct str word = line, others = { "", 0 };
        if (n == WORDS_MAX - 1) tape_wrong(t, "too many words");
        if (!str_cut(line, ' ', &word, &others)) others.n = 0;
        t->words[n++] = word;
        line = others;
    }
    t->line++;
    t->at = 0;
}
