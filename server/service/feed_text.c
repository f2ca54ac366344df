/* SPDX-License-Identifier: Apache-2.0 */
/* What the streams are told, as JSON. All of it with the feed's lock held. */
#include <string.h>

#include "base/mem.h"
#include "service/feed_inside.h"
#include "service/levels.h"
#include "json/json.h"
#include "json/micros.h"

#define DATA_MAX    (64 << 10) /* twice what all levels of a book need */
#define WHOLE_EVERY 64         /* changes of a book between two whole ones in the stream */

const char *const channel_names[CHANNELS] = { "trades", "depth", "ticker" };

static void begin(struct feed *f, size_t pool, enum channel channel, int64_t sequence,
                  struct buf *out)
{
    buf_fmt(out, "{\"pool\":\"%s\",\"channel\":\"%s\",\"sequence\":%lld", f->pools[pool].pool->name,
            channel_names[channel], (long long)sequence);
}

/* Takes the reference. False: no memory. */
static bool add_json(struct buf *out, const char *name, json_t *value)
{
    char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;

    json_decref(value);
    if (!text) return false;
    buf_fmt(out, ",\"%s\":", name);
    buf_c(out, text);
    auto_free_(&text);
    return true;
}

/* ---- trades ---- */

bool feed_tell_trade(struct feed *f, size_t pool, const struct tape_row *row)
{
    const size_t topic = FEED_TOPIC(pool, CHANNEL_TRADES);
    auto_buf struct buf b = { .max = DATA_MAX };

    begin(f, pool, CHANNEL_TRADES, events_sequence(f->events, topic), &b);
    if (!add_json(&b, "trade", view_tape_row(f->o.info, row))) return false;
    buf_char(&b, '}');
    return !b.failed && events_publish(f->events, topic, "trade", buf_view(&b));
}

static bool whole_tape(struct feed *f, size_t pool, struct buf *b)
{
    const struct feed_pool *p = &f->pools[pool];
    struct tape_row newest_first[FEED_RECENT];

    for (size_t i = 0; i < p->recent_n; i++)
        newest_first[i] = p->recent[p->recent_n - 1 - i];
    return add_json(b, "trades", view_tape(f->o.info, newest_first, p->recent_n));
}

/* ---- depth ---- */

static void add_level(struct buf *out, bool first, int64_t price, int64_t units)
{
    char text[MICROS_TEXT_SIZE];

    micros_format(price, text);
    buf_fmt(out, "%s[\"%s\",%lld]", first ? "" : ",", text, (long long)units);
}

static void add_side(struct buf *out, const char *name, const struct depth_side *side)
{
    buf_fmt(out, ",\"%s\":[", name);
    for (size_t i = 0; i < side->n; i++)
        add_level(out, i == 0, side->levels[i].price.micros, side->levels[i].units);
    buf_char(out, ']');
}

static size_t add_changes(struct buf *out, const char *name, enum side side,
                          const struct depth_side *was, const struct depth_side *is)
{
    struct level_change changes[2 * DEPTH_LEVELS];
    const size_t n = levels_diff(side, was, is, changes);

    buf_fmt(out, ",\"%s\":[", name);
    for (size_t i = 0; i < n; i++)
        add_level(out, i == 0, changes[i].price, changes[i].units);
    buf_char(out, ']');
    return n;
}

static void whole_book(struct feed *f, size_t pool, struct buf *b)
{
    const struct depth *d = &f->pools[pool].depth;

    add_side(b, "asks", &d->asks);
    add_side(b, "bids", &d->bids);
    buf_fmt(b, ",\"crc32\":%lu", (unsigned long)levels_crc32(&d->asks, &d->bids));
}

/* Now and then the whole book, so that who has applied the changes can compare. Without memory it
 * is left out: each change has its checksum, too. */
static void tell_whole(struct feed *f, size_t pool)
{
    const size_t topic = FEED_TOPIC(pool, CHANNEL_DEPTH);
    auto_buf struct buf b = { .max = DATA_MAX };

    begin(f, pool, CHANNEL_DEPTH, events_sequence(f->events, topic) - 1, &b);
    whole_book(f, pool, &b);
    buf_char(&b, '}');
    if (!b.failed) (void)!events_repeat(f->events, topic, "snapshot", buf_view(&b));
}

bool feed_tell_depth(struct feed *f, size_t pool, const struct depth *was)
{
    struct feed_pool *p = &f->pools[pool];
    const size_t topic = FEED_TOPIC(pool, CHANNEL_DEPTH);
    auto_buf struct buf b = { .max = DATA_MAX };

    begin(f, pool, CHANNEL_DEPTH, events_sequence(f->events, topic), &b);
    size_t n = add_changes(&b, "asks", SIDE_ASKS, &was->asks, &p->depth.asks);
    n += add_changes(&b, "bids", SIDE_BIDS, &was->bids, &p->depth.bids);
    p->changed = true; /* also when only the number of orders did */
    if (n == 0) return true;
    buf_fmt(&b, ",\"crc32\":%lu}", (unsigned long)levels_crc32(&p->depth.asks, &p->depth.bids));
    if (b.failed || !events_publish(f->events, topic, "depth", buf_view(&b))) return false;
    if (++p->depth_deltas < WHOLE_EVERY) return true;
    p->depth_deltas = 0;
    tell_whole(f, pool);
    return true;
}

/* ---- ticker ---- */

static char *ticker_text(const struct feed_pool *p, int64_t now_us)
{
    const struct figures figures = feed_figures_of(p, now_us);
    auto_json json_t *o = view_ticker(&figures);

    return o ? json_dumps(o, JSON_COMPACT) : NULL;
}

bool feed_tell_ticker(struct feed *f, size_t pool, int64_t now_us)
{
    struct feed_pool *p = &f->pools[pool];
    const size_t topic = FEED_TOPIC(pool, CHANNEL_TICKER);
    const int64_t minute_us = candle_start(now_us, MINUTE_US);
    auto_buf struct buf b = { .max = DATA_MAX };

    if (p->ticker && !p->changed && minute_us == p->ticker_minute_us) return true;
    auto_free char *text = ticker_text(p, now_us);
    if (!text) return false;
    if (p->ticker && strcmp(text, p->ticker) == 0) {
        p->changed = false;
        return true;
    }
    begin(f, pool, CHANNEL_TICKER, events_sequence(f->events, topic), &b);
    buf_c(&b, ",\"ticker\":");
    buf_c(&b, text);
    buf_char(&b, '}');
    if (b.failed || !events_publish(f->events, topic, "ticker", buf_view(&b))) return false;
    auto_free_(&p->ticker);
    p->ticker = take(text);
    p->ticker_minute_us = minute_us;
    p->changed = false;
    return true;
}

/* ---- whole topics ---- */

bool feed_snapshot(struct feed *f, size_t pool, enum channel channel, int64_t now_us)
{
    const size_t topic = FEED_TOPIC(pool, channel);
    auto_buf struct buf b = { .max = DATA_MAX };
    bool ok = true;

    if (events_has_snapshot(f->events, topic)) return true;
    begin(f, pool, channel, events_sequence(f->events, topic) - 1, &b);
    switch (channel) {
    case CHANNEL_TRADES: ok = whole_tape(f, pool, &b); break;
    case CHANNEL_DEPTH: whole_book(f, pool, &b); break;
    case CHANNEL_TICKER: {
        const struct figures figures = feed_figures_of(&f->pools[pool], now_us);
        ok = add_json(&b, "ticker", view_ticker(&figures));
        break;
    }
    }
    buf_char(&b, '}');
    return ok && !b.failed && events_set_snapshot(f->events, topic, buf_view(&b));
}
