/* SPDX-License-Identifier: Apache-2.0 */
#include "http/node_reply.h"

#include <string.h>

#include "base/limits.h"
#include "service/info.h"
#include "service/liveness.h"
#include "service/words.h"
#include "sign/sha.h"

#define US_PER_S INT64_C(1000000)

/* Does one unit of the pool fit into the whole node? */
static bool can_sell(const struct market_info *info, const struct pool *pool,
                     const struct node_spec *spec)
{
    const struct pool *mine = spec->gpus > 0 ? info_pool(info, spec->gpu_pool) : NULL;
    const bool same_model = mine && strcmp(mine->gpu_model, pool->gpu_model) == 0;
    const struct needs whole = { .gpus = same_model ? spec->gpus : 0,
                                 .cpu_millis = spec->cpu_millis,
                                 .memory_bytes = spec->memory_bytes,
                                 .scratch_bytes = spec->scratch_bytes };

    return pool_units_in(pool, &whole) > 0;
}

static json_t *pools_json(const struct market_info *info, const struct node_spec *spec)
{
    auto_json json_t *list = json_array();

    for (size_t i = 0; i < info->pools_n; i++) {
        if (!can_sell(info, &info->pools[i], spec)) continue;
        json_t *pool = json_pack("{s:s,s:s}", "pool", info->pools[i].name, "state", "declared");
        if (json_array_append_new(list, pool) != 0) return NULL;
    }
    return json_incref(list);
}

/* What we stored ourselves as JSON. */
static json_t *stored(struct str text)
{
    struct err ignored;
    return json_parse(text, &ignored);
}

static int64_t seen_us(const struct services *svc, const struct node_row *row)
{
    const int64_t heard_us = liveness_last(svc->liveness, row->node);

    return heard_us > row->agent.seen_us ? heard_us : row->agent.seen_us;
}

/* null: it is over. */
static json_t *until(int64_t at_us, int64_t now_us)
{
    return at_us > now_us ? json_time(at_us) : json_null();
}

static int64_t quote_us(const struct services *svc, const struct node_row *row)
{
    return row->quoted_us > 0 ? row->quoted_us + svc->info->rules.quote_seconds * US_PER_S : 0;
}

static json_t *drain_running(const struct node_row *row)
{
    if (row->drain_us == 0) return json_null();
    return json_string(row->drain_stops ? "stop" : "finish");
}

/* null: it has not told. */
static json_t *doctor_json(const struct node_row *row)
{
    if (!row->doctor.p) return json_null();
    json_t *doctor = stored(row->doctor);
    if (doctor) json_object_set_new(doctor, "at", json_time(row->doctor_us));
    return doctor;
}

json_t *node_json(const struct services *svc, const struct node_row *row, int64_t now_us)
{
    const int64_t last_us = seen_us(svc, row);
    const bool online = now_us - last_us < svc->info->lease_seconds * US_PER_S;
    char id[ID_TEXT_MAX];

    id_format("node_", id_make(row->at_us, row->node, 0), id);
    json_t *inventory = stored(row->agent.inventory);
    json_t *site = json_object_get(inventory, "site");
    json_t *node = json_pack(
        "{s:s,s:o,s:O?,s:s,s:o,s:I,s:b,s:I,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:I,s:s,s:s,s:o,s:o}",
        "node_id", id, "name", json_text(row->agent.name), "site", site, "state",
        online ? "online" : "silent", "inventory", inventory, "tier",
        (json_int_t)row->spec.traits.tier, "verified", row->spec.traits.verified != 0, "strikes",
        (json_int_t)row->strikes, "backs_off_until", until(row->backoff_us, now_us),
        "price_stands_until", until(quote_us(svc, row), now_us), "pools",
        pools_json(svc->info, &row->spec), "agent_version", json_text(row->agent.agent_version),
        "engine", stored(row->agent.engine), "last_seen_at", json_time(last_us), "created_at",
        json_time(row->at_us), "leases_live", (json_int_t)row->leases_live, "isolation",
        isolation_names[row->spec.traits.isolation], "health",
        row->ill_since_us == 0 ? "well" : "unhealthy", "unhealthy_since",
        row->ill_since_us == 0 ? json_null() : json_time(row->ill_since_us), "gpus",
        stored(row->gpus));
    if (!node) return NULL;
    json_object_set_new(node, "drain_at",
                        row->drain_us > 0 ? json_time(row->drain_us) : json_null());
    json_object_set_new(node, "drain_running", drain_running(row));
    json_object_set_new(node, "doctor", doctor_json(row));
    return node;
}

/* No row counts the changes of all that is shown, so the version is a digest of it. */
static int64_t version_of(const json_t *node)
{
    auto_buf struct buf text = { .max = BODY_MAX };
    int64_t version = 0;

    json_canonical(node, &text);
    const struct hash h = sha256(buf_view(&text));
    memcpy(&version, h.b, sizeof(version));
    return version & INT64_MAX;
}

void reply_node(struct req *rq, const struct node_row *row)
{
    json_t *node = node_json(rq->svc, row, clock_wall_us());

    if (node)
        reply_json_etag(rq, 200, node, version_of(node));
    else
        reply_json(rq, 200, NULL);
}
