/* SPDX-License-Identifier: Apache-2.0 */
/* POST /v1/jobs: from a body to a bid, and what it traded at once.
 *
 * Nothing here asks the database, but to tell an answer again or to check funds for a dry run. So
 * what depends on the moment (is there an offer to quote from? has the time passed?) must not be
 * refused before the market has seen whether the key is known: the first answer holds. */
#include "http/found.h"
#include "http/handlers.h"

#include "base/limits.h"
#include "domain/settle.h"
#include "service/asof.h"
#include "service/info.h"
#include "service/payload.h"
#include "service/view.h"
#include "store/accounts.h"

#define SECOND      1000000
#define EXPIRES_US  (7 * INT64_C(86400000000))
#define CPU_MAX     4096000
#define BYTES_MAX   (INT64_C(1) << 50)
#define QUOTE_EXTRA 10 /* a tenth above the best offer */
#define BLOB_IMAGE  "blob:sha256:"

struct new_job {
    struct str name, image, workdir, pool;
    struct str_list command, entrypoint, outputs;
    struct str_map env;
    int64_t cpu_millis, memory_bytes, scratch_bytes, gpus, units;
    int64_t budget, limit, seconds, expires_us, attempts;
};

/* clang-format off */
static const char *const only_signed[] = { "\"signed\"", NULL };
static const char *const only_batch[] = { "\"batch\"", NULL };
static const char *const only_none[] = { "\"none\"", NULL };
static const char *const only_one[] = { "1", NULL };
static const char *const only_gtt[] = { "\"gtt\"", NULL };

#define J struct new_job
const struct json_field post_jobs_fields[] = {
    JSON_TEXT(J, name, "name", JSON_MAY, 1, NAME_MAX_BYTES, "A name that people read."),
    JSON_TEXT(J, image, "image", JSON_NEED, 1, IMAGE_MAX, "`blob:sha256:<digest>` of an OCI archive in the blob store, or an OCI reference with tag or digest."),
    JSON_TEXTS(J, command, "command", JSON_MAY, COMMAND_ARGS_MAX, "Arguments, instead of the image's."),
    JSON_TEXTS(J, entrypoint, "entrypoint", JSON_MAY, COMMAND_ARGS_MAX, "Program, instead of the image's."),
    JSON_TEXT_MAP(J, env, "env", JSON_MAY, ENV_MAX, "Environment variables."),
    JSON_TEXT(J, workdir, "workdir", JSON_MAY, 1, TEXT_MAX, "Working directory."),
    JSON_TEXT(J, pool, "pool", JSON_NEED, 1, POOL_NAME_SIZE - 1, "The name of a pool."),
    JSON_REFUSED("pools", NULL, "Not supported yet. Name one pool."),
    JSON_I64(J, cpu_millis, "cpu_millis", JSON_MAY, 1, CPU_MAX, "Thousandths of a vCPU that it needs."),
    JSON_I64(J, memory_bytes, "memory_bytes", JSON_MAY, 1, BYTES_MAX, "Memory that it needs."),
    JSON_I64(J, scratch_bytes, "scratch_bytes", JSON_MAY, 0, BYTES_MAX, "Disk that it needs."),
    JSON_I64(J, gpus, "gpus", JSON_MAY, 0, UNITS_MAX, "GPUs that it needs."),
    JSON_I64(J, units, "units", JSON_MAY, 1, UNITS_MAX, "Units of the pool; by default as many as the needs take."),
    JSON_MONEY(J, budget, "budget", JSON_NEED, 1, INT64_C(1000000000000000), "What it may cost in all, however often it is placed."),
    JSON_MONEY(J, limit, "limit_price_per_unit_hour", JSON_MAY, 1, INT64_C(1000000000000000), "The most to pay for a unit and hour; by default the best offer and 10 %."),
    JSON_I64(J, seconds, "max_duration_seconds", JSON_MAY, DURATION_MIN_S, DURATION_MAX_S, "The longest it may run."),
    JSON_TIME(J, expires_us, "expires_at", JSON_MAY, "Until when the bid rests; by default seven days."),
    JSON_I64(J, attempts, "max_attempts", JSON_MAY, 1, ATTEMPTS_MAX, "How often it is placed when machines fail it."),
    JSON_REFUSED("level", only_signed, "How the result is checked. Only signed is supported yet."),
    JSON_REFUSED("kind", only_batch, "Only batch is supported yet."),
    JSON_REFUSED("egress", only_none, "Network of the container. Only none is supported yet."),
    JSON_REFUSED("nodes", only_one, "Machines at once. Only one is supported yet."),
    JSON_REFUSED("time_in_force", only_gtt, "How long the bid rests. Only good-till-time is supported yet."),
    JSON_TEXTS(J, outputs, "outputs", JSON_MAY, COMMAND_ARGS_MAX, "Files or folders in /out to keep; by default everything there."),
    JSON_END
};
#undef J
/* clang-format on */

struct asking {
    struct new_job job;
    const struct pool *pool;
    struct bid bid;
    bool no_quote; /* no limit was given, and there is no offer to take it from */
};

/* ---- what the table cannot say ---- */

#define WRONG(pointer, ...) complain(&rq->complaints, &rq->arena, &rq->err, (pointer), __VA_ARGS__)

static bool is_visible(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '!' || s.p[i] > '~') return false;
    return true;
}

static void check_image(struct req *rq, struct str image)
{
    uint8_t digest[32];
    const struct str prefix = STR(BLOB_IMAGE);

    if (!is_visible(image)) WRONG("/image", "must be letters, digits and signs without blanks");
    if (!str_starts(image, STR("blob:"))) return;
    const struct str hex = { image.p + prefix.n, image.n >= prefix.n ? image.n - prefix.n : 0 };
    if (!str_starts(image, prefix) || !str_hex(hex, digest, sizeof(digest)))
        WRONG("/image", "must be blob:sha256: and 64 lower-case hexadecimal digits");
}

static bool is_output(struct str s)
{
    return str_is(s, "/out") || str_starts(s, STR("/out/"));
}

static void check_paths(struct req *rq, const struct new_job *j)
{
    if (j->workdir.n > 0 && j->workdir.p[0] != '/') WRONG("/workdir", "must begin with /");
    for (size_t i = 0; i < j->outputs.n; i++) {
        const char *pointer = arena_fmt(&rq->arena, "/outputs/%zu", i);
        if (!is_output(j->outputs.v[i]) && pointer) WRONG(pointer, "must be /out or a path in it");
    }
}

static void check_units(struct req *rq, struct asking *q)
{
    const struct new_job *j = &q->job;
    const struct needs needs = { (int32_t)j->gpus, (int32_t)j->cpu_millis, j->memory_bytes,
                                 j->scratch_bytes };
    int32_t units = 1;

    if (!pool_units_for(q->pool, &needs, &units)) {
        WRONG("/pool", "has no number of units that serves what the job needs");
        return;
    }
    q->bid.spec.units = j->units > 0 ? (int32_t)j->units : units;
    if (q->bid.spec.units < units)
        WRONG("/units", "must be at least %d for what the job needs", units);
}

static void check_price(struct req *rq, const struct asking *q)
{
    char tick[MONEY_TEXT_SIZE];

    if (q->job.limit == 0 || pool_on_tick(q->pool, (struct money){ q->job.limit })) return;
    money_format(q->pool->tick, tick);
    WRONG("/limit_price_per_unit_hour", "must be a multiple of the pool's tick, %s", tick);
}

static bool check(struct req *rq, struct asking *q)
{
    check_image(rq, q->job.image);
    check_paths(rq, &q->job);
    q->pool = info_pool_named(rq->svc->info, q->job.pool);
    if (!q->pool) WRONG("/pool", "is no pool of this market");
    if (q->pool) check_units(rq, q);
    if (q->pool) check_price(rq, q);
    return rq->complaints.n == 0;
}

/* ---- the bid ---- */

/* The best offer and a tenth, up to the next tick. 0: there is no offer. */
static int64_t quote(struct req *rq, const struct pool *pool)
{
    struct depth *d = arena_alloc(&rq->arena, sizeof(*d));

    if (!d || !writer_depth(rq->svc->writer, pool->number, d) || d->asks.n == 0) return 0;
    const int64_t best = d->asks.levels[0].price.micros, tick = pool->tick.micros;
    const int64_t wanted = best + (best + QUOTE_EXTRA - 1) / QUOTE_EXTRA;
    return (wanted + tick - 1) / tick * tick;
}

static void fill_bid(struct req *rq, struct asking *q)
{
    const struct new_job *j = &q->job;
    const int64_t limit = j->limit > 0 ? j->limit : quote(rq, q->pool);

    q->no_quote = limit == 0;
    q->bid.account = rq->who.account;
    q->bid.spec.pool = q->pool->number;
    q->bid.spec.limit = (struct money){ limit };
    q->bid.spec.budget = (struct money){ j->budget };
    q->bid.spec.seconds = (int32_t)j->seconds;
    q->bid.spec.expires_us = j->expires_us;
    q->bid.spec.attempts_max = (int32_t)j->attempts;
}

/* ---- what it is about, for the log and for the agent ---- */

static json_t *texts_json(const struct str_list *list)
{
    json_t *out = json_array();

    for (size_t i = 0; i < list->n; i++)
        (void)json_array_append_new(out, json_text(list->v[i]));
    return out;
}

static json_t *map_json(const struct str_map *map)
{
    json_t *out = json_object();

    for (size_t i = 0; i < map->n; i++)
        (void)json_object_setn_new(out, map->v[i].name.p, map->v[i].name.n,
                                   json_text(map->v[i].value));
    return out;
}

static json_t *text_or_null(struct str s)
{
    return s.p ? json_text(s) : json_null();
}

static json_t *blueprint(const struct new_job *j)
{
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:s, s:s, s:s}", "name",
        text_or_null(j->name), "image", json_text(j->image), "command", texts_json(&j->command),
        "entrypoint", texts_json(&j->entrypoint), "env", map_json(&j->env), "workdir",
        text_or_null(j->workdir), "outputs", texts_json(&j->outputs), "cpu_millis",
        (json_int_t)j->cpu_millis, "memory_bytes", (json_int_t)j->memory_bytes, "scratch_bytes",
        (json_int_t)j->scratch_bytes, "level", "signed", "kind", "batch", "egress", "none");
}

/* ---- answers ---- */

static void created(struct req *rq, const struct as_of *c)
{
    struct job_row row;
    const struct market_info *info = rq->svc->info;

    if (!job_as_of(c, &row, &rq->err)) {
        reply_problem(rq);
        return;
    }
    reply_json(rq, 201,
               json_pack("{s:o, s:o}", "job", view_job(info, &row), "trades",
                         view_trades(info, c->trades, c->trades_n)));
}

static void again(struct req *rq)
{
    struct as_of c;

    if (as_of_stored(rq->db, rq->submission.command.seq, rq->who.account, &rq->arena, &c, &rq->err))
        created(rq, &c);
    else
        reply_problem(rq);
}

static void refuse_no_quote(struct req *rq)
{
    WRONG("/limit_price_per_unit_hour", "is required now, as there is no offer to take it from");
    reply_problem(rq);
}

static void answer(struct req *rq)
{
    const struct asking *q = rq->state;
    struct as_of c;

    switch (rq->submission.result) {
    case SUBMIT_DONE:
        if (as_of_submission(&rq->submission, &rq->arena, &c, &rq->err))
            created(rq, &c);
        else
            reply_problem(rq);
        return;
    case SUBMIT_REPLAYED: req_on_worker(rq, again); return;
    case SUBMIT_REFUSED:
        if (q->no_quote)
            refuse_no_quote(rq);
        else
            reply_refused(rq);
        return;
    case SUBMIT_KEY_REUSED:
    case SUBMIT_BUSY:
    case SUBMIT_FAILED: return; /* answered already */
    }
}

/* ---- a dry run ---- */

static bool check_moment(struct req *rq, const struct asking *q)
{
    const struct bid_spec *s = &q->bid.spec;
    const int64_t now = clock_wall_us();

    if (s->expires_us <= now) WRONG("/expires_at", "must not have passed");
    if (s->expires_us > now + (int64_t)DURATION_MAX_S * SECOND)
        WRONG("/expires_at", "must be at most 30 days ahead");
    if (settle_want(&q->bid).micros < settle_least(&rq->svc->info->rules, &q->bid).micros)
        WRONG("/budget", "does not pay for the least that is billed");
    return rq->complaints.n == 0;
}

static void checked(struct req *rq)
{
    const struct asking *q = rq->state;
    const int64_t hold = settle_want(&q->bid).micros;
    struct account_row account;

    if (!db_found(store_find_account(rq->db, rq->who.account, &account, &rq->err), &rq->err)) {
        reply_problem(rq);
        return;
    }
    if (account.available < hold) {
        reply_refusal(rq, ERR_INSUFFICIENT_FUNDS, "The job would hold more than is available.");
        return;
    }
    reply_json(rq, 200,
               json_pack("{s:s, s:i, s:o, s:o}", "pool", q->pool->name, "units", q->bid.spec.units,
                         "limit_price_per_unit_hour", json_money(q->bid.spec.limit.micros), "hold",
                         json_money(hold)));
}

static void dry_run(struct req *rq, const struct asking *q)
{
    if (q->no_quote)
        refuse_no_quote(rq);
    else if (!check_moment(rq, q))
        reply_problem(rq);
    else
        req_on_worker(rq, checked);
}

static bool is_dry(struct req *rq, bool *dry)
{
    static const char *const names[] = { "false", "true" };
    int64_t value = 0;

    if (!query_name(rq, "dry_run", names, 0, 2, 0, &value)) return false;
    *dry = value == 1;
    return true;
}

void post_jobs(struct req *rq)
{
    struct asking *q = arena_alloc(&rq->arena, sizeof(*q));
    bool dry = false;

    if (!q) {
        reply_refusal(rq, ERR_NO_MEMORY, "No memory for the job.");
        return;
    }
    rq->state = q;
    q->job.seconds = DURATION_DEFAULT_S;
    q->job.attempts = ATTEMPTS_DEFAULT;
    q->job.expires_us = clock_wall_us() + EXPIRES_US;
    if (!is_dry(rq, &dry) || !req_json(rq, &q->job)) return;
    if (!check(rq, q)) {
        reply_problem(rq);
        return;
    }
    fill_bid(rq, q);
    if (dry) {
        dry_run(rq, q);
        return;
    }
    rq->submission.command = (struct command){ .kind = COMMAND_SUBMIT_JOB,
                                               .account = rq->who.account,
                                               .u.submit_job = q->bid.spec };
    rq->submission.payload = payload_make(&rq->submission.command, blueprint(&q->job), &rq->arena);
    if (rq->submission.payload.p)
        req_submit(rq, answer, /* on_worker= */ false);
    else
        reply_refusal(rq, ERR_NO_MEMORY, "No memory for the job.");
}
