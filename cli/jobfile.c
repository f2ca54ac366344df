/* SPDX-License-Identifier: Apache-2.0 */
#include "jobfile.h"

#include <string.h>

#include "base/fd.h"
#include "base/limits.h"

json_t *jobfile_read(const char *path, struct err *err)
{
    auto_buf struct buf text;
    buf_init(&text, BODY_MAX);
    const char *const from = strcmp(path, "-") == 0 ? "/dev/stdin" : path;
    if (!file_read(from, BODY_MAX, &text, err)) return NULL;
    json_t *const job = json_parse(buf_view(&text), err);
    if (!job || json_is_object(job)) return job;
    json_decref(job);
    FAIL(err, ERR_MALFORMED_BODY, "A job is a JSON object.");
    return NULL;
}

static bool set(json_t *job, const char *name, json_t *value, struct err *err)
{
    if (json_object_set_new(job, name, value) == 0) return true;
    return FAIL(err, ERR_VALIDATION_FAILED, "%s is not UTF-8, or no memory was left.", name);
}

static bool set_text(json_t *job, const char *name, const char *value, struct err *err)
{
    return !value || set(job, name, json_string(value), err);
}

static bool set_number(json_t *job, const char *name, int64_t value, struct err *err)
{
    return value == 0 || set(job, name, json_integer(value), err);
}

static bool set_money(json_t *job, const char *name, const char *amount, struct err *err)
{
    return !amount ||
           set(job, name, json_pack("{ss ss}", "amount", amount, "currency", "USD"), err);
}

static bool set_env(json_t *job, const struct arg_texts *env, struct err *err)
{
    if (env->n == 0) return true;
    json_t *map = json_object_get(job, "env");
    if (!json_is_object(map)) {
        map = json_object();
        if (!set(job, "env", map, err)) return false;
    }
    for (size_t i = 0; i < env->n; i++) {
        const char *const equals = strchr(env->v[i], '=');
        if (!equals || equals == env->v[i])
            return FAIL(err, ERR_VALIDATION_FAILED, "--env %s: not of the form NAME=VALUE.",
                        env->v[i]);
        json_t *const value = json_string(equals + 1);
        if (json_object_setn_new(map, env->v[i], (size_t)(equals - env->v[i]), value) != 0)
            return FAIL(err, ERR_VALIDATION_FAILED, "--env: a variable is not UTF-8.");
    }
    return true;
}

static bool set_command(json_t *job, const struct words *words, struct err *err)
{
    if (!words->has_rest) return true;
    json_t *const command = json_array();
    if (!set(job, "command", command, err)) return false;
    for (size_t i = 0; i < words->rest_n; i++) {
        if (json_array_append_new(command, json_string(words->rest[i])) != 0)
            return FAIL(err, ERR_VALIDATION_FAILED, "A word of the command is not UTF-8.");
    }
    return true;
}

static bool set_flag(json_t *job, const char *name, bool value, struct err *err)
{
    return !value || set(job, name, json_true(), err);
}

static bool set_texts(json_t *job, const char *name, const struct arg_texts *list, struct err *err)
{
    if (list->n == 0) return true;
    json_t *const array = json_array();
    if (!set(job, name, array, err)) return false;
    for (size_t i = 0; i < list->n; i++)
        if (json_array_append_new(array, json_string(list->v[i])) != 0)
            return FAIL(err, ERR_VALIDATION_FAILED, "A %s is not UTF-8.", name);
    return true;
}

/* One is the pool, more are those of which any will do; the file said either. */
static bool set_pools(json_t *job, const struct arg_texts *pools, struct err *err)
{
    if (pools->n == 0) return true;
    (void)json_object_del(job, pools->n == 1 ? "pools" : "pool");
    return pools->n == 1 ? set_text(job, "pool", pools->v[0], err)
                         : set_texts(job, "pools", pools, err);
}

/* What a machine must be: the file's demands, and these instead. */
static bool set_wish(json_t *job, const struct submit_options *o, struct err *err)
{
    const bool any = o->regions.n > 0 || o->tier > 0 || o->verified || o->isolation ||
                     o->interconnect || o->bandwidth_mbps > 0 || o->data_label;
    json_t *wish = json_object_get(job, "requires");
    if (!any) return true;
    if (!json_is_object(wish)) {
        wish = json_object();
        if (!set(job, "requires", wish, err)) return false;
    }
    return set_texts(wish, "regions", &o->regions, err) && set_number(wish, "tier", o->tier, err) &&
           set_flag(wish, "verified", o->verified, err) &&
           set_text(wish, "isolation", o->isolation, err) &&
           set_text(wish, "interconnect", o->interconnect, err) &&
           set_number(wish, "bandwidth_mbps", o->bandwidth_mbps, err) &&
           set_text(wish, "data_label", o->data_label, err);
}

static bool set_terms(json_t *job, const struct submit_options *o, struct err *err)
{
    return set_pools(job, &o->pools, err) && set_text(job, "rank", o->rank, err) &&
           set_number(job, "nodes", o->nodes, err) &&
           set_flag(job, "same_site", o->same_site, err) && set_wish(job, o, err) &&
           set_number(job, "checkpoint_seconds", o->checkpoint_seconds, err) &&
           set_text(job, "time_in_force", o->time_in_force, err) &&
           set_text(job, "own", o->own, err) &&
           set_flag(job, "interruptible", o->interruptible, err) &&
           set_number(job, "auction_ms", o->auction_ms, err);
}

bool jobfile_override(json_t *job, const struct submit_options *o, const struct words *words,
                      struct err *err)
{
    return set_text(job, "name", o->name, err) && set_text(job, "image", o->image, err) &&
           set_flag(job, "registry_login", o->registry_login, err) &&
           set_text(job, "workdir", o->workdir, err) && set_terms(job, o, err) &&
           set_number(job, "units", o->units, err) &&
           set_number(job, "cpu_millis", o->cpu_millis, err) &&
           set_number(job, "memory_bytes", o->memory_bytes, err) &&
           set_number(job, "scratch_bytes", o->scratch_bytes, err) &&
           set_number(job, "gpus", o->gpus, err) &&
           set_number(job, "max_duration_seconds", o->duration_seconds, err) &&
           set_money(job, "budget", o->budget, err) &&
           set_money(job, "limit_price_per_unit_hour", o->limit, err) &&
           set_env(job, &o->env, err) && set_command(job, words, err);
}

json_t *jobfile_make(const struct submit_options *o, const struct words *words, struct err *err)
{
    json_t *const job = words->n > 0 ? jobfile_read(words->v[0], err) : json_object();

    if (job && jobfile_override(job, o, words, err)) return job;
    json_decref(job);
    return NULL;
}
