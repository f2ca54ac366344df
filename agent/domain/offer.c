/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/offer.h"

#include <assert.h>

const char *const egress_class_names[EGRESS_CLASSES + 1] = { "none", "allowlist", "open", NULL };

#define MICROS    1000000
#define PRICE_MAX (INT64_C(1000000000) * MICROS)

/* Price and units of an ask can be changed; everything else needs a new one. */
static bool can_become(const struct ask_seen *ask, const struct offer *o)
{
    return str_eq(ask->pool, o->pool) && ask->floor_micros == o->floor_micros &&
           ask->policy == o->policy && ask->egress == o->egress &&
           ask->min_lease_seconds == o->min_lease_seconds &&
           ask->max_lease_seconds == o->max_lease_seconds;
}

static bool says(const struct ask_seen *ask, const struct offer *o)
{
    const bool priced = o->policy != PRICING_FIXED || ask->price_micros == o->price_micros;
    return priced && ask->units == o->units;
}

size_t offer_plan(const struct offer *o, const struct ask_seen *asks, size_t n,
                  struct ask_action *out)
{
    assert(o->price_micros > 0 && o->floor_micros > 0 && o->floor_micros <= o->price_micros);
    size_t keep = n, actions = 0;
    for (size_t i = 0; i < n; i++)
        if (can_become(&asks[i], o) && (keep == n || (says(&asks[i], o) && !says(&asks[keep], o))))
            keep = i;
    for (size_t i = 0; i < n; i++)
        if (i != keep) out[actions++] = (struct ask_action){ ASK_CANCEL, i };

    if (keep == n)
        out[actions++] = (struct ask_action){ ASK_PLACE, 0 };
    else if (!says(&asks[keep], o))
        out[actions++] = (struct ask_action){ ASK_AMEND, keep };
    return actions;
}

int64_t backoff_us(int failures, int64_t base_us, int64_t most_us, uint64_t dice)
{
    assert(base_us > 0 && most_us >= base_us);
    if (failures <= 0) return 0;
    int64_t wait = base_us;
    for (int i = 1; i < failures && wait < most_us; i++)
        wait *= 2;
    if (wait > most_us) wait = most_us;
    return wait - (int64_t)(dice % (uint64_t)(wait / 4 + 1));
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool price_parse(struct str text, int64_t *micros)
{
    struct str whole = text, part = STR("");
    if (str_cut(text, '.', &whole, &part) && part.n == 0) return false;
    if (whole.n == 0 || whole.n > 10 || part.n > 6) return false;

    int64_t value = 0;
    for (size_t i = 0; i < whole.n; i++) {
        if (!is_digit(whole.p[i])) return false;
        value = value * 10 + (whole.p[i] - '0');
    }
    for (size_t i = 0; i < 6; i++) {
        if (i < part.n && !is_digit(part.p[i])) return false;
        value = value * 10 + (i < part.n ? part.p[i] - '0' : 0);
    }
    if (value <= 0 || value > PRICE_MAX) return false;
    *micros = value;
    return true;
}
