/* SPDX-License-Identifier: Apache-2.0 */
/* What the market adds to a receipt, and the check of both together that anyone can make who has
 * the document and the market's key. */
#include <string.h>

#include "base/limits.h"
#include "sign/canonical.h"
#include "sign/receipt.h"
#include "sign/sha.h"
#include "json/micros.h"

#define HEX_SIZE      64
#define ID_MAX        64
#define HOUR_S        3600
#define VERIFY_MEMORY (16ul * BODY_MAX) /* two texts, each read, copied and written again */
#define BILL_MIN      60                /* seconds: the least that is billed for what ran */

__extension__ typedef __int128 wide; /* a product of three numbers, before it is asked if it fits */

struct countersign_row {
    struct countersign c; /* but for digest and amounts */
    struct str receipt_sha256, price, charge, fee, payout;
};

/* clang-format off */
#define C struct countersign_row
static const struct json_field countersign_fields[] = {
    JSON_TEXT(C, receipt_sha256, "receipt_sha256", JSON_NEED, HEX_SIZE, HEX_SIZE, "Digest of the receipt's text."),
    JSON_BASE64(C, c.agent_signature, "agent_signature", JSON_NEED, SIGNATURE_SIZE, "The agent's signature under it."),
    JSON_TEXT(C, c.lease_id, "lease_id", JSON_NEED, 1, ID_MAX, "The lease."),
    JSON_I64(C, c.seconds_observed, "seconds_observed", JSON_NEED, 0, INT32_MAX, "Seconds by the market's clock."),
    JSON_I64(C, c.seconds_billed, "seconds_billed", JSON_NEED, 0, INT32_MAX, "Seconds that are paid."),
    JSON_TEXT(C, price, "price_per_unit_hour", JSON_NEED, 1, MICROS_TEXT_SIZE, "The trade's price, in USD."),
    JSON_I64(C, c.units, "units", JSON_NEED, 1, UNITS_MAX, "Units of the pool."),
    JSON_TEXT(C, charge, "charge", JSON_NEED, 1, MICROS_TEXT_SIZE, "What the buyer pays, in USD."),
    JSON_TEXT(C, fee, "fee", JSON_NEED, 1, MICROS_TEXT_SIZE, "What the market keeps of it."),
    JSON_TEXT(C, payout, "payout", JSON_NEED, 1, MICROS_TEXT_SIZE, "What the provider gets of it."),
    JSON_TIME(C, c.settled_at_us, "settled_at", JSON_NEED, "When it was settled."),
    JSON_I64(C, c.entry, "entry", JSON_NEED, 0, INT64_MAX, "The entry of the market's journal."),
    JSON_END
};
#undef C
/* clang-format on */

static struct str amount_text(int64_t micros, char room[MICROS_TEXT_SIZE])
{
    micros_format(micros, room);
    return str_of(room);
}

struct str countersign_text(const struct countersign *c, struct arena *a)
{
    char price[MICROS_TEXT_SIZE], charge[MICROS_TEXT_SIZE];
    char fee[MICROS_TEXT_SIZE], payout[MICROS_TEXT_SIZE];
    const struct countersign_row row = {
        .c = *c,
        .receipt_sha256 = str_of(c->receipt_sha256),
        .price = amount_text(c->price_per_unit_hour, price),
        .charge = amount_text(c->charge, charge),
        .fee = amount_text(c->fee, fee),
        .payout = amount_text(c->payout, payout),
    };
    return canonical_write(countersign_fields, &row, a);
}

/* Only the one text of an amount, and no debt. */
static bool read_amount(struct str text, int64_t *out)
{
    char room[MICROS_TEXT_SIZE];
    int64_t micros;
    if (micros_parse(text, &micros) != MICROS_OK || micros < 0) return false;
    if (!str_eq(text, amount_text(micros, room))) return false;
    *out = micros;
    return true;
}

bool countersign_parse(struct str text, struct arena *a, struct countersign *out, struct err *err)
{
    struct countersign_row row = { .c.entry = 0 };
    struct countersign *c = &row.c;

    if (!canonical_read(text, "The countersignature's document", countersign_fields, a, &row, err))
        return false;
    if (!read_amount(row.price, &c->price_per_unit_hour) || !read_amount(row.charge, &c->charge) ||
        !read_amount(row.fee, &c->fee) || !read_amount(row.payout, &c->payout))
        return FAIL(err, ERR_VALIDATION_FAILED, "The countersignature has an amount that is none.");
    memcpy(c->receipt_sha256, row.receipt_sha256.p, HEX_SIZE);
    *out = *c;
    return true;
}

/* --- the document --- */

struct counter {
    struct str document;
    struct signature signature;
    struct public_key market_key;
};

struct document {
    struct str receipt;
    struct signature agent_signature;
    struct public_key agent_key;
    struct counter counter;
};

/* clang-format off */
static const struct json_field counter_fields[] = {
    JSON_TEXT(struct counter, document, "document", JSON_NEED, 1, BODY_MAX, "What the market signed."),
    JSON_BASE64(struct counter, signature, "signature", JSON_NEED, SIGNATURE_SIZE, "The market's signature."),
    JSON_BASE64(struct counter, market_key, "market_public_key", JSON_NEED, PUBLIC_KEY_SIZE, "The market's key."),
    JSON_END
};

static const struct json_field document_fields[] = {
    JSON_TEXT(struct document, receipt, "receipt", JSON_NEED, 1, BODY_MAX, "The receipt's text, as it was signed."),
    JSON_BASE64(struct document, agent_signature, "agent_signature", JSON_NEED, SIGNATURE_SIZE, "The agent's signature."),
    JSON_BASE64(struct document, agent_key, "agent_public_key", JSON_NEED, PUBLIC_KEY_SIZE, "The agent's key."),
    JSON_OBJECT(struct document, counter, "countersignature", JSON_NEED, counter_fields, "What the market adds."),
    JSON_END
};
/* clang-format on */

json_t *receipt_document(struct str receipt, const struct signature *agent_signature,
                         const struct public_key *agent_key, struct str countersign,
                         const struct signature *countersignature,
                         const struct public_key *market_key)
{
    const struct document d = {
        .receipt = receipt,
        .agent_signature = *agent_signature,
        .agent_key = *agent_key,
        .counter = { countersign, *countersignature, *market_key },
    };
    return json_write(document_fields, &d);
}

static bool same_key(const struct public_key *a, const struct public_key *b)
{
    return memcmp(a->b, b->b, PUBLIC_KEY_SIZE) == 0;
}

/* Who signed: the keys are the expected ones, and both signatures fit. */
static bool check_signatures(const struct document *d, const struct receipt *r,
                             const struct public_key *market, const struct public_key *node,
                             struct err *err)
{
    struct public_key named;
    if (node && !same_key(node, &d->agent_key))
        return FAIL(err, ERR_VALIDATION_FAILED, "The receipt is by another node's key.");
    if (!public_key_parse(r->node_public_key, &named) || !same_key(&named, &d->agent_key))
        return FAIL(err, ERR_VALIDATION_FAILED, "The receipt names another key than signed it.");
    if (!public_key_verify_tagged(&d->agent_key, TAG_RECEIPT, d->receipt, &d->agent_signature))
        return FAIL(err, ERR_VALIDATION_FAILED, "The agent's signature does not fit the receipt.");
    if (!same_key(market, &d->counter.market_key))
        return FAIL(err, ERR_VALIDATION_FAILED, "The countersignature is by another market's key.");
    if (!public_key_verify_tagged(market, TAG_COUNTERSIGN, d->counter.document,
                                  &d->counter.signature))
        return FAIL(err, ERR_VALIDATION_FAILED,
                    "The market's signature does not fit the countersignature.");
    return true;
}

/* The countersignature is about this receipt and no other. */
static bool check_link(const struct document *d, const struct receipt *r,
                       const struct countersign *c, struct err *err)
{
    char digest[HEX_SIZE + 1];
    sha256_hex(d->receipt, digest);
    if (memcmp(digest, c->receipt_sha256, HEX_SIZE) != 0)
        return FAIL(err, ERR_VALIDATION_FAILED, "The countersignature names another receipt.");
    if (memcmp(c->agent_signature.b, d->agent_signature.b, SIGNATURE_SIZE) != 0)
        return FAIL(err, ERR_VALIDATION_FAILED, "The countersignature names another signature.");
    if (!str_eq(c->lease_id, r->lease_id))
        return FAIL(err, ERR_VALIDATION_FAILED, "The countersignature names another lease.");
    if (c->units != r->units)
        return FAIL(err, ERR_VALIDATION_FAILED, "The countersignature counts other units.");
    return true;
}

/* What may be billed at most: what both have seen, but never less than the least. */
static int64_t billable(const struct receipt *r, const struct countersign *c)
{
    const int64_t both = r->seconds < c->seconds_observed ? r->seconds : c->seconds_observed;
    return both > BILL_MIN ? both : BILL_MIN;
}

static bool check_arithmetic(const struct receipt *r, const struct countersign *c, struct err *err)
{
    const wide charge = (wide)c->price_per_unit_hour * c->units * c->seconds_billed / HOUR_S;
    if (c->seconds_billed > billable(r, c))
        return FAIL(err, ERR_VALIDATION_FAILED, "More seconds are billed than both sides saw.");
    if (r->ready_at_us == 0 && c->seconds_billed > 0)
        return FAIL(err, ERR_VALIDATION_FAILED, "Seconds are billed of what never ran.");
    if (charge != c->charge)
        return FAIL(err, ERR_VALIDATION_FAILED,
                    "The charge is not price × units × seconds ÷ 3600, rounded down.");
    if (c->fee > c->charge || c->payout != c->charge - c->fee)
        return FAIL(err, ERR_VALIDATION_FAILED, "The payout is not the charge less the fee.");
    return true;
}

static bool verify(const struct document *d, const struct public_key *market,
                   const struct public_key *node, struct arena *a, struct err *err)
{
    struct receipt r = { .epoch = 0 };
    struct countersign c = { .entry = 0 };
    return receipt_parse(d->receipt, a, &r, err) && check_signatures(d, &r, market, node, err) &&
           countersign_parse(d->counter.document, a, &c, err) && check_link(d, &r, &c, err) &&
           check_arithmetic(&r, &c, err);
}

bool receipt_document_verify(const json_t *document, const struct public_key *market,
                             const struct public_key *node, struct err *err)
{
    struct arena a;
    struct complaints complaints;
    struct document d = { .receipt = { NULL, 0 } };

    arena_init(&a, VERIFY_MEMORY);
    const bool ok = json_read(document, document_fields, &a, &d, &complaints, err) &&
                    verify(&d, market, node, &a, err);
    arena_done(&a);
    return ok;
}
