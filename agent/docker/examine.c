/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "docker/call.h"

/* The minor number of a version 1.x; 0: something else. */
static int64_t minor_of(struct str version)
{
    struct str major, minor;
    int64_t n;
    if (!str_cut(version, '.', &major, &minor) || !str_i64(minor, 0, 999, &n)) return 0;
    return n;
}

static bool names(const json_t *options, const char *name)
{
    for (size_t i = 0; i < json_array_size(options); i++)
        if (str_starts(str_of(json_string_value(json_array_get(options, i))), str_of(name)))
            return true;
    return false;
}

bool docker_examine(struct docker *d, struct docker_exam *out, struct err *err)
{
    struct docker_exam exam = { .cgroup = 0 };
    auto_json json_t *version = NULL;
    auto_json json_t *info = NULL;
    int64_t cgroup;
    const struct engine_call ask_version = { .method = "GET", .path = "/version" };
    const struct engine_call ask_info = { .method = "GET", .path = "/info" };
    if (!docker_ops.describe(d, &exam.info, err)) return false;
    if (engine_json(d, &ask_version, &version, err) != ENGINE_DONE ||
        engine_json(d, &ask_info, &info, err) != ENGINE_DONE)
        return false;

    const json_t *options = json_object_get(info, "SecurityOptions");
    const struct str runtime = json_get_text(info, "DefaultRuntime");
    exam.api_min = minor_of(json_get_text(version, "MinAPIVersion"));
    exam.api_max = minor_of(json_get_text(version, "ApiVersion"));
    if (str_i64(json_get_text(info, "CgroupVersion"), 0, 9, &cgroup)) exam.cgroup = cgroup;
    exam.seccomp = names(options, "name=seccomp");
    exam.user_namespaces = names(options, "name=userns") || names(options, "name=rootless");
    exam.nvidia_runtime = json_object_get(json_object_get(info, "Runtimes"), "nvidia") != NULL;
    exam.cdi = engine_is_podman(d) || devices_by_info(info) == DEVICES_CDI;
    snprintf(exam.runtime, sizeof(exam.runtime), "%.*s", (int)runtime.n, runtime.p);
    *out = exam;
    return true;
}
