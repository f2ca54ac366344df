/* SPDX-License-Identifier: Apache-2.0 */
#include "service/explaining.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "service/words.h"
#include "json/parse.h"

#define TEXT_SIZE 200

/* What an ask that is kept from serving by this would say. */
static const char *const misfit_texts[MISFITS] = {
    "They are your own.",
    "They are in other regions.",
    "Their reputation is of a lower tier.",
    "Their hardware has not been verified.",
    "They keep containers apart less strictly.",
    "Their GPUs are connected more slowly.",
    "They have less bandwidth.",
    "They do not hold the data.",
    "They serve buyers of a higher tier only.",
    "They do not let containers reach that much of the network.",
    "They do not bear so long a time without a checkpoint.",
    "They serve interruptible jobs only.",
    "They have fewer units free.",
    "They do not lease this number of units together.",
    "They ask for more than your limit.",
    "They do not lease for so short a time.",
    "They do not lease for so long a time.",
    "They are not available for so long.",
    "They have failed this job.",
    "They are about to be entered again.",
    "They wait for the pool's call auction.",
};

/* Machines of which it is not known where they are can only be asked for by naming no region. */
static json_t *regions_json(int64_t mask)
{
    json_t *const list = json_array();

    for (int r = 1; r < REGIONS && (mask & 1) == 0; r++)
        if (mask >> r & 1) (void)json_array_append_new(list, json_string(region_names[r]));
    return list;
}

static json_t *constraints_json(const struct explanation *e)
{
    json_t *const list = json_array();

    for (int i = 0; i < MISFITS; i++) {
        if (e->by[i].asks == 0) continue;
        (void)json_array_append_new(
            list, json_pack("{s:s, s:I, s:I, s:s}", "constraint", misfit_names[i], "offers",
                            (json_int_t)e->by[i].asks, "offers_by_this_alone",
                            (json_int_t)e->by[i].alone, "text", misfit_texts[i]));
    }
    return list;
}

/* The value of a term as the API has it. */
static json_t *value_json(const struct change *c, int64_t value)
{
    switch (c->of) {
    case CHANGE_LIMIT:
    case CHANGE_DISPLACING_LIMIT: return json_money(value);
    case CHANGE_REGIONS: return regions_json(value);
    case CHANGE_ISOLATION: return json_string(isolation_names[value]);
    case CHANGE_INTERCONNECT: return json_string(interconnect_names[value]);
    case CHANGE_EGRESS: return json_string(egress_names[value]);
    case CHANGE_OWN: return json_string(own_names[value]);
    case CHANGE_WAIT: return json_time(value);
    case CHANGE_SAME_SITE:
    case CHANGE_VERIFIED:
    case CHANGE_LABEL:
    case CHANGE_INTERRUPTIBLE: return json_boolean(value != 0);
    case CHANGE_SECONDS:
    case CHANGE_UNITS:
    case CHANGE_NODES:
    case CHANGE_TIER:
    case CHANGE_BANDWIDTH:
    case CHANGE_CHECKPOINT: break;
    }
    return json_integer(value);
}

static const struct {
    const char *field;          /* of POST /v1/jobs, or of PATCH /v1/bids */
    const char *before, *after; /* the new value stands between them, if there is an `after` */
} change_texts[CHANGES] = {
    [CHANGE_LIMIT] = { "limit_price_per_unit_hour", "Raise the limit to $", "." },
    [CHANGE_SECONDS] = { "max_duration_seconds", "Ask for ", " seconds." },
    [CHANGE_UNITS] = { "units", "Ask for ", " units." },
    [CHANGE_NODES] = { "nodes", "Ask for ", " machines." },
    [CHANGE_SAME_SITE] = { "same_site", "Let the machines be in different sites.", NULL },
    [CHANGE_REGIONS] = { "requires.regions", "Accept more regions.", NULL },
    [CHANGE_TIER] = { "requires.tier", "Accept machines of tier ", "." },
    [CHANGE_VERIFIED] = { "requires.verified", "Accept machines that are not verified.", NULL },
    [CHANGE_ISOLATION] = { "requires.isolation", "Accept a weaker isolation.", NULL },
    [CHANGE_INTERCONNECT] = { "requires.interconnect", "Accept a slower interconnect.", NULL },
    [CHANGE_BANDWIDTH] = { "requires.bandwidth_mbps", "Make do with ", " Mbit/s." },
    [CHANGE_LABEL] = { "requires.data_label", "Go without the data label.", NULL },
    [CHANGE_EGRESS] = { "egress", "Make do with less of the network.", NULL },
    [CHANGE_CHECKPOINT] = { "checkpoint_seconds", "Save a checkpoint each ", " seconds." },
    [CHANGE_INTERRUPTIBLE] = { "interruptible", "Accept to be interrupted.", NULL },
    [CHANGE_OWN] = { "own", "Take others' machines too.", NULL },
    [CHANGE_DISPLACING_LIMIT] = { "limit_price_per_unit_hour", "Raise the limit to $",
                                  ": an interruptible job then makes room." },
    [CHANGE_WAIT] = { "wait_until", "Wait: by then a machine is free, if nobody takes it.", NULL },
};

/* How the change is made: what rests can be given another limit; all else makes another job. */
static const char *way_of(enum change_of of)
{
    if (of == CHANGE_LIMIT || of == CHANGE_DISPLACING_LIMIT) return "amend";
    return of == CHANGE_WAIT ? "wait" : "new-job";
}

/* "0.012": without zeros at the end, but for cents. */
static void short_money(int64_t micros, char out[MONEY_TEXT_SIZE])
{
    money_format((struct money){ micros }, out);
    size_t n = strlen(out);
    while (n > 3 && out[n - 1] == '0' && out[n - 3] != '.')
        out[--n] = '\0';
}

static void text_of(const struct change *c, char out[TEXT_SIZE])
{
    const char *const before = change_texts[c->of].before, *const after = change_texts[c->of].after;
    char amount[MONEY_TEXT_SIZE];

    if (c->of == CHANGE_LIMIT || c->of == CHANGE_DISPLACING_LIMIT) {
        short_money(c->to, amount);
        (void)snprintf(out, TEXT_SIZE, "%s%s%s", before, amount, after);
    } else if (after) {
        (void)snprintf(out, TEXT_SIZE, "%s%" PRId64 "%s", before, c->to, after);
    } else {
        (void)snprintf(out, TEXT_SIZE, "%s", before);
    }
}

/* With fewer units a job needs less of the machine: how much one then brings. */
static json_t *share_json(const struct market_info *info, const struct change *c)
{
    const struct pool *const pool = info_pool(info, c->pool);

    if (c->of != CHANGE_UNITS || !pool) return json_null();
    return json_pack("{s:s, s:I, s:I, s:I, s:I}", "pool", pool->name, "gpus",
                     (json_int_t)c->to * pool->unit.gpus, "cpu_millis",
                     (json_int_t)c->to * pool->unit.cpu_millis, "memory_bytes",
                     (json_int_t)c->to * pool->unit.memory_bytes, "scratch_bytes",
                     (json_int_t)c->to * pool->unit.scratch_bytes);
}

static json_t *changes_json(const struct market_info *info, const struct explanation *e)
{
    json_t *const list = json_array();
    char text[TEXT_SIZE];

    for (int32_t i = 0; i < e->changes_n; i++) {
        const struct change *const c = &e->changes[i];
        text_of(c, text);
        (void)json_array_append_new(
            list, json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:s}", "change", change_names[c->of],
                            "way", way_of(c->of), "field", change_texts[c->of].field, "from",
                            value_json(c, c->from), "to", value_json(c, c->to), "brings",
                            share_json(info, c), "text", text));
    }
    return list;
}

static const char *summary(const struct bid_spec *spec, const struct explanation *e)
{
    if (e->serves) return "Something on offer serves it now.";
    if (e->asks == 0) return "Nothing is on offer in its pools.";
    if (e->changes_n > 0)
        return "Nothing on offer serves it now. Each of these changes alone would have it matched.";
    if (spec->own != OWN_ONLY && e->serving >= spec->nodes)
        return "What serves it costs so much more or less than was paid lately that both would "
               "wait "
               "for the pool's call auction.";
    return "Nothing on offer serves it now, and no single change would have it matched.";
}

json_t *explaining_json(const struct market_info *info, const struct bid_spec *spec,
                        const struct explanation *e)
{
    return json_pack("{s:b, s:s, s:I, s:I, s:b, s:i, s:i, s:o, s:o}", "matches_now", e->serves,
                     "text", summary(spec, e), "offers", (json_int_t)e->asks, "free_units",
                     (json_int_t)e->units, "more_offers", e->cut, "nodes_that_serve", e->serving,
                     "nodes_needed", spec->nodes, "constraints", constraints_json(e), "changes",
                     changes_json(info, e));
}
