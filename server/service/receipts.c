/* SPDX-License-Identifier: Apache-2.0 */
#include "service/receipts.h"

#include "service/payload.h"
#include "service/view.h"
#include "sign/sha.h"

bool exit_text_read(struct str payload, struct arena *a, struct exit_text *out, struct err *err)
{
    auto_json json_t *more = payload_more(payload, err);
    const struct str text = json_get_text(more, "receipt");
    struct signature s;

    if (!more || !signature_parse(json_get_text(more, "signature"), &s))
        return FAIL(err, ERR_INTERNAL, "A recorded receipt cannot be read.");
    const char *copy = arena_copy(a, text);
    if (!copy) return FAIL(err, ERR_NO_MEMORY, "No memory for a receipt.");
    *out = (struct exit_text){ { copy, text.n }, s };
    return true;
}

static struct str countersign(const struct lease_text_row *row, const struct exit_text *text,
                              struct arena *a)
{
    const struct lease_row *l = &row->lease;
    char id[ID_TEXT_MAX];
    struct countersign c = {
        .agent_signature = text->signature,
        .lease_id = { id, 0 },
        .seconds_observed = l->seconds_observed,
        .seconds_billed = l->seconds_billed,
        .units = l->units,
        .entry = row->seq,
        .price_per_unit_hour = l->price,
        .charge = l->charge,
        .fee = l->fee,
        .payout = l->payout,
        .settled_at_us = l->ended_us,
    };

    id_format("lease_", lease_id_of(l->traded_us, l->lease), id);
    c.lease_id = str_of(id);
    sha256_hex(text->receipt, c.receipt_sha256);
    return countersign_text(&c, a);
}

json_t *receipt_make(const struct market_info *info, const struct lease_text_row *row,
                     struct arena *a, struct err *err)
{
    struct exit_text text = { 0 };
    struct receipt r = { 0 };
    struct public_key agent;
    json_t *out = NULL;

    if (!exit_text_read(row->payload, a, &text, err)) return NULL;
    if (!receipt_parse(text.receipt, a, &r, err)) return NULL;
    const struct str counter = countersign(row, &text, a);
    const struct public_key market = key_public(info->key);
    if (counter.p && public_key_parse(r.node_public_key, &agent)) {
        const struct signature s = key_sign_tagged(info->key, TAG_COUNTERSIGN, counter);
        out = receipt_document(text.receipt, &text.signature, &agent, counter, &s, &market);
    }
    if (!out) FAIL(err, ERR_NO_MEMORY, "No memory for a receipt.");
    return out;
}

static json_t *output_json(const struct output *o)
{
    return json_pack("{s:o, s:s, s:I}", "path", json_text(o->path), "sha256", o->sha256,
                     "size_bytes", (json_int_t)o->size_bytes);
}

json_t *outputs_make(const struct lease_text_row *row, struct arena *a, struct err *err)
{
    struct exit_text text = { 0 };
    struct receipt r = { 0 };
    char root[65];

    if (!exit_text_read(row->payload, a, &text, err)) return NULL;
    if (!receipt_parse(text.receipt, a, &r, err)) return NULL;
    const struct hash h = outputs_root(r.outputs, r.outputs_n);
    hex_encode(h.b, sizeof(h.b), root);
    json_t *data = json_array();
    for (size_t i = 0; i < r.outputs_n; i++)
        (void)json_array_append_new(data, output_json(&r.outputs[i]));
    return json_pack("{s:o, s:s, s:o}", "lease_id",
                     view_lease_id("lease_", row->lease.traded_us, row->lease.lease), "merkle_root",
                     root, "data", data);
}
