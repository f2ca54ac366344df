/* SPDX-License-Identifier: Apache-2.0 */
/* POST /add-checkpoint over HTTP, and nothing else: TLS and the world are a proxy's business. */
#pragma once

#include "witness.h"

struct serve;

/* `address` is HOST:PORT, an IPv4 address or [IPv6]. NULL: ERR_VALIDATION_FAILED, ERR_IO. */
struct serve *serve_start(struct witness *w, const char *address, struct err *err);
void serve_stop(struct serve *s); /* takes NULL */
