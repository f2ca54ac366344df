/* SPDX-License-Identifier: Apache-2.0 */
#include "sign/receipt.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/limits.h"
#include "sign/canonical.h"
#include "sign/sha.h"

#define HEX_SIZE   64 /* digits of a SHA-256 */
#define ID_MAX     64
#define SIZE_MOST  INT64_C(9007199254740991) /* 2^53 − 1: what every JSON reader can hold */
#define KEY_DIGITS 44
#define ENTRY_MAX  (OUTPUT_PATH_MAX + 256)

static const struct str none = { NULL, 0 };

/* --- outputs --- */

static bool is_part_ok(struct str part)
{
    return part.n > 0 && !str_is(part, ".") && !str_is(part, "..");
}

bool output_path_ok(struct str path)
{
    if (path.n == 0 || path.n > OUTPUT_PATH_MAX || !json_text_ok(path)) return false;
    for (size_t i = 0; i < path.n; i++) {
        const unsigned char c = (unsigned char)path.p[i];
        if (c < 0x20 || c == 0x7f || c == '"' || c == '\\') return false;
    }

    struct str part, rest = path;
    while (str_cut(rest, '/', &part, &rest))
        if (!is_part_ok(part)) return false;
    return is_part_ok(rest);
}

static int by_bytes(struct str a, struct str b)
{
    const size_t n = a.n < b.n ? a.n : b.n;
    const int order = n > 0 ? memcmp(a.p, b.p, n) : 0;
    if (order != 0) return order;
    return a.n < b.n ? -1 : a.n > b.n;
}

/* The canonical JSON of one output, written by hand: it needs no heap and so cannot fail. */
static struct hash output_leaf(const struct output *o)
{
    char room[ENTRY_MAX];
    assert(output_path_ok(o->path));
    struct buf b = { .p = room, .cap = sizeof(room), .max = sizeof(room) - 1 };
    buf_c(&b, "{\"path\":");
    json_canonical_text(o->path, &b);
    buf_fmt(&b, ",\"sha256\":\"%s\",\"size_bytes\":%" PRId64 "}", o->sha256, o->size_bytes);
    assert(!b.failed);
    return merkle_leaf(sha256_parts, b.p, b.n);
}

struct hash outputs_root(const struct output *outputs, size_t n)
{
    struct hash leaves[OUTPUTS_MAX];
    assert(n <= OUTPUTS_MAX);
    for (size_t i = 0; i < n; i++)
        leaves[i] = output_leaf(&outputs[i]);
    return merkle_root(sha256_parts, leaves, n);
}

/* --- the receipt as a row of its table --- */

struct output_row {
    struct str path, sha256;
    int64_t size_bytes;
};

struct receipt_row {
    struct receipt r; /* but for its outputs */
    int type;
    int64_t version;
    struct json_array outputs;
    struct str outputs_root;
};

static const char *const types[] = { "bourse-receipt", NULL };

/* clang-format off */
static const struct json_field output_fields[] = {
    JSON_TEXT(struct output_row, path, "path", JSON_NEED, 1, OUTPUT_PATH_MAX, "Where it lay under /out."),
    JSON_TEXT(struct output_row, sha256, "sha256", JSON_NEED, HEX_SIZE, HEX_SIZE, "Digest of its bytes, in hex."),
    JSON_I64(struct output_row, size_bytes, "size_bytes", JSON_NEED, 0, SIZE_MOST, "Its size."),
    JSON_END
};

#define R struct receipt_row
static const struct json_field receipt_fields[] = {
    JSON_ENUM(R, type, "type", JSON_NEED, types, "What this text is."),
    JSON_I64(R, version, "version", JSON_NEED, 1, 1, "Version of this form."),
    JSON_TEXT(R, r.market_id, "market_id", JSON_NEED, 1, ID_MAX, "The market it is for."),
    JSON_TEXT(R, r.lease_id, "lease_id", JSON_NEED, 1, ID_MAX, "The lease it ends."),
    JSON_I64(R, r.epoch, "epoch", JSON_NEED, 0, SIZE_MOST, "The lease's epoch."),
    JSON_TEXT(R, r.job_id, "job_id", JSON_NEED, 1, ID_MAX, "The job that ran."),
    JSON_TEXT(R, r.node_id, "node_id", JSON_NEED, 1, ID_MAX, "The node that ran it."),
    JSON_TEXT(R, r.node_public_key, "node_public_key", JSON_NEED, KEY_DIGITS, KEY_DIGITS, "The node's key, in base64."),
    JSON_TEXT(R, r.image, "image", JSON_NEED, 1, IMAGE_MAX, "The image as it was asked for."),
    JSON_TEXT(R, r.image_digest, "image_digest", JSON_NEED, 0, IMAGE_MAX, "The image as it was found."),
    JSON_TEXT(R, r.command_sha256, "command_sha256", JSON_NEED, HEX_SIZE, HEX_SIZE, "Digest of the command."),
    JSON_TEXT(R, r.pool, "pool", JSON_NEED, 1, ID_MAX, "The pool."),
    JSON_I64(R, r.units, "units", JSON_NEED, 1, UNITS_MAX, "Units of the pool."),
    JSON_TEXTS(R, r.gpus, "gpus", JSON_NEED, GPUS_MAX, "Digests of its GPUs' UUIDs, in hex."),
    JSON_TIME(R, r.ready_at_us, "ready_at", JSON_MAY, "When the container ran; null: never."),
    JSON_TIME(R, r.ended_at_us, "ended_at", JSON_NEED, "When it ended."),
    JSON_I64(R, r.seconds, "seconds", JSON_NEED, 0, INT32_MAX, "How long it ran, in whole seconds."),
    JSON_I64(R, r.exit_code, "exit_code", JSON_NEED, INT32_MIN, INT32_MAX, "The command's exit code."),
    JSON_TEXT(R, r.reason, "reason", JSON_NEED, 0, ID_MAX, "Why it ended."),
    JSON_TEXT(R, outputs_root, "outputs_root", JSON_NEED, HEX_SIZE, HEX_SIZE, "Merkle root of the outputs."),
    JSON_OBJECTS(R, outputs, "outputs", JSON_NEED, OUTPUTS_MAX, output_fields, struct output_row, "Files, sorted by path."),
    JSON_TEXT(R, r.log_sha256, "log_sha256", JSON_NEED, HEX_SIZE, HEX_SIZE, "Digest of its log."),
    JSON_I64(R, r.ticks, "ticks", JSON_NEED, 0, INT32_MAX, "Ticks that were signed."),
    JSON_END
};
#undef R
/* clang-format on */

static struct str filled(struct str s)
{
    return s.p ? s : STR("");
}

static void fill_texts(struct receipt *r)
{
    r->market_id = filled(r->market_id);
    r->lease_id = filled(r->lease_id);
    r->job_id = filled(r->job_id);
    r->node_id = filled(r->node_id);
    r->node_public_key = filled(r->node_public_key);
    r->image = filled(r->image);
    r->image_digest = filled(r->image_digest);
    r->command_sha256 = filled(r->command_sha256);
    r->pool = filled(r->pool);
    r->reason = filled(r->reason);
    r->log_sha256 = filled(r->log_sha256);
}

/* NULL: no memory. */
static struct output_row *rows_of(const struct output *outputs, size_t n, struct arena *a)
{
    struct output_row *rows = arena_alloc(a, n * sizeof(*rows));
    for (size_t i = 0; rows && i < n; i++)
        rows[i] = (struct output_row){ outputs[i].path, str_of(outputs[i].sha256),
                                       outputs[i].size_bytes };
    return rows;
}

struct str receipt_text(const struct receipt *r, struct arena *a)
{
    char root[HEX_SIZE + 1];
    const struct hash h = outputs_root(r->outputs, r->outputs_n);
    hex_encode(h.b, sizeof(h.b), root);

    struct receipt_row row = { .r = *r, .version = 1, .outputs_root = { root, HEX_SIZE } };
    row.outputs = (struct json_array){ rows_of(r->outputs, r->outputs_n, a), r->outputs_n };
    if (!row.outputs.v) return none;
    fill_texts(&row.r);
    return canonical_write(receipt_fields, &row, a);
}

static bool is_hex(struct str s)
{
    uint8_t bytes[HEX_SIZE / 2];
    return str_hex(s, bytes, sizeof(bytes));
}

static bool are_digests(const struct str_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        if (!is_hex(list->v[i])) return false;
    return true;
}

/* One output from its row, which must come after `before` (NULL: the first). */
static bool read_output(const struct output_row *row, const struct output *before,
                        struct output *out, struct err *err)
{
    if (!output_path_ok(row->path))
        return FAIL(err, ERR_VALIDATION_FAILED, "The receipt names an output by a bad path.");
    if (before && by_bytes(before->path, row->path) >= 0)
        return FAIL(err, ERR_VALIDATION_FAILED, "The receipt's outputs are not sorted by path.");
    if (!is_hex(row->sha256))
        return FAIL(err, ERR_VALIDATION_FAILED, "The receipt has an output without a digest.");
    *out = (struct output){ .path = row->path, .size_bytes = row->size_bytes };
    memcpy(out->sha256, row->sha256.p, HEX_SIZE);
    return true;
}

static bool read_outputs(const struct json_array *rows, struct arena *a, struct receipt *out,
                         struct err *err)
{
    struct output *v = arena_alloc(a, rows->n * sizeof(*v));
    if (!v) return FAIL(err, ERR_NO_MEMORY, "No memory was left to read a receipt.");
    const struct output_row *row = rows->v;
    for (size_t i = 0; i < rows->n; i++)
        if (!read_output(&row[i], i > 0 ? &v[i - 1] : NULL, &v[i], err)) return false;
    out->outputs = v;
    out->outputs_n = rows->n;
    return true;
}

static bool root_fits(const struct receipt *r, struct str said)
{
    uint8_t root[HEX_SIZE / 2];
    const struct hash h = outputs_root(r->outputs, r->outputs_n);
    return str_hex(said, root, sizeof(root)) && bytes_eq_ct(root, h.b, sizeof(root));
}

bool receipt_parse(struct str text, struct arena *a, struct receipt *out, struct err *err)
{
    struct public_key key;
    struct receipt_row row = { .version = 0 };

    if (!canonical_read(text, "The receipt", receipt_fields, a, &row, err)) return false;
    if (!read_outputs(&row.outputs, a, &row.r, err)) return false;
    if (!root_fits(&row.r, row.outputs_root))
        return FAIL(err, ERR_VALIDATION_FAILED, "The receipt's root does not fit its outputs.");
    if (!public_key_parse(row.r.node_public_key, &key))
        return FAIL(err, ERR_VALIDATION_FAILED, "The receipt's node_public_key is no key.");
    if (!is_hex(row.r.command_sha256) || !is_hex(row.r.log_sha256))
        return FAIL(err, ERR_VALIDATION_FAILED, "The receipt has a digest that is not hex.");
    if (!are_digests(&row.r.gpus))
        return FAIL(err, ERR_VALIDATION_FAILED, "The receipt's /gpus are no digests in hex.");
    if (row.r.ready_at_us == 0 && row.r.seconds > 0)
        return FAIL(err, ERR_VALIDATION_FAILED, "The receipt counts seconds of what never ran.");
    *out = row.r;
    return true;
}

/* --- ticks --- */

/* clang-format off */
static const struct json_field tick_fields[] = {
    JSON_TEXT(struct tick, lease_id, "lease_id", JSON_NEED, 1, ID_MAX, "The lease."),
    JSON_I64(struct tick, epoch, "epoch", JSON_NEED, 0, SIZE_MOST, "Its epoch."),
    JSON_I64(struct tick, n, "n", JSON_NEED, 0, INT32_MAX, "Which tick of the lease."),
    JSON_I64(struct tick, seconds, "seconds", JSON_NEED, 0, INT32_MAX, "Seconds since ready."),
    JSON_TIME(struct tick, at_us, "at", JSON_NEED, "When, by the agent's clock."),
    JSON_END
};
/* clang-format on */

struct str tick_text(const struct tick *t, struct arena *a)
{
    return canonical_write(tick_fields, t, a);
}

bool tick_parse(struct str text, struct arena *a, struct tick *out, struct err *err)
{
    struct tick t = { .n = 0 };
    if (!canonical_read(text, "The tick", tick_fields, a, &t, err)) return false;
    *out = t;
    return true;
}
