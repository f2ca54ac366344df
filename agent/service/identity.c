/* SPDX-License-Identifier: Apache-2.0 */
#include "service/identity.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "json/parse.h"

#define MARKET_FILE_MAX  4096
#define IDENTITY_MAX     16384
#define FINGERPRINT_SIZE 32
#define TOKEN_PREFIX     "brs_join_"
#define KEY              "agent.key"
#define KEY_ASIDE        "agent.key.new"

struct market_file {
    struct str server, market_id, market_public_key, node_id, account_id, name;
    int64_t lease_seconds, heartbeat_seconds;
};

/* clang-format off */
#define M struct market_file
static const struct json_field market_fields[] = {
    JSON_TEXT(M, server, "server", JSON_NEED, 1, 512, "Address of the market's agent daemon."),
    JSON_TEXT(M, market_id, "market_id", JSON_NEED, 1, 64, "The market's name in signed texts."),
    JSON_TEXT(M, market_public_key, "market_public_key", JSON_NEED, 44, 44, "The market's key, pinned."),
    JSON_TEXT(M, node_id, "node_id", JSON_NEED, 1, 64, "This node."),
    JSON_TEXT(M, account_id, "account_id", JSON_NEED, 1, 64, "Its owner's account."),
    JSON_TEXT(M, name, "name", JSON_NEED, 1, 128, "What people call this node."),
    JSON_I64(M, lease_seconds, "lease_seconds", JSON_NEED, 1, 86400, "Silence that loses the leases."),
    JSON_I64(M, heartbeat_seconds, "heartbeat_seconds", JSON_NEED, 1, 3600, "Time between heartbeats."),
    JSON_END
};
#undef M
/* clang-format on */

/* False: too long. */
static bool path_of(const char *dir, const char *name, char out[PATH_MAX])
{
    const int n = snprintf(out, PATH_MAX, "%s/%s", dir, name);
    return n > 0 && n < PATH_MAX;
}

static bool is_there(const char *dir, const char *name)
{
    char path[PATH_MAX];
    return path_of(dir, name, path) && access(path, F_OK) == 0;
}

bool identity_has_key(const char *dir)
{
    return is_there(dir, KEY);
}

bool identity_is_joined(const char *dir)
{
    return is_there(dir, "market.json");
}

static bool load_market(const char *dir, struct arena *a, struct market_file *out, struct err *err)
{
    char path[PATH_MAX];
    auto_buf struct buf text = { .max = MARKET_FILE_MAX };
    struct complaints c = { .n = 0 };

    if (!path_of(dir, "market.json", path))
        return FAIL(err, ERR_IO, "The state directory's name is too long.");
    if (!file_read(path, MARKET_FILE_MAX, &text, err)) return false;
    auto_json json_t *j = json_parse(buf_view(&text), err);
    return j && json_read(j, market_fields, a, out, &c, err);
}

bool identity_load(const char *dir, struct identity *out, struct err *err)
{
    struct market_file m = { .lease_seconds = 0 };
    char path[PATH_MAX];

    memset(out, 0, sizeof(*out));
    arena_init(&out->arena, IDENTITY_MAX);
    if (!load_market(dir, &out->arena, &m, err)) return false;
    if (!public_key_parse(m.market_public_key, &out->trust.market_key))
        return FAIL(err, ERR_VALIDATION_FAILED, "market.json holds no valid key of the market.");
    if (!path_of(dir, KEY, path))
        return FAIL(err, ERR_IO, "The state directory's name is too long.");
    out->key = key_load(path, err);
    if (!out->key) return false;

    out->trust.market_id = m.market_id;
    out->trust.node_id = m.node_id;
    out->server = m.server;
    out->account_id = m.account_id;
    out->name = m.name;
    out->lease_seconds = m.lease_seconds;
    out->heartbeat_seconds = m.heartbeat_seconds;
    return true;
}

void identity_done(struct identity *id)
{
    key_free(take(id->key));
    arena_done(&id->arena);
}

struct key *identity_key(const char *dir, bool again, struct err *err)
{
    char path[PATH_MAX];
    const char *name = again ? KEY_ASIDE : KEY;
    if (!dir_make(dir, err)) return NULL;
    if (!path_of(dir, name, path)) {
        FAIL(err, ERR_IO, "The state directory's name is too long.");
        return NULL;
    }
    if (is_there(dir, name)) return key_load(path, err);

    struct key *made = key_new();
    if (key_save(made, path, err)) return made;
    key_free(made);
    return NULL;
}

/* The key that joined becomes the node's. */
static bool promote_key(const char *dir, struct err *err)
{
    char from[PATH_MAX], to[PATH_MAX];
    if (!path_of(dir, KEY_ASIDE, from) || !path_of(dir, KEY, to))
        return FAIL(err, ERR_IO, "The state directory's name is too long.");
    if (rename(from, to) == 0 || errno == ENOENT) return true;
    return FAIL(err, ERR_IO, "The new key could not be put in the place of the old one.");
}

bool join_token_fingerprint(struct str token, struct str *out, struct err *err)
{
    struct str secret, fingerprint;
    uint8_t bytes[FINGERPRINT_SIZE / 2];
    if (!str_starts(token, STR(TOKEN_PREFIX)) || !str_cut(token, '.', &secret, &fingerprint) ||
        secret.n <= sizeof(TOKEN_PREFIX) - 1 || !str_hex(fingerprint, bytes, sizeof(bytes)))
        return FAIL(err, ERR_VALIDATION_FAILED,
                    "This is no join token: it looks like brs_join_….<32 hex digits>.");
    *out = fingerprint;
    return true;
}

/* Is it the market whose fingerprint the token carries? */
static bool check_market(struct str token, const struct joined *joined, struct err *err)
{
    struct public_key key;
    struct str want = STR("");
    char got[FINGERPRINT_SIZE + 1];

    if (!join_token_fingerprint(token, &want, err)) return false;
    if (!public_key_parse(joined->market_public_key, &key))
        return FAIL(err, ERR_PROTOCOL, "The market answered without a valid key.");
    public_key_fingerprint(&key, got);
    if (!str_is(want, got))
        return FAIL(err, ERR_FORBIDDEN,
                    "The market that answered has another key than the join token says: it is "
                    "not the one that you meant. Nothing was kept.");
    return true;
}

static bool save_market(const char *dir, const struct market_file *m, struct err *err)
{
    char path[PATH_MAX];
    auto_buf struct buf text = { .max = MARKET_FILE_MAX };
    auto_json json_t *j = json_write(market_fields, m);
    if (!j || !path_of(dir, "market.json", path))
        return FAIL(err, ERR_NO_MEMORY, "No memory was left to keep the market.");
    json_canonical(j, &text);
    buf_char(&text, '\n');
    return file_write(path, buf_view(&text), 0600, err);
}

bool identity_join(const char *dir, struct str server, struct str token, const struct key *key,
                   const struct node_report *report, const struct link *market, struct err *err)
{
    struct arena a;
    struct str fingerprint = STR("");
    struct joined joined = { .lease_seconds = 0 };
    struct public_key public = key_public(key);
    char text[45];

    if (!join_token_fingerprint(token, &fingerprint, err)) return false;
    public_key_text(&public, text);
    arena_init(&a, IDENTITY_MAX);
    bool ok =
        market->ops->join(market->self, token, str_of(text), report, &a, &joined, err) == LINK_DONE;
    ok = ok && check_market(token, &joined, err);
    if (ok) {
        const struct market_file m = { server,
                                       joined.market_id,
                                       joined.market_public_key,
                                       joined.node_id,
                                       joined.account_id,
                                       report->name,
                                       joined.lease_seconds,
                                       joined.heartbeat_seconds };
        ok = promote_key(dir, err) && save_market(dir, &m, err);
    }
    arena_done(&a);
    return ok;
}
