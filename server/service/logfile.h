/* SPDX-License-Identifier: Apache-2.0 */
/* The log of a market as a file: its lines (docs/replay.md).
 *
 *     header                  whose log it is, the rules and pools it begins with, the first number
 *     command …               one a line
 *     footer                  how many, and three hashes: of the lines, the trades, the state
 *
 * Each line is canonical JSON and ends with a newline. */
#pragma once

#include "domain/market.h"
#include "service/codec.h"

#define LOGFILE_FORMAT    "bourse-commands"
#define LOGFILE_VERSION   1
#define LOGFILE_LINE_MAX  ((size_t)1 << 18) /* a header of 256 pools takes a quarter of it */
#define LOGFILE_POOLS_MAX 256
#define LOGFILE_FIRST     ACCOUNT_FIRST /* the number of a market's first command */

struct logfile_header {
    int64_t first_seq;
    char format[24];
    char genesis[65]; /* SHA-256 of what the market began as: logfile_genesis() */
    char market[48];  /* mkt_… */
    struct pool pools[LOGFILE_POOLS_MAX];
    int32_t pools_n;
    struct market_rules rules; /* before its first command, whatever first_seq is */
    int32_t version;
};

struct logfile_footer {
    int64_t count;       /* commands since the header */
    int64_t last_seq;    /* first_seq - 1 when there are none */
    char sha256[65];     /* of all bytes from the header's first to the last command's newline */
    char state_hash[17]; /* of the market after the last command */
    char trade_hash[17]; /* of the trades since the header */
    int64_t trades;
};

/* One line each, with its newline, at the end of *out. No memory: the buffer has failed. */
void logfile_put_header(const struct logfile_header *h, struct buf *out);
void logfile_put_command(const struct command *c, struct buf *out);
void logfile_put_footer(const struct logfile_footer *f, struct buf *out);

/* What a line begins to be; a line that is none of these is taken for a command, and then refused.
 */
enum logfile_line { LOGFILE_HEADER, LOGFILE_COMMAND, LOGFILE_FOOTER };
enum logfile_line logfile_line_of(struct str line);

/* Read a line, without its newline. False: err says what is wrong with it. Of a header, that its
 * format and version are ours, its genesis is right, and a market can be made of it. */
MUST_CHECK bool logfile_get_header(struct str line, struct logfile_header *out, struct err *err);
MUST_CHECK bool logfile_get_command(struct str line, struct command *out, struct err *err);
MUST_CHECK bool logfile_get_footer(struct str line, struct logfile_footer *out, struct err *err);

/* SHA-256 in hex of {"format":…,"market":…,"rules":…,"version":…}. */
void logfile_genesis(const struct logfile_header *h, char out[65]);

bool logfile_same_pools(const struct logfile_header *a, const struct logfile_header *b);

/* A hash over trades in their order: the steps of FNV-1a over whole words, from this start. */
#define TRADE_HASH_START UINT64_C(1469598103934665603)
uint64_t trade_hash_add(uint64_t h, int64_t bid, int64_t ask, struct money price, int64_t units);

void hash_text(uint64_t h, char out[17]); /* 16 digits of lower-case hex */
