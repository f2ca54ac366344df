/* SPDX-License-Identifier: Apache-2.0 */
/* A plan walks the asks that serve one node of the gang, in the order in which a bid meets them,
 * and takes each node once. With same_site it counts nodes by site, and the first site that is
 * complete wins: the one whose last node is cheapest. Marks on the nodes carry the number of the
 * plan, so that nothing need be cleared. */
#include "domain/gang.h"

#include <assert.h>

#include "domain/book.h"
#include "domain/collar.h"
#include "domain/touch.h"

static bool newly_taken(struct node_entry *n, uint64_t plan)
{
    if (n->plan == plan) return false;
    n->plan = plan;
    return true;
}

/* The first site that has `nodes` nodes among the asks; NULL: none. */
static struct node_entry *first_full_site(struct market *m, const struct bid_entry *b, int32_t w,
                                          int64_t now_us, int64_t *looks)
{
    const uint64_t plan = ++m->plan;
    struct node_entry *found = NULL;
    struct ask_walk walk;
    int64_t seen = 0;

    struct ask_entry *a = book_first_ask(&walk, b, w, now_us);
    while (a) {
        struct node_entry *const site = a->node->site;
        seen++;
        if (newly_taken(a->node, plan)) {
            if (site->site_plan != plan) site->site_nodes = 0;
            site->site_plan = plan;
            if (++site->site_nodes == b->bid.spec.nodes) found = site;
        }
        a = !found && seen < GANG_LOOK ? book_next_ask(&walk) : NULL;
    }
    *looks += seen + walk.walk.misses;
    m->gang_looks += (uint64_t)seen;
    return found;
}

bool gang_plan(struct market *m, const struct bid_entry *b, int32_t w, int64_t now_us,
               struct plan *out, int64_t *looks)
{
    const struct bid_line *const line = &b->lines[w];
    const struct node_entry *site = NULL;
    struct ask_walk walk;
    int64_t seen = 0;

    out->want = w;
    out->n = 0;
    if (b->bid.spec.same_site) {
        site = first_full_site(m, b, w, now_us, looks);
        if (!site) return false;
    }
    const uint64_t plan = ++m->plan;
    struct ask_entry *a = book_first_ask(&walk, b, w, now_us);
    while (a) {
        seen++;
        if ((!site || a->node->site == site) && newly_taken(a->node, plan))
            out->picks[out->n++] = (struct pick){ a, match_price(a, line, b) };
        a = seen < GANG_LOOK && out->n < b->bid.spec.nodes ? book_next_ask(&walk) : NULL;
    }
    m->gang_looks += (uint64_t)seen;
    if (!site) *looks += seen + walk.walk.misses;
    return out->n == b->bid.spec.nodes;
}

void shelf_begin(struct shelf *sh, struct book *book)
{
    *sh = (struct shelf){
        .book = book,
        .limit = book->state.cursor_limit,
        .priority = book->state.cursor_priority,
    };
}

struct bid_line *shelf_next(const struct step *s, struct shelf *sh, const struct ask_entry *a)
{
    if (sh->stopped || sh->book->shelf.n == 0) return NULL;

    struct bid_line *const line = book_gang_after(sh->book, sh->limit, sh->priority, a->ask.free);
    if (!line || money_cmp(line->limit, a->ask.spec.price) < 0) return NULL;
    if (sh->tested < GANGS && sh->looks < EVENT_LOOK &&
        s->out->trades_n + GANG_NODES_MAX + a->ask.free <= FILLS_MAX)
        return line;
    sh->stopped = true;
    return NULL;
}

void shelf_test(struct step *s, struct shelf *sh, struct bid_line *line)
{
    struct bid_entry *const b = book_line_bid(line);
    struct plan plan;

    sh->tested++;
    sh->limit = line->limit;
    sh->priority = b->bid.priority;
    if (!gang_plan(s->m, b, line->want, s->c->at_us, &plan, &sh->looks)) return;
    for (int32_t i = 0; i < plan.n; i++)
        plan.picks[i].price = collar_spare(s, plan.picks[i].a, plan.picks[i].price);
    if (match_odd(s, &plan))
        collar_park_bid(s, b, line->book);
    else
        match_grant(s, b, &plan, (struct how){ 0 });
}

void shelf_end(struct step *s, const struct shelf *sh)
{
    struct pool_state *const p = &sh->book->state;
    const struct money limit = sh->stopped ? sh->limit : (struct money){ 0 };
    const int64_t priority = sh->stopped ? sh->priority : 0;

    if (p->cursor_priority == priority && money_cmp(p->cursor_limit, limit) == 0) return;
    p->cursor_limit = limit;
    p->cursor_priority = priority;
    touch_pool(s->m, sh->book);
}
