/* SPDX-License-Identifier: Apache-2.0 */
/* bourse-server account, node and payout: what operators ask of the running server, through the
 * database.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "domain/command.h"
#include "service/auth.h"
#include "store/accounts.h"
#include "store/api_keys.h"
#include "store/operator.h"
#include "verbs.h"

#define PATIENCE_US INT64_C(15000000)
#define LOOK_US     20000

/* Leave the request and wait until the server has carried it out. */
static bool ask(struct db *db, struct operator_request r, struct arena *a,
                struct operator_result *out, struct err *err)
{
    const struct id id = id_random(clock_wall_us());
    const int64_t until = clock_monotonic_us() + PATIENCE_US;

    r.request = (struct str){ (const char *)id.b, sizeof(id.b) };
    if (!store_insert_operator_request(db, &r, err)) return false;
    do {
        clock_sleep_us(LOOK_US);
        if (!store_operator_result(db, r.request, a, out, err)) return false;
    } while (!out->done && clock_monotonic_us() < until);
    if (!out->done)
        return FAIL(err, ERR_OVERLOADED,
                    "No server answers on this database. The request stays, and"
                    " the next server to run will carry it out.");
    if (out->seq == 0)
        return FAIL(err, ERR_WRONG_STATE, "Refused: %.*s", (int)out->refusal.n, out->refusal.p);
    return true;
}

static bool print_key(struct db *db, int64_t account, struct err *err)
{
    char secret[64];
    int64_t created = 0;

    auth_secret_new("brs_live_", secret);
    const struct new_api_key key = {
        .id = id_random(clock_wall_us()),
        .account = account,
        .secret = auth_secret_hash(str_of(secret)),
        .name = STR("first key"),
        .scopes = SCOPE_ALL,
    };
    if (!db_found(store_add_api_key(db, &key, &created, err), err)) return false;
    printf("api_key %s\n", secret);
    return true;
}

static bool add_login_key(struct db *db, const struct public_key *k, int64_t account,
                          const struct options *o, struct err *err)
{
    int64_t created = 0;

    switch (store_add_account_key(db, k->b, account, str_of(o->name), &created, err)) {
    case DB_ONE: return true;
    case DB_NONE: return FAIL(err, ERR_WRONG_STATE, "That key opens another account already.");
    case DB_RETRY:
    case DB_FAIL: return false;
    }
    return false;
}

static bool create(const struct options *o, struct db *db, struct arena *a, struct err *err)
{
    struct operator_request r = { .kind = COMMAND_OPEN_ACCOUNT };
    struct operator_result done;
    struct public_key key;
    char text[ID_TEXT_MAX];

    if (o->public_key && !public_key_parse(str_of(o->public_key), &key))
        return FAIL(err, ERR_VALIDATION_FAILED, "--public-key is not 32 bytes in base64.");
    if (!ask(db, r, a, &done, err)) return false;
    if (!db_found(store_name_account(db, done.seq, str_of(o->name), err), err)) return false;
    if (o->public_key && !add_login_key(db, &key, done.seq, o, err)) return false;
    id_format("acct_", id_make(done.at_us, done.seq, 0), text);
    printf("account %s\n", text);
    return print_key(db, done.seq, err);
}

static bool parse_id(const char *prefix, const char *text, struct id *out, struct err *err)
{
    if (id_parse(prefix, str_of(text), out)) return true;
    return FAIL(err, ERR_VALIDATION_FAILED, "\"%s\" is not an id that begins with %s.", text,
                prefix);
}

static bool credit(const struct options *o, struct db *db, struct arena *a, struct err *err)
{
    struct operator_request r = { .kind = COMMAND_CREDIT };
    struct operator_result done;
    struct money amount;
    struct id account;

    if (!parse_id("acct_", o->words[1], &account, err)) return false;
    if (!money_parse(str_of(o->words[2]), &amount))
        return FAIL(err, ERR_VALIDATION_FAILED, "\"%s\" is not an amount such as 25.00.",
                    o->words[2]);
    r.account = id_seq(account);
    r.amount = amount.micros;
    if (!ask(db, r, a, &done, err)) return false;
    printf("credited %s to %s, entry %" PRId64 "\n", o->words[2], o->words[1], done.seq);
    return true;
}

static bool finish_payout(const struct options *o, struct db *db, struct arena *a, struct err *err)
{
    const bool paid = strcmp(o->words[0], "complete") == 0;
    struct operator_request r = { .kind = paid ? COMMAND_COMPLETE_PAYOUT : COMMAND_FAIL_PAYOUT };
    struct operator_result done;
    struct id payout;

    if (!parse_id("payout_", o->words[1], &payout, err)) return false;
    r.number = id_seq(payout);
    if (!ask(db, r, a, &done, err)) return false;
    printf("%s %s, entry %" PRId64 "\n", o->words[1], paid ? "paid" : "failed", done.seq);
    return true;
}

static bool parse_tier(const char *text, int64_t *out, struct err *err)
{
    if (str_i64(str_of(text), 0, TIERS - 1, out)) return true;
    return FAIL(err, ERR_VALIDATION_FAILED, "\"%s\" is no tier from 0 to %d.", text, TIERS - 1);
}

static bool rate_account(const struct options *o, struct db *db, struct arena *a, struct err *err)
{
    struct operator_request r = { .kind = COMMAND_RATE_ACCOUNT };
    struct operator_result done;
    struct id account;

    if (!parse_id("acct_", o->words[1], &account, err)) return false;
    if (!parse_tier(o->words[2], &r.tier, err)) return false;
    r.account = id_seq(account);
    if (!ask(db, r, a, &done, err)) return false;
    printf("%s is of tier %" PRId64 " now\n", o->words[1], r.tier);
    return true;
}

static bool rate_node(const struct options *o, struct db *db, struct arena *a, struct err *err)
{
    struct operator_request r = { .kind = COMMAND_RATE_NODE };
    struct operator_result done;
    struct id node;

    if (!parse_id("node_", o->words[1], &node, err)) return false;
    if (!parse_tier(o->words[2], &r.tier, err)) return false;
    r.verified = strcmp(o->words[3], "verified") == 0;
    if (!r.verified && strcmp(o->words[3], "declared") != 0)
        return FAIL(err, ERR_VALIDATION_FAILED, "\"%s\" is neither verified nor declared.",
                    o->words[3]);
    r.number = id_seq(node);
    if (!ask(db, r, a, &done, err)) return false;
    printf("%s is of tier %" PRId64 " and %s now\n", o->words[1], r.tier, o->words[3]);
    return true;
}

static bool said(const struct options *o, const char *verb, size_t words)
{
    return o->words_n == words && strcmp(o->words[0], verb) == 0;
}

static bool with_db(const struct options *o, struct arena *a, struct err *err,
                    bool (*fn)(const struct options *, struct db *, struct arena *, struct err *))
{
    struct db *db = db_open(o->db, DB_APP, err);
    const bool ok = db && fn(o, db, a, err);

    db_close(db);
    return ok;
}

bool verb_account(const struct options *o, struct arena *a, struct err *err)
{
    if (said(o, "create", 1)) return with_db(o, a, err, create);
    if (said(o, "credit", 3)) return with_db(o, a, err, credit);
    if (said(o, "rate", 3)) return with_db(o, a, err, rate_account);
    return FAIL(err, ERR_VALIDATION_FAILED,
                "Say: account create --name N, account credit ACCOUNT AMOUNT, or account rate"
                " ACCOUNT TIER.");
}

bool verb_node(const struct options *o, struct arena *a, struct err *err)
{
    if (said(o, "rate", 4)) return with_db(o, a, err, rate_node);
    return FAIL(err, ERR_VALIDATION_FAILED, "Say: node rate NODE TIER verified|declared.");
}

bool verb_payout(const struct options *o, struct arena *a, struct err *err)
{
    if (said(o, "complete", 2) || said(o, "fail", 2)) return with_db(o, a, err, finish_payout);
    return FAIL(err, ERR_VALIDATION_FAILED, "Say: payout complete PAYOUT, or payout fail PAYOUT.");
}
