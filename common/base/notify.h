/* SPDX-License-Identifier: Apache-2.0 */
/* Telling the service manager how we are, by the datagrams that sd_notify(3) documents. Where no
 * $NOTIFY_SOCKET is set (no systemd, or another Type=) nothing happens. */
#pragma once

#include <stdint.h>

/* "READY=1", "WATCHDOG=1", "STOPPING=1", "STATUS=…"; lines may be joined by '\n'. Never fails: a
 * manager that cannot be told is no reason not to work. */
void notify_tell(const char *state);

/* How often to say "WATCHDOG=1": a third of what the manager allows; 0: it does not watch us. */
int64_t notify_watchdog_us(void);
