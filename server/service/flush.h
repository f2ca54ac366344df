/* SPDX-License-Identifier: Apache-2.0 */
/* A second connection that makes durable what the first has committed without waiting (ADR 17).
 *
 * PostgreSQL writes its log in order. So a commit that is sent here after a COMMIT there has
 * returned, and that waits for the disk, has that group on disk too when it returns. */
#pragma once

#include "base/err.h"
#include "store/db.h"

struct flush;
struct pollfd;

/* NULL: ERR_DB. */
struct flush *flush_open(const char *conninfo, struct err *err);
void flush_close(struct flush *f); /* takes NULL */

/* What a flush takes at least, beyond a commit that does not wait: microseconds. */
MUST_CHECK bool flush_measure(struct flush *f, int64_t *us, struct err *err);

/* Send one; one at a time. Does not wait. */
MUST_CHECK bool flush_send(struct flush *f, struct err *err);
bool flush_is_sent(const struct flush *f);
/* DB_ONE: it is done, and all that was committed before flush_send() is on disk. DB_NONE: not yet
 * (never with `wait`). DB_FAIL: nothing is known. */
MUST_CHECK enum db_rc flush_result(struct flush *f, bool wait, struct err *err);
void flush_watch(struct flush *f, struct pollfd *out);
