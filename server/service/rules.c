/* SPDX-License-Identifier: Apache-2.0 */
#include "service/rules.h"

#include "service/codec.h"
#include "store/commands.h"

#define PAYLOAD_BYTES_MAX (1 << 16)

static bool read_rules(struct str payload, struct market_rules *out, struct err *err)
{
    struct command c;
    struct str more;

    if (codec_read(payload, &c, &more, err) != CODEC_OK) return false;
    if (c.kind != COMMAND_SET_RULES)
        return FAIL(err, ERR_DB, "A command that should set rules is a %s.", command_name(c.kind));
    *out = c.u.set_rules;
    return true;
}

bool rules_stored(struct db *db, struct market_rules *out, struct err *err)
{
    struct arena a;
    struct str payload;
    bool ok = false;

    arena_init(&a, PAYLOAD_BYTES_MAX);
    switch (store_last_rules(db, &a, &payload, err)) {
    case DB_NONE:
        *out = market_rules_default;
        ok = true;
        break;
    case DB_ONE: ok = read_rules(payload, out, err); break;
    case DB_RETRY:
    case DB_FAIL: break;
    }
    arena_done(&a);
    return ok;
}
