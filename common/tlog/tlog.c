/* SPDX-License-Identifier: Apache-2.0 */
#include "tlog/tlog.h"

static const char *const reasons[TLOG_REASONS] = {
    [TLOG_OK] = "It is well formed.",
    [TLOG_TOO_LONG] = "It is longer than any we take.",
    [TLOG_NOT_TEXT] = "It is not UTF-8, or has a control character.",
    [TLOG_NO_END] = "Its last line has no end.",
    [TLOG_NO_SIGNATURES] = "No signatures follow an empty line.",
    [TLOG_BAD_SIGNATURE_LINE] = "A line behind the text is no signature.",
    [TLOG_MANY_SIGNATURES] = "It has more signatures than we take.",
    [TLOG_BAD_KEY] = "The verifier key is none.",
    [TLOG_UNSIGNED] = "No known key has signed it.",
    [TLOG_FORGED] = "A signature by a known key does not fit.",
    [TLOG_BAD_ORIGIN] = "The first line names no origin.",
    [TLOG_OTHER_ORIGIN] = "It is of another log.",
    [TLOG_BAD_SIZE] = "The second line is no size.",
    [TLOG_BAD_ROOT] = "The third line is no root.",
    [TLOG_BAD_EXTENSION] = "A line behind the root is empty.",
    [TLOG_BAD_TILE_NAME] = "There is no tile of that name.",
    [TLOG_BAD_TILE] = "The tile is not as long as its name says.",
    [TLOG_BAD_BUNDLE] = "The bundle does not hold as many entries as its name says.",
    [TLOG_BAD_PROOF] = "It does not begin as a proof does.",
    [TLOG_BAD_INDEX] = "The index is none, or not below the size.",
    [TLOG_BAD_HASH] = "A hash of the path is none.",
    [TLOG_LONG_PATH] = "The path is longer than any can be.",
    [TLOG_NOT_INCLUDED] = "The path does not lead from the entry to the root.",
    [TLOG_FEW_WITNESSES] = "Fewer witnesses than asked for have cosigned it.",
};

const char *tlog_reason(enum tlog_rc rc)
{
    return rc < TLOG_REASONS ? reasons[rc] : "";
}
