/* SPDX-License-Identifier: Apache-2.0 */
#include "tail.h"

#include <inttypes.h>
#include <string.h>

#include "base/base64.h"
#include "base/limits.h"

#define CHUNKS 20 /* of a page: some megabytes at the very most */

void tail_init(struct tail *t, struct api *api, const char *job_id, bool to_stderr)
{
    *t = (struct tail){ .api = api, .job_id = job_id, .to_stderr = to_stderr, .after = -1 };
}

static void print_chunk(const struct tail *t, const json_t *chunk)
{
    static uint8_t bytes[LOG_CHUNK_MAX];
    size_t n = sizeof(bytes);
    const bool err = str_is(json_get_text(chunk, "stream"), "stderr");
    FILE *const to = err || t->to_stderr ? stderr : stdout;
    if (!base64_decode(json_get_text(chunk, "text_base64"), bytes, &n)) return;
    fwrite(bytes, 1, n, to);
    fflush(to);
}

/* Another lease than before: the job was placed again, and its output begins anew. */
static bool is_other_lease(struct tail *t, const json_t *log)
{
    const struct str lease = json_get_text(log, "lease_id");
    if (lease.n == 0 || lease.n >= sizeof(t->lease_id) || str_is(lease, t->lease_id)) return false;
    const bool first = t->lease_id[0] == '\0';
    memcpy(t->lease_id, lease.p, lease.n);
    t->lease_id[lease.n] = '\0';
    t->ended = false;
    return !first;
}

static void print_log(struct tail *t, const json_t *log, size_t *chunks)
{
    size_t i;
    json_t *chunk;
    json_array_foreach(json_object_get(log, "data"), i, chunk)
    {
        print_chunk(t, chunk);
    }
    *chunks = i;
    if (!json_get_i64(log, "next_after", t->after, INT64_MAX, &t->after)) *chunks = 0;
    t->ended = json_is_true(json_object_get(log, "ended"));
}

static bool ask(struct tail *t, int64_t wait_s, json_t **out, struct err *err)
{
    char path[256];
    struct reply reply;
    struct request r = request_defaults;
    snprintf(path, sizeof(path), "/v1/jobs/%s/log?after=%" PRId64 "&limit=%d", t->job_id, t->after,
             CHUNKS);
    r.path = path;
    r.wait_s = wait_s;
    err->code = ERR_NONE;
    if (!api_try(t->api, &r, &reply, err)) return false;
    if (reply.status == 503) {
        json_decref(reply.json);
        return FAIL(err, ERR_IO, "The server is busy.");
    }
    if (reply.status == 200 && reply.json) {
        *out = reply.json;
        return true;
    }
    t->api->exit = api_refused(t->api, &reply);
    json_decref(reply.json);
    return false;
}

bool tail_read(struct tail *t, int64_t wait_s, size_t *chunks, struct err *err)
{
    json_t *log;
    if (!ask(t, wait_s, &log, err)) return false;
    if (is_other_lease(t, log)) {
        fprintf(stderr, "[placed again: %s]\n", t->lease_id);
        json_decref(log);
        t->after = -1;
        if (!ask(t, 0, &log, err)) return false;
    }
    print_log(t, log, chunks);
    json_decref(log);
    if (ferror(stdout)) return FAIL(err, ERR_INTERNAL, "Nobody reads the output any more.");
    return true;
}
