/* SPDX-License-Identifier: Apache-2.0 */
#include "service/assignment.h"

#include "base/limits.h"
#include "service/payload.h"
#include "service/view.h"
#include "sign/sha.h"
#include "json/parse.h"

#define DOCUMENT_MAX ((size_t)4 * BODY_MAX)

static void put(json_t *o, const char *name, json_t *v)
{
    (void)json_object_set_new(o, name, v);
}

/* A member of the blueprint, or what stands for it. */
static void copy(json_t *o, const json_t *blueprint, const char *name, json_t *otherwise)
{
    json_t *v = json_object_get(blueprint, name);

    put(o, name, v ? json_incref(v) : json_incref(otherwise));
    json_decref(otherwise);
}

/* What the container gets: all of the units that are paid for. */
static void put_share(json_t *o, const struct pool *pool, int64_t units)
{
    put(o, "cpu_millis", json_integer(units * pool->unit.cpu_millis));
    put(o, "memory_bytes", json_integer(units * pool->unit.memory_bytes));
    put(o, "scratch_bytes", json_integer(units * pool->unit.scratch_bytes));
    put(o, "gpus", json_integer(units * pool->unit.gpus));
    put(o, "pids_max", json_integer(PIDS_MAX));
}

static json_t *document(const struct market_info *info, const struct lease_row *l,
                        const struct pool *pool, const json_t *blueprint,
                        const struct resume_from *from, int64_t now_us)
{
    json_t *o = json_object();

    put(o, "lease_id", view_lease_id("lease_", l->traded_us, l->lease));
    put(o, "epoch", json_integer(l->epoch));
    put(o, "sequence", json_integer(l->version));
    put(o, "node_id", view_id("node_", l->node_at_us, l->node));
    put(o, "job_id", view_id("job_", l->bid_at_us, l->bid));
    copy(o, blueprint, "image", json_string(""));
    copy(o, blueprint, "registry_login", json_false());
    copy(o, blueprint, "command", json_array());
    copy(o, blueprint, "entrypoint", json_array());
    copy(o, blueprint, "env", json_object());
    copy(o, blueprint, "workdir", json_null());
    copy(o, blueprint, "outputs", json_array());
    copy(o, blueprint, "egress", json_string("none"));
    copy(o, blueprint, "allow", json_array());
    copy(o, blueprint, "isolation", json_string("runc"));
    put(o, "pool", json_string(pool->name));
    put(o, "units", json_integer(l->units));
    put_share(o, pool, l->units);
    put(o, "max_seconds", json_integer(l->seconds_max));
    put(o, "nodes", json_integer(l->nodes));
    put(o, "rank", json_integer(l->rank));
    put(o, "checkpoint_seconds", json_integer(from->checkpoint_seconds));
    put(o, "checkpoint", from->manifest.n > 0 ? json_text(from->manifest) : json_null());
    put(o, "issued_at", json_time(now_us));
    put(o, "market_id", json_string(info->market_id));
    return o;
}

static json_t *signed_text(const struct key *key, const json_t *o)
{
    char signature[89];
    auto_buf struct buf text = { .max = DOCUMENT_MAX };

    json_canonical(o, &text);
    if (text.failed) return NULL;
    const struct signature s = key_sign_tagged(key, TAG_ASSIGNMENT, buf_view(&text));
    signature_text(&s, signature);
    json_t *out = json_object();
    put(out, "document", json_text(buf_view(&text)));
    put(out, "signature", json_string(signature));
    return out;
}

json_t *assignment_make(const struct market_info *info, const struct lease_row *lease,
                        struct str payload, const struct resume_from *from, int64_t now_us,
                        struct err *err)
{
    const struct pool *pool = info_pool(info, (int32_t)lease->pool);
    auto_json json_t *blueprint = payload_more(payload, err);

    if (!blueprint || !pool) {
        FAIL(err, ERR_INTERNAL, "A recorded job cannot be read.");
        return NULL;
    }
    auto_json json_t *o = document(info, lease, pool, blueprint, from, now_us);
    json_t *out = signed_text(info->key, o);
    if (!out) FAIL(err, ERR_NO_MEMORY, "No memory for an assignment.");
    return out;
}

bool assignment_command_sha256(const json_t *blueprint, char out[65])
{
    auto_json json_t *o = json_object();
    auto_buf struct buf text = { .max = DOCUMENT_MAX };

    copy(o, blueprint, "command", json_array());
    copy(o, blueprint, "entrypoint", json_array());
    json_canonical(o, &text);
    if (text.failed) return false;
    sha256_hex(buf_view(&text), out);
    return true;
}
