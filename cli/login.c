/* SPDX-License-Identifier: Apache-2.0 */
/* login [--recover CODE]: makes the login key once, pins the market, opens the account. */
#include "session.h"
#include "verbs.h"

struct login_options {
    const char *recover;
};

const struct arg login_args[] = {
    { "recover", ARG_TEXT, offsetof(struct login_options, recover), "CODE",
      "let this key open the account of a recovery code" },
    ARG_END,
};

static void print_recovery(const json_t *answer)
{
    const struct str code = json_get_text(answer, "recovery_code");
    if (code.n == 0) return;
    printf("recovery code  %.*s\n", (int)code.n, code.p);
    fputs("Write the recovery code down and keep it apart from this machine. It is not shown "
          "again; a lost\n"
          "key without it is a lost account.\n",
          stderr);
}

static bool print_account(struct api *api, const json_t *answer)
{
    const struct str account = json_get_text(answer, "account_id");
    if (api->cli->json) {
        cli_json(answer);
        return true;
    }
    printf("market         %s\naccount        %.*s\n", api->market.market_id, (int)account.n,
           account.p);
    print_recovery(answer);
    return true;
}

static bool sign_in(struct api *api)
{
    auto_json json_t *token = NULL;
    return session_sign_in(api, true, &token) && print_account(api, token);
}

/* A spent code cannot be had again, so the new one is printed before anything else can fail. */
static bool recover(struct api *api, const char *code)
{
    auto_json json_t *recovery = NULL, *token = NULL;
    return session_recover(api, code, &recovery) && print_account(api, recovery) &&
           session_sign_in(api, true, &token);
}

static bool run(struct api *api, const char *recovery_code)
{
    struct err err;
    if (!(recovery_code ? recover(api, recovery_code) : sign_in(api))) return false;
    if (home_save(api->home, &api->market, true, &err)) return true;
    api->exit = cli_fail(api->cli, &err);
    return false;
}

enum exit_code login(struct cli *c, size_t argc, char *const *argv)
{
    struct login_options o = { NULL };
    struct api api = { .client = NULL };
    if (!cli_read(c, argc, argv, login_args, &o) || !cli_words(c, 0, 0, "Nothing"))
        return EXIT_USAGE;
    const bool ok = api_open(&api, c) && run(&api, o.recover);
    api_close(&api);
    return ok ? EXIT_OK : api.exit;
}
