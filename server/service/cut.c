/* SPDX-License-Identifier: Apache-2.0 */
#include "service/cut.h"

#include <string.h>

/* The text from the front of *s up to the quote that ends it, which is taken too; *s stands behind
 * the first quote. False: it does not end. */
static bool cut_text(struct str *s, struct str *out)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->p[i] == '\\') {
            i++;
        } else if (s->p[i] == '"') {
            *out = (struct str){ s->p, i };
            *s = (struct str){ s->p + i + 1, s->n - i - 1 };
            return true;
        }
    }
    return false;
}

bool cut_char(struct str *s, char c)
{
    if (s->n == 0 || s->p[0] != c) return false;
    *s = (struct str){ s->p + 1, s->n - 1 };
    return true;
}

/* How many bytes the value at the front of `s` has. What is within brackets is not looked at but
 * for texts and brackets; whoever reads the value does. 0: it does not end. */
static size_t value_length(struct str s)
{
    const char *const start = s.p;
    size_t depth = 0;
    struct str ignored;

    while (s.n > 0) {
        const char c = s.p[0];
        if (depth == 0 && (c == ',' || c == '}' || c == ']')) return (size_t)(s.p - start);
        s = (struct str){ s.p + 1, s.n - 1 };
        if (c == '"' && !cut_text(&s, &ignored)) return 0;
        if (c == '{' || c == '[') depth++;
        if (c == '}' || c == ']') depth--;
    }
    return depth == 0 ? (size_t)(s.p - start) : 0;
}

bool cut_value(struct str *s, struct str *out)
{
    const size_t n = value_length(*s);

    if (n == 0) return false;
    *out = (struct str){ s->p, n };
    *s = (struct str){ s->p + n, s->n - n };
    return true;
}

int cut_compare(struct str a, struct str b)
{
    const size_t n = a.n < b.n ? a.n : b.n;
    const int c = n > 0 ? memcmp(a.p, b.p, n) : 0;

    return c != 0 ? c : (a.n > b.n) - (a.n < b.n);
}

bool cut_object(struct str s, struct cut_members *out)
{
    out->n = 0;
    if (!cut_char(&s, '{')) return false;
    if (cut_char(&s, '}')) return s.n == 0;
    do {
        struct cut_member m;
        if (out->n == ARRAY_LEN(out->v)) return false;
        if (!cut_char(&s, '"') || !cut_text(&s, &m.name) || !cut_char(&s, ':') ||
            !cut_value(&s, &m.value))
            return false;
        if (out->n > 0 && cut_compare(out->v[out->n - 1].name, m.name) >= 0) return false;
        out->v[out->n++] = m;
    } while (cut_char(&s, ','));
    return cut_char(&s, '}') && s.n == 0;
}
