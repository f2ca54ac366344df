/* SPDX-License-Identifier: Apache-2.0 */
/* The body of POST /v1/jobs: what it may say, and the bid that it makes. */
#pragma once

#include "domain/command.h"
#include "domain/pool.h"
#include "http/http.h"

struct job_wish {
    struct str_list regions;
    struct str label;
    int64_t tier, bandwidth;
    bool verified;
    int isolation, interconnect;
};

struct job_body {
    struct str name, image, workdir, pool;
    struct str_list command, entrypoint, outputs, pools, allow;
    struct str_map env;
    int64_t cpu_millis, memory_bytes, scratch_bytes, gpus, units;
    int64_t budget, limit, seconds, expires_us, attempts;
    int64_t nodes, checkpoint_seconds, auction_ms;
    int rank, tif, own, egress;
    bool same_site, interruptible, registry_login;
    struct job_wish wish;
};

struct asking {
    struct job_body job;
    const struct pool *pools[WANTS_MAX];
    struct bid_spec bid;
    bool dry;      /* only asked what it would be, POST /v1/jobs?dry_run=true */
    bool no_quote; /* no limit was given, and there is no offer to take it from */
    bool no_login; /* it wants one used that the account does not keep */
};

/* What stands for what is left out. */
void job_body_init(struct job_body *j, int64_t now_us);

/* What the table cannot say and no moment changes: complaints, or the bid but for its limit where
 * none was given. True: no complaint. */
MUST_CHECK bool job_body_check(struct req *rq, struct asking *q);

/* What only this moment tells, of a bid with its limit. True: no complaint. */
MUST_CHECK bool job_body_check_moment(struct req *rq, const struct asking *q);

/* The smallest multiple of all ticks that count for its limit. */
int64_t job_body_tick(const struct asking *q);

/* Take the limit from the books where none was given: the best offer and a tenth. */
void job_body_quote(struct req *rq, struct asking *q);

/* What it is about, for the log and for the agent, as canonical JSON. Out of room: the buffer has
 * failed. */
void job_body_blueprint(const struct job_body *j, struct buf *out);
