/* SPDX-License-Identifier: Apache-2.0 */
/* A job is told with every order, so it is written straight into the answer's text. */
#include "service/view_job.h"

#include "base/limits.h"
#include "service/payload.h"
#include "service/price.h"
#include "service/words.h"
#include "json/put.h"

static void put_id(struct buf *b, const char *name, const char *prefix, struct id id, bool is_some)
{
    char text[ID_TEXT_MAX];

    if (!is_some) {
        json_put_null(b, name);
        return;
    }
    id_format(prefix, id, text);
    json_put_c(b, name, text);
}

static void put_ids(struct buf *b, const struct job_row *r, const char *first, const char *second)
{
    const struct id id = id_make(r->at_us, r->bid, 0);

    put_id(b, first, *first == 'j' ? "job_" : "bid_", id, true);
    put_id(b, second, *second == 'j' ? "job_" : "bid_", id, true);
}

static void put_reason(struct buf *b, const char *name, int64_t reason)
{
    if (reason <= REASON_NONE || reason >= REASONS)
        json_put_null(b, name);
    else
        json_put_c(b, name, reason_names[reason]);
}

static void put_pool(struct buf *b, const struct market_info *info, int64_t pool)
{
    const struct pool *p = info_pool(info, (int32_t)pool);

    json_put_c(b, "pool", p ? p->name : "unknown");
}

static void put_texts(struct buf *b, const char *name, struct str_list list)
{
    json_open(b, name, '[');
    for (size_t i = 0; i < list.n; i++)
        json_put_text(b, NULL, list.v[i]);
    json_close(b, ']');
}

/* ---- terms ---- */

void view_wants(const struct market_info *info, const struct bid_spec *s, struct buf *b)
{
    json_open(b, "pools", '[');
    for (int32_t i = 0; i < s->wants_n; i++) {
        json_open(b, NULL, '{');
        put_pool(b, info, s->wants[i].pool);
        json_put_i64(b, "units", s->wants[i].units);
        json_put_money(b, "limit_price_per_unit_hour", price_limit(info, s, i).micros);
        json_close(b, '}');
    }
    json_close(b, ']');
}

static void put_regions(struct buf *b, int32_t regions)
{
    json_open(b, "regions", '[');
    for (int r = 1; r < REGIONS; r++)
        if (regions >> r & 1) json_put_c(b, NULL, region_names[r]);
    json_close(b, ']');
}

/* Only what is demanded; null: nothing. */
static void put_wish(struct buf *b, const struct wish *w, struct str label)
{
    if (w->regions == 0 && w->tier_min <= 0 && !w->verified && w->isolation_min <= 0 &&
        w->interconnect_min <= 0 && w->bandwidth_min_mbps <= 0 && !label.p) {
        json_put_null(b, "requires");
        return;
    }
    json_open(b, "requires", '{');
    if (w->regions != 0) put_regions(b, w->regions);
    if (w->tier_min > 0) json_put_i64(b, "tier", w->tier_min);
    if (w->verified) json_put_bool(b, "verified", true);
    if (w->isolation_min > 0) json_put_c(b, "isolation", isolation_names[w->isolation_min]);
    if (w->interconnect_min > 0)
        json_put_c(b, "interconnect", interconnect_names[w->interconnect_min]);
    if (w->bandwidth_min_mbps > 0) json_put_i64(b, "bandwidth_mbps", w->bandwidth_min_mbps);
    if (label.p) json_put_text(b, "data_label", label);
    json_close(b, '}');
}

static void put_terms(struct buf *b, const struct market_info *info, const struct bid_spec *s,
                      struct str label)
{
    view_wants(info, s, b);
    json_put_c(b, "rank", rank_names[s->rank]);
    json_put_i64(b, "nodes", s->nodes);
    json_put_bool(b, "same_site", s->same_site);
    put_wish(b, &s->wish, label);
    json_put_c(b, "egress", egress_names[s->wish.egress]);
    json_put_i64(b, "checkpoint_seconds", s->checkpoint_seconds);
    json_put_c(b, "time_in_force", tif_names[s->tif]);
    json_put_c(b, "own", own_names[s->own]);
    json_put_bool(b, "interruptible", s->interruptible);
    json_put_i64(b, "auction_ms", s->auction_ms);
}

/* What keeps an open order out of the books, if something does. */
static void put_waits(struct buf *b, const struct job_row *r)
{
    const bool parked = r->about.parked != 0;

    if (r->state != ORDER_OPEN || (!r->about.sealed && !parked)) return;
    json_put_c(b, "waits_for", r->about.sealed ? "auction" : "call");
}

/* ---- how it goes ---- */

/* One of a gang's runs decided, be it the newest or not. */
static bool ended_by_a_run(int64_t reason)
{
    return reason == REASON_DONE || reason == REASON_OUT_OF_MEMORY || reason == REASON_TIME_SPENT ||
           reason == REASON_EGRESS_SPENT || reason == REASON_BUDGET_SPENT;
}

static bool has_exit_code(const struct job_row *r)
{
    if (r->job < JOB_SETTLED) return false;
    if (r->about.spec.nodes > 1) return ended_by_a_run(r->reason);
    return r->exited && r->reason == r->last_reason;
}

static void put_exit_code(struct buf *b, const struct job_row *r)
{
    if (has_exit_code(r))
        json_put_i64(b, "exit_code", r->exit_code);
    else
        json_put_null(b, "exit_code");
}

static const char *const verdict_names[] = { "none", "retry", "failed", "cancelled" };

/* What the runs that have ended will mean, while others of the gang are still to end. */
static void put_verdict(struct buf *b, const struct job_row *r)
{
    if (r->about.verdict == VERDICT_NONE || r->job >= JOB_SETTLED || r->job == JOB_OPEN) return;
    json_put_c(b, "verdict", verdict_names[r->about.verdict]);
    put_reason(b, "verdict_reason", r->about.verdict_reason);
}

static void put_sums(struct buf *b, const struct job_row *r)
{
    json_put_money(b, "budget", r->budget);
    json_put_money(b, "spent", r->spent);
    json_put_money(b, "held", r->hold);
    json_put_money(b, "limit_price_per_unit_hour", r->price);
}

static void put_times(struct buf *b, const struct job_row *r)
{
    json_put_i64(b, "max_duration_seconds", r->seconds);
    json_put_time(b, "expires_at", r->expires_us);
    json_put_i64(b, "attempts", r->attempts);
    json_put_i64(b, "max_attempts", r->attempts_max);
    put_exit_code(b, r);
    json_put_time(b, "created_at", r->at_us);
}

void view_job_open(const struct market_info *info, const struct job_row *r,
                   const struct blueprint *about, struct buf *b)
{
    json_open(b, NULL, '{');
    put_ids(b, r, "job_id", "bid_id");
    json_put_text(b, "name", about->name);
    json_put_c(b, "state", job_state_names[r->job]);
    put_reason(b, "reason", r->reason);
    json_put_text(b, "image", about->image);
    json_put_text(b, "image_digest", r->image_digest);
    put_texts(b, "command", about->command);
    put_pool(b, info, r->pool);
    json_put_i64(b, "units", r->units);
    put_sums(b, r);
    put_times(b, r);
    put_id(b, "lease_id", "lease_", lease_id_of(r->last_traded_us, r->last_lease),
           r->last_lease != 0);
    json_put_c(b, "level", "signed");
    json_put_c(b, "kind", "batch");
    put_terms(b, info, &r->about.spec, about->label);
    put_waits(b, r);
    put_verdict(b, r);
}

/* ---- what a job is about, from its payload ---- */

/* `words` has room for COMMAND_ARGS_MAX. What cannot be read is left out. */
static struct blueprint read_blueprint(const json_t *more, struct str *words)
{
    const json_t *list = json_object_get(more, "command");
    struct blueprint out = { .name = json_get_text(more, "name"),
                             .image = json_get_text(more, "image"),
                             .label = json_get_text(more, "data_label"),
                             .command = { words, json_array_size(list) } };

    if (!out.image.p) out.image = STR("");
    if (out.command.n > COMMAND_ARGS_MAX) out.command.n = COMMAND_ARGS_MAX;
    for (size_t i = 0; i < out.command.n; i++) {
        const json_t *word = json_array_get(list, i);
        words[i] = (struct str){ json_string_value(word), json_string_length(word) };
    }
    return out;
}

void view_job_read(const struct market_info *info, const struct job_row *r, struct buf *b)
{
    struct err ignored = { 0 };
    auto_json json_t *more = payload_more(r->payload, &ignored);
    struct str words[COMMAND_ARGS_MAX];
    const struct blueprint about = read_blueprint(more, words);

    view_job_open(info, r, &about, b);
}

void view_job(const struct market_info *info, const struct job_row *r, struct buf *b)
{
    view_job_read(info, r, b);
    json_close(b, '}');
}

void view_bid(const struct market_info *info, const struct job_row *r, struct buf *b)
{
    struct err ignored = { 0 };
    auto_json json_t *more = payload_more(r->payload, &ignored);

    json_open(b, NULL, '{');
    put_ids(b, r, "bid_id", "job_id");
    put_pool(b, info, r->pool);
    json_put_i64(b, "units", r->units);
    json_put_money(b, "limit_price_per_unit_hour", r->price);
    json_put_c(b, "state", order_state_names[r->state]);
    json_put_i64(b, "priority", r->priority);
    json_put_money(b, "held", r->hold);
    json_put_time(b, "expires_at", r->expires_us);
    json_put_time(b, "created_at", r->at_us);
    put_terms(b, info, &r->about.spec, json_get_text(more, "data_label"));
    put_waits(b, r);
    json_close(b, '}');
}
