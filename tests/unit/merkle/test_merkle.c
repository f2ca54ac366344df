/* SPDX-License-Identifier: Apache-2.0 */
/* The oracle is the definition itself, RFC 6962 §2.1, written down as it stands there: recursive
 * and slow. What it says of trees of up to 70 leaves, the product's code must say too. */
#include "merkle/merkle.h"

#include "sign/sha.h"
#include "tests/t.h"

#define LEAVES 70

static struct hash leaves[LEAVES];

static void plant(void)
{
    for (size_t i = 0; i < LEAVES; i++) {
        char entry[32];
        const int n = snprintf(entry, sizeof(entry), "entry-%zu", i);
        leaves[i] = merkle_leaf(sha256_parts, entry, (size_t)n);
    }
}

static bool same(struct hash a, struct hash b)
{
    return memcmp(a.b, b.b, sizeof(a.b)) == 0;
}

static bool is_hex(struct hash h, const char *want)
{
    char text[65];
    hex_encode(h.b, sizeof(h.b), text);
    return strcmp(text, want) == 0;
}

static struct hash pair(struct hash left, struct hash right)
{
    uint8_t bytes[65] = { 1 };
    memcpy(bytes + 1, left.b, 32);
    memcpy(bytes + 33, right.b, 32);
    return sha256((struct str){ (const char *)bytes, sizeof(bytes) });
}

static size_t half(size_t n)
{
    size_t k = 1;
    while (2 * k < n)
        k *= 2;
    return k;
}

/* MTH(D[from:to]) */
static struct hash mth(size_t from, size_t to)
{
    if (to == from) return sha256(STR(""));
    if (to - from == 1) return leaves[from];
    const size_t k = from + half(to - from);
    return pair(mth(from, k), mth(k, to));
}

/* PATH(m, D[from:to]), leaf side first */
static size_t naive_path(size_t m, size_t from, size_t to, struct hash *out)
{
    if (to - from <= 1) return 0;
    const size_t k = from + half(to - from);
    const size_t n = m < k ? naive_path(m, from, k, out) : naive_path(m, k, to, out);
    out[n] = m < k ? mth(k, to) : mth(from, k);
    return n + 1;
}

/* SUBPROOF(m, D[from:to], whole), RFC 6962 §2.1.2; m counts from `from` */
static size_t naive_subproof(size_t m, size_t from, size_t to, bool whole, struct hash *out)
{
    const size_t n = to - from;
    if (m == n) {
        if (!whole) out[0] = mth(from, to);
        return whole ? 0 : 1;
    }
    const size_t k = half(n);
    const bool left = m <= k;
    const size_t steps = left ? naive_subproof(m, from, from + k, whole, out)
                              : naive_subproof(m - k, from + k, to, false, out);
    out[steps] = left ? mth(from + k, to) : mth(from, from + k);
    return steps + 1;
}

TEST(the_tree_has_the_shape_of_rfc_6962)
{
    CHECK(is_hex(merkle_root(sha256_parts, NULL, 0),
                 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
    CHECK(is_hex(merkle_leaf(sha256_parts, "", 0),
                 "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"));
    CHECK(is_hex(merkle_leaf(sha256_parts, "L123456", 7),
                 "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"));
}

TEST(a_root_is_what_the_definition_says)
{
    for (size_t n = 0; n <= LEAVES; n++)
        CHECK(same(merkle_root(sha256_parts, leaves, n), mth(0, n)));
}

/* Known answers of our own, so that the oracle and the code cannot drift together. */
TEST(roots_of_numbered_entries_are_known)
{
    CHECK(is_hex(mth(0, 1), "40766b2033429026f53d54502679a839706b4741f8dcaf3a8bba5f41b5ffe075"));
    CHECK(is_hex(mth(0, 2), "2f27a5082c1d42afa488ac350a9fc4390c084f54f71ecdff859e98db8429b479"));
    CHECK(is_hex(mth(0, 7), "9139601cc1ca8ab2a7a0c2c134c04845f2b1ba549a83d6c845cfcda439cc585d"));
    CHECK(is_hex(mth(0, 70), "37407d379e390af1ee9b321b9ea2cb62d089f0e92c72daee0f1cd31dea971789"));
}

TEST(a_path_is_what_the_definition_says_and_leads_to_the_root)
{
    struct hash path[64], want[64];
    for (size_t n = 1; n <= LEAVES; n++) {
        const struct hash root = mth(0, n);
        for (size_t i = 0; i < n; i++) {
            const size_t steps = merkle_path(sha256_parts, leaves, n, i, path);
            CHECK_I64(steps, naive_path(i, 0, n, want));
            CHECK(memcmp(path, want, steps * sizeof(path[0])) == 0);
            CHECK(merkle_check_inclusion(sha256_parts, leaves[i], i, n, path, steps, root));
        }
    }
}

TEST(a_path_fits_no_other_leaf_place_or_root)
{
    struct hash path[64];
    for (size_t n = 2; n <= 20; n++) {
        const struct hash root = mth(0, n);
        for (size_t i = 0; i < n; i++) {
            const size_t steps = merkle_path(sha256_parts, leaves, n, i, path);
            for (size_t other = 0; other < n + 2; other++) {
                if (other == i) continue;
                CHECK(
                    !merkle_check_inclusion(sha256_parts, leaves[i], other, n, path, steps, root));
                CHECK(
                    !merkle_check_inclusion(sha256_parts, leaves[other], i, n, path, steps, root));
            }
            CHECK(
                !merkle_check_inclusion(sha256_parts, leaves[i], i, n, path, steps, mth(0, n - 1)));
        }
    }
}

TEST(a_path_that_is_longer_shorter_or_changed_is_refused)
{
    struct hash path[64] = { { { 0 } } };
    for (size_t n = 2; n <= 20; n++) {
        const struct hash root = mth(0, n);
        for (size_t i = 0; i < n; i++) {
            const size_t steps = merkle_path(sha256_parts, leaves, n, i, path);
            CHECK(!merkle_check_inclusion(sha256_parts, leaves[i], i, n, path, steps - 1, root));
            path[steps] = root;
            CHECK(!merkle_check_inclusion(sha256_parts, leaves[i], i, n, path, steps + 1, root));
            for (size_t s = 0; s < steps; s++) {
                path[s].b[s % 32] ^= 0x10;
                CHECK(!merkle_check_inclusion(sha256_parts, leaves[i], i, n, path, steps, root));
                path[s].b[s % 32] ^= 0x10;
            }
        }
    }
}

TEST(an_empty_tree_includes_nothing)
{
    const struct hash empty = mth(0, 0);
    CHECK(!merkle_check_inclusion(sha256_parts, empty, 0, 0, NULL, 0, empty));
    CHECK(!merkle_check_inclusion(sha256_parts, leaves[0], UINT64_MAX, UINT64_MAX, NULL, 0, empty));
}

TEST(every_older_tree_is_a_prefix_of_every_newer_one)
{
    struct hash proof[64];
    for (size_t n = 1; n <= LEAVES; n++) {
        for (size_t m = 1; m <= n; m++) {
            const size_t steps = m == n ? 0 : naive_subproof(m, 0, n, true, proof);
            CHECK(merkle_check_consistency(sha256_parts, m, n, proof, steps, mth(0, m), mth(0, n)));
        }
    }
}

TEST(a_proof_of_consistency_fits_no_other_sizes_or_roots)
{
    struct hash proof[64];
    for (size_t n = 2; n <= 20; n++) {
        for (size_t m = 1; m < n; m++) {
            const struct hash older = mth(0, m), newer = mth(0, n);
            const size_t steps = naive_subproof(m, 0, n, true, proof);
            CHECK(!merkle_check_consistency(sha256_parts, m, n, proof, steps, newer, older));
            CHECK(!merkle_check_consistency(sha256_parts, m, n, proof, steps - 1, older, newer));
            CHECK(!merkle_check_consistency(sha256_parts, n, m, proof, steps, older, newer));
            CHECK(
                !merkle_check_consistency(sha256_parts, m, n, proof, steps, mth(0, m - 1), newer));
            CHECK(
                !merkle_check_consistency(sha256_parts, m, n, proof, steps, older, mth(0, n + 1)));
            proof[steps] = older;
            CHECK(!merkle_check_consistency(sha256_parts, m, n, proof, steps + 1, older, newer));
            for (size_t s = 0; s < steps; s++) {
                proof[s].b[31] ^= 1;
                CHECK(!merkle_check_consistency(sha256_parts, m, n, proof, steps, older, newer));
                proof[s].b[31] ^= 1;
            }
        }
    }
}

TEST(a_tree_of_size_zero_proves_nothing)
{
    const struct hash empty = mth(0, 0), one = mth(0, 1);
    CHECK(!merkle_check_consistency(sha256_parts, 0, 0, NULL, 0, empty, empty));
    CHECK(!merkle_check_consistency(sha256_parts, 0, 1, &one, 1, empty, one));
    CHECK(!merkle_check_consistency(sha256_parts, 1, 2, NULL, 0, one, mth(0, 2)));
    CHECK(!merkle_check_consistency(sha256_parts, 1, 1, NULL, 0, one, empty));
    CHECK(!merkle_check_consistency(sha256_parts, 1, 1, &one, 1, one, one));
}

TEST(a_tree_of_entries_is_planted)
{
    plant();
    CHECK(!same(leaves[0], leaves[1]));
}

TESTS(T(a_tree_of_entries_is_planted), T(the_tree_has_the_shape_of_rfc_6962),
      T(a_root_is_what_the_definition_says), T(roots_of_numbered_entries_are_known),
      T(a_path_is_what_the_definition_says_and_leads_to_the_root),
      T(a_path_fits_no_other_leaf_place_or_root),
      T(a_path_that_is_longer_shorter_or_changed_is_refused), T(an_empty_tree_includes_nothing),
      T(every_older_tree_is_a_prefix_of_every_newer_one),
      T(a_proof_of_consistency_fits_no_other_sizes_or_roots), T(a_tree_of_size_zero_proves_nothing))
