/* SPDX-License-Identifier: Apache-2.0 */
#include "service/operator.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "service/payload.h"
#include "sign/sha.h"
#include "store/operator.h"

#define LOOK_MS        500 /* a notification may be lost: look by itself */
#define RETRY_US       500000
#define DESK_BYTES_MAX (1 << 20)

struct operator_desk {
    const char *conninfo;
    struct writer *writer;
    pthread_t thread;
    atomic_bool stopping;
    struct db *db;
};

/* False: not something that operators may ask. */
static bool command_of(const struct operator_request *r, struct command *c)
{
    *c = (struct command){ .account = ACCOUNT_WORLD, .kind = (enum command_kind)r->kind };
    switch (c->kind) {
    case COMMAND_OPEN_ACCOUNT: return true;
    case COMMAND_CREDIT:
        c->u.credit.account = r->account;
        c->u.credit.amount = (struct money){ r->amount };
        return true;
    case COMMAND_COMPLETE_PAYOUT:
    case COMMAND_FAIL_PAYOUT: c->u.payout.payout = r->number; return true;
    case COMMAND_RATE_NODE:
    case COMMAND_RATE_ACCOUNT:
        c->u.rate.number = c->kind == COMMAND_RATE_NODE ? r->number : r->account;
        c->u.rate.tier = (int32_t)r->tier;
        c->u.rate.verified = (int32_t)r->verified;
        return true;
    case COMMAND_PUT_NODE:
    case COMMAND_PLACE_ASK:
    case COMMAND_AMEND_ASK:
    case COMMAND_CANCEL_ASK:
    case COMMAND_SUBMIT_JOB:
    case COMMAND_AMEND_BID:
    case COMMAND_CANCEL_JOB:
    case COMMAND_ACCEPT_LEASE:
    case COMMAND_DECLINE_LEASE:
    case COMMAND_LEASE_PREPARED:
    case COMMAND_LEASE_READY:
    case COMMAND_LEASE_CANNOT_START:
    case COMMAND_LEASE_EXIT:
    case COMMAND_LEASE_CHECKPOINT:
    case COMMAND_LEASE_TIMEOUT:
    case COMMAND_LEASE_LOST:
    case COMMAND_LEASE_SPENT:
    case COMMAND_EXPIRE_ORDER:
    case COMMAND_REQUEST_PAYOUT:
    case COMMAND_REENTER:
    case COMMAND_LEASE_RIPE:
    case COMMAND_DRAIN_NODE:
    case COMMAND_LEASE_DRAINED:
    case COMMAND_CLOSE_AUCTION:
    case COMMAND_OFFER:
    case COMMAND_CALL:
    case COMMAND_INVITE:
    case COMMAND_JOIN_TEAM:
    case COMMAND_LEAVE_TEAM:
    case COMMAND_TRIM:
    case COMMAND_NODE_HEALTH:
    case COMMAND_SET_RULES: return false;
    }
    return false;
}

/* True: it has an outcome, to be noted. False: try again later. */
static bool carry_out(struct operator_desk *d, const struct operator_request *r, struct arena *a,
                      int64_t *seq, struct str *refusal)
{
    struct submission s = { .keyed = true, .arena = a };

    if (!command_of(r, &s.command)) {
        *refusal = STR("this is not something that operators ask for");
        return true;
    }
    memcpy(s.key, r->request.p, sizeof(s.key));
    s.body = sha256(r->request);
    s.payload = payload_make(&s.command, NULL, a);
    if (!s.payload.p) return false;
    writer_submit_wait(d->writer, &s);
    switch (s.result) {
    case SUBMIT_DONE:
    case SUBMIT_REPLAYED: *seq = s.command.seq; return true;
    case SUBMIT_REFUSED:
    case SUBMIT_KEY_REUSED: {
        const char *copy = arena_copy(a, str_of(s.outcome.why));
        *refusal = copy && *copy ? str_of(copy) : STR("refused");
        return true;
    }
    case SUBMIT_BUSY:
    case SUBMIT_FAILED: return false;
    }
    return false;
}

static bool serve_waiting(struct operator_desk *d, struct arena *a, struct err *err)
{
    struct operator_request *rows = NULL;
    size_t n = 0;

    if (!store_waiting_operator_requests(d->db, a, &rows, &n, err)) return false;
    for (size_t i = 0; i < n; i++) {
        int64_t seq = 0;
        struct str refusal = STR("");
        if (!carry_out(d, &rows[i], a, &seq, &refusal)) return true;
        if (!store_finish_operator_request(d->db, rows[i].request, seq, refusal, err)) return false;
        LOG(LOG_INFO, "operator.request", LOG_I64("kind", rows[i].kind), LOG_I64("seq", seq),
            LOG_STR("refusal", refusal));
    }
    return true;
}

static bool connect_db(struct operator_desk *d, struct err *err)
{
    if (d->db && db_alive(d->db)) return true;
    db_close(d->db);
    d->db = db_open(d->conninfo, DB_APP, err);
    return d->db && db_listen(d->db, "operator_requests", err);
}

static bool one_round(struct operator_desk *d, struct err *err)
{
    struct arena a;
    bool came;

    if (!connect_db(d, err)) return false;
    arena_init(&a, DESK_BYTES_MAX);
    const bool ok = serve_waiting(d, &a, err);
    arena_done(&a);
    return ok && db_wait_notify(d->db, LOOK_MS, &came, err);
}

static void *main_loop(void *arg)
{
    struct operator_desk *d = arg;
    bool told = false;

    while (!atomic_load(&d->stopping)) {
        struct err err = { 0 };
        if (one_round(d, &err)) {
            told = false;
            continue;
        }
        if (!told) log_err(LOG_WARN, "operator.database", &err);
        told = true;
        clock_sleep_us(RETRY_US);
    }
    return NULL;
}

struct operator_desk *operator_start(const char *conninfo, struct writer *w, struct err *err)
{
    struct operator_desk *d = mem_zalloc(sizeof(*d));

    d->conninfo = conninfo;
    d->writer = w;
    if (pthread_create(&d->thread, NULL, main_loop, d) == 0) return d;
    FAIL(err, ERR_NO_MEMORY, "No thread for operators' requests.");
    mem_free(d);
    return NULL;
}

void operator_stop(struct operator_desk *d)
{
    if (!d) return;
    atomic_store(&d->stopping, true);
    pthread_join(d->thread, NULL);
    db_close(d->db);
    mem_free(d);
}
