/* SPDX-License-Identifier: Apache-2.0 */
/* The job and its output are asked for in turn, each by a long poll: while a container runs, mostly
 * the output; else mostly the job. A server that is away for a while is waited for. */
#include "follow.h"

#include <string.h>

#include "amounts.h"
#include "base/clock.h"
#include "base/limits.h"
#include "list.h"
#include "tail.h"
#include "verify.h"

#define PATIENCE_US (120 * INT64_C(1000000)) /* how long the server may be away */
#define PAUSE_US    1000000
#define LOG_WAIT_S  2 /* so that a change of the job is seen as soon */
#define PULL_WAIT_S 2 /* how far an image is changes without a new version of the job */

struct follow {
    struct api *api;
    const char *job_id;
    json_t *job; /* as last seen */
    char etag[HEADER_KEPT], state[32];
    char image[96]; /* how far the image was, as last told */
    bool looked;    /* the last question was for the job as it is */
    bool quiet;     /* no lines about states */
    int64_t away_since_us;
};

/* Another try? The complaint is printed when not. */
static bool is_patient(struct follow *f, const struct err *err)
{
    if (err->code == ERR_NONE) return false;
    const int64_t now_us = clock_monotonic_us();
    if (f->away_since_us == 0) {
        f->away_since_us = now_us;
        fputs("[the server does not answer; waiting for it]\n", stderr);
    }
    if (err->code != ERR_IO || now_us - f->away_since_us > PATIENCE_US) {
        f->api->exit = cli_fail(f->api->cli, err);
        return false;
    }
    clock_sleep_us(PAUSE_US);
    return true;
}

static void note_state(struct follow *f)
{
    const struct str state = json_get_text(f->job, "state");
    if (str_is(state, f->state) || state.n >= sizeof(f->state)) return;
    memcpy(f->state, state.p, state.n);
    f->state[state.n] = '\0';
    if (!f->quiet) fprintf(stderr, "[%s]\n", f->state);
}

/* "[image: downloading, 12.0 MiB of 40.1 MiB]", when it says something new. */
static void note_image(struct follow *f)
{
    char done[SIZE_TEXT_SIZE], total[SIZE_TEXT_SIZE], line[sizeof(f->image)];
    const json_t *const latest = json_array_get(json_object_get(f->job, "leases"), 0);
    const json_t *const image = json_object_get(latest, "image");
    const struct str phase = json_get_text(image, "phase");
    int64_t done_bytes = 0, total_bytes = 0;
    if (phase.n == 0 || f->quiet || !json_get_i64(image, "done_bytes", 0, INT64_MAX, &done_bytes))
        return;
    size_format(done_bytes, done);
    if (json_get_i64(image, "total_bytes", 1, INT64_MAX, &total_bytes)) {
        size_format(total_bytes, total);
        snprintf(line, sizeof(line), "%.*s, %s of %s", (int)phase.n, phase.p, done, total);
    } else {
        snprintf(line, sizeof(line), "%.*s, %s", (int)phase.n, phase.p, done);
    }
    if (strcmp(line, f->image) == 0) return;
    memcpy(f->image, line, sizeof(line));
    fprintf(stderr, "[image: %s]\n", line);
}

/* Take the answer about the job. False: it is a refusal, printed; or passing, and err says so. */
static bool take_answer(struct follow *f, struct reply *reply, struct err *err)
{
    if (reply->status == 200 && reply->json) {
        json_decref(f->job);
        f->job = reply->json;
        memcpy(f->etag, reply->etag, sizeof(f->etag));
        note_state(f);
        note_image(f);
        return true;
    }
    const int status = reply->status;
    if (status != 304 && status != 503) f->api->exit = api_refused(f->api, reply);
    json_decref(reply->json);
    return status == 304 || (status == 503 && FAIL(err, ERR_IO, "The server is busy."));
}

static bool ask_job(struct follow *f, int64_t wait_s, struct err *err)
{
    char path[128], match[HEADER_KEPT + 32];
    struct reply reply;
    struct request r = request_defaults;
    snprintf(path, sizeof(path), "/v1/jobs/%s", f->job_id);
    snprintf(match, sizeof(match), "If-None-Match: %s", f->etag);
    r.path = path;
    const bool prepares = strcmp(f->state, "placed") == 0;
    f->looked = prepares && !f->looked; /* every other time, whatever its version */
    if (f->etag[0] && !f->looked) {
        r.wait_s = prepares && wait_s > PULL_WAIT_S ? PULL_WAIT_S : wait_s;
        r.headers[0] = match;
    }
    err->code = ERR_NONE;
    return api_try(f->api, &r, &reply, err) && take_answer(f, &reply, err);
}

static bool is_final(const struct follow *f)
{
    static const char *const final[] = { "settled", "failed", "cancelled", "expired" };
    for (size_t i = 0; i < ARRAY_LEN(final); i++) {
        if (strcmp(f->state, final[i]) == 0) return true;
    }
    return false;
}

/* A container runs or ran, and the end of its output was not seen yet. */
static bool has_output(const struct follow *f, const struct tail *t)
{
    const struct str lease = json_get_text(f->job, "lease_id");
    return lease.n > 0 && strcmp(f->state, "placed") != 0 &&
           !(t->ended && str_is(lease, t->lease_id));
}

static bool one_round(struct follow *f, struct tail *t, bool *over)
{
    struct err err;
    size_t chunks = 0;
    const bool output = f->job && has_output(f, t);
    bool ok = ask_job(f, output ? 0 : POLL_WAIT_S, &err);
    const bool final = ok && is_final(f);
    if (ok && has_output(f, t)) ok = tail_read(t, final ? 0 : LOG_WAIT_S, &chunks, &err);
    if (!ok) return is_patient(f, &err);
    f->away_since_us = 0;
    *over = final && (chunks == 0 || t->ended);
    return true;
}

static bool follow(struct follow *f, struct tail *t)
{
    bool over = false, ok = true;
    while (ok && !over) {
        ok = one_round(f, t, &over);
    }
    return ok;
}

/* --- the end --- */

/* "verified", "none", or a complaint on standard error and the exit code. */
static const char *receipt_word(struct follow *f, enum exit_code *code)
{
    json_t *document = NULL;
    if (!verify_fetch(f->api, f->job_id, &document)) {
        *code = f->api->exit;
        return "not to be had";
    }
    const bool ok = document && verify_document(f->api, f->job_id, document);
    if (document && !ok) *code = f->api->exit;
    const char *const word = !document ? "none" : ok ? "verified" : "NOT VALID";
    json_decref(document);
    return word;
}

/* The latest lease is where the seconds stand. */
static void add_latest_lease(json_t *job)
{
    size_t i;
    json_t *lease;
    const struct str latest = json_get_text(job, "lease_id");
    json_array_foreach(json_object_get(job, "leases"), i, lease)
    {
        if (str_eq(json_get_text(lease, "lease_id"), latest)) json_object_set(job, "latest", lease);
    }
}

static void print_end(struct follow *f)
{
    static const struct show members[] = {
        { "job", "job_id", SHOW_TEXT },      { "state", "state", SHOW_TEXT },
        { "reason", "reason", SHOW_TEXT },   { "exit code", "exit_code", SHOW_NUMBER },
        { "charged", "spent", SHOW_MONEY },  { "seconds", "latest.seconds_billed", SHOW_NUMBER },
        { "receipt", "receipt", SHOW_TEXT }, SHOW_END,
    };
    auto_buf struct buf out;
    buf_init(&out, BODY_MAX);
    show_one(f->job, members, &f->api->cli->a, &out);
    fputc('\n', stderr);
    if (!out.failed) fwrite(out.p, 1, out.n, stderr);
}

static enum exit_code end(struct follow *f)
{
    const bool settled = strcmp(f->state, "settled") == 0;
    enum exit_code code = settled ? EXIT_OK : EXIT_UNSETTLED;
    const char *const word = receipt_word(f, &code);
    if (f->api->cli->json) cli_json(f->job);
    add_latest_lease(f->job);
    json_object_set_new(f->job, "receipt", json_string(word));
    print_end(f);
    if (settled && code == EXIT_OK && strcmp(word, "verified") != 0) code = EXIT_UNVERIFIED;
    return code;
}

enum exit_code follow_job(struct api *api, const char *job_id)
{
    struct tail t;
    struct follow f = { .api = api, .job_id = job_id };
    tail_init(&t, api, job_id, api->cli->json);
    const enum exit_code code = follow(&f, &t) ? end(&f) : api->exit;
    json_decref(f.job);
    return code;
}

enum exit_code follow_log(struct api *api, const char *job_id)
{
    struct tail t;
    struct follow f = { .api = api, .job_id = job_id, .quiet = true };
    tail_init(&t, api, job_id, false);
    const enum exit_code code = follow(&f, &t) ? EXIT_OK : api->exit;
    json_decref(f.job);
    return code;
}
