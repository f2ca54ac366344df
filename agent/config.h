/* SPDX-License-Identifier: Apache-2.0 */
/* What the owner decides: DIR/agent.conf or --config FILE, and BOURSE_AGENT_… in the environment.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/log.h"
#include "service/ports.h"

struct config {
    const char *server, *engine, *runtime, *name, *log_level;
    const char *pool, *price_per_unit_hour, *floor_price_per_unit_hour, *pricing;
    int64_t quote_seconds, ask_retry_seconds;
    int64_t units, min_lease_seconds, max_lease_seconds;
    int64_t cpu_millis, memory_bytes, scratch_bytes;
    const char *region, *site, *data_label;
    int64_t bandwidth_mbps;
    const char *egress, *egress_resolver;
    int64_t egress_bytes, egress_mbps;
    const char *nvml_library, *kernel_log; /* NULL: the usual ones */
    const char *probe_image, *cdi_dirs;
};

/* Texts live in `a`. `file` NULL: DIR/agent.conf, if there is one. ERR_VALIDATION_FAILED. */
MUST_CHECK bool config_load(const char *dir, const char *file, struct arena *a, struct config *out,
                            struct err *err);

/* The machine's own, reduced to what the owner gives. */
void config_inventory(const struct config *c, const char *dir, const struct gpus *gpus,
                      struct inventory *out);

/* What is for sale. *sells false: no price, so nothing. ERR_VALIDATION_FAILED. */
MUST_CHECK bool config_offer(const struct config *c, const struct inventory *inventory,
                             struct offer *out, bool *sells, struct err *err);

enum log_level config_log_level(const struct config *c);
const char *config_node_name(const struct config *c, char room[128]); /* else the host's name */
void config_print_keys(void);
