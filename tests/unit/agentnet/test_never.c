/* SPDX-License-Identifier: Apache-2.0 */
/* Which addresses no lease may reach, at the borders of each range. */
#include <arpa/inet.h>

#include "net/never.h"
#include "tests/t.h"

static bool never(const char *text)
{
    uint8_t bytes[16];
    const bool six = strchr(text, ':') != NULL;
    CHECK_I64(inet_pton(six ? AF_INET6 : AF_INET, text, bytes), 1);
    return never_has(six, bytes);
}

TEST(private_and_special_ones_are_never_reached)
{
    static const char *const wrong[] = { "10.0.0.0",
                                         "10.255.255.255",
                                         "100.64.0.0",
                                         "100.127.255.255",
                                         "127.0.0.1",
                                         "169.254.169.254",
                                         "172.16.0.0",
                                         "172.31.255.255",
                                         "192.168.0.1",
                                         "0.0.0.0",
                                         "198.18.0.1",
                                         "198.19.255.255",
                                         "224.0.0.1",
                                         "255.255.255.255",
                                         "::1",
                                         "::",
                                         "::ffff:10.0.0.1",
                                         "::10.0.0.1",
                                         "64:ff9b::a00:1",
                                         "2002:a00:1::",
                                         "2001:0:1::",
                                         "fc00::",
                                         "fdff::1",
                                         "fe80::1",
                                         "fec0::1",
                                         "ff02::1",
                                         "2001:db8::1" };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        if (!never(wrong[i])) {
            fprintf(stderr, "%s\n", wrong[i]);
            CHECK(false);
        }
}

TEST(public_ones_are)
{
    static const char *const right[] = { "9.255.255.255",   "11.0.0.0",        "100.63.255.255",
                                         "100.128.0.0",     "126.0.0.1",       "128.0.0.1",
                                         "169.253.0.1",     "172.15.255.255",  "172.32.0.0",
                                         "192.167.255.255", "192.169.0.0",     "198.17.255.255",
                                         "198.20.0.0",      "223.255.255.255", "8.8.8.8",
                                         "2606:2800::10",   "2a00::1",         "2001:4860::1" };
    for (size_t i = 0; i < ARRAY_LEN(right); i++)
        if (never(right[i])) {
            fprintf(stderr, "%s\n", right[i]);
            CHECK(false);
        }
}

TESTS(T(private_and_special_ones_are_never_reached), T(public_ones_are))
