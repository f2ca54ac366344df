/* SPDX-License-Identifier: Apache-2.0 */
#include "store/agents.h"

#include "store/sql.h"

/* As it comes: the market's widths are narrower. */
struct raw {
    int64_t cpu_millis, gpu_pool, gpus, region, tier, verified, isolation, interconnect, bandwidth;
    struct node_row row;
};

static const struct sql_col cols[] = {
    COL_I64(struct raw, row.node),
    COL_I64(struct raw, row.account),
    COL_TIME(struct raw, row.at_us),
    COL_I64(struct raw, cpu_millis),
    COL_I64(struct raw, row.spec.memory_bytes),
    COL_I64(struct raw, row.spec.scratch_bytes),
    COL_I64(struct raw, gpu_pool),
    COL_I64(struct raw, gpus),
    COL_I64(struct raw, region),
    COL_I64(struct raw, tier),
    COL_I64(struct raw, verified),
    COL_I64(struct raw, isolation),
    COL_I64(struct raw, interconnect),
    COL_I64(struct raw, bandwidth),
    COL_I64(struct raw, row.spec.traits.label),
    COL_I64(struct raw, row.spec.traits.site),
    COL_I64(struct raw, row.strikes),
    COL_TIME(struct raw, row.backoff_us),
    COL_TIME(struct raw, row.quoted_us),
    COL_TIME(struct raw, row.ill_since_us),
    COL_TIME(struct raw, row.drain_us),
    COL_I64(struct raw, row.drain_stops),
    COL_TIME(struct raw, row.site_at_us),
    COL_TEXT(struct raw, row.agent.name),
    COL_TEXT(struct raw, row.agent.agent_version),
    COL_BYTES(struct raw, row.agent.inventory),
    COL_BYTES(struct raw, row.agent.engine),
    COL_TIME(struct raw, row.agent.seen_us),
    COL_BYTES(struct raw, row.doctor),
    COL_TIME(struct raw, row.doctor_us),
    COL_I64(struct raw, row.leases_live),
    COL_BYTES(struct raw, row.gpus),
};

static struct node_row cooked(const struct raw *raw)
{
    struct node_row row = raw->row;

    row.spec.cpu_millis = (int32_t)raw->cpu_millis;
    row.spec.gpu_pool = (int32_t)raw->gpu_pool;
    row.spec.gpus = (int32_t)raw->gpus;
    row.spec.traits.region = (int32_t)raw->region;
    row.spec.traits.tier = (int32_t)raw->tier;
    row.spec.traits.verified = (int32_t)raw->verified;
    row.spec.traits.isolation = (int32_t)raw->isolation;
    row.spec.traits.interconnect = (int32_t)raw->interconnect;
    row.spec.traits.bandwidth_mbps = (int32_t)raw->bandwidth;
    return row;
}

enum db_rc store_find_agent_key(struct db *db, int64_t node, struct arena *a,
                                struct agent_key_row *out, struct err *err)
{
    static const struct sql_col key_cols[] = {
        COL_BYTES(struct agent_key_row, public_key),   COL_I64(struct agent_key_row, node),
        COL_TIME(struct agent_key_row, node_at_us),    COL_I64(struct agent_key_row, account),
        COL_TIME(struct agent_key_row, account_at_us), COL_TIME(struct agent_key_row, ill_since_us),
        COL_TIME(struct agent_key_row, drain_us),      COL_I64(struct agent_key_row, drain_stops),
    };
    const struct sql_rows rows = { key_cols, ARRAY_LEN(key_cols), sizeof(*out), a };
    const struct sql_arg args[] = { SQL_I64(node) };

    return db_one(db, &SQL_agent_key, args, &rows, out, err);
}

enum db_rc store_find_node_of_key(struct db *db, const uint8_t public_key[32], int64_t *node,
                                  struct err *err)
{
    struct found {
        int64_t node;
    } found;
    static const struct sql_col found_cols[] = { COL_I64(struct found, node) };
    const struct sql_rows rows = { found_cols, ARRAY_LEN(found_cols), sizeof(found), NULL };
    const struct str key = { (const char *)public_key, 32 };
    const struct sql_arg args[] = { SQL_BYTES(key) };

    const enum db_rc rc = db_one(db, &SQL_agent_of_key, args, &rows, &found, err);
    if (rc == DB_ONE) *node = found.node;
    return rc;
}

enum db_rc store_find_site(struct db *db, int64_t account, struct str name, int64_t node,
                           int64_t *out, struct err *err)
{
    struct found {
        int64_t site;
    } found;
    static const struct sql_col found_cols[] = { COL_I64(struct found, site) };
    const struct sql_rows rows = { found_cols, ARRAY_LEN(found_cols), sizeof(found), NULL };
    const struct sql_arg args[] = { SQL_I64(account), SQL_TEXT(name), SQL_I64(node) };

    const enum db_rc rc = db_one(db, &SQL_node_site, args, &rows, &found, err);
    if (rc == DB_ONE) *out = found.site;
    return rc;
}

enum db_rc store_find_node(struct db *db, int64_t node, struct arena *a, struct node_row *out,
                           struct err *err)
{
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(struct raw), a };
    const struct sql_arg args[] = { SQL_I64(node) };
    struct raw raw;

    const enum db_rc rc = db_one(db, &SQL_node_find, args, &rows, &raw, err);
    if (rc == DB_ONE) *out = cooked(&raw);
    return rc;
}

enum db_rc store_list_nodes(struct db *db, int64_t account, int64_t before, int64_t limit,
                            struct arena *a, struct node_row **out, size_t *n, struct err *err)
{
    const struct sql_rows rows = { cols, ARRAY_LEN(cols), sizeof(struct raw), a };
    const struct sql_arg args[] = { SQL_I64(account), SQL_I64(before ? before : INT64_MAX),
                                    SQL_I64(limit) };
    void *array = NULL;
    size_t count = 0;

    const enum db_rc rc = db_many(db, &SQL_node_list, args, &rows, &array, &count, err);
    if (rc != DB_ONE && rc != DB_NONE) return rc;
    const struct raw *raw = array;
    struct node_row *list = count > 0 ? arena_alloc(a, count * sizeof(*list)) : NULL;
    if (count > 0 && !list) {
        FAIL(err, ERR_NO_MEMORY, "No memory for %zu nodes.", count);
        return DB_FAIL;
    }
    for (size_t i = 0; i < count; i++)
        list[i] = cooked(&raw[i]);
    *out = list;
    *n = count;
    return rc;
}

enum db_rc store_add_agent(struct db *db, int64_t node, const uint8_t public_key[32],
                           const struct agent_row *row, struct err *err)
{
    const struct str key = { (const char *)public_key, 32 };
    const struct sql_arg args[] = { SQL_I64(node),
                                    SQL_BYTES(key),
                                    SQL_TEXT(row->name),
                                    SQL_TEXT(row->agent_version),
                                    SQL_BYTES(row->inventory),
                                    SQL_BYTES(row->engine),
                                    SQL_TIME(row->seen_us) };

    return db_one(db, &SQL_agent_add, args, NULL, NULL, err);
}

enum db_rc store_update_agent(struct db *db, int64_t node, const struct agent_row *row,
                              struct err *err)
{
    const struct sql_arg args[] = { SQL_I64(node),
                                    SQL_TEXT(row->name),
                                    SQL_TEXT(row->agent_version),
                                    SQL_BYTES(row->inventory),
                                    SQL_BYTES(row->engine),
                                    SQL_TIME(row->seen_us) };

    return db_one(db, &SQL_agent_update, args, NULL, NULL, err);
}

enum db_rc store_put_doctor(struct db *db, int64_t node, struct str document, int64_t at_us,
                            struct err *err)
{
    const struct sql_arg args[] = { SQL_I64(node), SQL_BYTES(document), SQL_TIME(at_us) };

    return db_one(db, &SQL_agent_doctor, args, NULL, NULL, err);
}
