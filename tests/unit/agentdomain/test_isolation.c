/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/isolation.h"
#include "tests/t.h"

static struct isolation_facts usual(const char *map)
{
    return (struct isolation_facts){ .uid_map = str_of(map), .user = 65534, .n = 100 };
}

static int64_t judged(const struct isolation_facts *f)
{
    return isolation_judge(f);
}

TEST(the_map_of_users_tells_runc_from_userns)
{
    struct isolation_facts f = usual("         0          0 4294967295");
    CHECK_I64(judged(&f), ISOLATION_RUNC);
    f = usual("         0 2147483648      65535");
    CHECK_I64(judged(&f), ISOLATION_USERNS);
    f = usual("0 1000 1;1 100000 65536"); /* rootless */
    CHECK_I64(judged(&f), ISOLATION_USERNS);
    f = usual("0 0 1;1 100000 65536"); /* its root is the host's */
    CHECK_I64(judged(&f), ISOLATION_RUNC);
    f = usual("0 100000 1000"); /* its user is nobody at all */
    CHECK_I64(judged(&f), ISOLATION_NONE);
    f = usual("");
    CHECK_I64(judged(&f), ISOLATION_NONE);
    f = usual("nonsense;0 x;");
    CHECK_I64(judged(&f), ISOLATION_NONE);
}

TEST(one_that_got_out_or_did_not_end_is_enough)
{
    struct isolation_facts f = usual("0 0 4294967295");
    f.gvisor = true;
    CHECK_I64(judged(&f), ISOLATION_GVISOR);
    f.escaped = 1;
    CHECK_I64(judged(&f), ISOLATION_NONE);
    f.escaped = 0;
    f.broken = 1;
    CHECK_I64(judged(&f), ISOLATION_NONE);
    f.broken = 0;
    f.n = 0;
    CHECK_I64(judged(&f), ISOLATION_NONE);
}

TEST(names_are_those_of_the_wire)
{
    CHECK_I64(isolation_named(STR("runc")), ISOLATION_RUNC);
    CHECK_I64(isolation_named(STR("attested")), ISOLATION_ATTESTED);
    CHECK_I64(isolation_named(STR("thick")), ISOLATION_NONE);
}

TESTS(T(the_map_of_users_tells_runc_from_userns), T(one_that_got_out_or_did_not_end_is_enough),
      T(names_are_those_of_the_wire))
