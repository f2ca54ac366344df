/* SPDX-License-Identifier: Apache-2.0 */
/* receipt show JOB, receipt verify FILE|JOB. */
#include <string.h>
#include <unistd.h>

#include "amounts.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/limits.h"
#include "table.h"
#include "verbs.h"
#include "verify.h"
#include "json/micros.h"

#define FILE_MAX (1 << 18) /* two signed texts of 64 KiB, escaped once more */

/* --- show --- */

static const char *amount(int64_t micros, struct arena *a)
{
    char text[MICROS_TEXT_SIZE];
    micros_format(micros, text);
    return arena_copy(a, amount_short(str_of(text)));
}

static const char *moment(int64_t at_us, struct arena *a)
{
    char text[RFC3339_SIZE];
    rfc3339_format(at_us, text);
    return arena_copy(a, str_of(at_us ? text : "never"));
}

static const char *number(int64_t n, struct arena *a)
{
    return arena_fmt(a, "%lld", (long long)n);
}

static void add_line(struct table *t, const char *name, struct str value, struct buf *out)
{
    if (!table_add(t, str_of(name)) || !table_add(t, value)) out->failed = true;
}

static void add_outputs(struct table *t, const struct receipt *r, struct arena *a, struct buf *out)
{
    for (size_t i = 0; i < r->outputs_n; i++) {
        char size[SIZE_TEXT_SIZE];
        size_format(r->outputs[i].size_bytes, size);
        add_line(t, i == 0 ? "outputs" : "",
                 str_of(arena_fmt(a, "%s  %s  %.*s", r->outputs[i].sha256, size,
                                  (int)r->outputs[i].path.n, r->outputs[i].path.p)),
                 out);
    }
}

/* The arithmetic as it stands in the countersignature. */
static const char *arithmetic(const struct countersign *c, struct arena *a)
{
    return arena_fmt(a, "%s × %lld × %lld s ÷ 3600 = %s, of which %s fee and %s to the provider",
                     amount(c->price_per_unit_hour, a), (long long)c->units,
                     (long long)c->seconds_billed, amount(c->charge, a), amount(c->fee, a),
                     amount(c->payout, a));
}

static void write_receipt(const struct receipt *r, const struct countersign *c, struct arena *a,
                          struct buf *out)
{
    static const struct column columns[] = { { NULL, false }, { NULL, false } };
    struct table t;
    table_init(&t, a, columns, ARRAY_LEN(columns));
    add_line(&t, "market", r->market_id, out);
    add_line(&t, "job", r->job_id, out);
    add_line(&t, "lease", r->lease_id, out);
    add_line(&t, "node", r->node_id, out);
    add_line(&t, "node key", r->node_public_key, out);
    add_line(&t, "image", r->image, out);
    add_line(&t, "digest", r->image_digest, out);
    add_line(
        &t, "pool",
        str_of(arena_fmt(a, "%.*s, %lld units", (int)r->pool.n, r->pool.p, (long long)r->units)),
        out);
    add_line(&t, "ready", str_of(moment(r->ready_at_us, a)), out);
    add_line(&t, "ended", str_of(moment(r->ended_at_us, a)), out);
    add_line(&t, "exit code", str_of(number(r->exit_code, a)), out);
    add_line(&t, "reason", r->reason, out);
    add_line(&t, "seconds",
             str_of(arena_fmt(a, "%lld by the node, %lld by the market, %lld billed",
                              (long long)r->seconds, (long long)c->seconds_observed,
                              (long long)c->seconds_billed)),
             out);
    add_line(&t, "charge", str_of(arithmetic(c, a)), out);
    add_line(&t, "settled", str_of(moment(c->settled_at_us, a)), out);
    add_line(&t, "entry", str_of(number(c->entry, a)), out);
    add_line(&t, "log", r->log_sha256, out);
    add_outputs(&t, r, a, out);
    table_write(&t, out);
}

static enum exit_code print_receipt(struct cli *c, const json_t *document)
{
    struct receipt r;
    struct countersign counter;
    struct err err;
    auto_buf struct buf out;
    if (!verify_read(document, &c->a, &r, &counter, &err)) {
        cli_fail(c, &err);
        return EXIT_UNVERIFIED;
    }
    buf_init(&out, FILE_MAX);
    write_receipt(&r, &counter, &c->a, &out);
    return cli_print(c, &out);
}

static enum exit_code fetch(struct api *api, const char *job, json_t **out)
{
    if (!api_id(api, "job_", "job", job) || !verify_fetch(api, job, out)) return api->exit;
    if (*out) return EXIT_OK;
    fprintf(stderr, "bourse %s: %s has no receipt yet, or is no job of yours.\n", api->cli->verb,
            job);
    return EXIT_REFUSED;
}

enum exit_code receipt_show(struct cli *c, size_t argc, char *const *argv)
{
    struct api api = { .client = NULL };
    auto_json json_t *document = NULL;
    if (!cli_read(c, argc, argv, NULL, NULL) || !cli_words(c, 1, 1, "JOB")) return EXIT_USAGE;
    enum exit_code code = api_open(&api, c) ? fetch(&api, c->words.v[0], &document) : api.exit;
    if (code == EXIT_OK) code = c->json ? cli_json(document) : print_receipt(c, document);
    api_close(&api);
    return code;
}

/* --- verify --- */

struct verify_options {
    const char *market_key, *node_key;
};

/* clang-format off */
const struct arg receipt_verify_args[] = {
    { "market-key", ARG_TEXT, offsetof(struct verify_options, market_key), "KEY", "the market's public key, base64; else the pinned one" },
    { "node-key", ARG_TEXT, offsetof(struct verify_options, node_key), "KEY", "the public key of the node that must have signed" },
    ARG_END,
};
/* clang-format on */

static json_t *read_file(const char *path, struct err *err)
{
    auto_buf struct buf text;
    buf_init(&text, FILE_MAX);
    if (!file_read(strcmp(path, "-") == 0 ? "/dev/stdin" : path, FILE_MAX, &text, err)) return NULL;
    return json_parse(buf_view(&text), err);
}

static bool is_job(const char *word)
{
    return strncmp(word, "job_", 4) == 0 && access(word, F_OK) != 0;
}

/* From a file, or from the server when the word is a job. */
static enum exit_code get_document(struct cli *c, const char *word, json_t **out)
{
    struct err err = { .code = ERR_NONE };
    if (is_job(word)) {
        struct api api = { .client = NULL };
        const enum exit_code code = api_open(&api, c) ? fetch(&api, word, out) : api.exit;
        api_close(&api);
        return code;
    }
    *out = read_file(word, &err);
    if (*out) return EXIT_OK;
    fprintf(stderr, "bourse %s: %s: %s\n", c->verb, word, err.detail);
    return EXIT_USAGE;
}

static bool parse_key(struct cli *c, const char *option, const char *text, struct public_key *out)
{
    if (public_key_parse(str_of(text), out)) return true;
    cli_usage(c, "%s %s: not a public key of 32 bytes in base64.", option, text);
    return false;
}

/* The key pinned for the market that the receipt names; without one, that of the server, which is
 * pinned by it. So a file can be checked without any server. */
static enum exit_code pinned_key(struct cli *c, const json_t *document, struct public_key *out)
{
    struct receipt r;
    struct countersign counter;
    struct market m;
    struct err err;
    const char *home;
    if (!verify_read(document, &c->a, &r, &counter, &err)) {
        cli_fail(c, &err);
        return EXIT_UNVERIFIED;
    }
    if (!home_find(&c->a, &home, &err)) return cli_fail(c, &err);
    if (home_load_by_id(home, r.market_id, &c->a, &m, &err) && m.pinned) {
        *out = m.key;
        return EXIT_OK;
    }
    struct api api = { .client = NULL };
    const bool ok = api_open(&api, c) && api_pin(&api);
    if (ok) *out = api.market.key;
    api_close(&api);
    return ok ? EXIT_OK : api.exit;
}

static enum exit_code verified(struct cli *c, const json_t *document, const char *word)
{
    struct receipt r;
    struct countersign counter;
    struct err err;
    if (!verify_read(document, &c->a, &r, &counter, &err)) return cli_fail(c, &err);
    if (is_job(word) && !str_is(r.job_id, word)) {
        fprintf(stderr, "bourse %s: THE RECEIPT IS OF ANOTHER JOB.\n", c->verb);
        return EXIT_UNVERIFIED;
    }
    if (c->json) return cli_json(document);
    printf("The receipt is valid: signed by node %.*s, countersigned by market %.*s.\n",
           (int)r.node_id.n, r.node_id.p, (int)r.market_id.n, r.market_id.p);
    printf("%s\n", arithmetic(&counter, &c->a));
    return EXIT_OK;
}

static enum exit_code check(struct cli *c, const json_t *document, const struct verify_options *o)
{
    struct public_key market, node;
    struct err err;
    enum exit_code code = EXIT_OK;
    if (o->node_key && !parse_key(c, "--node-key", o->node_key, &node)) return EXIT_USAGE;
    if (o->market_key && !parse_key(c, "--market-key", o->market_key, &market)) return EXIT_USAGE;
    if (!o->market_key) code = pinned_key(c, document, &market);
    if (code != EXIT_OK) return code;
    if (receipt_document_verify(document, &market, o->node_key ? &node : NULL, &err))
        return verified(c, document, c->words.v[0]);
    fprintf(stderr, "bourse %s: THE RECEIPT IS NOT VALID. %s\n", c->verb, err.detail);
    return EXIT_UNVERIFIED;
}

enum exit_code receipt_verify(struct cli *c, size_t argc, char *const *argv)
{
    struct verify_options o = { NULL, NULL };
    auto_json json_t *document = NULL;
    if (!cli_read(c, argc, argv, receipt_verify_args, &o) || !cli_words(c, 1, 1, "FILE or JOB"))
        return EXIT_USAGE;
    const enum exit_code code = get_document(c, c->words.v[0], &document);
    return code == EXIT_OK ? check(c, document, &o) : code;
}
