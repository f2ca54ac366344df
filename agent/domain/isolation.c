/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/isolation.h"

#include <stddef.h>

const char *const isolation_names[ISOLATIONS + 1] = { "runc", "userns",   "gvisor",
                                                      "vm",   "attested", NULL };

/* The next number of a line, and what follows it. */
static bool number(struct str *line, int64_t *out)
{
    int64_t value = 0;
    size_t i = 0, digits = 0;
    while (i < line->n && line->p[i] == ' ')
        i++;
    for (; i < line->n && line->p[i] >= '0' && line->p[i] <= '9' && digits < 18; i++, digits++)
        value = value * 10 + (line->p[i] - '0');
    *line = (struct str){ line->p + i, line->n - i };
    *out = value;
    return digits > 0;
}

int64_t isolation_host_user(struct str uid_map, int64_t user)
{
    struct str line, rest = uid_map;
    for (bool more = true; more;) {
        int64_t inside, outside, count;
        more = str_cut(rest, ';', &line, &rest);
        if (!more) line = rest;
        if (number(&line, &inside) && number(&line, &outside) && number(&line, &count) &&
            user >= inside && user - inside < count)
            return outside + (user - inside);
    }
    return -1;
}

enum isolation isolation_judge(const struct isolation_facts *f)
{
    if (f->n == 0 || f->escaped > 0 || f->broken > 0) return ISOLATION_NONE;
    if (f->gvisor) return ISOLATION_GVISOR;
    const int64_t host = isolation_host_user(f->uid_map, f->user),
                  root = isolation_host_user(f->uid_map, 0);
    if (host < 0) return ISOLATION_NONE;
    return host != f->user && root != 0 ? ISOLATION_USERNS : ISOLATION_RUNC;
}

enum isolation isolation_named(struct str name)
{
    for (int i = 0; i < ISOLATIONS; i++)
        if (str_is(name, isolation_names[i])) return (enum isolation)i;
    return ISOLATION_NONE;
}
