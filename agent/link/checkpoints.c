/* SPDX-License-Identifier: Apache-2.0 */
#include "link/checkpoints.h"

#include "link/call.h"

#define EXTRA_WAIT_MS 60000 /* the market looks for each of thousands of pieces */

static bool read_missing(const json_t *list, struct arena *a, struct str_list *out)
{
    const size_t n = json_array_size(list);
    struct str *v = arena_alloc(a, (n + 1) * sizeof(*v));

    for (size_t i = 0; v && i < n; i++) {
        const char *text = json_string_value(json_array_get(list, i));
        const char *copy = text ? arena_copy(a, str_of(text)) : NULL;
        if (!copy) return false;
        v[i] = str_of(copy);
    }
    *out = (struct str_list){ v, n };
    return v != NULL;
}

enum link_result checkpoint_post(void *api, struct str lease_id, struct str document,
                                 struct str signature, struct arena *a, bool *kept,
                                 struct str_list *missing, struct err *err)
{
    auto_json json_t *answer = NULL;
    const struct ask_of ask = { .method = "POST",
                                .path = lease_path(a, lease_id, "checkpoint"),
                                .extra_wait_ms = EXTRA_WAIT_MS,
                                .body = json_pack("{s:o, s:o}", "document", json_text(document),
                                                  "signature", json_text(signature)) };
    const enum link_result r = link_call(api, &ask, &answer, err);

    if (r != LINK_DONE) return r;
    *kept = json_is_true(json_object_get(answer, "kept"));
    if (read_missing(json_object_get(answer, "missing"), a, missing)) return LINK_DONE;
    FAIL(err, ERR_PROTOCOL, "The market's answer to a checkpoint cannot be read.");
    return LINK_UNREACHABLE;
}
