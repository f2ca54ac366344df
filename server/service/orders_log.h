/* SPDX-License-Identifier: Apache-2.0 */
/* The orders of a day as everybody may read them, under pseudonyms of that day (ADR 47).
 *
 * key of the day = HMAC-SHA256(log key, "bourse-orders 2026-11-24"), pseudonym = the first 12
 * bytes, in hex, of HMAC-SHA256(key of the day, "account 17") or of "node 20". So one who trades is
 * one name within a day and another on the next, and nobody can try out numbers. What an order
 * keeps, its number, names it from day to day; what amends or cancels it therefore says no name. */
#pragma once

#include <jansson.h>

#include "service/master.h"
#include "store/commands.h"

#define DAY_TEXT_SIZE 11 /* "2026-11-24" and a NUL */

/* `log_key` has 32 bytes. */
void orders_log_key(const uint8_t log_key[32], const char *day, struct master *out);

/* {"at_us","order":{…},"seq"}: the command without account, node, label and what the rules do not
 * read. NULL: no memory, or the stored command cannot be read; err. */
json_t *orders_log_row(const struct master *day, const struct command_row *row, struct err *err);
