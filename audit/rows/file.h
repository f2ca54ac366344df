/* SPDX-License-Identifier: Apache-2.0 */
/* Rows as a file: what an auditor needs of a market, so that it can be checked far from it.
 *
 * UTF-8, a JSON array a line. First the header,
 *   ["bourse-audit",1,{"commands":["seq","at",…],…}]
 * which names tables and their columns in the order in which their values stand; then rows in the
 * order of rows/row.h, ["commands",31,1764000000217000,…]: integers, times in µs since 1970, true
 * and false, texts, bytes in hex, lists; last the footer
 *   ["end",rows,"sha256 of all bytes before it, in hex"].
 * NULL, 0, false, "" and [] are the same to the auditor; 0, false, "" and [] are written. */
#pragma once

#include <stdio.h>

#include "rows/row.h"

#define FILE_FORMAT  "bourse-audit"
#define FILE_VERSION 1

/* Read an export; "-" is standard input. NULL: err. A line that is no row, a missing end, another
 * sum: GOT_ERROR, and the line. */
struct row_source *file_source(const char *path, struct err *err);

/* Write all rows of `from`. False: err, and what was written is no export. */
MUST_CHECK bool file_write_all(struct row_source *from, FILE *to, struct err *err);
