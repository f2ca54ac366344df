/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"

#include <stdarg.h>
#include <string.h>

#define C struct cli
/* clang-format off */
const struct arg cli_args[] = {
    { "server", ARG_TEXT, offsetof(C, server), "URL", "the market's server; else $BOURSE_SERVER, else that of the last login" },
    { "json", ARG_BOOL, offsetof(C, json), NULL, "print the server's answer as JSON" },
    { "explain", ARG_BOOL, offsetof(C, explain), NULL, "print each request as a curl command on standard error" },
    { "help", ARG_BOOL, offsetof(C, help), NULL, "print the help of this command" },
    ARG_END,
};
/* clang-format on */
#undef C

bool cli_read(struct cli *c, size_t argc, char *const *argv, const struct arg *own, void *out)
{
    const struct arg_set sets[] = { { cli_args, c }, { own, out } };
    struct err err = { .code = ERR_NONE };
    if (args_read(argc, argv, sets, own ? 2 : 1, &c->words, &err)) return true;
    cli_fail(c, &err);
    return false;
}

bool cli_words(const struct cli *c, size_t least, size_t most, const char *what)
{
    if (c->words.n >= least && c->words.n <= most && !c->words.has_rest) return true;
    if (c->words.n < least)
        cli_usage(c, "%s is missing.", what);
    else if (c->words.has_rest)
        cli_usage(c, "Nothing may stand behind --.");
    else
        cli_usage(c, "%s: one word too many.", c->words.v[most]);
    return false;
}

static void say(const struct cli *c, const char *text)
{
    fprintf(stderr, "bourse %s: %s\n", c->verb, text);
}

enum exit_code cli_usage(const struct cli *c, const char *fmt, ...)
{
    char text[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    say(c, text);
    fprintf(stderr, "See `bourse help %s`.\n", c->verb);
    return EXIT_USAGE;
}

enum exit_code cli_fail(const struct cli *c, const struct err *err)
{
    const bool usage = err->code == ERR_VALIDATION_FAILED || err->code == ERR_NOT_FOUND ||
                       err->code == ERR_MALFORMED_BODY || err->code == ERR_UNAUTHENTICATED;
    say(c, err->detail);
    if (err->internal[0]) fprintf(stderr, "  %s\n", err->internal);
    return usage ? EXIT_USAGE : EXIT_SERVER;
}

enum exit_code cli_json(const json_t *j)
{
    json_dumpf(j, stdout, JSON_COMPACT | JSON_ENCODE_ANY);
    putchar('\n');
    return EXIT_OK;
}

enum exit_code cli_print(const struct cli *c, const struct buf *b)
{
    if (b->failed) {
        say(c, "No memory was left to print this.");
        return EXIT_SERVER;
    }
    fwrite(b->p, 1, b->n, stdout);
    return EXIT_OK;
}
