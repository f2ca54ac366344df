/* SPDX-License-Identifier: Apache-2.0 */
/* bourse-server flows LEASE: what a lease did with its network, for the operator who has a
 * complaint before him. */
#include <stdio.h>

#include "base/id.h"
#include "store/flows.h"
#include "verbs.h"

bool verb_flows(const struct options *o, struct arena *a, struct err *err)
{
    struct flows_row row;
    struct id id;

    if (o->words_n != 1 || !id_parse("lease_", str_of(o->words[0]), &id))
        return FAIL(err, ERR_VALIDATION_FAILED, "Name one lease, as lease_….");
    struct db *db = db_open(o->db, DB_APP, err);
    const bool ok =
        db &&
        db_found(store_read_flows(db, id_seq(id) * (ID_INDEX_MAX + 1) + id_index(id), a, &row, err),
                 err);
    if (ok) printf("%.*s\n", (int)row.flows.n, row.flows.p);
    db_close(db);
    return ok;
}
