/* SPDX-License-Identifier: Apache-2.0 */
/* The job that is sent: a file's, with what the command line says instead. */
#pragma once

#include "args.h"
#include "json/json.h"

struct submit_options {
    const char *name, *image, *image_file, *budget, *limit, *workdir;
    const char *rank, *isolation, *interconnect, *data_label, *time_in_force, *own;
    int64_t units, cpu_millis, memory_bytes, scratch_bytes, gpus, duration_seconds,
        checkpoint_seconds, nodes, auction_ms, tier, bandwidth_mbps; /* 0: not given */
    struct arg_texts env, pools, regions;
    bool follow, dry_run, same_site, verified, interruptible, registry_login;
};

/* clang-format off */
/* The options that say what a job takes and what it may cost; O: struct submit_options. */
#define TERM_ARGS(O) \
    { "pool", ARG_TEXTS, offsetof(O, pools), "POOL", "the class of machine, as cpu; given again: any of them will do" }, \
    { "budget", ARG_MONEY, offsetof(O, budget), "USD", "what it may cost in all" }, \
    { "limit", ARG_MONEY, offsetof(O, limit), "USD", "the most for a unit and hour; else the best offer and 10 %" }, \
    { "duration", ARG_SECONDS, offsetof(O, duration_seconds), "TIME", "the longest it may run, as 10m" }, \
    { "units", ARG_COUNT, offsetof(O, units), "N", "units of the pool; else as many as the needs take" }, \
    { "cpus", ARG_MILLIS, offsetof(O, cpu_millis), "N", "processors it needs, as 1.5" }, \
    { "memory", ARG_SIZE, offsetof(O, memory_bytes), "SIZE", "memory it needs, as 512MiB" }, \
    { "scratch", ARG_SIZE, offsetof(O, scratch_bytes), "SIZE", "disk it needs" }, \
    { "gpus", ARG_COUNT, offsetof(O, gpus), "N", "GPUs it needs" }, \
    { "nodes", ARG_COUNT, offsetof(O, nodes), "N", "machines at once: all of them or none" }, \
    { "same-site", ARG_BOOL, offsetof(O, same_site), NULL, "all of them at one site" }, \
    { "rank", ARG_TEXT, offsetof(O, rank), "HOW", "of several pools: by price, or by value for the money" }, \
    { "own", ARG_TEXT, offsetof(O, own), "WHEN", "my own machines, which cost nothing: first, only or never" }, \
    { "interruptible", ARG_BOOL, offsetof(O, interruptible), NULL, "cheaper: it may have to make room, and then waits again" }, \
    { "checkpoint", ARG_SECONDS, offsetof(O, checkpoint_seconds), "TIME", "how often it saves its work; 1h by default" }, \
    { "time-in-force", ARG_TEXT, offsetof(O, time_in_force), "HOW", "good-till-time, immediate-or-cancel, fill-or-kill or post-only" }, \
    { "auction", ARG_COUNT, offsetof(O, auction_ms), "MS", "ask machines for sealed offers first, at most 5000 ms" }, \
    { "region", ARG_TEXTS, offsetof(O, regions), "NAME", "a part of the world; may be given again" }, \
    { "tier", ARG_COUNT, offsetof(O, tier), "N", "reputation of the machine at least, 1 to 3" }, \
    { "verified", ARG_BOOL, offsetof(O, verified), NULL, "only machines whose capability was verified" }, \
    { "isolation", ARG_TEXT, offsetof(O, isolation), "HOW", "at least: userns, gvisor, vm or attested" }, \
    { "interconnect", ARG_TEXT, offsetof(O, interconnect), "HOW", "between its GPUs at least: nvlink or nvswitch" }, \
    { "bandwidth", ARG_COUNT, offsetof(O, bandwidth_mbps), "MBPS", "of its line, at least" }, \
    { "data-label", ARG_TEXT, offsetof(O, data_label), "NAME", "only machines that say they hold this data" }
/* clang-format on */

/* Read a job from `path`, "-" for standard input. NULL: ERR_IO, ERR_NOT_FOUND, ERR_MALFORMED_BODY.
 * Yours to decref. */
json_t *jobfile_read(const char *path, struct err *err);

/* The job of the first word's file, or an empty one, with what was given in place of what stands
 * there. NULL: as above, or ERR_VALIDATION_FAILED. Yours to decref. */
json_t *jobfile_make(const struct submit_options *o, const struct words *words, struct err *err);

/* Put what was given into `job`; `words->rest` is the command. ERR_VALIDATION_FAILED,
 * ERR_NO_MEMORY. */
MUST_CHECK bool jobfile_override(json_t *job, const struct submit_options *o,
                                 const struct words *words, struct err *err);
