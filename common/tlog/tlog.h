/* SPDX-License-Identifier: Apache-2.0 */
/* The public log in the formats of C2SP: signed-note, tlog-checkpoint, tlog-cosignature,
 * tlog-tiles, tlog-proof. What is read is refused with one of these reasons; nothing is repaired or
 * guessed.
 *
 *   note.h        signed text: parse, verify, sign; verifier keys
 *   checkpoint.h  what a log signs: origin, size, root; cosign.h: what a witness adds
 *   tile.h        names and contents of tiles and bundles of entries
 *   edge.h        a log that grows: which tiles it fills, its root
 *   tree.h        paths of inclusion and consistency from tiles
 *   proof.h       a proof of inclusion that is checked offline */
#pragma once

#include "base/attr.h"

enum tlog_rc {
    TLOG_OK,
    TLOG_TOO_LONG,
    TLOG_NOT_TEXT,
    TLOG_NO_END,
    TLOG_NO_SIGNATURES,
    TLOG_BAD_SIGNATURE_LINE,
    TLOG_MANY_SIGNATURES,
    TLOG_BAD_KEY,
    TLOG_UNSIGNED,
    TLOG_FORGED,
    TLOG_BAD_ORIGIN,
    TLOG_OTHER_ORIGIN,
    TLOG_BAD_SIZE,
    TLOG_BAD_ROOT,
    TLOG_BAD_EXTENSION,
    TLOG_BAD_TILE_NAME,
    TLOG_BAD_TILE,
    TLOG_BAD_BUNDLE,
    TLOG_BAD_PROOF,
    TLOG_BAD_INDEX,
    TLOG_BAD_HASH,
    TLOG_LONG_PATH,
    TLOG_NOT_INCLUDED,
    TLOG_FEW_WITNESSES,
};
#define TLOG_REASONS (TLOG_FEW_WITNESSES + 1)

/* A sentence for people; never NULL. */
const char *tlog_reason(enum tlog_rc rc);
