/* SPDX-License-Identifier: Apache-2.0 */
/* What went wrong: one fixed-size record, so that running out of memory can be reported too.
 *
 * Codes, their HTTP status and whose fault they are stand in errors.def, the one table. `detail`
 * is for the client; `internal` (SQLSTATE, paths) is for the log alone. */
#pragma once

#include "base/attr.h"
#include "base/str.h"

enum err_fault { FAULT_NONE, FAULT_THEIRS, FAULT_OURS };

enum err_code {
    ERR_NONE,
#define X(name, status, code, fault, title) ERR_##name,
#include "base/errors.def"
#undef X
    ERR_COUNT
};

struct err {
    enum err_code code;
    int line;         /* where it was raised */
    const char *file; /* static text */
    char detail[240];
    char internal[240];
};

struct err_info {
    const char *name; /* "insufficient-funds": the end of the problem's type */
    int status;
    enum err_fault fault;
    const char *title;
};

const struct err_info *err_info(enum err_code code);

/* Raise: `return FAIL(err, ERR_DB, "insert order: %s", …);` Always false. err may not be NULL. */
#define FAIL(err, code, ...) err_set((err), (code), __FILE__, __LINE__, __VA_ARGS__)
bool err_set(struct err *err, enum err_code code, const char *file, int line, const char *fmt, ...)
    PRINTF_LIKE(5, 6);

/* Add what only the log may see, behind what was added before. */
void err_internal(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
