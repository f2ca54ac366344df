/* SPDX-License-Identifier: Apache-2.0 */
#include "sign/checkpoint.h"

#include <stdlib.h>
#include <string.h>

#include "sign/canonical.h"
#include "sign/receipt.h"
#include "json/json.h"

#define HEX_SIZE  64
#define ID_MAX    64
#define FILE_MOST (INT64_C(1) << 50)

struct manifest_row {
    int type;
    int64_t version;
    struct json_array files;
};

static const char *const types[] = { "bourse-checkpoint", NULL };

/* clang-format off */
static const struct json_field file_fields[] = {
    JSON_TEXT(struct saved_file, path, "path", JSON_NEED, 1, OUTPUT_PATH_MAX, "Where it lay in the folder."),
    JSON_I64(struct saved_file, mode, "mode", JSON_NEED, 0, 0777, "Its permissions."),
    JSON_I64(struct saved_file, size_bytes, "size_bytes", JSON_NEED, 0, FILE_MOST, "Its size."),
    JSON_TEXTS(struct saved_file, pieces, "pieces", JSON_NEED, CHECKPOINT_PIECES_MAX, "Digests of its pieces, in hex."),
    JSON_END
};
static const struct json_field manifest_fields[] = {
    JSON_ENUM(struct manifest_row, type, "type", JSON_NEED, types, "What this text is."),
    JSON_I64(struct manifest_row, version, "version", JSON_NEED, 1, 1, "Version of this form."),
    JSON_OBJECTS(struct manifest_row, files, "files", JSON_NEED, CHECKPOINT_FILES_MAX, file_fields, struct saved_file, "Files, sorted by path."),
    JSON_END
};
static const struct json_field checkpoint_fields[] = {
    JSON_TEXT(struct checkpoint, lease_id, "lease_id", JSON_NEED, 1, ID_MAX, "The lease."),
    JSON_I64(struct checkpoint, epoch, "epoch", JSON_NEED, 0, INT32_MAX, "Its epoch."),
    JSON_TEXT(struct checkpoint, manifest_sha256, "manifest_sha256", JSON_NEED, HEX_SIZE, HEX_SIZE, "Digest of the manifest, in hex."),
    JSON_I64(struct checkpoint, seconds, "seconds", JSON_NEED, 0, INT32_MAX, "Second of the run at which the newest file was written."),
    JSON_I64(struct checkpoint, looked_seconds, "looked_seconds", JSON_NEED, 0, INT32_MAX, "Second of the run at which the agent looked."),
    JSON_TIME(struct checkpoint, at_us, "at", JSON_NEED, "When, by the agent's clock."),
    JSON_END
};
/* clang-format on */

int64_t checkpoint_pieces(int64_t size_bytes)
{
    return (size_bytes + CHECKPOINT_PIECE - 1) / CHECKPOINT_PIECE;
}

int64_t checkpoint_piece_size(int64_t size_bytes, int64_t i)
{
    const int64_t left = size_bytes - i * CHECKPOINT_PIECE;

    return left < CHECKPOINT_PIECE ? left : CHECKPOINT_PIECE;
}

static json_t *write_manifest(const struct manifest *m)
{
    const struct manifest_row row = { .version = 1, .files = { m->files, m->n } };

    return json_write(manifest_fields, &row);
}

void manifest_text(const struct manifest *m, struct buf *out)
{
    auto_json json_t *j = write_manifest(m);

    if (j)
        json_canonical(j, out);
    else
        out->failed = true;
}

static int by_path(const void *a, const void *b)
{
    const struct str x = ((const struct saved_file *)a)->path;
    const struct str y = ((const struct saved_file *)b)->path;
    const int order = memcmp(x.p, y.p, x.n < y.n ? x.n : y.n);

    if (order != 0) return order;
    return x.n < y.n ? -1 : x.n > y.n;
}

/* Is one of the folders that it lies in a file of the list? */
static bool lies_in_a_file(const struct manifest *m, struct str path)
{
    for (size_t i = 0; i < path.n; i++) {
        const struct saved_file above = { .path = { path.p, i } };
        if (path.p[i] == '/' && bsearch(&above, m->files, m->n, sizeof(above), by_path))
            return true;
    }
    return false;
}

static const char *wrong_file(const struct manifest *m, size_t i)
{
    const struct saved_file *f = &m->files[i];
    uint8_t digest[32];

    if (!output_path_ok(f->path)) return "it names a file by a bad path";
    if (i > 0 && by_path(&m->files[i - 1], f) >= 0) return "its files are not sorted by path";
    if (lies_in_a_file(m, f->path)) return "a file lies in another file";
    if ((int64_t)f->pieces.n != checkpoint_pieces(f->size_bytes))
        return "a file has not as many pieces as its size asks for";
    for (size_t k = 0; k < f->pieces.n; k++)
        if (!str_hex(f->pieces.v[k], digest, sizeof(digest))) return "a piece has no digest";
    return NULL;
}

static const char *wrong_with(const struct manifest *m)
{
    size_t pieces = 0;

    for (size_t i = 0; i < m->n; i++) {
        const char *why = wrong_file(m, i);
        if (why) return why;
        pieces += m->files[i].pieces.n;
        if (pieces > CHECKPOINT_PIECES_MAX) return "it has too many pieces";
    }
    return NULL;
}

/* Byte for byte what manifest_text() writes. */
static bool is_canonical(struct str text, const struct manifest *m)
{
    auto_buf struct buf again = { .max = CHECKPOINT_MANIFEST_MAX };

    manifest_text(m, &again);
    return !again.failed && str_eq(buf_view(&again), text);
}

bool manifest_parse(struct str text, struct arena *a, struct manifest *out, struct err *err)
{
    struct err why;
    struct complaints c = { .n = 0 };
    struct manifest_row row = { .version = 0 };

    if (text.n > CHECKPOINT_MANIFEST_MAX)
        return FAIL(err, ERR_VALIDATION_FAILED, "The manifest is too long.");
    auto_json json_t *j = json_parse(text, &why);
    if (!j || !json_read(j, manifest_fields, a, &row, &c, &why)) {
        if (why.code != ERR_NO_MEMORY)
            return FAIL(err, ERR_VALIDATION_FAILED, "The manifest: %s", why.detail);
        *err = why;
        return false;
    }
    const struct manifest m = { row.files.v, row.files.n };
    const char *wrong = wrong_with(&m);
    if (!wrong && !is_canonical(text, &m)) wrong = "it is not canonical JSON";
    if (wrong) return FAIL(err, ERR_VALIDATION_FAILED, "The manifest is wrong: %s.", wrong);
    *out = m;
    return true;
}

int64_t manifest_bytes(const struct manifest *m)
{
    int64_t sum = 0;

    for (size_t i = 0; i < m->n; i++)
        sum += m->files[i].size_bytes;
    return sum;
}

struct str checkpoint_text(const struct checkpoint *c, struct arena *a)
{
    return canonical_write(checkpoint_fields, c, a);
}

bool checkpoint_parse(struct str text, struct arena *a, struct checkpoint *out, struct err *err)
{
    struct checkpoint c = { .epoch = 0 };
    uint8_t digest[32];

    if (!canonical_read(text, "The statement", checkpoint_fields, a, &c, err)) return false;
    if (!str_hex(c.manifest_sha256, digest, sizeof(digest)))
        return FAIL(err, ERR_VALIDATION_FAILED, "The statement names no manifest.");
    if (c.looked_seconds < c.seconds)
        return FAIL(err, ERR_VALIDATION_FAILED, "The statement is of what was not looked at.");
    *out = c;
    return true;
}
