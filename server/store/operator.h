/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of operators to the running server, through the database (docs/adr: operator requests).
 */
#pragma once

#include "store/db.h"

struct operator_request {
    struct str request; /* 16 bytes */
    int64_t kind;       /* enum command_kind */
    int64_t account, number, amount;
    int64_t tier, verified; /* of rates */
};

/* Leave a request and wake the server. */
MUST_CHECK bool store_insert_operator_request(struct db *db, const struct operator_request *r,
                                              struct err *err);

/* What waits, oldest first, at most 100. */
MUST_CHECK bool store_waiting_operator_requests(struct db *db, struct arena *a,
                                                struct operator_request **out, size_t *n,
                                                struct err *err);

/* Note what became of it: seq, or a refusal. */
MUST_CHECK bool store_finish_operator_request(struct db *db, struct str request, int64_t seq,
                                              struct str refusal, struct err *err);

struct operator_result {
    int64_t seq, at_us; /* of the command; 0: refused */
    struct str refusal;
    bool done;
};
MUST_CHECK bool store_operator_result(struct db *db, struct str request, struct arena *a,
                                      struct operator_result *out, struct err *err);
