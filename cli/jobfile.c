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

bool jobfile_override(json_t *job, const struct submit_options *o, const struct words *words,
                      struct err *err)
{
    return set_text(job, "name", o->name, err) && set_text(job, "image", o->image, err) &&
           set_text(job, "pool", o->pool, err) && set_text(job, "workdir", o->workdir, err) &&
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
