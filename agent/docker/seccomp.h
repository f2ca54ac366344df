/* SPDX-License-Identifier: Apache-2.0 */
/* Our own filter of system calls: the same with every engine, whose own lists differ in what counts
 * (Podman's lets a container make user namespaces). An allow-list; docs/containment.md names what
 * is left out. A runtime with a kernel of its own (gVisor) passes it over. */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "json/json.h"

/* In the form that Docker and Podman read. NULL: no memory. Yours to decref. */
json_t *seccomp_profile(void);

/* The word for SecurityOpt: Docker takes the profile itself; Podman a file, which is written beside
 * `out_dir` (OUT_DIR.seccomp) and goes with the lease's folder. ERR_IO, ERR_NO_MEMORY. */
MUST_CHECK bool seccomp_option(bool podman, const char *out_dir, struct buf *option,
                               struct err *err);
