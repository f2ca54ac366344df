/* SPDX-License-Identifier: Apache-2.0 */
/* A market run again from its log: the same commands through the same rules, and what came of it
 * compared with what the log says.
 *
 * Needs no database, and trusts no line. A log may come in pieces: behind the footer of one may
 * stand the header of the piece that goes on where it ended. */
#pragma once

#include "domain/market.h"

struct replay;

struct replay_result {
    int64_t lines, commands, trades, last_seq;
    uint64_t trade_hash, state_hash;
    bool footer;  /* one was read */
    bool matches; /* and every one agreed with what came out, and nothing is wrong or lacking */
};

struct replay *replay_new(void);
void replay_free(struct replay *r); /* takes NULL */

/* The next line, with its newline. False: err says which line and what is wrong with it; nothing
 * more may be read then. ERR_VALIDATION_FAILED, ERR_MALFORMED_BODY, ERR_WRONG_STATE (a command that
 * the market refused, a footer that does not agree), ERR_NO_MEMORY. */
MUST_CHECK bool replay_line(struct replay *r, struct str line, struct err *err);

/* That was all. False: the log ends too early. */
MUST_CHECK bool replay_end(struct replay *r, struct err *err);

/* So far; hashes the whole market. */
void replay_result(const struct replay *r, struct replay_result *out);
