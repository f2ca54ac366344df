/* SPDX-License-Identifier: Apache-2.0 */
#include "http/handlers.h"
#include "http/workers.h"

static json_t *check(bool ok)
{
    return json_string(ok ? "ok" : "failed");
}

/* GET /readyz: can this server take requests, and if not, why. */
void get_readyz(struct req *rq)
{
    struct workers_stats workers;
    workers_stats(rq->svc->workers, &workers);
    struct writer *writer = rq->svc->writer;
    const bool leader = writer && writer_ready(writer);
    const bool database = workers.connected > 0;
    const bool ready = database && leader && rq->svc->migrations_ok;
    json_t *checks = json_pack("{s:o, s:o, s:o}", "database", check(database), "leader",
                               check(leader), "migrations", check(rq->svc->migrations_ok));
    reply_json(rq, ready ? 200 : 503,
               json_pack("{s:s, s:o}", "status", ready ? "ready" : "not-ready", "checks", checks));
}
