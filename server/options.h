/* SPDX-License-Identifier: Apache-2.0 */
/* What the operator may say on the command line, in the environment (BOURSE_…) or in a file. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

struct options {
    const char *state, *db, *name, *listen, *agent_listen, *metrics_listen, *public_url, *agent_url;
    const char *static_dir, *openapi, *config, *blobs, *s3_endpoint, *s3_region, *s3_credentials;
    const char *public_key, *downloads, *packaging, *min_agent_version, *overlap_flush;
    const char *witnesses, *log_origin;
    int64_t workers, blob_workers, keep_uploads_days, keep_outputs_days, keep_flows_days;
    int64_t lease_seconds, heartbeat_seconds, offer_seconds, prepare_seconds, stop_seconds;
    int64_t fee_bps, from, quote_seconds, backoff_seconds, backoff_max_seconds, min_run_seconds;
    int64_t notice_seconds, displace_bps, collar_bps, collar_trades, call_seconds;
    int64_t orders_per_second, requests_per_second, looks_per_second, connections_per_address;
    const char *price_rule;
    bool debug;
    const char *words[4]; /* what follows the verb and is no option */
    size_t words_n;
};

/* Read argv[1..] after the verb. ERR_VALIDATION_FAILED says which option and what is wrong. */
MUST_CHECK bool options_read(int argc, char **argv, struct arena *a, struct options *out,
                             struct err *err);

/* One line an option, for help. */
void options_help(void);
