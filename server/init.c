/* SPDX-License-Identifier: Apache-2.0 */
/* bourse-server init: keys, schema, and which market the database belongs to. Safe to repeat. */
#include "verbs.h"

#include <stdio.h>
#include <string.h>

#include "identity.h"
#include "store/migrate.h"
#include "store/publog.h"
#include "tlog/note.h"

/* The database is ours, or nobody's yet. */
static bool claim(struct db *db, const struct identity *id, struct arena *a, struct err *err)
{
    const struct public_key k = key_public(id->key);
    const struct str bytes = { (const char *)k.b, sizeof(k.b) };
    struct identity_row row;

    switch (store_identity(db, a, &row, err)) {
    case DB_NONE: return store_identity_set(db, str_of(id->market_id), bytes, err);
    case DB_ONE:
        if (str_eq(row.public_key, bytes)) return true;
        return FAIL(err, ERR_WRONG_STATE, "The database belongs to market %.*s, not to %s.",
                    (int)row.market_id.n, row.market_id.p, id->market_id);
    case DB_RETRY:
    case DB_FAIL: return false;
    }
    return false;
}

/* The log's name and key: the first that come stay. */
static bool name_log(struct db *db, const struct options *o, const struct identity *id,
                     struct arena *a, struct err *err)
{
    const struct public_key k = key_public(id->note_key);
    const struct str bytes = { (const char *)k.b, sizeof(k.b) };
    const char *usual = arena_fmt(a, "%s/log", id->market_id);
    const struct str origin = str_of(o->log_origin ? o->log_origin : usual);
    struct publog_identity_row row;

    if (!note_name_ok(origin))
        return FAIL(err, ERR_VALIDATION_FAILED,
                    "--log-origin is a name without blanks and '+', of at most %d bytes.",
                    NOTE_NAME_MAX);
    switch (store_publog_identity(db, a, &row, err)) {
    case DB_NONE: return store_publog_identity_set(db, origin, bytes, err);
    case DB_ONE:
        if (!str_eq(row.public_key, bytes))
            return FAIL(err, ERR_WRONG_STATE, "The log of the database has another key.");
        return !o->log_origin || str_eq(row.origin, origin) ||
               FAIL(err, ERR_WRONG_STATE, "The log is named %.*s, and stays so.", (int)row.origin.n,
                    row.origin.p);
    case DB_RETRY:
    case DB_FAIL: return false;
    }
    return false;
}

static bool prepare(const struct options *o, struct db *db, const struct identity *id,
                    struct arena *a, struct err *err)
{
    int applied = 0;

    if (!store_migrate(db, &applied, err) || !claim(db, id, a, err) || !name_log(db, o, id, a, err))
        return false;
    printf("market %s\nstate  %s\nschema %d migrations applied now\n", id->market_id, o->state,
           applied);
    return true;
}

bool verb_init(const struct options *o, struct arena *a, struct err *err)
{
    struct identity id = { 0 };

    if (!identity_make(o->state, a, err) || !identity_load(o->state, a, &id, err)) return false;
    struct db *db = db_open(o->db, DB_OWNER, err);
    const bool ok = db && prepare(o, db, &id, a, err);
    db_close(db);
    identity_done(&id);
    return ok;
}
