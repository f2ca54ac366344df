/* SPDX-License-Identifier: Apache-2.0 */
/* A job or its bid as the whole answer, with its version as the entity tag. */
#pragma once

#include "http/http.h"
#include "store/jobs.h"

void reply_job(struct req *rq, const struct job_row *row);
void reply_bid(struct req *rq, const struct job_row *row);
