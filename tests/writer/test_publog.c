/* SPDX-License-Identifier: Apache-2.0 */
/* The sequencer beside a market at work: what is published holds together while it grows, and a
 * second start goes on from the first. Each answered command has a signed place that the log keeps.
 */
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "service/publog.h"
#include "sign/sha.h"
#include "tests/t.h"
#include "tests/writer/market_db.h"

static const uint8_t log_key[32] = { 1, 2, 3 }; /* as the stage has it */
static struct stage stage;
static struct key *secret;
static struct note_key key;
static struct publog_options options;
static struct db *db;
static struct err err;

static struct publog *begin(void)
{
    struct publog *l = publog_start(&options, &err);
    CHECK(l != NULL);
    return l;
}

static void end(struct publog *l)
{
    publog_stop(l);
    publog_free(l);
}

/* The checkpoint, once it has `least` entries. */
static struct checkpoint_note await_size(struct publog *l, uint64_t least, struct arena *a)
{
    static struct note note;
    struct checkpoint_note c = { .size = 0 };
    struct str bytes;

    for (int naps = 0; naps < 600; naps++) {
        if (publog_checkpoint(l, a, &bytes, &err)) {
            CHECK(checkpoint_note_open(bytes, &key, &note, &c) == TLOG_OK);
            if (c.size >= least) return c;
        }
        clock_sleep_us(20000);
    }
    CHECK(false && "no checkpoint came");
    return c;
}

/* Each entry of the log with its proof. */
static void check_log(struct publog *l, uint64_t size)
{
    const struct log_trust trust = { .log = key };

    for (uint64_t i = 0; i < size; i += 1 + size / 50) {
        struct arena a;
        struct str entry, proof;
        arena_init(&a, 8 << 20);
        CHECK(publog_entry(l, db, i, &a, &entry, &err));
        CHECK(publog_proof(l, db, i, &a, &proof, &err));
        CHECK(log_proof_verify(proof, entry, &trust) == TLOG_OK);
        arena_done(&a);
    }
}

TEST(the_log_grows_with_the_market_and_holds_together)
{
    struct publog *l = begin();
    struct arena a;
    uint64_t size = 0;

    arena_init(&a, 8 << 20);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 120; i++)
            (void)stage_account(&stage, 1000000, 1000 + round * 500 + 2 * i);
        const struct checkpoint_note c =
            await_size(l, (uint64_t)market_db_number(db, "SELECT count(*) AS n FROM commands"), &a);
        CHECK(c.size > size);
        size = c.size;
        check_log(l, size);
    }
    CHECK(size > 256 * 2);
    end(l);
    arena_done(&a);
}

TEST(a_second_start_goes_on_from_the_first)
{
    struct arena a;
    const uint64_t before =
        (uint64_t)market_db_number(db, "SELECT max(size) AS n FROM log_checkpoints");

    arena_init(&a, 8 << 20);
    struct publog *l = begin();
    CHECK(await_size(l, before, &a).size == before);
    (void)stage_account(&stage, 1000000, 9000);
    CHECK(await_size(l, before + 1, &a).size > before);
    check_log(l, before + 1);
    end(l);
    arena_done(&a);
}

TEST(what_is_not_published_has_no_proof)
{
    struct publog *l = begin();
    struct arena a;
    struct str proof;

    arena_init(&a, 8 << 20);
    const struct checkpoint_note c = await_size(l, 1, &a);
    CHECK(!publog_proof(l, db, c.size + 1000, &a, &proof, &err));
    CHECK(err.code == ERR_NOT_YET_LOGGED);
    err = (struct err){ 0 };
    end(l);
    arena_done(&a);
}

int main(void)
{
    secret = key_new();
    const struct public_key public = key_public(secret);
    key = note_key_of(STR("test/log"), NOTE_ED25519, &public);
    stage_open(&stage, market_db_new());
    stage_wait_ready(&stage);
    db = market_db_open(stage.conninfo);
    options = (struct publog_options){ .conninfo = stage.conninfo,
                                       .writer = stage.writer,
                                       .log_key = log_key,
                                       .key = secret,
                                       .note_key = &key };
    the_log_grows_with_the_market_and_holds_together();
    a_second_start_goes_on_from_the_first();
    what_is_not_published_has_no_proof();
    puts("ok");
    db_close(db);
    stage_close(&stage);
    key_free(secret);
    return 0;
}
