/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"

#ifndef BOURSE_SHARE
#define BOURSE_SHARE "/usr/share/bourse"
#endif

/* clang-format off */
#define TEXT(f, initial, doc)            { #f, CONF_TEXT, offsetof(struct options, f), 0, 0, initial, doc }
#define I64(f, min, max, initial, doc)   { #f, CONF_I64,  offsetof(struct options, f), min, max, initial, doc }
#define BOOL(f, initial, doc)            { #f, CONF_BOOL, offsetof(struct options, f), 0, 0, initial, doc }

static const struct conf_key keys[] = {
    TEXT(state,           "/var/lib/bourse",        "Folder for keys and blobs."),
    TEXT(db,              "dbname=bourse",          "PostgreSQL, as libpq reads it."),
    TEXT(blobs,           NULL,                     "Blobs in a bucket, s3://bucket/prefix; else in the state folder."),
    TEXT(s3_endpoint,     NULL,                     "URL of the S3 server; else Amazon's of the region."),
    TEXT(s3_region,       "us-east-1",              "Region that requests to S3 are signed for."),
    TEXT(s3_credentials,  NULL,                     "File with access_key and secret_key; else s3 in $CREDENTIALS_DIRECTORY."),
    TEXT(name,            "bourse",                 "Name: of this server, or of a new account."),
    TEXT(listen,          "127.0.0.1:8080",         "Address of the API and the dashboard."),
    TEXT(agent_listen,    "127.0.0.1:8081",         "Address for agents."),
    TEXT(metrics_listen,  "127.0.0.1:9464",         "Address of /metrics."),
    TEXT(public_url,      NULL,                     "How the world reaches the API; required unless it listens on loopback."),
    TEXT(agent_url,       NULL,                     "How agents reach their address; the base of their signatures."),
    TEXT(static_dir,      BOURSE_SHARE "/static",   "Files of the dashboard."),
    TEXT(openapi,         BOURSE_SHARE "/openapi.yaml", "The API's description."),
    TEXT(packaging,       BOURSE_SHARE "/packaging", "Folder with install.sh and systemd/, for /install.sh."),
    TEXT(downloads,       NULL,                     "Folder with bourse-agent-<architecture> for /install.sh to fetch."),
    TEXT(min_agent_version, "0.1.0",                "Agents below it take no new work until they are upgraded."),
    TEXT(public_key,      NULL,                     "account create: base64 Ed25519 key that may sign in."),
    I64(workers,          1, 64, "4",               "Threads with a database connection, for reads."),
    I64(blob_workers,     1, 64, "4",               "Threads that move blobs, with a connection each."),
    I64(keep_uploads_days, 1, 36500, "90",          "An upload is given up so long after it was put; not while a job needs it."),
    I64(keep_outputs_days, 1, 36500, "90",          "So is an output that its buyer has paid for."),
    I64(keep_flows_days,  1, 36500, "90",           "What leases did with their networks is forgotten so long after they told it."),
    I64(lease_seconds,    3, 3600, "90",            "A node this long silent loses its leases."),
    I64(heartbeat_seconds, 1, 600, "20",            "How often agents report."),
    I64(offer_seconds,    1, 3600, "30",            "An offer must be answered within."),
    I64(prepare_seconds,  5, 7200, "900",           "A container must be ready within."),
    I64(stop_seconds,     2, 3600, "60",            "A stopping lease must report within."),
    I64(fee_bps,          0, 10000, "100",          "The market's fee in hundredths of a percent."),
    I64(quote_seconds,    0, 3600, "60",            "A price stands that long before its owner may change it."),
    I64(backoff_seconds,  0, 86400, "600",          "A node that failed a lease offers nothing for so long, doubled each time, up to"),
    I64(backoff_max_seconds, 0, 604800, "86400",    "this."),
    I64(min_run_seconds,  1, 86400, "600",          "An interruptible run is never displaced before."),
    I64(notice_seconds,   0, 3600, "120",           "Notice of a run that has to make room."),
    I64(displace_bps,     0, 10000, "500",          "An interruptible job that displaces pays that much more, in hundredths of a percent."),
    TEXT(price_rule,      "resting",                "What an offer pays that meets waiting jobs: resting or runner-up."),
    I64(collar_bps,       0, 1000000, "10000",      "Trades that far from the last prices wait for a call; 0: none does."),
    I64(collar_trades,    1, 15, "5",               "Only once there were so many trades."),
    I64(call_seconds,     1, 3600, "60",            "A call comes that long after the first order that waits for it."),
    I64(orders_per_second, 1, 1000000, "100",       "Orders of one account, and five times as many at once."),
    I64(requests_per_second, 1, 1000000, "20",      "Requests of one address that nobody has signed in for, and ten times as many at once."),
    I64(looks_per_second, 1, 1000000, "5",          "Quotes, explanations and depths for predicates of one account or address, and six times as many at once."),
    I64(connections_per_address, 0, 100000, "0",    "Connections to the API from one address; 0: any number."),
    I64(from,             0, INT64_MAX, "0",        "export: begin at this command, not at the first."),
    TEXT(overlap_flush,   "auto",                   "Flush groups of commands while others are written: auto (on slow disks), on, off."),
    TEXT(witnesses,       NULL,                     "File with a line \"<verifier key> <URL>\" for each witness of the log."),
    TEXT(log_origin,      NULL,                     "init: name of the public log, for ever; else the market's id and /log."),
    BOOL(debug,           "false",                  "Log every request."),
};
/* clang-format on */

static const struct conf_key *find_key(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        const size_t n = strlen(keys[i].name);
        bool same = n == name.n;
        for (size_t j = 0; j < n && same; j++)
            same = keys[i].name[j] == (name.p[j] == '-' ? '_' : name.p[j]);
        if (same) return &keys[i];
    }
    return NULL;
}

static bool export_value(struct arena *a, const struct conf_key *k, const char *value,
                         struct err *err)
{
    char *name = arena_fmt(a, "BOURSE_%s", k->name);

    if (!name) return FAIL(err, ERR_NO_MEMORY, "No memory for the options.");
    for (char *c = name; *c; c++)
        if (*c >= 'a' && *c <= 'z') *c = (char)(*c - 'a' + 'A');
    if (setenv(name, value, /* overwrite= */ 1) != 0)
        return FAIL(err, ERR_NO_MEMORY, "No memory for the options.");
    return true;
}

/* One option of the command line; *i moves on over its value. Options win over the environment, so
 * they are put there, and one table reads all. */
static bool take_option(int argc, char **argv, int *i, struct arena *a, const char **config,
                        struct err *err)
{
    const struct str name = str_of(argv[*i] + 2);
    const struct conf_key *k = find_key(name);
    const bool is_config = str_is(name, "config");

    if (!k && !is_config)
        return FAIL(err, ERR_VALIDATION_FAILED, "There is no option %s.", argv[*i]);
    if (k && k->kind == CONF_BOOL) return export_value(a, k, "true", err);
    if (*i + 1 >= argc)
        return FAIL(err, ERR_VALIDATION_FAILED, "The option %s needs a value.", argv[*i]);
    ++*i;
    if (!is_config) return export_value(a, k, argv[*i], err);
    *config = argv[*i];
    return true;
}

bool options_read(int argc, char **argv, struct arena *a, struct options *out, struct err *err)
{
    const char *words[ARRAY_LEN(out->words)];
    const char *config = NULL;
    size_t n = 0;

    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "--", 2) == 0) {
            if (!take_option(argc, argv, &i, a, &config, err)) return false;
            continue;
        }
        if (n == ARRAY_LEN(words))
            return FAIL(err, ERR_VALIDATION_FAILED, "\"%s\" is one word too many.", argv[i]);
        words[n++] = argv[i];
    }
    *out = (struct options){ 0 };
    if (!conf_load(keys, ARRAY_LEN(keys), "BOURSE_", config, a, out, err)) return false;
    memcpy(out->words, words, n * sizeof(words[0]));
    out->words_n = n;
    return true;
}

void options_help(void)
{
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        char dashed[64];
        snprintf(dashed, sizeof(dashed), "%s", keys[i].name);
        for (char *c = dashed; *c; c++)
            if (*c == '_') *c = '-';
        printf("  --%-18s %s%s%s%s\n", dashed, keys[i].doc, keys[i].initial ? " [" : "",
               keys[i].initial ? keys[i].initial : "", keys[i].initial ? "]" : "");
    }
    printf("  --%-18s A file of `key = value` lines with these names.\n", "config FILE");
}
