/* SPDX-License-Identifier: Apache-2.0 */
/* Signing in: the login key signs the market's challenge and gets a token for a quarter of an hour.
 */
#pragma once

#include "api.h"

/* Sign in with the login key, made first if `make` says so, and remember the token. *out: the
 * server's answer, yours to decref. False: a complaint was printed, api->exit set. */
MUST_CHECK bool session_sign_in(struct api *api, bool make, json_t **out);

/* Let the login key (made if need be) open the account of a recovery code. */
MUST_CHECK bool session_recover(struct api *api, const char *code, json_t **out);

/* The bearer's text, renewed when it has run out or `renew` says so. NULL: as above. */
const char *session_bearer(struct api *api, bool renew);
