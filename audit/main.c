/* SPDX-License-Identifier: Apache-2.0 */
/* bourse-audit: replays a market with rules of its own and names the first thing that does not fit.
 *
 *   bourse-audit check --db CONNINFO | FILE | -    0: all fits, 1: a finding, 2: it cannot be read
 *   bourse-audit follow --db CONNINFO              again and again, for a monitoring system
 *   bourse-audit export --db CONNINFO > FILE       what check reads, as a file
 *   bourse-audit kinds                             all findings that there are */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "check/audit.h"
#include "rows/db.h"
#include "rows/file.h"
#include "say.h"

enum { EXIT_FITS = 0, EXIT_FOUND = 1, EXIT_UNREAD = 2 };

struct options {
    const char *db, *log_key, *market, *root, *receipts, *metrics;
    int64_t size, every_s, rounds;
    bool without_receipts;
    const char *file;
};

static const struct option long_options[] = {
    { "db", required_argument, NULL, 'd' },
    { "log-key", required_argument, NULL, 'k' },
    { "market", required_argument, NULL, 'm' },
    { "root", required_argument, NULL, 'r' },
    { "size", required_argument, NULL, 's' },
    { "receipts", required_argument, NULL, 'c' },
    { "metrics", required_argument, NULL, 'o' },
    { "every", required_argument, NULL, 'e' },
    { "rounds", required_argument, NULL, 'n' },
    { "without-receipts", no_argument, NULL, 'w' },
    { NULL, 0, NULL, 0 },
};

static int usage(FILE *to)
{
    fprintf(
        to,
        "bourse-audit %s: does a market keep its rules?\n\n"
        "  bourse-audit check  --db CONNINFO | FILE | -   replay all of it; 0 fits, 1 does not, 2 "
        "cannot be read\n"
        "  bourse-audit follow --db CONNINFO              and what comes, until something does not "
        "fit\n"
        "  bourse-audit export --db CONNINFO > FILE       what check reads, as a file\n"
        "  bourse-audit kinds                             what can be found\n\n"
        "  --log-key FILE       32 bytes: open the leaves of the public log\n"
        "  --market ID          it must be this market\n"
        "  --size N --root HEX  the first N leaves must have this root\n"
        "  --receipts FILE      receipts as parties have them, one JSON document a line\n"
        "  --without-receipts   exits need not carry receipts\n"
        "  --metrics FILE       follow: write metrics there, for node_exporter's textfile "
        "collector\n"
        "  --every SECONDS      follow: between two looks (default 10)\n"
        "  --rounds N           follow: so many looks, then end\n",
        BOURSE_VERSION);
    return to == stdout ? EXIT_FITS : EXIT_UNREAD;
}

static bool number(const char *text, int64_t *out)
{
    return str_i64(str_of(text), 1, INT64_MAX, out);
}

static bool read_options(int argc, char **argv, struct options *o)
{
    int c;

    *o = (struct options){ .every_s = 10 };
    while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        switch (c) {
        case 'd': o->db = optarg; break;
        case 'k': o->log_key = optarg; break;
        case 'm': o->market = optarg; break;
        case 'r': o->root = optarg; break;
        case 'c': o->receipts = optarg; break;
        case 'o': o->metrics = optarg; break;
        case 'w': o->without_receipts = true; break;
        case 's':
            if (!number(optarg, &o->size)) return false;
            break;
        case 'e':
            if (!number(optarg, &o->every_s)) return false;
            break;
        case 'n':
            if (!number(optarg, &o->rounds)) return false;
            break;
        default: return false;
        }
    }
    if (optind < argc) o->file = argv[optind++];
    return optind == argc && (o->db != NULL) != (o->file != NULL) &&
           (o->root != NULL) == (o->size != 0);
}

static int unread(const struct err *err)
{
    fprintf(stderr, "bourse-audit: %s\n", err->detail);
    return EXIT_UNREAD;
}

/* ---- verbs ---- */

static struct row_source *open_source(const struct options *o, const struct db_wish *wish,
                                      struct err *err)
{
    return o->db ? db_source(o->db, wish, err) : file_source(o->file, err);
}

static bool feed_receipts(struct audit *a, const char *path, struct err *err)
{
    FILE *f = fopen(path, "re");
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;

    if (!f) return FAIL(err, ERR_IO, "%s: %s", path, strerror(errno));
    while ((n = getline(&line, &cap, f)) > 0)
        if (!audit_receipt(a, str_trim((struct str){ line, (size_t)n - (line[n - 1] == '\n') })))
            break;
    free(line); /* getline's */
    fclose(f);
    return true;
}

static bool read_secrets(const struct options *o, uint8_t key[32], struct hash *root,
                         struct err *err)
{
    auto_buf struct buf b = { .max = 64 };

    if (o->root && !str_hex(str_of(o->root), root->b, sizeof(root->b)))
        return FAIL(err, ERR_VALIDATION_FAILED, "--root is 64 hexadecimal digits");
    if (!o->log_key) return true;
    if (!file_read(o->log_key, 64, &b, err)) return false;
    if (b.n != 32) return FAIL(err, ERR_VALIDATION_FAILED, "%s has not 32 bytes", o->log_key);
    memcpy(key, b.p, 32);
    return true;
}

static struct audit *new_audit(const struct options *o, struct err *err)
{
    static uint8_t key[32];
    static struct hash root;

    if (!read_secrets(o, key, &root, err)) return NULL;
    const struct audit_options options = {
        .log_key = o->log_key ? key : NULL,
        .receipts = !o->without_receipts,
        .market_id = o->market,
        .root = o->root ? &root : NULL,
        .root_size = o->size,
    };
    struct audit *a = audit_new(&options);
    if (!o->receipts || feed_receipts(a, o->receipts, err)) return a;
    audit_free(a);
    return NULL;
}

/* All rows of a source. False: it cannot be read. A finding ends it too. */
static bool feed(struct audit *a, struct row_source *s, struct err *err)
{
    struct row row;
    enum got got;

    while ((got = s->next(s, &row, err)) == GOT_ROW)
        if (!audit_row(a, &row)) break;
    return got != GOT_ERROR;
}

static int check(const struct options *o)
{
    struct err err = { 0 };
    const int64_t begun = clock_monotonic_us();
    const struct db_wish all = { .ends = true };
    struct audit *a = new_audit(o, &err);
    struct row_source *s = a ? open_source(o, &all, &err) : NULL;
    int code = EXIT_UNREAD;

    if (s && feed(a, s, &err)) {
        code = audit_end(a, true) ? EXIT_FITS : EXIT_FOUND;
        say_result(a, (double)(clock_monotonic_us() - begun) / 1e6);
    } else {
        (void)unread(&err);
    }
    if (s) s->close(s);
    audit_free(a);
    return code;
}

/* The rows of what has not been seen as it is now, in the snapshot that the commands came from. */
static bool take_awaited(struct audit *a, struct row_source *s, struct err *err)
{
    struct db_wish rows = { .by_id = true, .ends = true };
    int64_t *ids[4];

    for (int i = 0; i < 4; i++)
        rows.ids[i] = ids[i] = audit_awaits(a, i, &rows.ids_n[i]);
    audit_again(a);
    const bool ok = db_source_again(s, &rows, err) && feed(a, s, err);
    for (int i = 0; i < 4; i++)
        mem_free(ids[i]);
    return ok;
}

/* What has come since the last look; at first, all. */
static bool look(const struct options *o, struct audit *a, struct err *err)
{
    struct audit_counts c;

    audit_count(a, &c);
    const struct db_wish log = { .after = c.last_seq, .ends = c.last_seq == 0 };
    struct row_source *s = db_source(o->db, &log, err);
    if (!s) return false;
    audit_again(a);
    const bool ok = feed(a, s, err) && (c.last_seq == 0 || audit_finding(a)->kind != FIND_NONE ||
                                        take_awaited(a, s, err));
    s->close(s);
    if (ok) (void)audit_end(a, true);
    return ok;
}

/* Until something does not fit. A database that cannot be read is tried again, from the start: what
 * has been read of it may end in the middle of a command. The metric's time then stands still. */
static int follow(const struct options *o)
{
    struct err err = { 0 };
    const int64_t begun = clock_monotonic_us();
    struct audit *a = new_audit(o, &err);
    bool read = a != NULL;

    for (int64_t round = 1; a; round++) {
        read = look(o, a, &err);
        if (!read) {
            (void)unread(&err);
            audit_free(a);
            a = new_audit(o, &err);
            if (!a) break;
        }
        if (read && !say_metrics(o->metrics, a, &err)) (void)unread(&err);
        if (audit_finding(a)->kind != FIND_NONE || round == o->rounds) break;
        clock_sleep_us(o->every_s * 1000000);
    }
    if (!a) return unread(&err);
    const bool found = audit_finding(a)->kind != FIND_NONE;
    say_result(a, (double)(clock_monotonic_us() - begun) / 1e6);
    audit_free(a);
    return found ? EXIT_FOUND : read ? EXIT_FITS : EXIT_UNREAD;
}

static int export_(const struct options *o)
{
    struct err err = { 0 };
    const struct db_wish all = { .ends = true };
    struct row_source *s = o->db ? db_source(o->db, &all, &err) : NULL;

    if (!s) return unread(&err);
    const bool ok = file_write_all(s, stdout, &err);
    s->close(s);
    return ok ? EXIT_FITS : unread(&err);
}

static int kinds(void)
{
    for (int i = 1; i < FINDINGS; i++)
        printf("| `%s` | %s |\n", finding_infos[i].code, finding_infos[i].what);
    return EXIT_FITS;
}

int main(int argc, char **argv)
{
    struct options o;
    const char *verb = argc >= 2 ? argv[1] : "";

    if (strcmp(verb, "help") == 0 || strcmp(verb, "--help") == 0) return usage(stdout);
    if (strcmp(verb, "kinds") == 0) return kinds();
    if (argc < 2 || !read_options(argc - 1, argv + 1, &o)) return usage(stderr);
    if (strcmp(verb, "check") == 0) return check(&o);
    if (strcmp(verb, "follow") == 0 && o.db) return follow(&o);
    if (strcmp(verb, "export") == 0 && o.db) return export_(&o);
    return usage(stderr);
}
