/* SPDX-License-Identifier: Apache-2.0 */
/* bourse: the market from a terminal. The table below is dispatch and help. */
#include <signal.h>
#include <string.h>

#include "verbs.h"
#include "json/suggest.h"

#define MEMORY_MAX (256 << 20) /* a list of ten thousand jobs, read, copied and printed */

struct verb {
    const char *name, *words, *doc;
    verb_fn *run;
    const struct arg *args; /* NULL: none of its own */
};

static verb_fn help, version;

/* clang-format off */
static const struct verb verbs[] = {
    { "login", "", "sign in; makes a key and an account the first time", login, login_args },
    { "submit", "[FILE|-] [-- COMMAND…]", "run a job, from a JSON file or from options", submit, submit_args },
    { "quote", "[FILE|-]", "what a job would cost now; nobody need sign in", quote, quote_args },
    { "ps", "", "my jobs, newest first", ps, list_args },
    { "job explain", "JOB", "why nothing is matched, and what would change that", job_explain, NULL },
    { "logs", "JOB", "what a job wrote", logs, logs_args },
    { "cancel", "JOB", "end a job; what ran is paid", cancel, NULL },
    { "checkpoint", "JOB", "have what a job has written saved now", checkpoint, NULL },
    { "outputs", "JOB", "the files a job left, checked against its receipt", outputs, outputs_args },
    { "receipt show", "JOB", "what ran, for how long, at what price", receipt_show, NULL },
    { "receipt verify", "FILE|JOB", "check a receipt; a file needs no server", receipt_verify, receipt_verify_args },
    { "balance", "", "my money, free and held", balance, NULL },
    { "pools", "", "what is on offer, and at what price", pools, list_args },
    { "nodes", "", "my machines", nodes, list_args },
    { "nodes drain", "NODE", "empty a machine: nothing new from then on", nodes_drain, nodes_drain_args },
    { "nodes undrain", "NODE", "offer a machine again", nodes_undrain, NULL },
    { "asks", "", "my offers", asks, list_args },
    { "asks place", "NODE", "offer a machine's units at a price", asks_place, asks_place_args },
    { "asks cancel", "ASK", "take an offer back; running leases stay", asks_cancel, NULL },
    { "asks prices", "ASK", "how the price of an offer moved, and why", asks_prices, list_args },
    { "join-token", "", "a token with which a machine joins", join_token, join_token_args },
    { "registry", "", "registries for which I keep a login", registry, NULL },
    { "registry login", "REGISTRY", "keep one, for jobs with --registry-login", registry_login, registry_login_args },
    { "registry logout", "REGISTRY", "forget it", registry_logout, NULL },
    { "keys", "", "my API keys", keys, list_args },
    { "keys create", "NAME", "make an API key", keys_create, keys_create_args },
    { "keys revoke", "KEY", "end an API key", keys_revoke, NULL },
    { "payouts", "", "money that left the market", payouts, list_args },
    { "payouts request", "AMOUNT", "have money paid out", payouts_request, NULL },
    { "help", "[COMMAND]", "this page, or that of a command", help, NULL },
    { "version", "", "the version of this program", version, NULL },
};

static const char footer[] =
    "\n"
    "Exit codes: 0 done · 1 the server refused · 2 wrong usage · 3 no answer, or the server failed ·\n"
    "  4 a signature, a digest or the pinned market does not fit · 5 the job ended unsettled (--follow)\n"
    "\n"
    "Environment: BOURSE_SERVER, BOURSE_API_KEY (instead of the login key), BOURSE_HOME (else\n"
    "  $XDG_CONFIG_HOME/bourse or ~/.config/bourse: the login key and the pinned markets)\n";
/* clang-format on */

static void print_overview(FILE *to)
{
    fputs("usage: bourse COMMAND [OPTION…] [WORD…]\n\n", to);
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        char left[64];
        snprintf(left, sizeof(left), "%s %s", verbs[i].name, verbs[i].words);
        const int wide = strstr(left, "…") ? 34 : 32; /* bytes; the ellipsis is three */
        fprintf(to, "  %-*s %s\n", wide, left, verbs[i].doc);
    }
    fputs("\nEvery command takes:\n", to);
    args_help(cli_args, to);
    fputs(footer, to);
}

static void print_verb(const struct verb *v, FILE *to)
{
    fprintf(to, "usage: bourse %s [OPTION…]%s%s\n\n%s\n\n", v->name, v->words[0] ? " " : "",
            v->words, v->doc);
    if (v->args) args_help(v->args, to);
    args_help(cli_args, to);
}

/* The verb that the first one or two words name; *used: how many. */
static const struct verb *find(size_t n, char *const *words, size_t *used)
{
    char two[64] = "";
    if (n > 1) snprintf(two, sizeof(two), "%s %s", words[0], words[1]);
    const struct verb *one = NULL;
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        if (n > 1 && strcmp(verbs[i].name, two) == 0) {
            *used = 2;
            return &verbs[i];
        }
        if (n > 0 && strcmp(verbs[i].name, words[0]) == 0) one = &verbs[i];
    }
    *used = 1;
    return one;
}

/* What may have been meant: a misspelt verb, else the first one that begins with the same word. */
static const char *nearest(struct str given, struct str first)
{
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        const struct str name = str_of(verbs[i].name);
        if (is_near(given, name) || is_near(first, name)) return verbs[i].name;
    }
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        if (str_starts(str_of(verbs[i].name), first)) return verbs[i].name;
    }
    return NULL;
}

static enum exit_code unknown(size_t n, char *const *words)
{
    char given[64];
    snprintf(given, sizeof(given), "%s%s%s", words[0], n > 1 ? " " : "", n > 1 ? words[1] : "");
    const char *const meant = nearest(str_of(given), str_of(words[0]));
    if (meant)
        fprintf(stderr, "bourse: there is no command %s; did you mean %s?\n", given, meant);
    else
        fprintf(stderr, "bourse: there is no command %s. See `bourse help`.\n", given);
    return EXIT_USAGE;
}

static enum exit_code help(struct cli *c, size_t argc, char *const *argv)
{
    size_t used;
    (void)c;
    const struct verb *const v = argc > 0 ? find(argc, argv, &used) : NULL;
    if (argc > 0 && !v) return unknown(argc, argv);
    if (v)
        print_verb(v, stdout);
    else
        print_overview(stdout);
    return EXIT_OK;
}

static enum exit_code version(struct cli *c, size_t argc, char *const *argv)
{
    (void)c;
    (void)argc;
    (void)argv;
    puts("bourse " BOURSE_VERSION);
    return EXIT_OK;
}

/* Asked for before the words are read, so that a command that lacks some can tell about them. */
static bool wants_help(size_t argc, char *const *argv)
{
    for (size_t i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) return true;
    }
    return false;
}

static enum exit_code run(const struct verb *v, size_t argc, char *const *argv)
{
    struct cli c = { .verb = v->name };
    if (wants_help(argc, argv)) {
        print_verb(v, stdout);
        return EXIT_OK;
    }
    arena_init(&c.a, MEMORY_MAX);
    const enum exit_code code = v->run(&c, argc, argv);
    arena_done(&c.a);
    if (fflush(stdout) != 0 && code == EXIT_OK) return EXIT_SERVER;
    return code;
}

static enum exit_code dispatch(size_t n, char *const *words)
{
    size_t used;
    if (n == 0) {
        print_overview(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(words[0], "--version") == 0) return version(NULL, 0, NULL);
    if (wants_help(1, words)) return help(NULL, 0, NULL);
    const struct verb *const v = find(n, words, &used);
    return v ? run(v, n - used, words + used) : unknown(n, words);
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN); /* a connection that ends is an answer too */
    return (int)dispatch(argc > 0 ? (size_t)argc - 1 : 0, argv + 1);
}
