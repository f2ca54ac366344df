/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions of simple traders as text, for somebody who holds them elsewhere
 * (tests/sim/over_http.py).
 *
 *     bench_shouts SCHEDULE MARKETS SEED      schedules by number, 0 … 5
 *
 * First a line {"schedule":…,"buyers":…,"sellers":…,"units":…}, then for each market a line with
 * its shouts, each [buys (1 or 0), trader, price], with buyer, seller and price of the deal
 * appended if it made one. The deals are those of the rules in this process. Seeds are those of the
 * table: with 1000 + 10 × SCHEDULE the markets are its first ones. */
#include <stdio.h>

#include "base/str.h"
#include "tests/sim/exchange.h"

/* A venue that passes everything on to the real one and writes it down. */
struct scribe {
    struct venue venue;
    bool first;
};

static bool quote(void *arg, bool buys, int who, int price, struct deal *out)
{
    struct scribe *const s = arg;
    const bool dealt = s->venue.quote(s->venue.arg, buys, who, price, out);

    printf("%s[%d,%d,%d", s->first ? "" : ",", buys ? 1 : 0, who, price);
    if (dealt) printf(",%d,%d,%d", out->buyer, out->seller, out->price);
    printf("]");
    s->first = false;
    return dealt;
}

int main(int argc, char **argv)
{
    int64_t number, markets, seed;
    if (argc != 4 || !str_i64(str_of(argv[1]), 0, SCHEDULES - 1, &number) ||
        !str_i64(str_of(argv[2]), 1, 100000, &markets) ||
        !str_i64(str_of(argv[3]), 0, INT64_MAX, &seed))
        return 2;
    struct schedule s;
    struct chance chance = { (uint64_t)seed };

    const struct market_rules rules = exchange_rules(PRICE_RESTING);
    schedule_make((size_t)number, &s);
    const struct session_plan plan = { &s, TRADERS_ZI_C, SHOUTS, false, NULL };
    printf("{\"schedule\":\"%s\",\"buyers\":%d,\"sellers\":%d,\"units\":%d}\n", s.name, s.buyers,
           s.sellers, s.units);
    for (int64_t i = 0; i < markets; i++) {
        struct exchange exchange;
        struct session session;
        struct scribe scribe = { .first = true };
        const struct venue writes = { quote, &scribe };

        printf("[");
        exchange_open(&exchange, &rules, &s, &scribe.venue);
        session_hold(&plan, &chance, &writes, &session);
        exchange_close(&exchange, &session);
        printf("]\n");
    }
    return 0;
}
