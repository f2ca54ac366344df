/* SPDX-License-Identifier: Apache-2.0 */
#include "http/found.h"

#include <stdio.h>

#define LEASES_PER_COMMAND 4096
#define NAMES_SIZE         200

static bool not_found(struct req *rq)
{
    reply_refusal(rq, ERR_NOT_FOUND, "There is no such thing, or it is not yours.");
    return false;
}

static bool is_id(struct id id, int64_t at_us)
{
    return id_index(id) == 0 && id_ms(id) == at_us / 1000;
}

/* DB_ONE, and the rest of the id fits too. */
static bool check(struct req *rq, enum db_rc rc, bool fits)
{
    if (rc == DB_NONE || (rc == DB_ONE && !fits)) return not_found(rq);
    if (rc == DB_ONE) return true;
    reply_problem(rq);
    return false;
}

bool found_job(struct req *rq, const char *prefix, struct job_row *out)
{
    struct id id;

    if (!req_id(rq, 0, prefix, &id)) return false;
    const enum db_rc rc =
        store_read_job(rq->db, id_seq(id), rq->who.account, &rq->arena, out, &rq->err);
    return check(rq, rc, rc == DB_ONE && is_id(id, out->at_us));
}

bool found_ask(struct req *rq, struct ask_row *out)
{
    struct id id;

    if (!req_id(rq, 0, "ask_", &id)) return false;
    const enum db_rc rc = store_read_ask(rq->db, id_seq(id), rq->who.account, rq->who.node,
                                         &rq->arena, out, &rq->err);
    return check(rq, rc, rc == DB_ONE && is_id(id, out->at_us));
}

int64_t lease_number(struct id id)
{
    const int64_t seq = id_seq(id);

    if (seq >= INT64_MAX / LEASES_PER_COMMAND) return -1;
    return seq * LEASES_PER_COMMAND + id_index(id);
}

bool is_lease_id(struct id id, const struct lease_row *row)
{
    return lease_number(id) == row->lease && id_ms(id) == row->traded_us / 1000;
}

bool found_lease(struct req *rq, struct lease_row *out)
{
    struct id id;

    if (!req_id(rq, 0, "lease_", &id)) return false;
    const enum db_rc rc =
        store_read_lease(rq->db, lease_number(id), rq->who.account, out, &rq->err);
    return check(rq, rc, rc == DB_ONE && is_lease_id(id, out));
}

bool found_lease_of_node(struct req *rq, struct lease_row *out)
{
    struct id id;

    if (!req_id(rq, 0, "lease_", &id)) return false;
    const enum db_rc rc =
        store_read_lease_of_node(rq->db, lease_number(id), rq->who.node, out, &rq->err);
    return check(rq, rc, rc == DB_ONE && is_lease_id(id, out));
}

static bool not_one_of(struct req *rq, const char *name, const char *const *names, int first, int n)
{
    char pointer[64], list[NAMES_SIZE] = "";
    size_t used = 0;

    for (int i = first; i < n && used < sizeof(list); i++) {
        const int wrote =
            snprintf(list + used, sizeof(list) - used, "%s%s", i > first ? ", " : "", names[i]);
        used += wrote > 0 ? (size_t)wrote : 0;
    }
    snprintf(pointer, sizeof(pointer), "?%s", name);
    complain(&rq->complaints, &rq->arena, &rq->err, pointer, "must be one of %s", list);
    reply_problem(rq);
    return false;
}

bool query_name(struct req *rq, const char *name, const char *const *names, int first, int n,
                int64_t none, int64_t *out)
{
    const struct str given = req_query(rq, name);

    *out = none;
    if (given.n == 0) return true;
    for (int i = first; i < n; i++) {
        if (!str_is(given, names[i])) continue;
        *out = i;
        return true;
    }
    return not_one_of(rq, name, names, first, n);
}

bool read_well(struct req *rq, enum db_rc rc)
{
    if (rc == DB_ONE || rc == DB_NONE) return true;
    reply_problem(rq);
    return false;
}

struct shown page_shown(const struct page *p, size_t read)
{
    const bool more = read > (size_t)p->limit;

    return (struct shown){ more ? (size_t)p->limit : read, more };
}

int64_t page_before(const struct page *p)
{
    return p->before > 0 ? p->before : INT64_MAX;
}
