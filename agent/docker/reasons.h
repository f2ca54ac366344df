/* SPDX-License-Identifier: Apache-2.0 */
/* What an engine's words mean: it has one status for many causes, and the cause decides who pays.
 */
#pragma once

#include "service/ports.h"

/* Of a container that could not be created or started. */
enum engine_result start_failure(struct str message);
/* Of an image that could not be pulled. */
enum engine_result pull_failure(struct str message);
/* Of an archive that could not be loaded. */
enum engine_result load_failure(struct str message);
