/* SPDX-License-Identifier: Apache-2.0 */
#include "service/entry.h"

#include <endian.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "domain/command.h"
#include "service/receipts.h"
#include "service/view.h"
#include "sign/sha.h"
#include "json/put.h"

#define DOCUMENT_MAX 4096

struct hash entry_salt(const uint8_t log_key[32], int64_t number, const char *label)
{
    const uint64_t wire = htobe64((uint64_t)number);
    const struct hash_part parts[] = { { log_key, 32 },
                                       { &wire, sizeof(wire) },
                                       { label, strlen(label) } };
    return sha256_parts(parts, ARRAY_LEN(parts));
}

struct hash entry_commit(struct hash salt, struct str text)
{
    const struct hash_part parts[] = { { salt.b, sizeof(salt.b) }, { text.p, text.n } };
    return sha256_parts(parts, ARRAY_LEN(parts));
}

/* {"at":"…","commit":"…" */
static void put_head(struct buf *b, int64_t at_us, struct hash commit)
{
    char at[RFC3339_SIZE], hex[65];

    rfc3339_format(at_us, at);
    hex_encode(commit.b, sizeof(commit.b), hex);
    buf_c(b, "{\"at\":\"");
    buf_c(b, at);
    buf_c(b, "\",\"commit\":\"");
    buf_c(b, hex);
    buf_c(b, "\"");
}

/* ,"seq":…,"type":"…","version":1} */
static void put_tail(struct buf *b, int64_t seq, const char *type)
{
    buf_c(b, ",\"seq\":");
    buf_i64(b, seq);
    buf_c(b, ",\"type\":\"");
    buf_c(b, type);
    buf_c(b, "\",\"version\":1}");
}

void entry_put_command(struct buf *b, struct entry_head e, const char *kind, struct hash commit)
{
    put_head(b, e.at_us, commit);
    buf_c(b, ",\"kind\":\"");
    buf_c(b, kind);
    buf_c(b, "\"");
    put_tail(b, e.seq, "command");
}

void entry_put_commit(struct buf *b, struct entry_head e, const char *type, struct hash commit)
{
    put_head(b, e.at_us, commit);
    put_tail(b, e.seq, type);
}

void entry_put_parameters(struct buf *b, struct entry_head e, struct str payload)
{
    char at[RFC3339_SIZE];

    rfc3339_format(e.at_us, at);
    buf_c(b, "{\"at\":\"");
    buf_c(b, at);
    buf_c(b, "\",\"parameters\":");
    buf_str(b, payload);
    put_tail(b, e.seq, "parameters");
}

/* ---- settlements ---- */

static bool receipt_digest(const struct settled_row *row, struct arena *a, char out[65],
                           struct err *err)
{
    struct exit_text text;

    out[0] = '\0';
    if (!row->payload.p) return true;
    if (!exit_text_read(row->payload, a, &text, err)) return false;
    sha256_hex(text.receipt, out);
    return true;
}

static void put_document(struct buf *b, const struct settled_row *row, const char *receipt)
{
    char id[ID_TEXT_MAX], ended[RFC3339_SIZE];

    id_format("lease_", lease_id_of(row->traded_us, row->lease), id);
    rfc3339_format(row->ended_us, ended);
    json_open(b, NULL, '{'); /* sorted by name */
    json_put_i64(b, "charge", row->charge);
    json_put_i64(b, "epoch", row->epoch);
    json_put_i64(b, "exit_code", row->exit_code);
    json_put_i64(b, "fault", row->fault);
    json_put_i64(b, "fee", row->fee);
    json_put_i64(b, "insurance", row->insurance);
    json_put_c(b, "lease_id", id);
    json_put_i64(b, "payout", row->payout);
    json_put_i64(b, "pool", row->pool);
    json_put_i64(b, "price_per_unit_hour", row->price);
    json_put_c(b, "reason",
               row->reason > 0 && row->reason < REASONS ? reason_names[row->reason] : "");
    json_put_c(b, "receipt_sha256", receipt);
    json_put_i64(b, "seconds_billed", row->seconds_billed);
    json_put_i64(b, "seconds_observed", row->seconds_observed);
    json_put_i64(b, "seconds_signed", row->seconds_signed);
    json_put_c(b, "settled_at", ended);
    json_put_c(b, "type", "settlement");
    json_put_i64(b, "units", row->units);
    json_put_i64(b, "version", 1);
    json_close(b, '}');
}

struct str settlement_document(const struct settled_row *row, struct arena *a, struct err *err)
{
    auto_buf struct buf b = { .max = DOCUMENT_MAX };
    char receipt[65];

    if (!receipt_digest(row, a, receipt, err)) return (struct str){ NULL, 0 };
    put_document(&b, row, receipt);
    const char *copy = b.failed ? NULL : arena_copy(a, buf_view(&b));
    if (!copy) {
        FAIL(err, ERR_NO_MEMORY, "No memory for a settlement.");
        return (struct str){ NULL, 0 };
    }
    return (struct str){ copy, b.n };
}
