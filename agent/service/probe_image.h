/* SPDX-License-Identifier: Apache-2.0 */
/* An OCI archive with the probe (agent/probe), compiled into the agent by tools/embed_probe.py: a
 * provider's machine needs no compiler. */
#pragma once

extern const unsigned char probe_image[], probe_image_end[];
