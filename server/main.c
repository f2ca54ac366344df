/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "verbs.h"

#define OPTIONS_BYTES_MAX (1 << 20)

enum exit_code { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

static const struct verb {
    const char *name, *usage;
    bool (*run)(const struct options *o, struct arena *a, struct err *err);
} verbs[] = {
    { "init", "make keys and schema; safe to repeat", verb_init },
    { "run", "serve until SIGTERM or SIGINT", verb_run },
    { "account", "create --name N [--public-key K] | credit ACCOUNT AMOUNT | rate ACCOUNT TIER",
      verb_account },
    { "node", "rate NODE TIER verified|declared", verb_node },
    { "payout", "complete PAYOUT | fail PAYOUT", verb_payout },
    { "flows", "LEASE: what it did with its network, for who has a complaint", verb_flows },
    { "export", "[--from SEQ] > FILE: the log of the market; docs/replay.md", verb_export },
    { "replay", "FILE | -: run a log again and compare; needs no database", verb_replay },
    { "state", "hash of the market that the database holds", verb_state },
};

static int help(FILE *to)
{
    fprintf(to, "bourse-server %s: an open exchange for AI compute\n\n", BOURSE_VERSION);
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        fprintf(to, "  bourse-server %-8s %s\n", verbs[i].name, verbs[i].usage);
    fprintf(to, "  bourse-server help\n\nOptions, also as BOURSE_… in the environment:\n");
    fflush(to);
    if (to == stdout) options_help();
    return to == stdout ? EXIT_DONE : EXIT_USAGE;
}

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        if (strcmp(verbs[i].name, name) == 0) return &verbs[i];
    return NULL;
}

static int run(const struct verb *v, int argc, char **argv)
{
    struct arena a;
    struct err err = { 0 };
    struct options o;

    arena_init(&a, OPTIONS_BYTES_MAX);
    log_open(STDERR_FILENO, LOG_INFO);
    int code = EXIT_DONE;
    if (!options_read(argc, argv, &a, &o, &err)) {
        fprintf(stderr, "bourse-server: %s\n", err.detail);
        code = EXIT_USAGE;
    } else if (!v->run(&o, &a, &err)) {
        fprintf(stderr, "bourse-server %s: %s%s%s\n", v->name, err.detail,
                err.internal[0] ? "\n  " : "", err.internal);
        code = EXIT_FAILED;
    }
    arena_done(&a);
    return code;
}

int main(int argc, char **argv)
{
    if (argc >= 2 && (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0))
        return help(stdout);
    const struct verb *v = argc >= 2 ? find_verb(argv[1]) : NULL;
    return v ? run(v, argc - 2, argv + 2) : help(stderr);
}
