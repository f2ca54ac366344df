/* SPDX-License-Identifier: Apache-2.0 */
/* The table of disagreements:
 *
 *   market   journal            engine       what it means                            action
 *   wants    –                  –            new work                                 take or
 * decline wants    –                  container    our journal was lost: nothing can be     remove,
 * then take vouched for, so it starts again wants    same epoch         any          ours; the
 * worker looks at the container  resume wants    lower epoch        any          granted again: the
 * old run is void       forget, later take –        before the exit    any          the market has
 * ended it without us       forget –        exited or later    any          a receipt may not have
 * been heard        resume unknown  any                any          the market is silent: promises
 * stand     resume any      –                  container    nobody knows it remove
 */
#include "domain/plan.h"

#include <assert.h>

#define NOT_FOUND SIZE_MAX

static size_t find_kept(const struct world *w, struct str lease_id)
{
    for (size_t i = 0; i < w->kept_n; i++)
        if (str_eq(w->kept[i].lease_id, lease_id)) return i;
    return NOT_FOUND;
}

static size_t find_wanted(const struct world *w, struct str lease_id)
{
    for (size_t i = 0; i < w->wanted_n; i++)
        if (str_eq(w->wanted[i].lease_id, lease_id)) return i;
    return NOT_FOUND;
}

/* Does somebody vouch for this container? */
static bool is_ours(const struct world *w, const struct seen *seen)
{
    const size_t k = find_kept(w, seen->lease_id);
    return k != NOT_FOUND && w->kept[k].epoch == seen->epoch;
}

static bool ended_by_market(const struct world *w, const struct kept *kept)
{
    const size_t i = find_wanted(w, kept->lease_id);
    if (i != NOT_FOUND) return w->wanted[i].epoch > kept->epoch;
    return w->wanted_whole && kept->step < STEP_EXITED;
}

static bool is_metered(const struct kept *kept)
{
    return kept->step == STEP_STARTED || kept->step == STEP_RUNNING;
}

/* Does this entry still take its share of the machine? */
static bool holds_share(const struct kept *kept)
{
    return kept->step < STEP_EXITED && !kept->dropping;
}

static void add_share(struct share *sum, const struct share *more)
{
    sum->cpu_millis += more->cpu_millis;
    sum->memory_bytes += more->memory_bytes;
    sum->scratch_bytes += more->scratch_bytes;
    sum->gpus += more->gpus;
}

static bool fits(const struct world *w, const struct share *taken, const struct share *more)
{
    return more->cpu_millis <= w->offered.cpu_millis - taken->cpu_millis &&
           more->memory_bytes <= w->offered.memory_bytes - taken->memory_bytes &&
           more->scratch_bytes <= w->offered.scratch_bytes - taken->scratch_bytes &&
           more->gpus <= w->offered.gpus - taken->gpus;
}

static size_t plan_seen(const struct world *w, struct action *out)
{
    size_t n = 0;
    for (size_t i = 0; i < w->seen_n; i++)
        if (!is_ours(w, &w->seen[i])) out[n++] = (struct action){ ACT_REMOVE, i };
    return n;
}

static size_t plan_kept(const struct world *w, struct action *out)
{
    size_t n = 0;
    for (size_t i = 0; i < w->kept_n; i++) {
        const struct kept *k = &w->kept[i];
        if (is_metered(k) && !k->busy && k->deadline_boot_us <= w->now_boot_us)
            out[n++] = (struct action){ ACT_KILL, i };
        if (ended_by_market(w, k)) {
            if (!k->dropping) out[n++] = (struct action){ ACT_FORGET, i };
        } else if (!k->busy) {
            out[n++] = (struct action){ ACT_RESUME, i };
        }
    }
    return n;
}

static size_t plan_wanted(const struct world *w, struct action *out)
{
    struct share taken = { 0, 0, 0, 0 };
    for (size_t i = 0; i < w->kept_n; i++)
        if (holds_share(&w->kept[i]) && !ended_by_market(w, &w->kept[i]))
            add_share(&taken, &w->kept[i].share);

    size_t n = 0;
    for (size_t i = 0; i < w->wanted_n; i++) {
        const struct wanted *wanted = &w->wanted[i];
        if (find_kept(w, wanted->lease_id) != NOT_FOUND) continue;
        const bool take = wanted->possible && fits(w, &taken, &wanted->share);
        if (take) add_share(&taken, &wanted->share);
        out[n++] = (struct action){ take ? ACT_TAKE : ACT_DECLINE, i };
    }
    return n;
}

size_t plan(const struct world *w, struct action *out)
{
    size_t n = plan_seen(w, out);
    n += plan_kept(w, out + n);
    n += plan_wanted(w, out + n);
    assert(n <= PLAN_MAX(w));
    return n;
}
