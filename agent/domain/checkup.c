/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/checkup.h"

const char *const check_result_names[CHECK_RESULTS] = {
    [CHECK_OK] = "ok",
    [CHECK_WARNING] = "warning",
    [CHECK_FAILURE] = "failure",
    [CHECK_SKIPPED] = "skipped",
};

enum check_result checkup_worst(const struct check *v, size_t n)
{
    enum check_result worst = CHECK_OK;

    for (size_t i = 0; i < n; i++)
        if (v[i].result != CHECK_SKIPPED && v[i].result > worst) worst = v[i].result;
    return worst;
}

/* The number at the head of *s, cut at a million, and past the dot behind it. */
static long next_number(struct str *s)
{
    long n = 0;
    size_t i = 0;

    for (; i < s->n && s->p[i] >= '0' && s->p[i] <= '9'; i++)
        if (n < 1000000) n = n * 10 + (s->p[i] - '0');
    if (i < s->n && s->p[i] == '.')
        i++;
    else
        i = s->n; /* "-rc1", or the end */
    *s = (struct str){ s->p + i, s->n - i };
    return n;
}

int checkup_compare_versions(struct str a, struct str b)
{
    while (a.n > 0 || b.n > 0) {
        const long x = next_number(&a), y = next_number(&b);
        if (x != y) return x < y ? -1 : 1;
    }
    return 0;
}
