/* SPDX-License-Identifier: Apache-2.0 */
#include "net/never.h"

#include <arpa/inet.h>
#include <string.h>

struct prefix {
    const char *text;
    int bits;
};

static const struct prefix four[] = {
    { "0.0.0.0", 8 },      { "10.0.0.0", 8 },     { "100.64.0.0", 10 }, { "127.0.0.0", 8 },
    { "169.254.0.0", 16 }, { "172.16.0.0", 12 },  { "192.0.0.0", 24 },  { "192.0.2.0", 24 },
    { "192.88.99.0", 24 }, { "192.168.0.0", 16 }, { "198.18.0.0", 15 }, { "198.51.100.0", 24 },
    { "203.0.113.0", 24 }, { "224.0.0.0", 3 },
};
static const struct prefix sixes[] = {
    { "::", 96 },     { "::ffff:0:0", 96 }, { "64:ff9b::", 96 },  { "64:ff9b:1::", 48 },
    { "100::", 64 },  { "2001::", 23 },     { "2001:db8::", 32 }, { "2002::", 16 },
    { "3fff::", 20 }, { "5f00::", 16 },     { "fc00::", 7 },      { "fe80::", 9 },
    { "ff00::", 8 },
};

void never_elements(bool six, struct buf *out)
{
    const struct prefix *list = six ? sixes : four;
    const size_t n = six ? ARRAY_LEN(sixes) : ARRAY_LEN(four);
    for (size_t i = 0; i < n; i++)
        buf_fmt(out, "%s%s/%d", i > 0 ? ", " : "", list[i].text, list[i].bits);
}

static bool is_in(const uint8_t *address, const uint8_t *prefix, int bits)
{
    const size_t whole = (size_t)bits / 8;
    const uint8_t mask = (uint8_t)(0xff00 >> (bits % 8));
    return memcmp(address, prefix, whole) == 0 &&
           (bits % 8 == 0 || ((address[whole] ^ prefix[whole]) & mask) == 0);
}

bool never_has(bool six, const uint8_t *address)
{
    const struct prefix *list = six ? sixes : four;
    const size_t n = six ? ARRAY_LEN(sixes) : ARRAY_LEN(four);
    for (size_t i = 0; i < n; i++) {
        uint8_t prefix[16] = { 0 };
        if (inet_pton(six ? AF_INET6 : AF_INET, list[i].text, prefix) == 1 &&
            is_in(address, prefix, list[i].bits))
            return true;
    }
    return false;
}
