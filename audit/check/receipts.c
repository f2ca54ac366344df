/* SPDX-License-Identifier: Apache-2.0 */
/* Receipts: what a node signed of a run, against what was taken of it; and what the market
 * countersigned, if a party shows it, against what was settled. Node keys are those with which
 * nodes joined; images are those of the jobs. */
#include "sign/receipt.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/id.h"
#include "base/mem.h"
#include "check/inside.h"
#include "sign/sha.h"

#define RECEIPT_MEMORY (4u << 20)

struct node_key {
    int64_t node;
    struct public_key key;
};

struct job_note {
    int64_t bid;
    struct hash image; /* of its text */
};

struct digest { /* of the receipt that ended a lease */
    int64_t lease;
    char hex[65];
};

struct document {
    int64_t lease;
    char *text;
    size_t n;
};

struct receipts {
    struct node_key *nodes;
    size_t nodes_n, nodes_cap;
    struct job_note *jobs;
    size_t jobs_n, jobs_cap;
    struct digest *digests;
    size_t digests_n, digests_cap;
    struct document *documents;
    size_t documents_n, documents_cap;
};

struct receipts *receipts_new(void)
{
    return mem_zalloc(sizeof(struct receipts));
}

void receipts_free(struct receipts *r)
{
    if (!r) return;
    for (size_t i = 0; i < r->documents_n; i++)
        mem_free(r->documents[i].text);
    mem_free(r->documents);
    mem_free(r->nodes);
    mem_free(r->jobs);
    mem_free(r->digests);
    mem_free(r);
}

size_t receipts_count(const struct receipts *r)
{
    return r->documents_n;
}

/* Room for one more at the end of a list. */
static void *grown(void *list, size_t n, size_t *cap, size_t size)
{
    if (n < *cap) return list;
    const size_t more = *cap ? 2 * *cap : 64;
    void *out = mem_zalloc(more * size);
    if (n > 0) memcpy(out, list, n * size);
    mem_free(list);
    *cap = more;
    return out;
}

/* ---- notes ---- */

void receipts_note(struct audit *a, const struct command_text *t)
{
    struct receipts *r = a->receipts;

    if (t->command.kind == COMMAND_PUT_NODE && t->command.u.put_node.node == 0) {
        struct node_key k = { .node = a->command.seq };
        if (!public_key_parse(json_get_text(t->more, "public_key"), &k.key)) return;
        r->nodes = grown(r->nodes, r->nodes_n, &r->nodes_cap, sizeof(k));
        r->nodes[r->nodes_n++] = k;
    } else if (t->command.kind == COMMAND_SUBMIT_JOB) {
        const struct str image = json_get_text(t->more, "image");
        if (!image.p) return;
        r->jobs = grown(r->jobs, r->jobs_n, &r->jobs_cap, sizeof(*r->jobs));
        r->jobs[r->jobs_n++] = (struct job_note){ a->command.seq, sha256(image) };
    }
}

void receipts_sweep(struct audit *a)
{
    struct receipts *r = a->receipts;
    size_t kept = 0;

    for (size_t i = 0; i < r->jobs_n; i++)
        if (naive_bid(a->n, r->jobs[i].bid)) r->jobs[kept++] = r->jobs[i];
    r->jobs_n = kept;
    kept = 0;
    for (size_t i = 0; i < r->digests_n; i++)
        if (naive_lease(a->n, r->digests[i].lease)) r->digests[kept++] = r->digests[i];
    r->digests_n = kept;
}

static void note_digest(struct receipts *r, int64_t lease, struct str text)
{
    r->digests = grown(r->digests, r->digests_n, &r->digests_cap, sizeof(*r->digests));
    r->digests[r->digests_n].lease = lease;
    sha256_hex(text, r->digests[r->digests_n++].hex);
}

void receipts_digest(const struct audit *a, int64_t lease, char out[65])
{
    const struct receipts *r = a->receipts;

    for (size_t i = 0; i < r->digests_n; i++)
        if (r->digests[i].lease == lease) memcpy(out, r->digests[i].hex, 65);
}

static const struct public_key *key_of(const struct receipts *r, int64_t node)
{
    for (size_t i = 0; i < r->nodes_n; i++)
        if (r->nodes[i].node == node) return &r->nodes[i].key;
    return NULL;
}

static const struct job_note *job_of(const struct receipts *r, int64_t bid)
{
    for (size_t i = 0; i < r->jobs_n; i++)
        if (r->jobs[i].bid == bid) return &r->jobs[i];
    return NULL;
}

/* ---- the node's word ---- */

struct exit {
    const struct lease *lease;
    const struct command *command;
    struct str text;
    struct signature signature;
    struct receipt receipt;
    int64_t born_us;
};

static bool wrong(struct audit *a, const struct exit *x, enum finding_kind kind, const char *member,
                  const char *expected, struct str found)
{
    char object[64], got[200];

    snprintf(object, sizeof(object), "%s receipt.%s", object_named("lease", x->lease->lease),
             member);
    snprintf(got, sizeof(got), "%.*s", (int)(found.n > 199 ? 199 : found.n),
             found.n ? found.p : "");
    return find(&a->f, kind, a->command.seq, object, expected, got);
}

static bool same_text(struct audit *a, const struct exit *x, enum finding_kind kind,
                      const char *member, const char *expected, struct str found)
{
    return str_is(found, expected) || wrong(a, x, kind, member, expected, found);
}

static bool same_number(struct audit *a, const struct exit *x, enum finding_kind kind,
                        const char *member, int64_t expected, int64_t found)
{
    char want[24], got[24];

    if (expected == found) return true;
    snprintf(want, sizeof(want), "%" PRId64, expected);
    snprintf(got, sizeof(got), "%" PRId64, found);
    return wrong(a, x, kind, member, want, str_of(got));
}

static bool same_id(struct audit *a, const struct exit *x, const char *member, const char *prefix,
                    struct id id, struct str found)
{
    char text[ID_TEXT_MAX];

    id_format(prefix, id, text);
    return same_text(a, x, FIND_RECEIPT_LEASE, member, text, found);
}

static struct id lease_id(const struct exit *x)
{
    return id_make(x->born_us, x->lease->lease / 4096, (int)(x->lease->lease % 4096));
}

static bool check_names(struct audit *a, const struct exit *x)
{
    const struct receipt *r = &x->receipt;
    const struct bid *b = naive_bid(a->n, x->lease->bid);
    const struct node *n = naive_node(a->n, x->lease->node);

    return same_text(a, x, FIND_RECEIPT_MARKET, "market_id", a->market_id, r->market_id) &&
           same_id(a, x, "lease_id", "lease_", lease_id(x), r->lease_id) && b &&
           same_id(a, x, "job_id", "job_", id_make(b->at_us, b->bid, 0), r->job_id) && n &&
           same_id(a, x, "node_id", "node_", id_make(n->at_us, n->node, 0), r->node_id) &&
           same_number(a, x, FIND_RECEIPT_LEASE, "epoch", x->lease->epoch, r->epoch);
}

static bool check_work(struct audit *a, const struct exit *x)
{
    const struct receipt *r = &x->receipt;
    const struct pool *pool = naive_pool(a->n, x->lease->pool);
    const struct job_note *job = job_of(a->receipts, x->lease->bid);
    const struct hash image = sha256(r->image);

    if (job && memcmp(&image, &job->image, sizeof(image)) != 0)
        return wrong(a, x, FIND_RECEIPT_WORK, "image", "the job's image", r->image);
    return (!pool || same_text(a, x, FIND_RECEIPT_WORK, "pool", pool->name, r->pool)) &&
           same_number(a, x, FIND_RECEIPT_WORK, "units", x->lease->units, r->units);
}

static bool check_end(struct audit *a, const struct exit *x)
{
    const struct receipt *r = &x->receipt;

    if (r->ready_at_us != 0 && r->ended_at_us < r->ready_at_us)
        return same_number(a, x, FIND_RECEIPT_TIME, "ended_at", r->ready_at_us, r->ended_at_us);
    return same_number(a, x, FIND_RECEIPT_SECONDS, "seconds", x->command->u.lease.seconds,
                       r->seconds) &&
           same_number(a, x, FIND_RECEIPT_END, "exit_code", x->command->u.lease.exit_code,
                       r->exit_code) &&
           same_text(a, x, FIND_RECEIPT_END, "reason", reason_name(x->command->u.lease.reason),
                     r->reason);
}

static bool check_signature(struct audit *a, const struct exit *x)
{
    const struct public_key *key = key_of(a->receipts, x->lease->node);
    char text[45] = "";

    if (key) public_key_text(key, text);
    if (!key || !str_is(x->receipt.node_public_key, text))
        return wrong(a, x, FIND_RECEIPT_KEY, "node_public_key", text, x->receipt.node_public_key);
    if (public_key_verify_tagged(key, TAG_RECEIPT, x->text, &x->signature)) return true;
    return wrong(a, x, FIND_RECEIPT_SIGNATURE, "signature", "the node's", STR("another"));
}

/* ---- the market's word ---- */

static const struct document *document_of(const struct receipts *r, int64_t lease)
{
    for (size_t i = 0; i < r->documents_n; i++)
        if (r->documents[i].lease == lease) return &r->documents[i];
    return NULL;
}

static bool check_amounts(struct audit *a, const struct exit *x, const struct countersign *c)
{
    const struct lease *l = x->lease;
    const enum finding_kind kind = FIND_COUNTERSIGN_AMOUNT;

    return same_number(a, x, kind, "seconds_observed", l->seconds_observed, c->seconds_observed) &&
           same_number(a, x, kind, "seconds_billed", l->seconds_billed, c->seconds_billed) &&
           same_number(a, x, kind, "units", l->units, c->units) &&
           same_number(a, x, kind, "entry", a->command.seq, c->entry) &&
           same_number(a, x, kind, "price_per_unit_hour", l->price.micros,
                       c->price_per_unit_hour) &&
           same_number(a, x, kind, "charge", l->charge.micros, c->charge) &&
           same_number(a, x, kind, "fee", l->fee.micros, c->fee) &&
           same_number(a, x, kind, "payout", l->payout.micros, c->payout) &&
           same_number(a, x, kind, "settled_at", l->ended_us / 1000, c->settled_at_us / 1000);
}

static bool check_document(struct audit *a, const struct exit *x, const struct document *d,
                           struct arena *arena)
{
    struct err err = { 0 };
    struct countersign c;
    struct signature agent, market;
    auto_json json_t *o = json_parse((struct str){ d->text, d->n }, &err);
    const json_t *counter = json_object_get(o, "countersignature");
    const struct str text = json_get_text(counter, "document");
    char digest[65];

    if (!signature_parse(json_get_text(o, "agent_signature"), &agent) ||
        !signature_parse(json_get_text(counter, "signature"), &market) ||
        !countersign_parse(text, arena, &c, &err))
        return wrong(a, x, FIND_COUNTERSIGN_FORM, "document", "a countersigned receipt",
                     str_of(err.detail));
    if (!public_key_verify_tagged(&a->market_key, TAG_COUNTERSIGN, text, &market))
        return wrong(a, x, FIND_COUNTERSIGN_SIGNATURE, "signature", "the market's", STR("another"));
    sha256_hex(x->text, digest);
    if (!str_eq(json_get_text(o, "receipt"), x->text) ||
        memcmp(c.receipt_sha256, digest, 64) != 0 ||
        memcmp(&agent, &x->signature, sizeof(agent)) != 0 ||
        memcmp(&c.agent_signature, &x->signature, sizeof(agent)) != 0)
        return wrong(a, x, FIND_COUNTERSIGN_RECEIPT, "receipt", digest, str_of(c.receipt_sha256));
    return check_amounts(a, x, &c);
}

bool receipts_document(struct audit *a, struct str document)
{
    struct receipts *r = a->receipts;
    struct arena arena;
    struct err err = { 0 };
    struct countersign c;
    struct id id;

    arena_init(&arena, RECEIPT_MEMORY);
    auto_json json_t *o = json_parse(document, &err);
    const json_t *counter = json_object_get(o, "countersignature");
    bool ok = countersign_parse(json_get_text(counter, "document"), &arena, &c, &err) &&
              id_parse("lease_", c.lease_id, &id);
    if (ok) {
        r->documents =
            grown(r->documents, r->documents_n, &r->documents_cap, sizeof(*r->documents));
        struct document *d = &r->documents[r->documents_n++];
        *d = (struct document){ id_seq(id) * 4096 + id_index(id), mem_zalloc(document.n + 1),
                                document.n };
        memcpy(d->text, document.p, document.n);
    } else {
        (void)find(&a->f, FIND_COUNTERSIGN_FORM, 0, "receipt", "a countersigned receipt",
                   err.detail);
    }
    arena_done(&arena);
    return ok;
}

static void drop_document(struct receipts *r, const struct document *d)
{
    const size_t at = (size_t)(d - r->documents);

    mem_free(r->documents[at].text);
    r->documents[at] = r->documents[--r->documents_n];
}

/* ---- both ---- */

static bool check_exit(struct audit *a, struct exit *x, struct arena *arena)
{
    struct err err = { 0 };

    if (!receipt_parse(x->text, arena, &x->receipt, &err))
        return wrong(a, x, FIND_RECEIPT_FORM, "text", "a canonical receipt", str_of(err.detail));
    a->counts.receipts++;
    note_digest(a->receipts, x->lease->lease, x->text);
    if (!check_signature(a, x) || !check_names(a, x) || !check_work(a, x) || !check_end(a, x))
        return false;
    const struct document *d = document_of(a->receipts, x->lease->lease);
    if (!d) return true;
    const bool ok = check_document(a, x, d, arena);
    drop_document(a->receipts, d);
    return ok;
}

bool check_receipt(struct audit *a, const struct command_text *t)
{
    struct exit x = { .lease = naive_lease(a->n, t->command.u.lease.lease),
                      .command = &t->command };
    struct arena arena;

    if (t->command.kind != COMMAND_LEASE_EXIT) return true;
    x.text = json_get_text(t->more, "receipt");
    x.born_us = x.lease->traded_us;
    for (size_t i = 0; i < a->born_n; i++)
        if (a->born[i].lease == x.lease->lease) x.born_us = a->born[i].at_us;
    if (!x.text.p) {
        if (!a->o.receipts) return true;
        return wrong(a, &x, FIND_RECEIPT_MISSING, "text", "a receipt", STR("none"));
    }
    if (!signature_parse(json_get_text(t->more, "signature"), &x.signature))
        return wrong(a, &x, FIND_RECEIPT_SIGNATURE, "signature", "a signature", STR("none"));
    arena_init(&arena, RECEIPT_MEMORY);
    const bool ok = check_exit(a, &x, &arena);
    arena_done(&arena);
    return ok;
}
