/* SPDX-License-Identifier: Apache-2.0 */
/* job explain JOB */
#include "explain.h"

#include "list.h"
#include "verbs.h"

#define TEXT_MOST (1 << 20)

/* clang-format off */
static const struct show constraint_columns[] = {
    { "OFFERS", "offers", SHOW_NUMBER }, { "BY THIS ALONE", "offers_by_this_alone", SHOW_NUMBER },
    { "WHY NOT", "text", SHOW_TEXT }, SHOW_END,
};

static const struct show change_columns[] = {
    { "CHANGE", "change", SHOW_TEXT }, { "HOW", "way", SHOW_TEXT }, { "WHAT WOULD HELP", "text", SHOW_TEXT }, SHOW_END,
};

static const struct show members[] = {
    { "job", "job_id", SHOW_TEXT }, { "bid", "bid_id", SHOW_TEXT }, { "state", "job_state", SHOW_TEXT },
    { "reason", "reason", SHOW_TEXT }, { "", "text", SHOW_TEXT }, SHOW_END,
};
/* clang-format on */

static void add_table(const json_t *e, const char *name, const struct show *columns,
                      struct arena *a, struct buf *out)
{
    const json_t *const list = json_object_get(e, name);

    if (json_array_size(list) == 0) return;
    buf_fmt(out, "\n");
    show_list(list, columns, a, out);
}

void explain_write(const json_t *e, struct arena *a, struct buf *out)
{
    const struct str text = json_get_text(e, "text");

    buf_fmt(out, "%.*s\n", (int)text.n, text.p ? text.p : "");
    add_table(e, "constraints", constraint_columns, a, out);
    add_table(e, "changes", change_columns, a, out);
}

static enum exit_code print(struct cli *c, const json_t *told)
{
    const json_t *const e = json_object_get(told, "explanation");
    auto_buf struct buf out = { .max = TEXT_MOST };

    if (c->json) return cli_json(told);
    show_one(told, members, &c->a, &out);
    if (json_is_object(e)) {
        buf_fmt(&out, "\n");
        explain_write(e, &c->a, &out);
    }
    return cli_print(c, &out);
}

enum exit_code job_explain(struct cli *c, size_t argc, char *const *argv)
{
    struct api api = { .client = NULL };

    if (!cli_read(c, argc, argv, NULL, NULL) || !cli_words(c, 1, 1, "JOB")) return EXIT_USAGE;
    const char *const path = arena_fmt(&c->a, "/v1/jobs/%s/explain", c->words.v[0]);
    const bool ok = path && api_open(&api, c) && api_id(&api, "job_", "job", c->words.v[0]);
    auto_json json_t *told = ok ? api_get(&api, path) : NULL;
    const enum exit_code code = told ? print(c, told) : api.exit;
    api_close(&api);
    return code;
}
