/* SPDX-License-Identifier: Apache-2.0 */
/* The job that is sent: a file's, with what the command line says instead. */
#pragma once

#include "args.h"
#include "json/json.h"

struct submit_options {
    const char *name, *image, *image_file, *pool, *budget, *limit, *workdir;
    int64_t units, cpu_millis, memory_bytes, scratch_bytes, gpus,
        duration_seconds; /* 0: not given */
    struct arg_texts env;
    bool follow, dry_run;
};

/* Read a job from `path`, "-" for standard input. NULL: ERR_IO, ERR_NOT_FOUND, ERR_MALFORMED_BODY.
 * Yours to decref. */
json_t *jobfile_read(const char *path, struct err *err);

/* Put what was given into `job`; `words->rest` is the command. ERR_VALIDATION_FAILED,
 * ERR_NO_MEMORY. */
MUST_CHECK bool jobfile_override(json_t *job, const struct submit_options *o,
                                 const struct words *words, struct err *err);
