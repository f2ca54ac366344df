/* SPDX-License-Identifier: Apache-2.0 */
#include "verify.h"

bool verify_read(const json_t *document, struct arena *a, struct receipt *r, struct countersign *c,
                 struct err *err)
{
    const json_t *const counter = json_object_get(document, "countersignature");
    struct receipt receipt;
    if (!receipt_parse(json_get_text(document, "receipt"), a, &receipt, err) ||
        !countersign_parse(json_get_text(counter, "document"), a, c, err))
        return false;
    *r = receipt;
    return true;
}

/* A good receipt, but of this job and market? */
static bool is_about(const struct api *api, const char *job_id, const json_t *document,
                     struct err *err)
{
    struct receipt r;
    struct countersign c;
    if (!verify_read(document, &api->cli->a, &r, &c, err)) return false;
    if (!str_is(r.job_id, job_id))
        return FAIL(err, ERR_VALIDATION_FAILED, "The receipt is of another job.");
    if (!str_is(r.market_id, api->market.market_id))
        return FAIL(err, ERR_VALIDATION_FAILED, "The receipt is of another market.");
    return true;
}

bool verify_document(struct api *api, const char *job_id, const json_t *document)
{
    struct err err;
    if (!api->market.pinned && !api_pin(api)) return false;
    if (receipt_document_verify(document, &api->market.key, NULL, &err) &&
        is_about(api, job_id, document, &err))
        return true;
    cli_fail(api->cli, &err);
    api->exit = EXIT_UNVERIFIED;
    return false;
}

bool verify_fetch(struct api *api, const char *job_id, json_t **out)
{
    struct reply reply;
    struct request r = request_defaults;
    r.path = arena_fmt(&api->cli->a, "/v1/jobs/%s/receipt", job_id);
    r.may_be_missing = true;
    if (!r.path || !api_call(api, &r, &reply)) return false;
    if (reply.status == 404) json_decref(reply.json);
    *out = reply.status == 404 ? NULL : reply.json;
    return true;
}
