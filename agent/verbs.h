/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent's verbs share: the command line, and all that a verb needs of the world. Each verb
 * gives back its exit code; main.c has the table. */
#pragma once

#include "config.h"
#include "docker/docker.h"
#include "gpu/nvidia.h"

#ifndef BOURSE_VERSION
#define BOURSE_VERSION "0.1.0"
#endif
#define USER_AGENT "bourse-agent/" BOURSE_VERSION

#define STATE_DEFAULT "/var/lib/bourse-agent"

/* Exit codes. A service manager need not start again after the last two. */
enum { DONE = 0, FAILED = 1, NOT_UNDERSTOOD = 2, UPGRADE_NEEDED = 75, NOT_JOINED = 78 };

struct args {
    const char *verb, *server, *token, *dir, *name, *config, *at;
    const char *probes, *canary, *peer, *port; /* of selftest */
    bool again, json, brief, quiet, now, wait;
};

struct setting {
    const struct args *args;
    struct arena arena;
    struct config config;
    struct docker *docker;
    struct nvidia *nvidia;
    struct engine engine;
    struct gpus gpus;
    struct node_report report;
    char host_name[128];
};

/* Tell what went wrong. FAILED. */
int verb_fail(const struct err *err);

/* One agent a directory: the lock's file, to be closed. -1: another has it. */
int verb_lock(const char *dir, struct err *err);

int verb_doctor(struct setting *s, struct err *err);
int verb_drain(struct setting *s, struct err *err);
int verb_undrain(struct setting *s, struct err *err);
int verb_purge(struct setting *s, struct err *err);
