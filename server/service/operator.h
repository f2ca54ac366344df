/* SPDX-License-Identifier: Apache-2.0 */
/* The thread that turns operators' requests in the database into commands, each exactly once: the
 * request's id is the command's idempotency key. */
#pragma once

#include "service/writer.h"

struct operator_desk;

struct operator_desk *operator_start(const char *conninfo, struct writer *w, struct err *err);
void operator_stop(struct operator_desk *d); /* takes NULL */
