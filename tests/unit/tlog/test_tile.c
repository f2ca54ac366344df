/* SPDX-License-Identifier: Apache-2.0 */
#include "tlog/edge.h"
#include "tlog/tree.h"

#include "sign/sha.h"
#include "tests/t.h"

#define LOG_MAX 70000

static struct hash leaves[LOG_MAX];

static void make_leaves(void)
{
    for (uint32_t i = 0; i < LOG_MAX; i++)
        leaves[i] = merkle_leaf(sha256_parts, &i, sizeof(i));
}

static bool same(struct hash a, struct hash b)
{
    return memcmp(a.b, b.b, sizeof(a.b)) == 0;
}

/* Tiles as they follow from the definition alone. */
static bool naive_tile(void *arg, int level, uint64_t n, unsigned width,
                       struct hash out[TILE_WIDTH])
{
    const size_t each = (size_t)1 << (8 * level);

    (void)arg;
    for (unsigned i = 0; i < width; i++)
        out[i] = merkle_root(sha256_parts, leaves + (n * TILE_WIDTH + i) * each, each);
    return true;
}

static bool no_tile(void *arg, int level, uint64_t n, unsigned width, struct hash out[TILE_WIDTH])
{
    (void)arg, (void)level, (void)n, (void)width, (void)out;
    return false;
}

static const struct {
    int level;
    uint64_t n;
    unsigned width;
    const char *text;
} names[] = {
    { 0, 0, 256, "0/000" },
    { 7, 5, 1, "7/005.p/1" },
    { 0, 1234067, 256, "0/x001/x234/067" },
    { TILE_ENTRIES, 1000, 255, "entries/x001/000.p/255" },
    { 1, 999, 256, "1/999" },
};

TEST(a_tile_has_one_name)
{
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct tile_name t = { 0 };
        char text[TILE_NAME_MAX];
        CHECK(tile_name_parse(str_of(names[i].text), &t) == TLOG_OK);
        CHECK_I64(t.level, names[i].level);
        CHECK_I64(t.n, names[i].n);
        CHECK_I64(t.width, names[i].width);
        tile_name_text(&t, text);
        CHECK_STR(text, names[i].text);
    }
}

TEST(no_other_name_is_a_tile)
{
    static const char *const wrong[] = {
        "",
        "0",
        "0/",
        "0/1",
        "0/0001",
        "8/000",
        "00/000",
        "-1/000",
        "0/x000/001",
        "0/x001/1",
        "0/x001",
        "0/001/002",
        "0/x1/002",
        "0/000.p/0",
        "0/000.p/256",
        "0/000.p/01",
        "0/000.p/",
        "0/000.p",
        "0/000.q/1",
        "entries/x/0",
        "entries",
        "Entries/000",
        "0/000/",
        "0/000.p/1/",
        "0/+01",
        "0/ 01",
        "0/x036/x028/x797/x018/x963/x968",
        "0/x001/x001/x001/x001/x001/x001/001",
    };
    struct tile_name t;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        if (tile_name_parse(str_of(wrong[i]), &t) == TLOG_BAD_TILE_NAME) continue;
        fprintf(stderr, "taken: %s\n", wrong[i]);
        CHECK(false);
    }
}

TEST(widths_are_those_of_the_specification)
{
    CHECK_I64(tile_width(70000, 0, 272), 256);
    CHECK_I64(tile_width(70000, 0, 273), 112);
    CHECK_I64(tile_width(70000, 0, 274), 0);
    CHECK_I64(tile_width(70000, 1, 0), 256);
    CHECK_I64(tile_width(70000, 1, 1), 17);
    CHECK_I64(tile_width(70000, 2, 0), 1);
    CHECK_I64(tile_width(256, 0, 0), 256);
    CHECK_I64(tile_width(256, 1, 0), 1);
    CHECK_I64(tile_width(0, 0, 0), 0);
    CHECK_I64(tile_width(INT64_MAX, 7, 0), 127);
}

struct seen {
    int64_t tiles[TILE_LEVELS];
};

static void full(void *arg, int level, uint64_t n, const struct hash hashes[TILE_WIDTH])
{
    struct seen *s = arg;
    struct hash want[TILE_WIDTH];

    CHECK_I64(n, s->tiles[level]);
    s->tiles[level]++;
    CHECK(naive_tile(NULL, level, n, TILE_WIDTH, want));
    CHECK(memcmp(want, hashes, sizeof(want)) == 0);
}

TEST(an_edge_fills_the_tiles_and_has_the_root)
{
    static struct log_edge e;
    struct seen s = { { 0 } };

    for (size_t i = 0; i <= LOG_MAX; i++) {
        if (i < 600 || i % 997 == 0 || i == 65536 || i == LOG_MAX)
            CHECK(same(log_edge_root(&e, sha256_parts), merkle_root(sha256_parts, leaves, i)));
        if (i < LOG_MAX) log_edge_add(&e, sha256_parts, leaves[i], full, &s);
    }
    CHECK_I64(s.tiles[0], LOG_MAX / 256);
    CHECK_I64(s.tiles[1], 1);
    CHECK_I64(s.tiles[2], 0);
}

static void check_size(uint64_t size, uint64_t step)
{
    static struct tree_reader r;
    struct hash path[TREE_PATH_MAX], root, older;
    size_t n = 0;

    tree_reader_init(&r, sha256_parts, naive_tile, NULL, size);
    CHECK(tree_root(&r, size, &root));
    CHECK(same(root, merkle_root(sha256_parts, leaves, size)));
    for (uint64_t i = 0; i < size; i += step) {
        CHECK(tree_inclusion(&r, i, path, &n));
        CHECK(merkle_check_inclusion(sha256_parts, leaves[i], i, size, path, n, root));
        CHECK(tree_root(&r, i + 1, &older));
        CHECK(same(older, merkle_root(sha256_parts, leaves, i + 1)));
        CHECK(tree_consistency(&r, i + 1, path, &n));
        CHECK(merkle_check_consistency(sha256_parts, i + 1, size, path, n, older, root));
    }
}

TEST(paths_lead_to_the_root_from_every_entry)
{
    for (uint64_t size = 1; size <= 40; size++)
        check_size(size, 1);
    check_size(255, 1);
    check_size(256, 1);
    check_size(257, 1);
    check_size(1000, 37);
    check_size(65536, 9973);
    check_size(70000, 9973);
}

TEST(without_a_tile_there_is_no_path)
{
    static struct tree_reader r;
    struct hash path[TREE_PATH_MAX], root;
    size_t n;

    tree_reader_init(&r, sha256_parts, no_tile, NULL, 300);
    CHECK(!tree_inclusion(&r, 3, path, &n));
    CHECK(!tree_consistency(&r, 3, path, &n));
    CHECK(!tree_root(&r, 300, &root));
    CHECK(tree_root(&r, 0, &root));
}

TEST(a_bundle_holds_what_was_put_in_and_no_more)
{
    auto_buf struct buf b = { .max = 1 << 20 };
    struct hash out[TILE_WIDTH];
    struct str rest, entry;

    bundle_put(&b, STR("one"));
    bundle_put(&b, STR(""));
    rest = buf_view(&b);
    CHECK(bundle_next(&rest, &entry) && str_is(entry, "one"));
    CHECK(bundle_next(&rest, &entry) && entry.n == 0);
    CHECK(!bundle_next(&rest, &entry));
    CHECK(bundle_leaves(sha256_parts, buf_view(&b), 2, out) == TLOG_OK);
    CHECK(same(out[0], merkle_leaf(sha256_parts, "one", 3)));
    CHECK(bundle_leaves(sha256_parts, buf_view(&b), 1, out) == TLOG_BAD_BUNDLE);
    CHECK(bundle_leaves(sha256_parts, buf_view(&b), 3, out) == TLOG_BAD_BUNDLE);
    CHECK(bundle_leaves(sha256_parts, (struct str){ b.p, b.n - 1 }, 2, out) == TLOG_BAD_BUNDLE);
    CHECK(tile_read((struct str){ b.p, 5 }, 1, out) == TLOG_BAD_TILE);
}

int main(void)
{
    static const struct t_test all[] = {
        T(a_tile_has_one_name),
        T(no_other_name_is_a_tile),
        T(widths_are_those_of_the_specification),
        T(an_edge_fills_the_tiles_and_has_the_root),
        T(paths_lead_to_the_root_from_every_entry),
        T(without_a_tile_there_is_no_path),
        T(a_bundle_holds_what_was_put_in_and_no_more),
    };
    make_leaves();
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        all[i].run();
        printf("ok %s\n", all[i].name);
    }
    return 0;
}
