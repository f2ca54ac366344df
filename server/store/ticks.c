/* SPDX-License-Identifier: Apache-2.0 */
#include "store/ticks.h"

#include "store/sql.h"

enum db_rc store_put_tick(struct db *db, const struct tick_row *t, struct err *err)
{
    const struct sql_arg args[] = { SQL_I64(t->lease),      SQL_I64(t->epoch),
                                    SQL_I64(t->n),          SQL_I64(t->seconds),
                                    SQL_BYTES(t->document), SQL_RAW(t->signature) };

    return db_one(db, &SQL_tick_put, args, NULL, NULL, err);
}
