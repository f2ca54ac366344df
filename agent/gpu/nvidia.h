/* SPDX-License-Identifier: Apache-2.0 */
/* The driver for NVIDIA's cards: what can be sold, and how it is. On a machine without their
 * library it finds nothing, and that is no error. */
#pragma once

#include "service/ports.h"

struct nvidia;

/* `library` and `kernel_log` NULL: the usual ones. Texts are borrowed. */
struct nvidia *nvidia_new(const char *library, const char *kernel_log);
void nvidia_free(struct nvidia *n); /* takes NULL */

extern const struct gpu_ops nvidia_ops; /* self is a struct nvidia */
