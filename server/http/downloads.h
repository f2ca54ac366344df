/* SPDX-License-Identifier: Apache-2.0 */
/* What a machine that joins fetches: the agent for its processor, and the script that installs it.
 * Read once at the start, so that the sums in the script are those of the bytes that are served. */
#pragma once

#include "base/err.h"
#include "base/str.h"

struct downloads_options {
    const char *folder;    /* holds bourse-agent-x86_64, bourse-agent-aarch64, … */
    const char *packaging; /* holds install.sh and systemd/ */
    const char *public_url, *agent_url, *version;
};

struct downloads;

/* ERR_IO: a file cannot be read. ERR_NOT_FOUND: the folder holds no agent. ERR_VALIDATION_FAILED:
 * an address with a quote or a space, which no shell script may get. ERR_NO_MEMORY. */
struct downloads *downloads_new(const struct downloads_options *o, struct err *err);
void downloads_free(struct downloads *d); /* takes NULL */

/* The script, with this market's addresses and the sums filled in. */
struct str downloads_script(const struct downloads *d);

/* The bytes of "bourse-agent-x86_64"; p NULL: there is no such file. */
struct str downloads_find(const struct downloads *d, struct str name);
