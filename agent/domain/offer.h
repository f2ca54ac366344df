/* SPDX-License-Identifier: Apache-2.0 */
/* What we sell and at which price, and how our asks in the market come to say so. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "domain/pricing.h"

/* Networks of leases, from the closest to the most open; names as on the wire. */
enum egress_class { EGRESS_CLASS_NONE, EGRESS_CLASS_ALLOWLIST, EGRESS_CLASS_OPEN };
#define EGRESS_CLASSES 3
extern const char *const egress_class_names[EGRESS_CLASSES + 1];

struct offer {
    struct str pool;
    enum pricing_policy policy;
    int64_t price_micros, floor_micros; /* per unit and hour; the first one, if a policy moves it */
    int64_t units;
    int64_t min_lease_seconds, max_lease_seconds;
    enum egress_class egress; /* the most open network that it takes */
};

/* An open ask of ours, as the market shows it. */
struct ask_seen {
    struct str ask_id, pool;
    int64_t price_micros, floor_micros, units;
    int64_t min_lease_seconds, max_lease_seconds;
    int64_t units_free;
    enum pricing_policy policy;
    enum egress_class egress;
};

enum ask_act {
    ASK_CANCEL, /* asks[index] is not what the owner wants, or one too many */
    ASK_AMEND,  /* asks[index] takes the offer's units, and its price if that is fixed */
    ASK_PLACE,
};

struct ask_action {
    enum ask_act act;
    size_t index;
};

/* What makes exactly the offer stand, but for a price that a policy moves: at most n + 1 actions
 * into `out`; cancels come first. */
size_t offer_plan(const struct offer *o, const struct ask_seen *asks, size_t n,
                  struct ask_action *out);

/* How long to wait before the try after `failures` failed ones: base, doubling, at most `most`,
 * then up to a quarter less as `dice` (any number) falls. 0 after none. */
int64_t backoff_us(int failures, int64_t base_us, int64_t most_us, uint64_t dice);

/* "0.125" as micros: digits with at most six decimals, above zero, at most a billion. */
MUST_CHECK bool price_parse(struct str text, int64_t *micros);
