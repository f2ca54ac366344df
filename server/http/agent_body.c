/* SPDX-License-Identifier: Apache-2.0 */
#include "http/agent_body.h"

#include "base/limits.h"
#include "service/words.h"
#include "sign/canonical.h"

#define BYTES_MAX      (1ll << 50) /* a pebibyte */
#define CPU_MILLIS_MAX 4096000     /* 4096 vCPUs: more than any one machine has */
#define BANDWIDTH_MAX  10000000    /* ten terabits: a rack's uplinks together */

static const struct json_field gpu_fields[] = {
    JSON_TEXT(struct gpu_said, uuid, "uuid", JSON_NEED, 1, 128, "As its driver names it."),
    JSON_TEXT(struct gpu_said, model, "model", JSON_NEED, 1, 63, "As its driver names it."),
    JSON_I64(struct gpu_said, memory_bytes, "memory_bytes", JSON_NEED, 0, BYTES_MAX, "Its memory."),
    JSON_END,
};

const struct json_field inventory_fields[] = {
    JSON_I64(struct inventory_said, cpu_millis, "cpu_millis", JSON_NEED, 1, CPU_MILLIS_MAX,
             "Thousandths of a vCPU."),
    JSON_I64(struct inventory_said, memory_bytes, "memory_bytes", JSON_NEED, 0, BYTES_MAX,
             "Memory."),
    JSON_I64(struct inventory_said, scratch_bytes, "scratch_bytes", JSON_NEED, 0, BYTES_MAX,
             "Disk."),
    JSON_OBJECTS(struct inventory_said, gpus, "gpus", JSON_NEED, GPUS_MAX, gpu_fields,
                 struct gpu_said, "GPUs."),
    JSON_ENUM(struct inventory_said, region, "region", JSON_MAY, region_names,
              "The part of the world that it is in."),
    JSON_TEXT(struct inventory_said, site, "site", JSON_MAY, 1, NAME_MAX_BYTES,
              "A name; machines of one account that give the same one reach each other fast."),
    JSON_TEXT(struct inventory_said, label, "data_label", JSON_MAY, 1, NAME_MAX_BYTES,
              "A name of data that it holds."),
    JSON_I64(struct inventory_said, bandwidth_mbps, "bandwidth_mbps", JSON_MAY, 0, BANDWIDTH_MAX,
             "Of its line to the world."),
    JSON_END,
};

const struct json_field engine_fields[] = {
    JSON_TEXT(struct engine_said, name, "name", JSON_NEED, 1, 64, "Its name."),
    JSON_TEXT(struct engine_said, version, "version", JSON_NEED, 1, 64, "Its version."),
    JSON_END,
};

const char *const declared_isolations[] = { "runc", "userns", "gvisor", "vm", NULL };

static bool is_there_before(const struct gpu_said *gpus, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (str_eq(gpus[k].uuid, gpus[i].uuid)) return true;
    return false;
}

bool agent_said_check(struct req *rq, const struct agent_said *said)
{
    const struct gpu_said *gpus = said->inventory.gpus.v;

    for (size_t i = 1; i < said->inventory.gpus.n; i++) {
        if (!is_there_before(gpus, i)) continue;
        const char *pointer = arena_fmt(&rq->arena, "/inventory/gpus/%zu/uuid", i);
        complain(&rq->complaints, &rq->arena, &rq->err, pointer ? pointer : "/inventory/gpus",
                 "is there twice");
    }
    if (rq->complaints.n == 0) return true;
    reply_problem(rq);
    return false;
}

static int32_t gpus_of(const struct pool *pool, const struct inventory_said *said)
{
    const struct gpu_said *gpus = said->gpus.v;
    int32_t n = 0;

    if (pool->unit.gpus == 0) return 0;
    for (size_t i = 0; i < said->gpus.n; i++)
        n += str_is(gpus[i].model, pool->gpu_model);
    return n;
}

/* 0: a site of its own. False: replied. */
static bool find_site(struct req *rq, struct str name, struct node_of of, int64_t *out)
{
    int64_t site = 0;

    *out = 0;
    switch (store_find_site(rq->db, of.account, name, of.node, &site, &rq->err)) {
    case DB_ONE: *out = site == of.node ? 0 : site; return true;
    case DB_NONE: return true;
    case DB_RETRY:
    case DB_FAIL: break;
    }
    reply_problem(rq);
    return false;
}

bool agent_said_spec(struct req *rq, const struct agent_said *about, struct node_of of,
                     struct node_spec *out)
{
    const struct inventory_said *said = &about->inventory;
    const struct market_info *info = rq->svc->info;
    int64_t site;

    if (!find_site(rq, said->site, of, &site)) return false;
    struct node_spec spec = { .cpu_millis = (int32_t)said->cpu_millis,
                              .memory_bytes = said->memory_bytes,
                              .scratch_bytes = said->scratch_bytes,
                              .traits = { .region = said->region,
                                          .isolation = about->isolation,
                                          .bandwidth_mbps = (int32_t)said->bandwidth_mbps,
                                          .label = label_number(said->label),
                                          .site = site } };

    for (size_t i = 0; i < info->pools_n; i++) {
        const int32_t n = gpus_of(&info->pools[i], said);
        if (n <= spec.gpus) continue;
        spec.gpus = n;
        spec.gpu_pool = info->pools[i].number;
    }
    *out = spec;
    return true;
}

bool agent_said_row(struct req *rq, const struct agent_said *said, int64_t now_us,
                    struct agent_row *out)
{
    const struct agent_row row = {
        .name = said->name,
        .agent_version = said->agent_version,
        .inventory = canonical_write(inventory_fields, &said->inventory, &rq->arena),
        .engine = said->engine.name.p ? canonical_write(engine_fields, &said->engine, &rq->arena)
                                      : STR("null"),
        .seen_us = now_us,
    };

    if (!row.inventory.p || !row.engine.p) {
        reply_refusal(rq, ERR_NO_MEMORY, "No memory was left for the inventory.");
        return false;
    }
    *out = row;
    return true;
}
