/* SPDX-License-Identifier: Apache-2.0 */
#include "service/logfile.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "sign/sha.h"

#define SHARE_MAX (INT64_C(1) << 50) /* units × share must fit into 63 bits */

/* clang-format off */
static const struct codec_field pool_rows[] = {
    CODEC_IS_IN(struct pool, "cpu_millis",       unit.cpu_millis, 0, INT32_MAX),
    CODEC_IS_IN(struct pool, "gpu_memory_bytes", gpu_memory_bytes, 0, INT64_MAX),
    CODEC_IS   (struct pool, "gpu_model",        gpu_model),
    CODEC_IS_IN(struct pool, "gpus",             unit.gpus, 0, GPUS_MAX),
    CODEC_IS_IN(struct pool, "memory_bytes",     unit.memory_bytes, 0, SHARE_MAX),
    CODEC_IS   (struct pool, "name",             name),
    CODEC_IS_IN(struct pool, "number",           number, 1, INT32_MAX),
    CODEC_IS_IN(struct pool, "scratch_bytes",    unit.scratch_bytes, 0, SHARE_MAX),
    CODEC_IS_IN(struct pool, "throughput",       throughput, 0, INT64_MAX),
    CODEC_IS_IN(struct pool, "tick",             tick, 1, INT64_MAX),
};

#define H struct logfile_header
static const struct codec_field header_rows[] = {
    CODEC_IS_IN(H, "first_seq", first_seq, LOGFILE_FIRST, INT64_MAX),
    CODEC_IS   (H, "format",    format),
    CODEC_IS   (H, "genesis",   genesis),
    CODEC_IS   (H, "market",    market),
    CODEC_SOME (H, "pools",     pools, pools_n, pool_rows),
    CODEC_HAS  (H, "rules",     rules, codec_rules),
    CODEC_IS   (H, "version",   version),
};
static const struct codec_field genesis_rows[] = {
    CODEC_IS   (H, "format",    format),
    CODEC_IS   (H, "market",    market),
    CODEC_HAS  (H, "rules",     rules, codec_rules),
    CODEC_IS   (H, "version",   version),
};
#undef H

#define F struct logfile_footer
static const struct codec_field footer_rows[] = {
    CODEC_IS_IN(F, "count",      count, 0, INT64_MAX),
    CODEC_IS_IN(F, "last_seq",   last_seq, LOGFILE_FIRST - 1, INT64_MAX),
    CODEC_IS   (F, "sha256",     sha256),
    CODEC_IS   (F, "state_hash", state_hash),
    CODEC_IS   (F, "trade_hash", trade_hash),
    CODEC_IS_IN(F, "trades",     trades, 0, INT64_MAX),
};
#undef F
/* clang-format on */

/* ---- out ---- */

void logfile_put_header(const struct logfile_header *h, struct buf *out)
{
    codec_write_object(header_rows, ARRAY_LEN(header_rows), h, out);
    buf_char(out, '\n');
}

void logfile_put_command(const struct command *c, struct buf *out)
{
    buf_fmt(out, "{\"at_us\":%" PRId64 ",\"command\":", c->at_us);
    codec_write(c, (struct str){ NULL, 0 }, out);
    buf_fmt(out, ",\"seq\":%" PRId64 "}\n", c->seq);
}

void logfile_put_footer(const struct logfile_footer *f, struct buf *out)
{
    codec_write_object(footer_rows, ARRAY_LEN(footer_rows), f, out);
    buf_char(out, '\n');
}

void logfile_genesis(const struct logfile_header *h, char out[65])
{
    auto_buf struct buf b = { .max = LOGFILE_LINE_MAX };

    codec_write_object(genesis_rows, ARRAY_LEN(genesis_rows), h, &b);
    sha256_hex(buf_view(&b), out); /* without memory it is wrong, and then refused */
}

bool logfile_same_pools(const struct logfile_header *a, const struct logfile_header *b)
{
    static const struct codec_field rows[] = { CODEC_SOME(struct logfile_header, "pools", pools,
                                                          pools_n, pool_rows) };
    auto_buf struct buf left = { .max = LOGFILE_LINE_MAX };
    auto_buf struct buf right = { .max = LOGFILE_LINE_MAX };

    codec_write_object(rows, ARRAY_LEN(rows), a, &left);
    codec_write_object(rows, ARRAY_LEN(rows), b, &right);
    return !left.failed && !right.failed && str_eq(buf_view(&left), buf_view(&right));
}

/* ---- in ---- */

enum logfile_line logfile_line_of(struct str line)
{
    if (str_starts(line, STR("{\"first_seq\":"))) return LOGFILE_HEADER;
    return str_starts(line, STR("{\"count\":")) ? LOGFILE_FOOTER : LOGFILE_COMMAND;
}

/* The digits at the end of `s`, and what is before them. */
static struct str cut_digits_off(struct str *s)
{
    size_t n = 0;

    while (n < s->n && s->p[s->n - 1 - n] >= '0' && s->p[s->n - 1 - n] <= '9')
        n++;
    s->n -= n;
    return (struct str){ s->p + s->n, n };
}

static bool cut_prefix(struct str *s, struct str prefix)
{
    if (!str_starts(*s, prefix)) return false;
    *s = (struct str){ s->p + prefix.n, s->n - prefix.n };
    return true;
}

static bool cut_suffix(struct str *s, struct str suffix)
{
    if (s->n < suffix.n || memcmp(s->p + s->n - suffix.n, suffix.p, suffix.n) != 0) return false;
    s->n -= suffix.n;
    return true;
}

/* A file of a later version may have members that we do not know: so this is asked first. */
static bool check_version(struct str line, struct err *err)
{
    const struct str format = STR(",\"format\":\"" LOGFILE_FORMAT "\",");
    int64_t version = 0;

    if (!cut_suffix(&line, STR("}")))
        return FAIL(err, ERR_MALFORMED_BODY, "header: this is not canonical JSON.");
    const struct str digits = cut_digits_off(&line);
    if (!cut_suffix(&line, STR(",\"version\":")) || !str_i64(digits, 0, INT64_MAX, &version) ||
        !memmem(line.p, line.n, format.p, format.n))
        return FAIL(err, ERR_VALIDATION_FAILED,
                    "header: this is no file of the format " LOGFILE_FORMAT ".");
    if (version != LOGFILE_VERSION)
        return FAIL(err, ERR_VALIDATION_FAILED,
                    "header: version %" PRId64 " is not known here; this program reads version %d.",
                    version, LOGFILE_VERSION);
    return true;
}

static bool check_pools(const struct logfile_header *h, struct err *err)
{
    for (int32_t i = 0; i < h->pools_n; i++)
        for (int32_t j = 0; j < i; j++)
            if (h->pools[i].number == h->pools[j].number)
                return FAIL(err, ERR_VALIDATION_FAILED, "header: pool %d is there twice.",
                            (int)h->pools[i].number);
    return true;
}

bool logfile_get_header(struct str line, struct logfile_header *out, struct err *err)
{
    char genesis[65];

    if (!check_version(line, err)) return false;
    if (codec_read_object(header_rows, ARRAY_LEN(header_rows), "header", line, out, err) !=
        CODEC_OK)
        return false;
    if (strcmp(out->format, LOGFILE_FORMAT) != 0)
        return FAIL(err, ERR_VALIDATION_FAILED, "header: \"format\" is not " LOGFILE_FORMAT ".");
    if (!market_rules_valid(&out->rules))
        return FAIL(err, ERR_VALIDATION_FAILED, "header: a rule is out of range.");
    if (!check_pools(out, err)) return false;
    logfile_genesis(out, genesis);
    if (strcmp(genesis, out->genesis) == 0) return true;
    return FAIL(err, ERR_VALIDATION_FAILED,
                "header: \"genesis\" is not the hash of format, market, rules and version.");
}

/* The line is cut at both ends; what is left in the middle is the command, whatever it holds. */
bool logfile_get_command(struct str line, struct command *out, struct err *err)
{
    struct command c;
    struct str rest = line, at, command;
    int64_t seq = 0, at_us = 0;
    bool ok = cut_prefix(&rest, STR("{\"at_us\":")) && cut_suffix(&rest, STR("}"));

    const struct str digits = cut_digits_off(&rest);
    ok = ok && cut_suffix(&rest, STR(",\"seq\":")) && str_cut(rest, ',', &at, &command) &&
         cut_prefix(&command, STR("\"command\":"));
    if (!ok || !str_i64(digits, 0, INT64_MAX, &seq) || !str_i64(at, 0, INT64_MAX, &at_us))
        return FAIL(err, ERR_MALFORMED_BODY,
                    "this is not {\"at_us\":…,\"command\":…,\"seq\":…} in canonical JSON.");
    if (codec_read(command, &c, NULL, err) != CODEC_OK) return false;
    c.seq = seq;
    c.at_us = at_us;
    *out = c;
    return true;
}

bool logfile_get_footer(struct str line, struct logfile_footer *out, struct err *err)
{
    return codec_read_object(footer_rows, ARRAY_LEN(footer_rows), "footer", line, out, err) ==
           CODEC_OK;
}

/* ---- hashes ---- */

static uint64_t add_word(uint64_t h, int64_t word)
{
    return (h ^ (uint64_t)word) * UINT64_C(1099511628211);
}

uint64_t trade_hash_add(uint64_t h, int64_t bid, int64_t ask, struct money price, int64_t units)
{
    return add_word(add_word(add_word(add_word(h, bid), ask), price.micros), units);
}

void hash_text(uint64_t h, char out[17])
{
    snprintf(out, 17, "%016" PRIx64, h);
}
