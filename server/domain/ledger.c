/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/ledger.h"

#include <assert.h>

#include "domain/touch.h"

/* The line of this account and bucket, new if there is none yet. */
static struct posting *line_of(struct outcome *out, int64_t account, enum bucket bucket)
{
    for (int32_t i = 0; i < out->postings_n; i++)
        if (out->postings[i].account == account && out->postings[i].bucket == bucket)
            return &out->postings[i];

    assert(out->postings_n < POSTINGS_MAX);
    struct posting *const line = &out->postings[out->postings_n++];
    *line = (struct posting){ .account = account, .bucket = bucket };
    return line;
}

static void add(struct money *to, int64_t micros)
{
    const bool fits = money_add(*to, (struct money){ micros }, to);
    assert(fits); /* apply_credit() lets no more in than fits into one balance */
    (void)fits;
}

void ledger_add(struct step *s, struct account *a, enum bucket bucket, int64_t micros)
{
    if (micros == 0) return; /* an ask that meets many bids at their limits moves nothing */
    add(bucket == BUCKET_HELD ? &a->balance.held : &a->balance.available, micros);
    add(&line_of(s->out, a->balance.account, bucket)->amount, micros);
}

void ledger_hold(struct step *s, struct bid_entry *b, struct money hold)
{
    const int64_t more = hold.micros - b->bid.hold.micros;

    assert(hold.micros >= 0);
    ledger_add(s, b->buyer, BUCKET_AVAILABLE, -more);
    ledger_add(s, b->buyer, BUCKET_HELD, more);
    b->bid.hold = hold;
}

static bool before(const struct posting *a, const struct posting *b)
{
    return a->account != b->account ? a->account < b->account : a->bucket < b->bucket;
}

/* Insert the line among the first `n`, which are in order. */
static void insert(struct posting *lines, int32_t n, struct posting line)
{
    for (; n > 0 && before(&line, &lines[n - 1]); n--)
        lines[n] = lines[n - 1];
    lines[n] = line;
}

void ledger_close(struct step *s)
{
    struct outcome *const out = s->out;
    int32_t kept = 0;
    int64_t sum = 0;

    for (int32_t i = 0; i < out->postings_n; i++) {
        const struct posting line = out->postings[i];
        if (line.amount.micros == 0) continue;

        struct account *const a = state_account(s->m, line.account);
        assert(a->balance.held.micros >= 0);
        assert(a->balance.available.micros >= 0 || line.account == ACCOUNT_WORLD);
        touch_account(s->m, a);
        sum += line.amount.micros;
        insert(out->postings, kept++, line);
    }
    out->postings_n = kept;
    assert(sum == 0);
}
