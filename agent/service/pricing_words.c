/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "service/pricing.h"
#include "json/micros.h"

#define MINUTE INT64_C(60000000)

void price_text(int64_t micros, char out[PRICE_TEXT_SIZE])
{
    micros_format(micros, out);
    size_t n = strlen(out);
    const size_t least = (size_t)(strchr(out, '.') - out) + 3;
    while (n > least && out[n - 1] == '0')
        n--;
    out[n] = '\0';
}

/* ", best other ask 0.305" */
static void others(const struct pricing_seen *seen, char out[64])
{
    char price[PRICE_TEXT_SIZE];
    price_text(seen->best_ask_micros, price);
    if (seen->best_ask_micros > 0)
        snprintf(out, 64, ", best other ask %s", price);
    else
        snprintf(out, 64, ", no other ask");
}

static void idle(int64_t us, char out[32])
{
    const int64_t minutes = us / MINUTE;
    if (minutes < 2)
        snprintf(out, 32, "%" PRId64 " s", us * 60 / MINUTE);
    else if (minutes < 120)
        snprintf(out, 32, "%" PRId64 " min", minutes);
    else
        snprintf(out, 32, "%" PRId64 " h", minutes / 60);
}

void pricing_words(const struct pricing_step *step, const struct pricing_rule *rule,
                   const struct pricing_seen *seen, char out[REASON_SIZE])
{
    char best[PRICE_TEXT_SIZE], paid[PRICE_TEXT_SIZE], floor[PRICE_TEXT_SIZE], rest[64], time[32];
    const bool cheaper = seen->best_ask_micros > 0 && seen->best_ask_micros < seen->price_micros;
    price_text(seen->best_ask_micros, best);
    price_text(seen->last_trade_micros, paid);
    price_text(rule->floor_micros, floor);
    others(seen, rest);
    idle(step->idle_us, time);
#define SAY(...) snprintf(out, REASON_SIZE, __VA_ARGS__)
    switch (step->reason) {
    case PRICING_STANDS: SAY("nothing speaks for another price%s", rest); break;
    case PRICING_YOUNG: SAY("the quote has not stood for long enough"); break;
    case PRICING_UNDER: SAY("one tick under the best other ask, %s", best); break;
    case PRICING_FLOOR: SAY("at the floor, %s; best other ask %s", floor, best); break;
    case PRICING_BACK: SAY("back to the owner's price%s", rest); break;
    case PRICING_SOLD:
        SAY("sold %" PRId64 " %s%s", step->fills, step->fills == 1 ? "time" : "times", rest);
        break;
    case PRICING_TRADED: SAY("somebody sold at %s%s", paid, rest); break;
    case PRICING_BUSY:
        SAY("busy, %" PRId64 " of %" PRId64 " units sold%s", seen->units - seen->units_free,
            seen->units, rest);
        break;
    case PRICING_DEARER:
        if (cheaper)
            SAY("others are cheaper%s", rest);
        else
            SAY("somebody sold at %s%s", paid, rest);
        break;
    case PRICING_IDLE: SAY("idle for %s%s", time, rest); break;
    }
#undef SAY
}
