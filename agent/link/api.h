/* SPDX-License-Identifier: Apache-2.0 */
/* The market's agent daemon, as docs and openapi.yaml describe it: the driver behind link_ops. */
#pragma once

#include "service/ports.h"
#include "sign/key.h"

struct api;

struct api_options {
    const char
        *server; /* "https://host:8081"; signatures cover it, so it must be the market's own */
    const struct key *key; /* borrowed for as long as the api lives */
    const char *keyid;     /* our node id; before the join, our public key */
    const char *user_agent;
};

struct api *api_new(const struct api_options *o);
void api_free(struct api *api); /* no call may be running; takes NULL */

extern const struct link_ops api_ops; /* self is a struct api */
