/* SPDX-License-Identifier: Apache-2.0 */
/* quote [FILE|-]: who has signed in is quoted for his account, all others as anybody. */
#include "explain.h"
#include "jobfile.h"
#include "list.h"
#include "verbs.h"

#define TEXT_MOST (1 << 20)

#define O struct submit_options
/* clang-format off */
const struct arg quote_args[] = {
    TERM_ARGS(O),
    ARG_END,
};

static const struct show members[] = {
    { "pool", "pool", SHOW_TEXT }, { "units", "offer.units", SHOW_NUMBER },
    { "price an hour", "offer.price_per_hour", SHOW_MONEY },
    { "runs at most", "offer.runs_at_most_seconds", SHOW_SECONDS },
    { "cost at most", "cost.now", SHOW_MONEY }, { "fee in it", "cost.fee.amount", SHOW_MONEY },
    { "audit", "cost.audit.amount", SHOW_MONEY }, { "transfer", "cost.transfer.amount", SHOW_MONEY },
    { "storage", "cost.storage.amount", SHOW_MONEY },
    { "usual cost", "cost.p50", SHOW_MONEY }, { "high cost", "cost.p90", SHOW_MONEY },
    { "usual start", "start_seconds.p50", SHOW_SECONDS }, { "late start", "start_seconds.p90", SHOW_SECONDS },
    { "limit", "limit_price_per_unit_hour", SHOW_MONEY }, { "hold", "hold", SHOW_MONEY },
    { "price stands", "stands_seconds", SHOW_SECONDS }, SHOW_END,
};

static const struct show node_columns[] = {
    { "REGION", "region", SHOW_TEXT }, { "TIER", "tier", SHOW_NUMBER }, { "ISOLATION", "isolation", SHOW_TEXT },
    { "INTERCONNECT", "interconnect", SHOW_TEXT }, { "PRICE", "price_per_unit_hour", SHOW_MONEY }, SHOW_END,
};
/* clang-format on */
#undef O

static enum exit_code print(struct cli *c, const json_t *told)
{
    const json_t *const e = json_object_get(told, "explanation");
    auto_buf struct buf out = { .max = TEXT_MOST };

    if (c->json) return cli_json(told);
    show_one(told, members, &c->a, &out);
    buf_fmt(&out, "\n");
    if (json_is_object(e))
        explain_write(e, &c->a, &out);
    else
        show_list(show_find(told, "offer.nodes"), node_columns, &c->a, &out);
    buf_fmt(&out, "\nNo reservation: whoever comes first takes the offer.\n");
    return cli_print(c, &out);
}

static enum exit_code ask(struct api *api, const json_t *job)
{
    struct reply reply;
    struct request r = request_defaults;

    r.method = "POST";
    r.path = "/v1/quotes";
    r.body = job;
    r.open = !api->api_key && !api->market.account_id;
    if (!api_call(api, &r, &reply)) return api->exit;
    const enum exit_code code = print(api->cli, reply.json);
    json_decref(reply.json);
    return code;
}

enum exit_code quote(struct cli *c, size_t argc, char *const *argv)
{
    struct submit_options o = { .name = NULL };
    struct api api = { .client = NULL };
    struct err err;

    if (!cli_read(c, argc, argv, quote_args, &o) || !cli_words(c, 0, 1, "FILE")) return EXIT_USAGE;
    auto_json json_t *job = jobfile_make(&o, &c->words, &err);
    if (!job) return cli_fail(c, &err);
    const enum exit_code code = api_open(&api, c) ? ask(&api, job) : api.exit;
    api_close(&api);
    return code;
}
