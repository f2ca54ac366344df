/* SPDX-License-Identifier: Apache-2.0 */
/* Stay with a job until it has ended. */
#pragma once

#include "api.h"

/* Print its states on standard error, its output as it comes, and at the end what it cost and
 * whether the receipt is good. EXIT_OK: settled and verified. */
enum exit_code follow_job(struct api *api, const char *job_id);

/* Print the output until the container has ended: no table, and EXIT_OK however it ended. */
enum exit_code follow_log(struct api *api, const char *job_id);
