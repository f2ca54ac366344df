/* SPDX-License-Identifier: Apache-2.0 */
/* The market as text: a tape holds commands, a line of dashes, and what they must lead to. The
 * words are explained in README.md, next to the tapes; anyone can check one, or add one.
 *
 *     run_tape FILE...
 *
 * Each tape runs twice, once with a group for every command and once with all in one group, and
 * must say the same and end in the same state both times. */
#include "base/err.h"
#include "base/fd.h"
#include "tests/t.h"
#include "tests/tape/tape.h"

static const struct pool pools[] = {
    { .number = 1,
      .name = "cpu",
      .unit = { .cpu_millis = 1000, .memory_bytes = GIB, .scratch_bytes = GIB },
      .tick = { 1000 } },
    { .number = 2,
      .name = "h100",
      .gpu_model = "NVIDIA H100 80GB HBM3",
      .throughput = 1000,
      .unit = { .gpus = 1, .cpu_millis = 8000, .memory_bytes = 8 * GIB, .scratch_bytes = 8 * GIB },
      .tick = { 1000 } },
    { .number = 3,
      .name = "a100",
      .gpu_model = "NVIDIA A100-SXM4-80GB",
      .throughput = 400,
      .unit = { .gpus = 1, .cpu_millis = 8000, .memory_bytes = 8 * GIB, .scratch_bytes = 8 * GIB },
      .tick = { 1000 } },
};

/* Run the commands of the tape; *rest is then what stands behind the dashes. */
static uint64_t run(struct tape *t, struct str *rest)
{
    uint64_t hash;

    /* Without quote life, back-off and collar, until the tape says otherwise. */
    t->rules = market_rules_default;
    t->rules.quote_seconds = t->rules.backoff_seconds = t->rules.collar_bps = 0;
    t->m = market_new(&mem_heap, &t->rules, pools, ARRAY_LEN(pools));
    CHECK(t->m);
    for (tape_read_line(t, rest); !tape_is_word(t, "----"); tape_read_line(t, rest)) {
        if (rest->n == 0) tape_wrong(t, "no line of dashes");
        tape_run_line(t);
    }
    hash = market_hash(t->m);
    market_settle_group(t->m);
    market_check(t->m);
    CHECK(market_hash(t->m) == hash);
    market_free(t->m);
    return hash;
}

static bool run_file(const char *file)
{
    static struct tape tapes[2];
    uint64_t hash[2];
    struct str want = { "", 0 };
    struct buf text;
    struct err err;

    buf_init(&text, TAPE_MAX);
    if (!file_read(file, TAPE_MAX, &text, &err)) {
        fprintf(stderr, "%s: %s\n", file, err.detail);
        exit(1);
    }
    for (int i = 0; i < 2; i++) {
        tapes[i] = (struct tape){ .file = file, .now_us = START_US, .one_group = i };
        buf_init(&tapes[i].out, TAPE_MAX);
        want = buf_view(&text);
        hash[i] = run(&tapes[i], &want);
        CHECK(!tapes[i].out.failed);
    }

    const struct str got = buf_view(&tapes[0].out);
    const bool right = str_eq(got, want);
    CHECK(str_eq(got, buf_view(&tapes[1].out)) && hash[0] == hash[1]);
    if (!right)
        fprintf(stderr, "%s:\n--- got\n%.*s--- want\n%.*s", file, (int)got.n, got.p, (int)want.n,
                want.p);
    printf("%s %s\n", right ? "ok" : "not ok", file);
    buf_done(&tapes[0].out);
    buf_done(&tapes[1].out);
    buf_done(&text);
    return right;
}

int main(int argc, char **argv)
{
    bool right = argc > 1;

    for (int i = 1; i < argc; i++)
        right &= run_file(argv[i]);
    if (argc < 2) fprintf(stderr, "usage: run_tape FILE...\n");
    return right ? 0 : 1;
}
