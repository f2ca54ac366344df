/* SPDX-License-Identifier: Apache-2.0 */
/* No GPU is offered yet, and none is reported: a list that nobody has measured would be a lie. */
#pragma once

#include "service/ports.h"

extern const struct gpu_ops gpu_none; /* self may be NULL */
