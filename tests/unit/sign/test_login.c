/* SPDX-License-Identifier: Apache-2.0 */
#include "sign/login.h"

#include <string.h>

#include "tests/t.h"

static const struct login_place kept = { .market_id = { "mkt_1", 5 },
                                         .registry = { "ghcr.io", 7 },
                                         .account_id = { "acct_1", 6 } };
static const struct login alice = { { "alice", 5 }, { "pass:\"w\xc3\xb6rd", 11 } };

static bool opens(const struct seal_key *k, const struct login_place *place, const struct buf *box)
{
    struct arena a;
    struct login l;
    struct err err;

    arena_init(&a, 65536);
    const bool ok = login_open(k, place, buf_view(box), &a, &l, &err);
    if (ok) CHECK(str_eq(l.username, alice.username) && str_eq(l.password, alice.password));
    if (ok) login_wipe(&l);
    if (!ok) CHECK_I64(err.code, ERR_VALIDATION_FAILED);
    arena_done(&a);
    return ok;
}

TEST(a_login_is_for_one_place)
{
    struct seal_key k;
    struct err err;
    auto_buf struct buf box = { .max = LOGIN_BOX_MAX };
    struct login_place other;

    seal_key_new(&k);
    CHECK(login_seal(&k.public, &kept, &alice, &box, &err));
    CHECK(opens(&k, &kept, &box));
    other = kept;
    other.account_id = STR("acct_2");
    CHECK(!opens(&k, &other, &box));
    other = kept;
    other.registry = STR("quay.io");
    CHECK(!opens(&k, &other, &box));
    other = kept;
    other.market_id = STR("mkt_2");
    CHECK(!opens(&k, &other, &box));
    other = kept;
    other.lease_id = STR("lease_1");
    CHECK(!opens(&k, &other, &box));
}

TEST(a_login_for_a_lease_is_for_one_epoch)
{
    struct seal_key k;
    struct err err;
    auto_buf struct buf box = { .max = LOGIN_BOX_MAX };
    struct login_place place = kept;

    seal_key_new(&k);
    place.lease_id = STR("lease_1");
    place.epoch = 1;
    CHECK(login_seal(&k.public, &place, &alice, &box, &err));
    CHECK(opens(&k, &place, &box));
    place.epoch = 2;
    CHECK(!opens(&k, &place, &box));
    CHECK(!opens(&k, &kept, &box));
}

static bool is_refused(struct str username, struct str password)
{
    struct seal_key k;
    struct err err = { 0 };
    const struct login l = { username, password };
    auto_buf struct buf box = { .max = LOGIN_BOX_MAX };

    seal_key_new(&k);
    return !login_seal(&k.public, &kept, &l, &box, &err) && err.code == ERR_VALIDATION_FAILED &&
           box.n == 0;
}

TEST(what_no_registry_takes_is_refused)
{
    static char much[LOGIN_PASSWORD_MAX + 1];

    memset(much, 'a', sizeof(much));
    CHECK(is_refused(STR(""), STR("p")) && is_refused(STR("u"), STR("")));
    CHECK(is_refused(STR("u:v"), STR("p")) && is_refused(STR("u"), STR("p\n")));
    CHECK(is_refused((struct str){ much, LOGIN_USER_MAX + 1 }, STR("p")));
    CHECK(is_refused(STR("u"), (struct str){ much, sizeof(much) }));
    CHECK(
        !is_refused((struct str){ much, LOGIN_USER_MAX }, (struct str){ much, sizeof(much) - 1 }));
}

TEST(what_is_sealed_must_be_a_login)
{
    static const char *const texts[] = { "",
                                         "[]",
                                         "{}",
                                         "{\"username\":\"u\"}",
                                         "{\"username\":\"u\",\"password\":\"\"}",
                                         "{\"username\":\"u:v\",\"password\":\"p\"}",
                                         "{\"username\":\"u\",\"password\":\"p\",\"more\":1}" };
    struct seal_key k;

    seal_key_new(&k);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        auto_buf struct buf box = { .max = LOGIN_BOX_MAX };
        const struct seal_about about = { "bourse-registry-login-v1",
                                          STR("mkt_1\nacct_1\nghcr.io\n") };
        CHECK(seal(&k.public, &about, str_of(texts[i]), &box));
        CHECK(!opens(&k, &kept, &box));
    }
}

TESTS(T(a_login_is_for_one_place), T(a_login_for_a_lease_is_for_one_epoch),
      T(what_no_registry_takes_is_refused), T(what_is_sealed_must_be_a_login))
