/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/buf.h"
#include "sign/checkpoint.h"
#include "tests/t.h"

#define ONE "0000000000000000000000000000000000000000000000000000000000000001"
#define TWO "0000000000000000000000000000000000000000000000000000000000000002"

static struct arena a;
static struct err err;

static bool parses(const char *text)
{
    struct manifest m;
    err = (struct err){ .code = ERR_NONE };
    return manifest_parse(str_of(text), &a, &m, &err);
}

#define FILES(files) "{\"files\":[" files "],\"type\":\"bourse-checkpoint\",\"version\":1}"
#define FILE_OF(path, pieces, size)                                                                \
    "{\"mode\":420,\"path\":\"" path "\",\"pieces\":[" pieces "],\"size_bytes\":" size "}"

TEST(a_manifest_is_read_as_it_was_written)
{
    arena_init(&a, 1 << 20);
    struct str pieces[] = { STR(ONE), STR(TWO) };
    struct saved_file files[] = {
        { STR("a"), 0600, 0, { NULL, 0 } },
        { STR("b/c"), 0755, CHECKPOINT_PIECE + 1, { pieces, 2 } },
    };
    const struct manifest m = { files, 2 };
    struct buf text = { .max = CHECKPOINT_MANIFEST_MAX };
    struct manifest again;

    manifest_text(&m, &text);
    CHECK(!text.failed);
    CHECK(manifest_parse(buf_view(&text), &a, &again, &err));
    CHECK_I64((int64_t)again.n, 2);
    CHECK(str_is(again.files[1].path, "b/c") && again.files[1].mode == 0755);
    CHECK(again.files[1].pieces.n == 2 && str_is(again.files[1].pieces.v[1], TWO));
    CHECK_I64(manifest_bytes(&again), CHECKPOINT_PIECE + 1);
    CHECK_I64(checkpoint_piece_size(CHECKPOINT_PIECE + 1, 0), CHECKPOINT_PIECE);
    CHECK_I64(checkpoint_piece_size(CHECKPOINT_PIECE + 1, 1), 1);
    buf_done(&text);
    arena_done(&a);
}

TEST(a_manifest_that_would_write_elsewhere_is_refused)
{
    static const char *const bad[] = {
        FILES(FILE_OF("../a", "", "0")),
        FILES(FILE_OF("/a", "", "0")),
        FILES(FILE_OF("a/../b", "", "0")),
        FILES(FILE_OF("a//b", "", "0")),
        FILES(FILE_OF("a/", "", "0")),
        FILES(FILE_OF(".", "", "0")),
        FILES(FILE_OF("a", "", "0") "," FILE_OF("a", "", "0")),
        FILES(FILE_OF("b", "", "0") "," FILE_OF("a", "", "0")),
        FILES(FILE_OF("a", "", "0") "," FILE_OF("a-b", "", "0") "," FILE_OF("a/b", "", "0")),
    };
    arena_init(&a, 1 << 20);
    CHECK(parses(FILES(FILE_OF("a", "", "0") "," FILE_OF("a-b", "", "0"))));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        CHECK(!parses(bad[i]));
        CHECK_I64(err.code, ERR_VALIDATION_FAILED);
    }
    arena_done(&a);
}

TEST(a_manifest_has_the_pieces_that_its_sizes_ask_for)
{
    arena_init(&a, 1 << 20);
    CHECK(parses(FILES(FILE_OF("a", "\"" ONE "\"", "1"))));
    CHECK(!parses(FILES(FILE_OF("a", "", "1"))));
    CHECK(!parses(FILES(FILE_OF("a", "\"" ONE "\"", "0"))));
    CHECK(!parses(FILES(FILE_OF("a", "\"" ONE "\",\"" TWO "\"", "4194304"))));
    CHECK(parses(FILES(FILE_OF("a", "\"" ONE "\",\"" TWO "\"", "4194305"))));
    CHECK(!parses(FILES(FILE_OF("a", "\"nothing\"", "1"))));
    CHECK(!parses(FILES(FILE_OF("a", "", "-1"))));
    CHECK(!parses(FILES("{\"mode\":2541,\"path\":\"a\",\"pieces\":[],\"size_bytes\":0}")));
    CHECK(!parses(" " FILES(FILE_OF("a", "", "0")))); /* not canonical */
    CHECK(!parses("{\"files\":[],\"type\":\"bourse-receipt\",\"version\":1}"));
    CHECK(!parses("nothing"));
    arena_done(&a);
}

TEST(a_statement_names_a_look_that_is_not_older_than_what_it_found)
{
    arena_init(&a, 1 << 20);
    struct checkpoint c = { .lease_id = STR("lease_x"),
                            .manifest_sha256 = STR(ONE),
                            .epoch = 1,
                            .seconds = 9,
                            .looked_seconds = 10,
                            .at_us = INT64_C(1700000000000000) },
                      again;
    const struct str text = checkpoint_text(&c, &a);
    CHECK(checkpoint_parse(text, &a, &again, &err));
    CHECK(again.seconds == 9 && again.looked_seconds == 10 && again.at_us == c.at_us);
    CHECK(str_is(again.manifest_sha256, ONE) && again.epoch == 1);
    c.looked_seconds = 8;
    CHECK(!checkpoint_parse(checkpoint_text(&c, &a), &a, &again, &err));
    arena_done(&a);
}

TESTS(T(a_manifest_is_read_as_it_was_written), T(a_manifest_that_would_write_elsewhere_is_refused),
      T(a_manifest_has_the_pieces_that_its_sizes_ask_for),
      T(a_statement_names_a_look_that_is_not_older_than_what_it_found))
