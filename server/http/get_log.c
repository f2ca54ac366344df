/* SPDX-License-Identifier: Apache-2.0 */
/* The public log as c2sp.org/tlog-tiles wants it: what was signed last, and tiles, which never
 * change. The proof of a lease's settlement is for its two parties. */
#include "http/found.h"
#include "http/handlers.h"

#include "service/info.h"
#include "service/publog.h"
#include "store/publog.h"

#define FOR_EVER "public, max-age=31536000, immutable"

/* NULL: replied, as there is no log here. */
static struct publog *req_publog(struct req *rq)
{
    if (!rq->svc->publog)
        reply_refusal(rq, ERR_OVERLOADED, "The log is being loaded; try again shortly.");
    return rq->svc->publog;
}

/* GET /log/checkpoint */
void get_log_checkpoint(struct req *rq)
{
    struct publog *log = req_publog(rq);
    struct str note;

    if (!log) return;
    if (!publog_checkpoint(log, &rq->arena, &note, &rq->err)) {
        reply_problem(rq);
        return;
    }
    reply_header(rq, "Cache-Control", "public, max-age=1");
    reply_text(rq, 200, "text/plain; charset=utf-8", note);
}

/* GET /log/tile/{tile}: <L>/<N>[.p/<W>] or entries/<N>[.p/<W>] */
void get_log_tile(struct req *rq)
{
    struct publog *log = req_publog(rq);
    struct tile_name name;
    struct str bytes;

    if (!log) return;
    const enum tlog_rc rc = tile_name_parse(rq->param[0], &name);
    if (rc != TLOG_OK) {
        reply_refusal(rq, ERR_NOT_FOUND, "%s", tlog_reason(rc));
        return;
    }
    if (!publog_tile(log, rq->db, &name, &rq->arena, &bytes, &rq->err)) {
        reply_problem(rq);
        return;
    }
    reply_header(rq, "Cache-Control", FOR_EVER);
    reply_text(rq, 200, "application/octet-stream", bytes);
}

/* ---- proofs ---- */

static void reply_proof(struct req *rq, const struct publog_settlement_row *row, int64_t lease,
                        struct str entry, struct str proof)
{
    const struct hash salt = publog_settlement_salt(rq->svc->publog, lease);
    char hex[65];

    hex_encode(salt.b, sizeof(salt.b), hex);
    reply_json(rq, 200,
               json_pack("{s:I, s:o, s:o, s:s, s:o}", "index", (json_int_t)row->index, "entry",
                         json_text(entry), "document", json_text(row->document), "salt", hex,
                         "proof", json_text(proof)));
}

/* GET /v1/leases/{lease_id}/proof */
void get_lease_proof(struct req *rq)
{
    struct publog *log = req_publog(rq);
    struct lease_row lease;
    struct publog_settlement_row row;
    struct str entry, proof;

    if (!log || !found_lease(rq, &lease)) return;
    const enum db_rc rc = store_publog_settlement(rq->db, lease.lease, &rq->arena, &row, &rq->err);
    if (!read_well(rq, rc)) return;
    if (rc == DB_NONE) {
        reply_refusal(rq, ERR_NOT_YET_LOGGED, "The log has no settlement of this lease yet.");
        return;
    }
    if (publog_entry(log, rq->db, (uint64_t)row.index, &rq->arena, &entry, &rq->err) &&
        publog_proof(log, rq->db, (uint64_t)row.index, &rq->arena, &proof, &rq->err))
        reply_proof(rq, &row, lease.lease, entry, proof);
    else
        reply_problem(rq);
}
