/* SPDX-License-Identifier: Apache-2.0 */
#include "service/flush.h"

#include <assert.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/pipeline.h"
#include "store/sql.h"

#define SAMPLES 9

struct flush {
    struct db *db;
};

struct flush *flush_open(const char *conninfo, struct err *err)
{
    struct db *db = db_open(conninfo, DB_APP, err);
    if (!db) return NULL;
    struct flush *f = mem_zalloc(sizeof(*f));
    f->db = db;
    return f;
}

void flush_close(struct flush *f)
{
    if (!f) return;
    db_close(f->db);
    mem_free(f);
}

bool flush_send(struct flush *f, struct err *err)
{
    assert(!flush_is_sent(f));
    return db_pipeline_begin(f->db, err) &&
           db_pipeline_add(f->db, &SQL_group_flush, NULL, 1, err) && db_pipeline_send(f->db, err);
}

bool flush_is_sent(const struct flush *f)
{
    return db_pipeline_groups(f->db) > 0;
}

enum db_rc flush_result(struct flush *f, bool wait, struct err *err)
{
    return db_pipeline_result(f->db, wait, err);
}

void flush_watch(struct flush *f, struct pollfd *out)
{
    db_pipeline_watch(f->db, out);
}

static bool sample(struct flush *f, int64_t *us, struct err *err)
{
    const int64_t began = clock_monotonic_us();

    if (!flush_send(f, err) || flush_result(f, true, err) != DB_ONE) return false;
    *us = clock_monotonic_us() - began;
    return true;
}

/* The least of a few: what is more comes from others who use the machine. The first, which prepares
 * the statement, does not count. */
static bool least(struct flush *f, int64_t *out, struct err *err)
{
    int64_t us = 0;

    if (!sample(f, &us, err)) return false;
    *out = INT64_MAX;
    for (int n = 0; n < SAMPLES; n++) {
        if (!sample(f, &us, err)) return false;
        if (us < *out) *out = us;
    }
    return db_pipeline_end(f->db, err);
}

bool flush_measure(struct flush *f, int64_t *us, struct err *err)
{
    int64_t without = 0, with = 0;

    if (!db_set_durable(f->db, false, err) || !least(f, &without, err)) return false;
    if (!db_set_durable(f->db, true, err) || !least(f, &with, err)) return false;
    *us = with > without ? with - without : 0;
    return true;
}
