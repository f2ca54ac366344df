/* SPDX-License-Identifier: Apache-2.0 */
/* Receipts as they are handed out: what the agent signed, and the market's word on what was paid.
 * The countersignature is made when it is asked for; Ed25519 makes the same one each time. */
#pragma once

#include "service/info.h"
#include "sign/receipt.h"
#include "store/leases.h"

/* The texts of an exit, from its command's payload. Views live in `a`. */
struct exit_text {
    struct str receipt;
    struct signature signature;
};
MUST_CHECK bool exit_text_read(struct str payload, struct arena *a, struct exit_text *out,
                               struct err *err);

/* The document of GET …/receipt. NULL: see err. */
json_t *receipt_make(const struct market_info *info, const struct lease_text_row *row,
                     struct arena *a, struct err *err);
/* The document of GET …/outputs. */
json_t *outputs_make(const struct lease_text_row *row, struct arena *a, struct err *err);
