/* SPDX-License-Identifier: Apache-2.0 */
/* What an audit says: one line of JSON, the finding in words, and metrics. */
#pragma once

#include "check/audit.h"

/* One line on standard output; a finding on standard error too. */
void say_result(const struct audit *a, double seconds);

/* Metrics for node_exporter's textfile collector, written whole or not at all; path NULL: none. */
bool say_metrics(const char *path, const struct audit *a, struct err *err);
