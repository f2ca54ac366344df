/* SPDX-License-Identifier: Apache-2.0 */
/* Logs of commands: whatever stands in a file, a replay of it ends with an answer; a command that
 * is read is written as it is read again; and the market takes or refuses it, but stands. */
#include "base/mem.h"
#include "service/logfile.h"
#include "service/replay.h"
#include "tests/fuzz/fuzz.h"

static const struct pool pools[] = {
    { .number = 1, .name = "cpu", .unit = { 0, 1000, 1 << 20, 0 }, .tick = { 1 } },
    { .number = 2,
      .name = "gpu",
      .gpu_model = "G",
      .unit = { 1, 1000, 1 << 20, 0 },
      .tick = { 7 } },
};

static void written_again(const struct command *c)
{
    auto_buf struct buf first = { .max = 1 << 20 };
    auto_buf struct buf second = { .max = 1 << 20 };
    struct command back;
    struct err err = { 0 };

    codec_write(c, (struct str){ NULL, 0 }, &first);
    if (first.failed) return;
    LAW(codec_read(buf_view(&first), &back, NULL, &err) == CODEC_OK);
    codec_write(&back, (struct str){ NULL, 0 }, &second);
    LAW(second.failed || str_eq(buf_view(&first), buf_view(&second)));
}

/* One command of a line; its number and time are made up. */
static void apply(struct market *m, struct str line)
{
    struct command c;
    struct str more;
    struct outcome out;
    struct err err = { 0 };
    const enum codec_fault got = codec_read(line, &c, &more, &err);

    LAW((got == CODEC_OK) == (err.code == ERR_NONE));
    if (got != CODEC_OK) return;
    written_again(&c);
    c.seq = market_last_seq(m) + 1;
    c.at_us = market_last_us(m) + INT64_C(60000000);
    market_apply(m, &c, &out);
    market_check(m);
}

static void commands(struct str text)
{
    struct market *m = market_new(&mem_heap, &market_rules_default, pools, ARRAY_LEN(pools));
    struct str line, rest;

    if (!m) return;
    for (; str_cut(text, '\n', &line, &rest); text = rest)
        apply(m, line);
    market_free(m);
}

static void whole(struct str text)
{
    struct replay *r = replay_new();
    struct replay_result result;
    struct str line, rest;
    struct err err = { 0 };
    bool ok = true;

    for (; ok && str_cut(text, '\n', &line, &rest); text = rest)
        ok = replay_line(r, (struct str){ line.p, line.n + 1 }, &err);
    if (ok && text.n > 0) ok = replay_line(r, text, &err);
    ok = ok && replay_end(r, &err);
    replay_result(r, &result);
    LAW(ok == (err.code == ERR_NONE) && ok == result.matches);
    replay_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct str text = { (const char *)data, size };

    commands(text);
    whole(text);
    return 0;
}
