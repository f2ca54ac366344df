/* SPDX-License-Identifier: Apache-2.0 */
/* A market by chance, written as its log and run again from it: the same trades, the same state.
 * And no damage to a log goes unseen: the line that is wrong is named, or the footer does not
 * agree. */
#include "service/replay.h"

#include "base/mem.h"
#include "service/logfile.h"
#include "sign/sha.h"
#include "tests/property/random_commands.h"
#include "tests/t.h"

#define MARKETS   60
#define STEPS     1500
#define LOG_MAX   ((size_t)16 << 20)
#define LINES_MAX 4096

/* A log in memory, as lines. */
struct log {
    struct buf text;
    struct str lines[LINES_MAX];
    size_t n;
    uint64_t state_hash, trade_hash;
    int64_t trades;
};

static struct err err;
static struct logfile_header header; /* large */

/* ---- a market and its log ---- */

static struct market_rules other_rules(struct dice *d)
{
    struct style s;

    style_roll(d, &s);
    return s.rules;
}

static void next_command(struct dice *d, struct style *s, struct naive *model, struct command *c)
{
    random_command(d, s, model, c);
    if (!dice_percent(d, 1)) return;
    *c = (struct command){ .kind = COMMAND_SET_RULES,
                           .account = ACCOUNT_WORLD,
                           .seq = c->seq,
                           .at_us = c->at_us,
                           .u.set_rules = other_rules(d) };
    s->rules = c->u.set_rules;
}

static void put_header(struct log *l, const struct style *s, int64_t first)
{
    memset(&header, 0, sizeof(header));
    snprintf(header.format, sizeof(header.format), LOGFILE_FORMAT);
    snprintf(header.market, sizeof(header.market), "mkt_test");
    header.version = LOGFILE_VERSION;
    header.first_seq = first;
    header.rules = s->rules;
    header.pools_n = (int32_t)s->pools_n;
    memcpy(header.pools, s->pools, s->pools_n * sizeof(s->pools[0]));
    logfile_genesis(&header, header.genesis);
    logfile_put_header(&header, &l->text);
}

static void put_footer(struct log *l, size_t from, int64_t count, int64_t last_seq)
{
    struct logfile_footer f = { .count = count, .last_seq = last_seq, .trades = l->trades };
    const struct str text = { l->text.p + from, l->text.n - from };

    sha256_hex(text, f.sha256);
    hash_text(l->state_hash, f.state_hash);
    hash_text(l->trade_hash, f.trade_hash);
    logfile_put_footer(&f, &l->text);
}

static void count_trades(struct log *l, const struct market *m, const struct outcome *out)
{
    const struct trade *t = market_trades(m) + out->trades_first;

    for (int32_t i = 0; i < out->trades_n; i++)
        l->trade_hash = trade_hash_add(l->trade_hash, t[i].bid, t[i].ask, t[i].price, t[i].units);
    l->trades += out->trades_n;
}

static void cut_lines(struct log *l)
{
    struct str rest = buf_view(&l->text), line, tail;

    l->n = 0;
    while (str_cut(rest, '\n', &line, &tail)) {
        CHECK(l->n < LINES_MAX);
        l->lines[l->n++] = (struct str){ line.p, line.n + 1 };
        rest = tail;
    }
    CHECK(rest.n == 0);
}

/* One command to both; a refused one leaves no line. False: refused. */
static bool step(struct log *l, struct market *m, struct naive *model, const struct command *c)
{
    struct outcome out;

    naive_apply(model, c);
    market_apply(m, c, &out);
    CHECK((out.refused == ERR_NONE) == (model->refused == ERR_NONE));
    if (out.refused != ERR_NONE) return false;
    count_trades(l, m, &out);
    logfile_put_command(c, &l->text);
    return true;
}

/* `cut_at`: after so many commands a footer and a new header come between; 0: never. */
static void make_log(struct log *l, uint64_t seed, int steps, int64_t cut_at)
{
    struct dice d = { seed };
    struct style s;
    int64_t count = 0;
    size_t from = 0;

    style_roll(&d, &s);
    s.late = s.laden = s.squeezed = false;
    *l = (struct log){ .trade_hash = TRADE_HASH_START };
    buf_init(&l->text, LOG_MAX);
    struct style first = s;
    put_header(l, &first, LOGFILE_FIRST);
    struct market *m = market_new(&mem_heap, &s.rules, s.pools, s.pools_n);
    struct naive *model = naive_new(&s.rules, s.pools, s.pools_n);
    model->last_us = INT64_C(1000000000000000);
    for (int i = 0; i < steps; i++) {
        struct command c;
        next_command(&d, &s, model, &c);
        count += step(l, m, model, &c);
        if (dice_percent(&d, 20)) {
            market_settle_group(m);
            naive_settle_group(model);
        }
        if (cut_at == 0 || count != cut_at) continue;
        l->state_hash = market_hash(m);
        put_footer(l, from, count, market_last_seq(m));
        from = l->text.n;
        put_header(l, &first, market_last_seq(m) + 1);
        l->trade_hash = TRADE_HASH_START;
        l->trades = count = cut_at = 0;
    }
    l->state_hash = market_hash(m);
    put_footer(l, from, count, market_last_seq(m));
    CHECK(!l->text.failed);
    cut_lines(l);
    market_free(m);
    naive_free(model);
}

static void free_log(struct log *l)
{
    buf_done(&l->text);
}

/* ---- running it ---- */

static bool run(const struct str *lines, size_t n, struct replay_result *out)
{
    struct replay *r = replay_new();
    bool ok = true;

    err = (struct err){ 0 };
    for (size_t i = 0; i < n && ok; i++)
        ok = replay_line(r, lines[i], &err);
    ok = ok && replay_end(r, &err);
    replay_result(r, out);
    replay_free(r);
    CHECK(ok || (err.code != ERR_NONE && err.detail[0]));
    CHECK(ok == out->matches);
    return ok;
}

static void refused(const struct str *lines, size_t n, enum err_code code, const char *why)
{
    struct replay_result result;

    if (run(lines, n, &result)) t_check(false, T_HERE("a damaged log was taken"));
    if (err.code != code || !strstr(err.detail, why))
        fprintf(stderr, "got: %s: %s\nwant: %s\n", err_info(err.code)->name, err.detail, why);
    CHECK(err.code == code && strstr(err.detail, why));
}

TEST(a_replayed_market_is_the_market)
{
    int64_t trades = 0, commands = 0;

    for (uint64_t seed = 1; seed <= MARKETS; seed++) {
        struct replay_result r;
        struct log l;
        make_log(&l, seed, STEPS, 0);
        if (!run(l.lines, l.n, &r)) fprintf(stderr, "seed %" PRIu64 ": %s\n", seed, err.detail);
        CHECK(r.matches && r.footer);
        CHECK(r.state_hash == l.state_hash && r.trade_hash == l.trade_hash);
        CHECK_I64(r.trades, l.trades);
        CHECK_I64(r.commands, l.n - 2);
        CHECK_I64(r.last_seq, LOGFILE_FIRST + (int64_t)l.n - 3);
        trades += r.trades;
        commands += r.commands;
        free_log(&l);
    }
    printf("# %d markets, %" PRId64 " commands, %" PRId64 " trades\n", MARKETS, commands, trades);
    CHECK(trades > commands / 50);
}

TEST(pieces_of_a_log_are_replayed_one_behind_the_other)
{
    struct replay_result whole, pieces;
    struct log l, one;

    make_log(&one, 3, 400, 0);
    make_log(&l, 3, 400, 100);
    CHECK(run(one.lines, one.n, &whole) && run(l.lines, l.n, &pieces));
    CHECK_I64(l.n, one.n + 2);
    CHECK_I64(pieces.commands, whole.commands);
    CHECK(pieces.state_hash == whole.state_hash && pieces.trade_hash == whole.trade_hash);

    /* The second piece alone, twice, or behind a gap. */
    refused(l.lines + 102, l.n - 102, ERR_WRONG_STATE,
            "line 1: header: this piece begins at 116; put those before it first, from 16.");
    struct str *lines = mem_zalloc(2 * l.n * sizeof(*lines));
    memcpy(lines, l.lines, l.n * sizeof(*lines));
    memcpy(lines + l.n, l.lines + 102, (l.n - 102) * sizeof(*lines));
    refused(lines, 2 * l.n - 102, ERR_WRONG_STATE, "header: this piece begins at 116 where ");

    /* Of a market that began with other rules: they are in the genesis. */
    struct log other;
    make_log(&other, 4, 10, 0);
    lines[102] = other.lines[0];
    refused(lines, 103, ERR_WRONG_STATE, "line 103: header: this piece is of another market.");
    free_log(&other);
    mem_free(lines);
    refused(l.lines, 103, ERR_MALFORMED_BODY, "the file ends after line 103 without a footer");
    CHECK(run(l.lines, 102, &pieces)); /* the first piece alone is a log */
    free_log(&l);
    free_log(&one);
}

TEST(a_market_without_commands_is_a_log_too)
{
    struct replay_result r;
    struct log l;

    make_log(&l, 5, 0, 0);
    CHECK(run(l.lines, l.n, &r));
    CHECK_I64(r.commands, 0);
    CHECK_I64(r.last_seq, 15);
    free_log(&l);
}

/* ---- damage ---- */

/* The log with line `at` (from 0) replaced by `text`. */
static void with_line(const struct log *l, size_t at, const char *text, enum err_code code,
                      const char *why)
{
    struct str *lines = mem_zalloc(l->n * sizeof(*lines));

    memcpy(lines, l->lines, l->n * sizeof(*lines));
    lines[at] = str_of(text);
    refused(lines, l->n, code, why);
    mem_free(lines);
}

/* The same, with one text in the line replaced by another. */
static void with_change(const struct log *l, size_t at, const char *from, const char *to,
                        enum err_code code, const char *why)
{
    const struct str line = l->lines[at];
    struct buf b;
    const char *found = memmem(line.p, line.n, from, strlen(from));

    CHECK(found);
    buf_init(&b, LOG_MAX);
    buf_add(&b, line.p, (size_t)(found - line.p));
    buf_c(&b, to);
    buf_add(&b, found + strlen(from), line.n - (size_t)(found - line.p) - strlen(from));
    buf_add(&b, "", 1);
    with_line(l, at, b.p, code, why);
    buf_done(&b);
}

TEST(lines_that_are_missing_repeated_or_swapped_are_named)
{
    struct str *lines;
    struct log l;

    make_log(&l, 7, 300, 0);
    lines = mem_zalloc((l.n + 2) * sizeof(*lines));

    memcpy(lines, l.lines, 50 * sizeof(*lines));
    memcpy(lines + 50, l.lines + 51, (l.n - 51) * sizeof(*lines));
    refused(lines, l.n - 1, ERR_VALIDATION_FAILED,
            "line 51: number 66 where 65 is due: lines are missing");

    memcpy(lines, l.lines, l.n * sizeof(*lines));
    lines[50] = l.lines[51];
    lines[51] = l.lines[50];
    refused(lines, l.n, ERR_VALIDATION_FAILED, "line 51: number 66 where 65 is due");

    memcpy(lines, l.lines, 51 * sizeof(*lines));
    memcpy(lines + 51, l.lines + 50, (l.n - 50) * sizeof(*lines));
    refused(lines, l.n + 1, ERR_VALIDATION_FAILED,
            "line 52: number 65 where 66 is due: lines repeat");

    refused(l.lines, l.n - 1, ERR_MALFORMED_BODY, "without a footer: it was cut.");
    refused(l.lines, 1, ERR_MALFORMED_BODY, "the file ends after line 1 without a footer");
    refused(l.lines, 0, ERR_MALFORMED_BODY, "the file is empty");
    refused(l.lines + 1, l.n - 1, ERR_VALIDATION_FAILED, "line 1: this is no header");

    /* The last commands gone, and the footer with them moved up. */
    memcpy(lines, l.lines, l.n * sizeof(*lines));
    lines[l.n - 2] = l.lines[l.n - 1];
    refused(lines, l.n - 1, ERR_WRONG_STATE, ": the footer says count ");

    memcpy(lines, l.lines, l.n * sizeof(*lines));
    lines[l.n] = l.lines[1];
    refused(lines, l.n + 1, ERR_VALIDATION_FAILED, "something behind the footer that is no header");
    lines[l.n] = STR("\n");
    refused(lines, l.n + 1, ERR_VALIDATION_FAILED, "something behind the footer");

    /* Cut in the middle of a line. */
    memcpy(lines, l.lines, l.n * sizeof(*lines));
    lines[80].n -= 10;
    refused(lines, 81, ERR_MALFORMED_BODY, "line 81: the line has no end: the file was cut.");
    mem_free(lines);
    free_log(&l);
}

TEST(a_header_that_is_not_ours_is_refused)
{
    struct log l;

    make_log(&l, 8, 40, 0);
    with_change(&l, 0, "\"version\":1}", "\"version\":2}", ERR_VALIDATION_FAILED,
                "line 1: header: version 2 is not known here; this program reads version 1.");
    with_change(&l, 0, "\"version\":1}", "\"version\":2,\"zones\":[]}", ERR_VALIDATION_FAILED,
                "line 1: header: this is no file of the format bourse-commands.");
    with_change(&l, 0, "bourse-commands", "other-commands", ERR_VALIDATION_FAILED,
                "line 1: header: this is no file of the format bourse-commands.");
    with_change(&l, 0, "mkt_test", "mkt_tess", ERR_VALIDATION_FAILED,
                "line 1: header: \"genesis\" is not the hash");
    with_change(&l, 0, "\"bill_min_seconds\":", "\"bill_min_seconds\":1", ERR_VALIDATION_FAILED,
                "line 1: header: \"genesis\" is not the hash");
    with_change(&l, 0, "\"stop_seconds\":", "\"stop_seconds\":-", ERR_VALIDATION_FAILED,
                "line 1: header: a rule is out of range.");
    with_change(&l, 0, "\"tick\":", "\"tick\":-", ERR_VALIDATION_FAILED,
                "line 1: pools: \"tick\" is not in 1 … ");
    with_change(&l, 0, "\"first_seq\":16", "\"first_seq\":15", ERR_VALIDATION_FAILED,
                "line 1: header: \"first_seq\" is not in 16 … ");
    with_change(&l, 0, "\"market\":", "\"marked\":", ERR_VALIDATION_FAILED,
                "line 1: header: \"marked\" is no member of it.");
    with_line(&l, 0, "\n", ERR_VALIDATION_FAILED, "line 1: this is no header");
    with_line(&l, 0, "{\"first_seq\":16}\n", ERR_VALIDATION_FAILED,
              "line 1: header: this is no file");
    free_log(&l);
}

TEST(a_pool_may_stand_in_a_header_once)
{
    struct log l;
    struct style s = { .rules = market_rules_default, .pools_n = 2 };

    for (size_t i = 0; i < 2; i++)
        s.pools[i] = (struct pool){ .number = 1, .name = "a", .tick = { 1 } };
    l = (struct log){ .trade_hash = TRADE_HASH_START };
    buf_init(&l.text, LOG_MAX);
    put_header(&l, &s, LOGFILE_FIRST);
    cut_lines(&l);
    refused(l.lines, 1, ERR_VALIDATION_FAILED, "line 1: header: pool 1 is there twice.");
    free_log(&l);
}

/* The first line of a log that holds `text`, at or behind `from`. */
static size_t line_with(const struct log *l, const char *text, size_t from)
{
    for (size_t i = from; i < l->n; i++)
        if (memmem(l->lines[i].p, l->lines[i].n, text, strlen(text))) return i;
    CHECK(false && "no line holds it");
    return 0;
}

TEST(a_command_that_is_wrong_is_named)
{
    struct log l;
    char why[200];

    make_log(&l, 9, 400, 0);
    const size_t job = line_with(&l, "\"kind\":\"submit-job\"", 1);
    snprintf(why, sizeof(why), "line %zu: submit-job: \"colour\" is no member of it.", job + 1);
    with_change(&l, job, ",\"expires_us\"", ",\"colour\":1,\"expires_us\"", ERR_VALIDATION_FAILED,
                why);
    snprintf(why, sizeof(why), "line %zu: submit-job: \"more\" is no member of it.", job + 1);
    with_change(&l, job, ",\"pool\"", ",\"more\":{\"image\":\"secret\"},\"pool\"",
                ERR_VALIDATION_FAILED, why);
    snprintf(why, sizeof(why), "line %zu: submit-job: \"version\" is not 1.", job + 1);
    with_change(&l, job, "\"version\":1}", "\"version\":3}", ERR_VALIDATION_FAILED, why);
    snprintf(why, sizeof(why), "line %zu: command: \"submit-jib\" is no kind of command.", job + 1);
    with_change(&l, job, "submit-job", "submit-jib", ERR_VALIDATION_FAILED, why);
    snprintf(why, sizeof(why),
             "line %zu: the market refuses this submit-job (validation-failed): ", job + 1);
    with_change(&l, job, "\"attempts_max\":", "\"attempts_max\":9", ERR_WRONG_STATE, why);
    snprintf(why, sizeof(why), "line %zu: this is not {\"at_us\":", job + 1);
    with_change(&l, job, "{\"at_us\":", "{\"at\":", ERR_MALFORMED_BODY, why);
    with_change(&l, job, "{\"at_us\":", "{\"at_us\":0", ERR_MALFORMED_BODY, why);
    const size_t later = line_with(&l, "\"kind\":\"credit\"", 5);
    snprintf(why, sizeof(why), "line %zu: time goes back: at_us ", later + 1);
    with_change(&l, later, "{\"at_us\":10", "{\"at_us\":1", ERR_VALIDATION_FAILED, why);
    snprintf(why, sizeof(why), "line %zu: at_us ", later + 1);
    with_change(&l, later, "{\"at_us\":1", "{\"at_us\":9221", ERR_VALIDATION_FAILED, why);
    free_log(&l);
}

TEST(a_change_that_the_market_takes_is_seen_at_the_footer)
{
    struct log l;

    make_log(&l, 11, 400, 0);
    const size_t credit = line_with(&l, "\"kind\":\"credit\"", 1);
    with_change(&l, credit, "\"amount\":", "\"amount\":1", ERR_WRONG_STATE, ": the footer says ");
    with_change(&l, l.n - 1, "\"state_hash\":\"", "\"state_hash\":\"0", ERR_VALIDATION_FAILED,
                "footer: \"state_hash\" is too long.");
    with_change(&l, l.n - 1, "\"trades\":", "\"trades\":1", ERR_WRONG_STATE,
                ": the footer says trades 1");
    with_change(&l, l.n - 1, "\"count\":", "\"count\":1", ERR_WRONG_STATE,
                ": the footer says count 1");
    with_change(&l, l.n - 1, "\"last_seq\":", "\"last_seq\":1", ERR_WRONG_STATE,
                ": the footer says last_seq 1");
    with_change(&l, l.n - 1, "\"trades\":", "\"tradea\":", ERR_VALIDATION_FAILED,
                ": footer: \"tradea\" is no member of it.");
    free_log(&l);
}

/* Every byte of the footer's hashes counts, and every byte before it. */
TEST(no_flipped_bit_goes_unseen)
{
    struct dice d = { 77 };
    int64_t footer = 0;
    struct log l;

    make_log(&l, 12, 120, 0);
    for (size_t i = 0; i < l.n; i++) {
        for (int times = 0; times < (i + 1 == l.n ? 400 : 40); times++) {
            struct replay_result r;
            char *p = l.text.p + (l.lines[i].p - l.text.p) + dice_below(&d, (int64_t)l.lines[i].n);
            const char was = *p;
            *p = (char)(was ^ 1 << dice_below(&d, 8));
            /* A newline more or less moves the lines, as for a reader of the file. */
            struct log damaged = { .text = l.text };
            struct str rest = buf_view(&l.text), line, tail;
            for (; str_cut(rest, '\n', &line, &tail) && damaged.n < LINES_MAX; rest = tail)
                damaged.lines[damaged.n++] = (struct str){ line.p, line.n + 1 };
            if (rest.n > 0) damaged.lines[damaged.n++] = rest;
            CHECK(!run(damaged.lines, damaged.n, &r));
            footer += strstr(err.detail, "the footer says ") != NULL;
            *p = was;
        }
    }
    printf("# %" PRId64 " flips were seen at the footer alone\n", footer);
    struct replay_result r;
    CHECK(run(l.lines, l.n, &r)); /* all is as it was */
    free_log(&l);
}

TEST(the_hash_of_trades_is_the_documented_one)
{
    /* Of the worked example of docs/replay.md: four words a trade. */
    uint64_t h = TRADE_HASH_START;
    char text[17];

    hash_text(h, text);
    CHECK_STR(text, "14650fb0739d0383");
    h = trade_hash_add(h, 4, 2, (struct money){ 103 }, 4);
    hash_text(h, text);
    CHECK_STR(text, "c3cdf6c1ea559fe6");
    h = trade_hash_add(h, 4, 3, (struct money){ 103 }, 3);
    hash_text(h, text);
    CHECK_STR(text, "b482c86c9ba227f1");
}

TESTS(T(a_replayed_market_is_the_market), T(pieces_of_a_log_are_replayed_one_behind_the_other),
      T(a_market_without_commands_is_a_log_too),
      T(lines_that_are_missing_repeated_or_swapped_are_named),
      T(a_header_that_is_not_ours_is_refused), T(a_pool_may_stand_in_a_header_once),
      T(a_command_that_is_wrong_is_named), T(a_change_that_the_market_takes_is_seen_at_the_footer),
      T(no_flipped_bit_goes_unseen), T(the_hash_of_trades_is_the_documented_one))
