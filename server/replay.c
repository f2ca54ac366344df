/* SPDX-License-Identifier: Apache-2.0 */
/* bourse-server export, replay and state: the market's log as a file, run again by anyone, and what
 * the database says of the same market. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "service/export.h"
#include "service/logfile.h"
#include "service/replay.h"
#include "store/migrate.h"
#include "verbs.h"

#define READ_SIZE ((size_t)1 << 20) /* holds the longest line */

static bool write_out(void *arg, struct str bytes, struct err *err)
{
    FILE *to = arg;

    if (fwrite(bytes.p, 1, bytes.n, to) == bytes.n) return true;
    FAIL(err, ERR_IO, "The log could not be written.");
    err_internal(err, "%s", strerror(errno));
    return false;
}

static bool flush_out(FILE *to, struct err *err)
{
    if (fflush(to) == 0 && !ferror(to)) return true;
    FAIL(err, ERR_IO, "The output could not be written.");
    err_internal(err, "%s", strerror(errno));
    return false;
}

static bool no_words(const struct options *o, const char *verb, struct err *err)
{
    return o->words_n == 0 || FAIL(err, ERR_VALIDATION_FAILED, "%s takes no words.", verb);
}

static bool export_to(const struct options *o, struct db *db, struct arena *a, struct err *err)
{
    struct identity_row id;

    if (!store_migrations_check(db, err)) return false;
    if (!db_found(store_identity(db, a, &id, err), err))
        return FAIL(err, ERR_WRONG_STATE, "The database belongs to no market.");
    const struct export_options eo = {
        .market_id = arena_copy(a, id.market_id),
        .from = o->from,
        .write = write_out,
        .arg = stdout,
    };
    if (!eo.market_id) return FAIL(err, ERR_NO_MEMORY, "No memory for the market's name.");
    return export_log(db, &eo, err) && flush_out(stdout, err);
}

bool verb_export(const struct options *o, struct arena *a, struct err *err)
{
    if (!no_words(o, "export", err)) return false;
    struct db *db = db_open(o->db, DB_AUDITOR, err);
    const bool ok = db && export_to(o, db, a, err);

    db_close(db);
    return ok;
}

static bool print_state(struct db *db, struct err *err)
{
    struct stored_state s;
    char hash[17];

    if (!store_migrations_check(db, err) || !export_state(db, &s, err)) return false;
    hash_text(s.state_hash, hash);
    printf("{\"last_seq\":%" PRId64 ",\"last_us\":%" PRId64 ",\"state_hash\":\"%s\"}\n", s.last_seq,
           s.last_us, hash);
    return flush_out(stdout, err);
}

bool verb_state(const struct options *o, struct arena *a, struct err *err)
{
    (void)a;
    if (!no_words(o, "state", err)) return false;
    struct db *db = db_open(o->db, DB_AUDITOR, err);
    const bool ok = db && print_state(db, err);

    db_close(db);
    return ok;
}

/* ---- replay ---- */

/* Every whole line in `text`; what is left at its end is moved to the front. */
static bool take_lines(struct replay *r, char *text, size_t *n, struct err *err)
{
    size_t at = 0;

    for (const char *end; (end = memchr(text + at, '\n', *n - at));) {
        const struct str line = { text + at, (size_t)(end - text) + 1 - at };
        if (!replay_line(r, line, err)) return false;
        at += line.n;
    }
    memmove(text, text + at, *n - at);
    *n -= at;
    return true;
}

static bool read_more(int fd, const char *name, char *text, size_t *n, bool *end, struct err *err)
{
    ssize_t got = -1;

    do
        got = read(fd, text + *n, READ_SIZE - *n);
    while (got < 0 && errno == EINTR);
    if (got < 0) {
        FAIL(err, ERR_IO, "%s cannot be read.", name);
        err_internal(err, "%s", strerror(errno));
        return false;
    }
    *end = got == 0;
    *n += (size_t)got;
    return true;
}

static bool replay_fd(struct replay *r, int fd, const char *name, struct err *err)
{
    char *text = mem_zalloc(READ_SIZE);
    size_t n = 0;
    bool end = false, ok = true;

    while (ok && !end) {
        ok = read_more(fd, name, text, &n, &end, err) && take_lines(r, text, &n, err);
        if (ok && n > LOGFILE_LINE_MAX)
            ok =
                FAIL(err, ERR_MALFORMED_BODY, "A line is longer than %zu bytes.", LOGFILE_LINE_MAX);
    }
    if (ok && n > 0) ok = replay_line(r, (struct str){ text, n }, err); /* which has no end */
    mem_free(text);
    return ok && replay_end(r, err);
}

static void print_result(const struct replay_result *x, int64_t took_us)
{
    const int64_t us = took_us > 0 ? took_us : 1;
    char trades[17], state[17];

    hash_text(x->trade_hash, trades);
    hash_text(x->state_hash, state);
    printf("{\"commands\":%" PRId64 ",\"commands_per_s\":%" PRId64 ",\"footer\":\"%s\","
           "\"last_seq\":%" PRId64 ",\"seconds\":%" PRId64 ".%06" PRId64
           ",\"state_hash\":\"%s\",\"trade_hash\":\"%s\",\"trades\":%" PRId64 "}\n",
           x->commands, (int64_t)((double)x->commands * 1e6 / (double)us),
           x->matches  ? "match"
           : x->footer ? "mismatch"
                       : "none",
           x->last_seq, us / 1000000, us % 1000000, state, trades, x->trades);
}

bool verb_replay(const struct options *o, struct arena *a, struct err *err)
{
    struct replay_result result;

    (void)a;
    if (o->words_n != 1)
        return FAIL(err, ERR_VALIDATION_FAILED,
                    "Say: replay FILE, or replay - for standard input.");
    const char *name = o->words[0];
    const bool piped = strcmp(name, "-") == 0;
    auto_close const int fd = piped ? dup(STDIN_FILENO) : open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        FAIL(err, ERR_IO, "%s cannot be opened.", name);
        err_internal(err, "%s", strerror(errno));
        return false;
    }
    struct replay *r = replay_new();
    const int64_t began = clock_monotonic_us();
    const bool ok = replay_fd(r, fd, name, err);
    const int64_t took = clock_monotonic_us() - began;

    replay_result(r, &result);
    replay_free(r);
    print_result(&result, took);
    return flush_out(stdout, err) && ok;
}
