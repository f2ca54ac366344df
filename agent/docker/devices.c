/* SPDX-License-Identifier: Apache-2.0 */
#include "docker/devices.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define VISIBLE   "NVIDIA_VISIBLE_DEVICES="
#define CDI_NAME  "nvidia.com/gpu=%s"
#define LABEL_MAX ((size_t)GPUS_MAX * (GPU_UUID_SIZE + 8))

enum devices_by devices_by_info(const json_t *info)
{
    const json_t *dirs = json_object_get(info, "CDISpecDirs");
    return json_array_size(dirs) > 0 ? DEVICES_CDI : DEVICES_NVIDIA;
}

static bool is_visible(const json_t *entry)
{
    const char *text = json_string_value(entry);
    return text && strncmp(text, VISIBLE, strlen(VISIBLE)) == 0;
}

/* Whatever the job said of it, and then ours. */
static bool put_visible(json_t *body, const struct container_spec *spec, enum devices_by by)
{
    json_t *env = json_object_get(body, "Env");
    auto_buf struct buf text = { .max = LABEL_MAX };
    for (size_t i = json_array_size(env); i-- > 0;)
        if (is_visible(json_array_get(env, i))) json_array_remove(env, i);
    buf_str(&text, STR(VISIBLE));
    if (spec->gpus_n == 0 || by == DEVICES_CDI) buf_str(&text, STR("void"));
    for (size_t i = 0; i < spec->gpus_n && by == DEVICES_NVIDIA; i++)
        buf_fmt(&text, "%s%s", i > 0 ? "," : "", spec->gpus[i].uuid);
    return !text.failed && json_array_append_new(env, json_text(buf_view(&text))) == 0;
}

static json_t *ids(const struct container_spec *spec, enum devices_by by)
{
    json_t *a = json_array();
    for (size_t i = 0; i < spec->gpus_n; i++) {
        const char *uuid = spec->gpus[i].uuid;
        json_array_append_new(a,
                              by == DEVICES_CDI ? json_sprintf(CDI_NAME, uuid) : json_string(uuid));
    }
    return a;
}

static json_t *request(const struct container_spec *spec, enum devices_by by)
{
    if (by == DEVICES_CDI)
        return json_pack("[{s:s, s:o}]", "Driver", "cdi", "DeviceIDs", ids(spec, by));
    return json_pack("[{s:s, s:o, s:[[s, s, s]]}]", "Driver", "nvidia", "DeviceIDs", ids(spec, by),
                     "Capabilities", "gpu", "compute", "utility");
}

static json_t *label(const struct container_spec *spec)
{
    auto_buf struct buf text = { .max = LABEL_MAX };
    for (size_t i = 0; i < spec->gpus_n; i++)
        buf_fmt(&text, "%s%s=%" PRId64, i > 0 ? "," : "", spec->gpus[i].uuid, spec->gpus[i].minor);
    return text.failed ? NULL : json_text(buf_view(&text));
}

bool devices_put(json_t *body, const struct container_spec *spec, enum devices_by by)
{
    if (!put_visible(body, spec, by)) return false;
    if (spec->gpus_n == 0) return true;
    json_t *host = json_object_get(body, "HostConfig"), *labels = json_object_get(body, "Labels");
    return json_object_set_new(host, "DeviceRequests", request(spec, by)) == 0 &&
           json_object_set_new(labels, DEVICES_LABEL, label(spec)) == 0;
}

static bool is_empty(const json_t *j)
{
    return !j || json_is_null(j) || (json_is_array(j) && json_array_size(j) == 0);
}

/* All that Docker keeps of a request. */
static bool same_request(const json_t *asked, const json_t *made)
{
    static const char *const fields[] = { "Driver", "DeviceIDs" };
    const json_t *capabilities = json_object_get(asked, "Capabilities");
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        if (!json_equal(json_object_get(asked, fields[i]), json_object_get(made, fields[i])))
            return false;
    if (json_integer_value(json_object_get(made, "Count")) != 0) return false;
    return is_empty(capabilities) ||
           json_equal(capabilities, json_object_get(made, "Capabilities"));
}

bool devices_as_asked(const json_t *asked_host, const json_t *made_host, bool podman)
{
    const json_t *asked = json_object_get(asked_host, "DeviceRequests"),
                 *made = json_object_get(made_host, "DeviceRequests");
    if (!is_empty(json_object_get(made_host, "Devices"))) return false;
    if (podman || is_empty(asked)) return is_empty(made);
    return json_array_size(made) == 1 &&
           same_request(json_array_get(asked, 0), json_array_get(made, 0));
}

static bool read_one(struct str text, struct gpu_grant *out)
{
    struct str uuid, minor;
    if (!str_cut(text, '=', &uuid, &minor) || uuid.n == 0 || uuid.n >= sizeof(out->uuid))
        return false;
    memcpy(out->uuid, uuid.p, uuid.n);
    out->uuid[uuid.n] = '\0';
    return str_i64(minor, 0, INT32_MAX, &out->minor);
}

bool devices_read_label(struct str label_text, struct gpu_grant out[GPUS_MAX], size_t *n)
{
    struct str rest = label_text, part;
    *n = 0;
    for (bool more = label_text.n > 0; more;) {
        more = str_cut(rest, ',', &part, &rest);
        if (!more) part = rest;
        if (*n == GPUS_MAX || !read_one(part, &out[*n])) return false;
        ++*n;
    }
    return true;
}
