/* SPDX-License-Identifier: Apache-2.0 */
#include "list.h"

#include <string.h>

#define TEXT_MOST (16 << 20) /* bytes of a printed list: ten thousand long rows */
#define PAGE      100

const struct arg list_args[] = {
    { "all", ARG_BOOL, offsetof(struct list_options, all), NULL, "every page, not only the first" },
    ARG_END,
};

/* Add the rows of the page at `cursor` (NULL: the first) to `rows`; *next: where the next begins,
 * NULL: there is none. */
static bool add_page(struct api *api, const struct list *l, const char *cursor, json_t *rows,
                     const char **next)
{
    struct arena *const a = &api->cli->a;
    struct reply reply;
    struct request r = request_defaults;
    r.open = l->open;
    r.path = l->open ? l->path
                     : arena_fmt(a, "%s?limit=%d%s%s", l->path, PAGE, cursor ? "&cursor=" : "",
                                 cursor ? cursor : "");
    if (!r.path || !api_call(api, &r, &reply)) return false;
    auto_json json_t *page = reply.json;
    json_array_extend(rows, json_object_get(page, "data"));
    const struct str more = json_get_text(page, "next_cursor");
    *next = more.n > 0 ? arena_copy(a, more) : NULL;
    return true;
}

static enum exit_code print_rows(struct cli *c, const struct list *l, json_t *rows,
                                 const char *next)
{
    if (c->json) {
        auto_json json_t *all = json_pack("{sO ss?}", "data", rows, "next_cursor", next);
        return cli_json(all);
    }
    auto_buf struct buf out;
    buf_init(&out, TEXT_MOST);
    if (json_array_size(rows) > 0)
        show_list(rows, l->columns, &c->a, &out);
    else
        buf_fmt(&out, "%s\n", l->none);
    if (next) fputs("There are more; see them with --all.\n", stderr);
    return cli_print(c, &out);
}

enum exit_code list_print(struct cli *c, const struct list *l, bool all)
{
    struct api api;
    const char *next = NULL;
    auto_json json_t *rows = json_array();
    bool ok = api_open(&api, c);
    do {
        ok = ok && add_page(&api, l, next, rows, &next);
    } while (ok && next && all);
    const enum exit_code code = ok ? print_rows(c, l, rows, next) : api.exit;
    api_close(&api);
    return code;
}

enum exit_code list_verb(struct cli *c, size_t argc, char *const *argv, const struct list *l)
{
    struct list_options o = { .all = false };
    if (!cli_read(c, argc, argv, list_args, &o) || !cli_words(c, 0, 0, "Nothing"))
        return EXIT_USAGE;
    return list_print(c, l, o.all);
}

enum exit_code show_print(struct cli *c, const json_t *object, const struct show *members)
{
    if (c->json) return cli_json(object);
    auto_buf struct buf out;
    buf_init(&out, TEXT_MOST);
    show_one(object, members, &c->a, &out);
    return cli_print(c, &out);
}
