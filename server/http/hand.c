/* SPDX-License-Identifier: Apache-2.0 */
/* Whose turn it is: steps, sleeping, handing over, being called back. See inside.h. */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/random.h"
#include "http/listener.h"

enum { LEFT = 1, CALLED = 2 }; /* flags of x->met */

bool hand_suspend(struct req_inside *x)
{
    if (x->suspended) return true;
    /* Count first, then look: listener_stop() sets the flag first, then waits for the count. */
    atomic_fetch_add(&x->l->suspended, 1);
    if (atomic_load(&x->l->stopping)) {
        atomic_fetch_sub(&x->l->suspended, 1);
        return false;
    }
    (void)!slot_go(x->slot, PHASE_ANSWER, INT64_MAX);
    x->suspended = true;
    MHD_suspend_connection(x->connection);
    return true;
}

struct workers *hand_workers(const struct req_inside *x)
{
    struct services *svc = x->rq.svc;
    const bool moves = x->rq.route && x->rq.route->flags & ROUTE_MOVES;

    return moves && svc->movers ? svc->movers : svc->workers;
}

void hand_to_worker(struct req_inside *x, enum task task)
{
    x->task = task;
    x->work.run = hand_run;
    workers_push(hand_workers(x), &x->work);
}

void hand_finish(struct req_inside *x)
{
    x->stage = STAGE_REPLY;
    keeper_resume(x);
}

/* --- being called back --- */

/* The market's word on where the command stands in the sequence of all. */
static void tell_sequence(struct req *rq)
{
    char room[SEQUENCE_TEXT_MAX];
    struct buf b = { .p = room, .cap = sizeof(room), .max = sizeof(room) - 1 };

    if (rq->submission->sequence.size == 0) return;
    sequence_text(&rq->submission->sequence, &b);
    buf_char(&b, '\0');
    if (!b.failed) reply_header(rq, "Bourse-Sequence", room);
}

static void after_submit(struct req_inside *x)
{
    struct req *rq = &x->rq;
    switch (rq->submission->result) {
    case SUBMIT_REPLAYED: reply_header(rq, "Idempotency-Replayed", "true"); break;
    case SUBMIT_DONE: tell_sequence(rq); break;
    case SUBMIT_REFUSED: break;
    case SUBMIT_KEY_REUSED:
        reply_refusal(rq, ERR_IDEMPOTENCY_KEY_REUSED, "Another request was sent with this key.");
        hand_finish(x);
        return;
    case SUBMIT_BUSY:
        reply_refusal(rq, ERR_OVERLOADED, "Nothing was done; try again shortly.");
        hand_finish(x);
        return;
    case SUBMIT_FAILED:
        rq->err = rq->submission->err;
        reply_problem(rq);
        hand_finish(x);
        return;
    }
    if (x->on_worker && x->rq.svc->workers) {
        hand_to_worker(x, TASK_STEP);
        return;
    }
    x->stage = STAGE_STEP;
    keeper_resume(x);
}

static void after_wait(struct req_inside *x)
{
    if (!x->gone && x->rq.svc->workers) {
        hand_to_worker(x, TASK_STEP);
        return;
    }
    x->stage = x->gone ? STAGE_GONE : STAGE_STEP;
    keeper_resume(x);
}

/* The second of the two to come carries on; the first must not look at x again. */
static void meet(struct req_inside *x, unsigned flag)
{
    if ((atomic_fetch_or(&x->met, flag) | flag) != (LEFT | CALLED)) return;
    switch (x->handed) {
    case HANDED_NOT: abort(); /* called back by somebody to whom nothing was handed */
    case HANDED_SUBMIT: after_submit(x); return;
    case HANDED_WAIT: after_wait(x); return;
    case HANDED_WORK: hand_to_worker(x, TASK_STEP); return;
    }
}

static void called_back(void *arg)
{
    meet(arg, CALLED);
}

static void woken(void *arg, enum woken why)
{
    struct req_inside *x = arg;
    if (why != WOKEN_NOTIFIED) x->must_answer = true;
    meet(x, CALLED);
}

/* The slot's lock is held: see req_wait(). */
void hand_leave(struct req_inside *x)
{
    if (x->reader) {
        feed_gone(x->rq.svc->feed, x->reader);
        return;
    }
    if (!hub_leave(x->rq.svc->hub, &x->rq.waiter)) return; /* it does not wait (any more) */
    x->gone = true;
    meet(x, CALLED);
}

/* --- steps --- */

/* What was read may not be on disk yet: it is told when it is. */
static void settle(struct req *rq, int64_t losses)
{
    struct writer *writer = rq->svc->writer;
    if (!writer || writer_settled(writer, losses)) return;
    if (rq->reply.response) MHD_destroy_response(rq->reply.response);
    rq->reply = (struct reply){ .status = 0 };
    reply_refusal(rq, ERR_OVERLOADED, "The database was lost meanwhile; ask again.");
}

bool hand_step(struct req_inside *x, handler_fn *fn, struct db *db)
{
    x->handed = HANDED_NOT;
    atomic_store(&x->met, 0);
    x->rq.db = db;
    const int64_t losses = db && x->rq.svc->writer ? writer_losses(x->rq.svc->writer) : 0;
    fn(&x->rq);
    x->rq.db = NULL;

    if (x->handed != HANDED_NOT) {
        meet(x, LEFT);
        return false;
    }
    if (x->rq.reply.status == 0) reply_refusal(&x->rq, ERR_INTERNAL, "There was no answer.");
    if (db) settle(&x->rq, losses);
    if (!x->suspended) return true;
    hand_finish(x);
    return false;
}

/* First 16 bytes of SHA-256("<operation>\n<key>"), and of a node its number behind it, 8 bytes big
 * endian: the nodes of one account know nothing of each other's keys. False: rq->err. */
static bool name_submission(struct req *rq)
{
    const struct str key = req_header(rq, "Idempotency-Key");
    if (!rq->submission) return true;
    rq->submission->body = rq->body_hash;
    if (!(rq->route->flags & ROUTE_IDEM_KEY)) return true;
    if (!key.p)
        return FAIL(&rq->err, ERR_IDEMPOTENCY_KEY_MISSING,
                    "Send a fresh one with each new request, "
                    "the same one to repeat a request.");
    bool ok = key.n > 0 && key.n <= IDEM_KEY_MAX;
    for (size_t i = 0; i < key.n; i++)
        ok = ok && key.p[i] > ' ' && key.p[i] <= '~';
    if (!ok)
        return FAIL(&rq->err, ERR_MALFORMED_REQUEST,
                    "Idempotency-Key must be 1 to %d visible ASCII characters.", IDEM_KEY_MAX);

    const uint64_t node = htobe64((uint64_t)rq->who.node);
    const struct hash_part parts[] = { { rq->route->operation, strlen(rq->route->operation) },
                                       { "\n", 1 },
                                       { key.p, key.n },
                                       { &node, rq->who.node ? sizeof(node) : 0 } };
    const struct hash h = sha256_parts(parts, ARRAY_LEN(parts));
    memcpy(rq->submission->key, h.b, sizeof(rq->submission->key));
    rq->submission->keyed = true;
    return true;
}

/* Thousands of polls sleep for each request that changes something: only these carry a command. */
static bool make_submission(struct req *rq)
{
    const char *method = rq->route->method;
    if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0) return true;
    rq->submission = arena_alloc(&rq->arena, sizeof(*rq->submission));
    return rq->submission ? true : FAIL(&rq->err, ERR_NO_MEMORY, "No memory for the request.");
}

void hand_begin(struct req *rq)
{
    struct req_inside *x = rq->inside;
    const enum auth_rc rc = x->admitted ? AUTH_OK : access_check(x, rq->db);
    if (rc == AUTH_NEEDS_DB) FAIL(&rq->err, ERR_INTERNAL, "It was not found out who asks.");
    x->admitted = rc == AUTH_OK;
    if (!x->admitted || !rates_check(x) || !make_submission(rq) || !name_submission(rq)) {
        reply_problem(rq);
        return;
    }
    rq->route->handler(rq);
}

static void admit(struct req *rq)
{
    struct req_inside *x = rq->inside;
    x->admitted = (x->admitted || access_check(x, rq->db) == AUTH_OK) && admit_upload(x);
    if (!x->admitted) reply_problem(rq);
}

void hand_run(struct work *w, struct db *db)
{
    struct req_inside *x = (struct req_inside *)((char *)w - offsetof(struct req_inside, work));
    if (!db) {
        reply_refusal(&x->rq, ERR_OVERLOADED, "The database cannot be reached now.");
        hand_finish(x);
        return;
    }
    switch (x->task) {
    case TASK_BEGIN: (void)hand_step(x, hand_begin, db); return;
    case TASK_STEP: (void)hand_step(x, x->rq.next, db); return;
    case TASK_ADMIT: break;
    }
    x->rq.db = db;
    admit(&x->rq);
    x->rq.db = NULL;
    x->stage = x->admitted ? STAGE_ADMITTED : STAGE_REPLY;
    keeper_resume(x);
}

/* --- what handlers call --- */

static bool sleep_or_reply(struct req_inside *x)
{
    if (hand_suspend(x)) return true;
    reply_refusal(&x->rq, ERR_OVERLOADED, "The server is stopping.");
    return false;
}

void req_on_worker(struct req *rq, handler_fn *next)
{
    struct req_inside *x = rq->inside;
    struct workers *workers = hand_workers(x);
    if (rq->db) {
        next(rq);
        return;
    }
    if (!workers || !workers_have_room(workers)) {
        reply_refusal(rq, ERR_OVERLOADED, "Too many requests wait already.");
        return;
    }
    if (!sleep_or_reply(x)) return;
    rq->next = next;
    x->handed = HANDED_WORK;
    meet(x, CALLED); /* it goes on as soon as the handler has left */
}

void req_look(struct req *rq, look_fn *see, void *arg, handler_fn *next)
{
    struct req_inside *x = rq->inside;
    struct writer *writer = rq->svc->writer;

    if (!writer) {
        reply_refusal(rq, ERR_NOT_LEADER, "This server does not lead the market now.");
        return;
    }
    if (!rates_look(x)) {
        reply_problem(rq);
        return;
    }
    if (!sleep_or_reply(x)) return;
    rq->look = (struct look){ .see = see, .arg = arg, .done = called_back, .done_arg = x };
    rq->next = next;
    x->handed = HANDED_WORK;
    writer_look(writer, &rq->look); /* from here on the market's, until called_back() */
}

bool req_has_seen(struct req *rq)
{
    if (rq->look.seen) return true;
    reply_refusal(rq, ERR_OVERLOADED, "The market cannot be looked at now; try again shortly.");
    return false;
}

void req_submit(struct req *rq, handler_fn *next, bool on_worker)
{
    struct req_inside *x = rq->inside;
    struct writer *writer = rq->svc->writer;
    if (!writer) {
        reply_refusal(rq, ERR_NOT_LEADER, "This server does not lead the market now.");
        return;
    }
    if (!sleep_or_reply(x)) return;
    struct submission *s = rq->submission;
    if (s->command.account == 0) s->command.account = rq->who.account;
    s->arena = &rq->arena;
    s->done = called_back;
    s->arg = x;
    rq->next = next;
    x->on_worker = on_worker;
    x->handed = HANDED_SUBMIT;
    writer_submit(writer, s); /* from here on the market's, until called_back() */
}

bool req_may_wait(struct req *rq)
{
    const struct req_inside *x = rq->inside;
    return !x->must_answer && !atomic_load(&x->l->draining);
}

void req_wait(struct req *rq, struct topic topic, int64_t seconds, handler_fn *next)
{
    struct req_inside *x = rq->inside;
    if (!sleep_or_reply(x)) return;
    const int64_t us = seconds * 1000000;
    rq->next = next;
    /* The socket may be watched already, by an earlier wait: then hand_leave() can look at the
     * waiter at any time. */
    pthread_mutex_lock(&x->slot->lock);
    rq->waiter =
        (struct waiter){ .topic = topic,
                         .deadline_us = clock_monotonic_us() + us - random_between(0, us / 16),
                         .wake = woken,
                         .arg = x };
    pthread_mutex_unlock(&x->slot->lock);
    x->handed = HANDED_WAIT;
    hub_wait(rq->svc->hub, &rq->waiter);
    keeper_watch(x);
}

bool req_unwait(struct req *rq)
{
    struct req_inside *x = rq->inside;
    if (x->handed != HANDED_WAIT) return true; /* it was not let to wait, and has its reply */
    if (!hub_leave(rq->svc->hub, &rq->waiter)) return false;
    x->handed = HANDED_NOT;
    return true;
}
