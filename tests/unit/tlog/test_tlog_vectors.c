/* SPDX-License-Identifier: Apache-2.0 */
/* Notes of Go's sumdb and of C2SP, and a log of 300 entries. They are not part of this project:
 * without the folder that BOURSE_VECTORS names (else ../shared/vectors beside the source root,
 * which is the first argument) the test is skipped. */
#include <jansson.h>
#include <unistd.h>

#include "base/fd.h"
#include "sign/sha.h"
#include "tests/t.h"
#include "tlog/edge.h"
#include "tlog/proof.h"

static char folder[4096];

static void load(const char *name, struct buf *out)
{
    char path[8192];
    struct err err = { 0 };
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    CHECK(file_read(path, 1 << 20, out, &err));
}

static json_t *load_json(const char *name)
{
    auto_buf struct buf b = { .max = 0 };
    load(name, &b);
    json_t *j = json_loadb(b.p, b.n, 0, NULL);
    CHECK(j);
    return j;
}

static struct note_key key_at(const json_t *j, const char *name)
{
    struct note_key k;
    CHECK(note_key_parse(str_of(json_string_value(json_object_get(j, name))), &k) == TLOG_OK);
    return k;
}

/* ---- notes of others ---- */

static void check_note(const char *name, const json_t *valid_under)
{
    auto_buf struct buf b = { .max = 0 };
    struct note n;

    load(name, &b);
    CHECK(note_parse(buf_view(&b), &n) == TLOG_OK);
    for (size_t i = 0; i < json_array_size(valid_under); i++) {
        struct note_key k;
        const char *vkey = json_string_value(json_array_get(valid_under, i));
        CHECK(note_key_parse(str_of(vkey), &k) == TLOG_OK);
        CHECK(note_verify(&n, &k, 1, NULL) == TLOG_OK);
    }
    for (size_t i = 0; i < n.text.n; i++) { /* views into b */
        struct note_key k;
        CHECK(note_key_parse(str_of(json_string_value(json_array_get(valid_under, 0))), &k) ==
              TLOG_OK);
        b.p[i] = (char)(b.p[i] ^ 1);
        CHECK(note_verify(&n, &k, 1, NULL) == TLOG_FORGED);
        b.p[i] = (char)(b.p[i] ^ 1);
    }
}

TEST(notes_of_others_are_read)
{
    json_t *j = load_json("notes.json");
    const char *name;
    json_t *value;
    struct note_key k;

    json_object_foreach(json_object_get(j, "notes"), name, value)
        check_note(name, json_object_get(value, "valid_under"));
    json_object_foreach(json_object_get(j, "bad_vkeys"), name, value)
        CHECK(note_key_parse(str_of(name), &k) == TLOG_BAD_KEY);
    json_decref(j);
}

TEST(a_cosigned_checkpoint_of_others_is_read)
{
    auto_buf struct buf b = { .max = 0 };
    struct note n;
    struct checkpoint_note c;

    load("checkpoint_c2sp_cosigned_example.txt", &b);
    CHECK(note_parse(buf_view(&b), &n) == TLOG_OK);
    CHECK(checkpoint_note_parse(n.text, &c) == TLOG_OK);
    CHECK_I64(c.size, 20852163);
    CHECK(str_is(c.origin, "example.com/behind-the-sofa"));
    CHECK_I64(n.signatures_n, 2);
    CHECK(n.signatures[1].id == 0x8d66cf3f);
}

/* ---- a log of 300 entries ---- */

static bool tile_of_files(void *arg, int level, uint64_t n, unsigned width,
                          struct hash out[TILE_WIDTH])
{
    auto_buf struct buf b = { .max = 0 };
    char name[128];

    (void)arg;
    if (width == TILE_WIDTH)
        snprintf(name, sizeof(name), "generated-300/tile_%d_%03d", level, (int)n);
    else
        snprintf(name, sizeof(name), "generated-300/tile_%d_%03d.p_%u", level, (int)n, width);
    load(name, &b);
    return tile_read(buf_view(&b), width, out) == TLOG_OK;
}

static size_t load_leaves(struct hash *leaves, struct buf *first, struct buf *second)
{
    load("generated-300/tile_entries_000", first);
    load("generated-300/tile_entries_001.p_44", second);
    CHECK(bundle_leaves(sha256_parts, buf_view(first), 256, leaves) == TLOG_OK);
    CHECK(bundle_leaves(sha256_parts, buf_view(second), 44, leaves + 256) == TLOG_OK);
    return 300;
}

TEST(a_log_of_300_entries_holds_together)
{
    static struct hash leaves[512];
    static struct tree_reader r;
    auto_buf struct buf note = { .max = 0 }, first = { .max = 0 }, second = { .max = 0 };
    json_t *j = load_json("generated-300/expected.json");
    const struct note_key keys[] = { key_at(j, "log_vkey"), key_at(j, "witness_vkey") };
    struct note n;
    struct checkpoint_note c;
    struct hash root, path[TREE_PATH_MAX];
    size_t signers = 0, path_n = 0;
    char hex[65];

    load("generated-300/checkpoint", &note);
    CHECK(checkpoint_note_open(buf_view(&note), &keys[0], &n, &c) == TLOG_OK);
    CHECK(note_verify(&n, keys, 2, &signers) == TLOG_OK && signers == 2);
    hex_encode(c.root.b, sizeof(c.root.b), hex);
    CHECK_STR(hex, json_string_value(json_object_get(j, "root_hex")));
    CHECK_I64(c.size, 300);

    CHECK(load_leaves(leaves, &first, &second) == 300);
    tree_reader_init(&r, sha256_parts, tile_of_files, NULL, c.size);
    CHECK(tree_root(&r, c.size, &root) && memcmp(root.b, c.root.b, 32) == 0);
    for (uint64_t i = 0; i < 300; i++) {
        CHECK(tree_inclusion(&r, i, path, &path_n));
        CHECK(merkle_check_inclusion(sha256_parts, leaves[i], i, 300, path, path_n, c.root));
        CHECK(!merkle_check_inclusion(sha256_parts, leaves[(i + 1) % 300], i, 300, path, path_n,
                                      c.root));
    }
    json_decref(j);
}

TEST(a_changed_byte_of_an_entry_is_found)
{
    static struct hash leaves[512];
    static struct log_edge e;
    auto_buf struct buf note = { .max = 0 }, first = { .max = 0 }, second = { .max = 0 };
    json_t *j = load_json("generated-300/expected.json");
    const struct note_key log = key_at(j, "log_vkey");
    struct note n;
    struct checkpoint_note c;

    load("generated-300/checkpoint", &note);
    CHECK(checkpoint_note_open(buf_view(&note), &log, &n, &c) == TLOG_OK);
    CHECK(load_leaves(leaves, &first, &second) == 300);
    for (size_t i = 0; i < 300; i++)
        log_edge_add(&e, sha256_parts, leaves[i], NULL, NULL);
    struct hash root = log_edge_root(&e, sha256_parts);
    CHECK(memcmp(root.b, c.root.b, 32) == 0);
    e.level[0][43].b[0] ^= 1;
    root = log_edge_root(&e, sha256_parts);
    CHECK(memcmp(root.b, c.root.b, 32) != 0);
    json_decref(j);
}

int main(int argc, char **argv)
{
    static const struct t_test all[] = {
        T(notes_of_others_are_read),
        T(a_cosigned_checkpoint_of_others_is_read),
        T(a_log_of_300_entries_holds_together),
        T(a_changed_byte_of_an_entry_is_found),
    };
    const char *named = getenv("BOURSE_VECTORS");
    const char *root = argc > 1 ? argv[1] : ".";
    if (named)
        snprintf(folder, sizeof(folder), "%s/tlog", named);
    else
        snprintf(folder, sizeof(folder), "%s/../shared/vectors/tlog", root);
    if (access(folder, R_OK) != 0) SKIP("the folder of test vectors is not here");
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        all[i].run();
        printf("ok %s\n", all[i].name);
    }
    return 0;
}
