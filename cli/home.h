/* SPDX-License-Identifier: Apache-2.0 */
/* What the program remembers between two calls: its login key, and of each market the pinned
 * identity and the last token. One folder, mode 0700, files 0600:
 *
 *     key.pem        the Ed25519 login key
 *     markets.json   {"current": URL, "markets": {URL: {market_id, public_key, …}}}
 */
#pragma once

#include "base/arena.h"
#include "sign/key.h"

struct market {
    const char *server; /* its URL, no slash at the end */
    bool pinned;        /* the next two are known */
    const char *market_id;
    struct public_key key;
    const char *account_id; /* NULL: never signed in */
    const char *token;      /* NULL: none */
    int64_t token_until_us;
};

/* $BOURSE_HOME, $XDG_CONFIG_HOME/bourse or ~/.config/bourse. ERR_IO: none of them is set. */
MUST_CHECK bool home_find(struct arena *a, const char **out, struct err *err);

/* Check a server's URL and take slashes off its end. ERR_VALIDATION_FAILED. */
MUST_CHECK bool home_server(struct arena *a, const char *url, const char **out, struct err *err);

/* The URL that the last login used; NULL: there was none. */
MUST_CHECK bool home_current(const char *home, struct arena *a, const char **out, struct err *err);

/* What is known of a server, by its URL; an unknown one is not pinned. */
MUST_CHECK bool home_load(const char *home, const char *server, struct arena *a, struct market *out,
                          struct err *err);

/* The pinned market with this id, whatever its URL. ERR_NOT_FOUND. */
MUST_CHECK bool home_load_by_id(const char *home, struct str market_id, struct arena *a,
                                struct market *out, struct err *err);

/* Remember `m`, which must be pinned; `current`: as the server to use from now on. */
MUST_CHECK bool home_save(const char *home, const struct market *m, bool current, struct err *err);

/* The login key. ERR_NOT_FOUND: there is none yet. */
struct key *home_key(const char *home, struct arena *a, struct err *err);
/* The same, made when there is none. */
struct key *home_key_make(const char *home, struct arena *a, struct err *err);
