/* SPDX-License-Identifier: Apache-2.0 */
/* registry, registry login REGISTRY --user NAME, registry logout REGISTRY: what the machines that
 * run my jobs fetch their images with. The password is sealed here, to the market's key; neither
 * the line nor the server's log ever has it. */
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/base64.h"
#include "list.h"
#include "sign/login.h"
#include "verbs.h"
#include "wire/image_ref.h"

struct registry_options {
    const char *user;
};

const struct arg registry_login_args[] = {
    { "user", ARG_TEXT, offsetof(struct registry_options, user), "NAME",
      "the name at the registry" },
    ARG_END,
};

static const struct show columns[] = {
    { "REGISTRY", "registry", SHOW_TEXT },
    { "SINCE", "put_at", SHOW_TIME },
    SHOW_END,
};

enum exit_code registry(struct cli *c, size_t argc, char *const *argv)
{
    struct api api = { .client = NULL };
    if (!cli_read(c, argc, argv, NULL, NULL) || !cli_words(c, 0, 0, "")) return EXIT_USAGE;
    auto_json json_t *all = api_open(&api, c) ? api_get(&api, "/v1/registry-logins") : NULL;
    enum exit_code code = api.exit;
    if (all && c->json) {
        code = cli_json(all);
    } else if (all) {
        auto_buf struct buf b = { .max = 65536 };
        const json_t *data = json_object_get(all, "data");
        if (json_array_size(data) > 0)
            show_list(data, columns, &c->a, &b);
        else
            buf_c(&b, "No logins.\n");
        code = cli_print(c, &b);
    }
    api_close(&api);
    return code;
}

/* One line of standard input; a terminal does not show it. False: there is none, or it is too long.
 */
static bool read_password(char out[LOGIN_PASSWORD_MAX + 2])
{
    struct termios was;
    const bool hides = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &was) == 0;
    if (hides) {
        struct termios quiet = was;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        fputs("Password or token: ", stderr);
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    }
    const bool read = fgets(out, LOGIN_PASSWORD_MAX + 2, stdin) != NULL;
    if (hides) {
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
        fputc('\n', stderr);
    }
    const size_t n = read ? strlen(out) : 0;
    if (n > 0 && out[n - 1] == '\n') out[n - 1] = '\0';
    return read && n <= LOGIN_PASSWORD_MAX + 1 && out[0] != '\0';
}

/* The key to seal to, which the pinned key of the market must have signed. */
static bool seal_key_read(const struct api *api, const json_t *market, struct seal_public *out,
                          struct err *err)
{
    struct signature s;
    const struct str key = json_get_text(market, "seal_key");
    if (!seal_public_parse(key, out))
        return FAIL(err, ERR_NOT_SUPPORTED, "This market keeps no logins for registries.");
    return (signature_parse(json_get_text(market, "seal_key_signature"), &s) &&
            public_key_verify_tagged(&api->market.key, TAG_SEAL_KEY, key, &s)) ||
           FAIL(err, ERR_UNAUTHENTICATED, "The market's key for logins is not signed by its own.");
}

/* The body of the request: the login, sealed for my account and this registry. NULL: complained. */
static json_t *sealed_body(struct api *api, const char *name, const struct login *l)
{
    struct err err;
    struct seal_public to;
    auto_json json_t *market = api_get(api, "/.well-known/bourse");
    auto_json json_t *me = market ? api_get(api, "/v1/account") : NULL;
    auto_buf struct buf box = { .max = LOGIN_BOX_MAX }, text = { .max = (size_t)2 * LOGIN_BOX_MAX };
    if (!me) return NULL;
    const struct login_place place = { .market_id = str_of(api->market.market_id),
                                       .account_id = json_get_text(me, "account_id"),
                                       .registry = str_of(name) };
    bool ok = seal_key_read(api, market, &to, &err);
    ok = ok && login_seal(&to, &place, l, &box, &err);
    base64_encode((const uint8_t *)box.p, box.n, &text);
    if (ok && (box.failed || text.failed)) ok = FAIL(&err, ERR_NO_MEMORY, "No memory was left.");
    if (!ok) api->exit = cli_fail(api->cli, &err);
    if (!ok && err.code == ERR_UNAUTHENTICATED) api->exit = EXIT_UNVERIFIED;
    return ok ? json_pack("{s:o}", "sealed", json_text(buf_view(&text))) : NULL;
}

static const char *path_of(struct cli *c)
{
    return is_registry(str_of(c->words.v[0]))
               ? arena_fmt(&c->a, "/v1/registry-logins/%s", c->words.v[0])
               : NULL;
}

static enum exit_code no_registry(const struct cli *c)
{
    return cli_usage(c,
                     "%s is no registry: name it as in front of an image, as ghcr.io, "
                     "registry.example.org:5000 or docker.io.",
                     c->words.v[0]);
}

static bool send(struct api *api, const char *method, const json_t *body)
{
    struct request r = request_defaults;
    struct reply reply = { .json = NULL };
    r.method = method;
    r.path = path_of(api->cli);
    r.body = body;
    const bool ok = api_call(api, &r, &reply);
    if (ok) json_decref(reply.json);
    return ok;
}

enum exit_code registry_login(struct cli *c, size_t argc, char *const *argv)
{
    struct registry_options o = { NULL };
    struct api api = { .client = NULL };
    char password[LOGIN_PASSWORD_MAX + 2];
    if (!cli_read(c, argc, argv, registry_login_args, &o) || !cli_words(c, 1, 1, "REGISTRY"))
        return EXIT_USAGE;
    if (!path_of(c)) return no_registry(c);
    if (!o.user) return cli_usage(c, "--user is missing.");
    if (!read_password(password)) return cli_usage(c, "The password is read from standard input.");

    const struct login l = { str_of(o.user), str_of(password) };
    auto_json json_t *body = NULL;
    bool ok = api_open(&api, c) && api_pin(&api);
    ok = ok && (body = sealed_body(&api, c->words.v[0], &l)) != NULL;
    explicit_bzero(password, sizeof(password));
    ok = ok && send(&api, "PUT", body);
    if (ok)
        fprintf(stderr,
                "Jobs with --registry-login fetch their images from %s with it. The owners of the "
                "machines that run them can read it: let it be a token that may only read.\n",
                c->words.v[0]);
    api_close(&api);
    return ok ? EXIT_OK : api.exit;
}

enum exit_code registry_logout(struct cli *c, size_t argc, char *const *argv)
{
    struct api api = { .client = NULL };
    if (!cli_read(c, argc, argv, NULL, NULL) || !cli_words(c, 1, 1, "REGISTRY")) return EXIT_USAGE;
    if (!path_of(c)) return no_registry(c);
    const bool ok = api_open(&api, c) && send(&api, "DELETE", NULL);
    api_close(&api);
    return ok ? EXIT_OK : api.exit;
}
