/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs from and to the market's store. */
#pragma once

#include "service/ports.h"

enum link_result blob_get(void *api, const char *sha256, int fd, int64_t most, struct err *err);
enum link_result blob_put(void *api, const char *sha256, int fd, int64_t size, struct err *err);
