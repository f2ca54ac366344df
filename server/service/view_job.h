/* SPDX-License-Identifier: Apache-2.0 */
/* What people see of jobs and bids, by the names of openapi.yaml, as text at the end of a buffer
 * (json/put.h). Out of room: the buffer has failed. */
#pragma once

#include "base/buf.h"
#include "service/info.h"
#include "service/view.h"
#include "store/jobs.h"
#include "json/field.h"

/* Of what the market keeps of a job but does not read, the part that answers show. */
struct blueprint {
    struct str name, image, label; /* NULL p: none; image is never so */
    struct str_list command;
};

void view_job(const struct market_info *info, const struct job_row *row, struct buf *out);
/* The same without its closing brace, for those who have more to put into it. */
void view_job_read(const struct market_info *info, const struct job_row *row, struct buf *out);
/* The same by one who knows what view_job_read() takes from the payload. */
void view_job_open(const struct market_info *info, const struct job_row *row,
                   const struct blueprint *about, struct buf *out);
void view_bid(const struct market_info *info, const struct job_row *row, struct buf *out);

/* The pools that a bid accepts, with units and limit in each, as the member `pools`. */
void view_wants(const struct market_info *info, const struct bid_spec *spec, struct buf *out);
