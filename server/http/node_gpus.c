/* SPDX-License-Identifier: Apache-2.0 */
#include "http/node_gpus.h"

#include "base/buf.h"
#include "base/id.h"
#include "base/limits.h"
#include "json/parse.h"

#define ILLS_MAX  16
#define UUID_MAX  128
#define BYTES_MAX (INT64_C(1) << 50) /* a pebibyte */
#define HOT_MAX   1000
#define POWER_MAX 100000000

/* clang-format off */
#define G struct gpu_told
const struct json_field gpu_told_fields[] = {
    JSON_TEXT(G, uuid, "uuid", JSON_NEED, 1, UUID_MAX, "As its driver names it."),
    JSON_TEXTS(G, ills, "ills", JSON_NEED, ILLS_MAX, "Why it must not be sold, as too-hot; none: it is well."),
    JSON_TEXT(G, lease_id, "lease_id", JSON_MAY, 1, ID_TEXT_MAX - 1, "The lease that has it now, or null."),
    JSON_I64(G, xid, "xid", JSON_NEED, 0, 9999, "The last error of its driver after which it must be reset; 0: none."),
    JSON_I64(G, temperature_c, "temperature_c", JSON_NEED, -1, HOT_MAX, "Degrees Celsius; -1: not told, here and below."),
    JSON_I64(G, busy_percent, "busy_percent", JSON_NEED, -1, 100, "Part of the time in which it computes."),
    JSON_I64(G, memory_used_bytes, "memory_used_bytes", JSON_NEED, -1, BYTES_MAX, "Memory in use."),
    JSON_I64(G, power_milliwatts, "power_milliwatts", JSON_NEED, -1, POWER_MAX, "What it draws."),
    JSON_END
};
#undef G
/* clang-format on */

bool node_gpus_well(const struct json_array *gpus)
{
    const struct gpu_told *v = gpus->v;

    for (size_t i = 0; i < gpus->n; i++)
        if (v[i].ills.n > 0) return false;
    return true;
}

bool node_gpus_use(const struct json_array *gpus, struct str lease_id, int64_t *busy_percent,
                   int64_t *memory_used_bytes)
{
    const struct gpu_told *v = gpus->v;
    bool any = false;

    *busy_percent = *memory_used_bytes = -1;
    for (size_t i = 0; i < gpus->n; i++) {
        if (!v[i].lease_id.p || !str_eq(v[i].lease_id, lease_id)) continue;
        any = true;
        if (v[i].busy_percent > *busy_percent) *busy_percent = v[i].busy_percent;
        if (v[i].memory_used_bytes < 0) continue;
        if (*memory_used_bytes < 0) *memory_used_bytes = 0;
        *memory_used_bytes += v[i].memory_used_bytes;
    }
    return any;
}

struct str node_gpus_text(const struct json_array *gpus, struct arena *a)
{
    const struct gpu_told *v = gpus->v;
    auto_json json_t *list = json_array();
    auto_buf struct buf text = { .max = BODY_MAX };

    for (size_t i = 0; i < gpus->n; i++)
        (void)json_array_append_new(list, json_write(gpu_told_fields, &v[i]));
    json_canonical(list, &text);
    const char *copy = text.failed ? NULL : arena_copy(a, buf_view(&text));
    return (struct str){ copy, copy ? text.n : 0 };
}
