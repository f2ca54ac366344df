/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/image_ref.h"

static bool has(struct str s, char c)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == c) return true;
    return false;
}

struct str image_registry(struct str ref)
{
    size_t n = 0;

    if (str_starts(ref, STR("blob:"))) return (struct str){ NULL, 0 };
    while (n < ref.n && ref.p[n] != '/')
        n++;
    const struct str first = { ref.p, n };
    if (n == ref.n || (!has(first, '.') && !has(first, ':') && !str_is(first, "localhost")))
        return STR(DOCKER_HUB);
    return first;
}

static bool is_host_sign(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
}

bool is_registry(struct str name)
{
    struct str host = name, port = { NULL, 0 };
    int64_t number = 0;

    if (name.n == 0 || name.n > REGISTRY_MAX) return false;
    if (str_cut(name, ':', &host, &port) && !str_i64(port, 1, 65535, &number)) return false;
    for (size_t i = 0; i < host.n; i++)
        if (!is_host_sign(host.p[i])) return false;
    if (host.n == 0 || host.p[0] == '.' || host.p[0] == '-') return false;
    return has(name, '.') || has(name, ':') || str_is(name, "localhost");
}
