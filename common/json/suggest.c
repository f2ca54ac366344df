/* SPDX-License-Identifier: Apache-2.0 */
/* Levenshtein's table, of which only the last row is kept. */
#include "json/suggest.h"

#define LETTERS_MAX 64

static size_t least(size_t a, size_t b, size_t c)
{
    const size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* row[j]: the distance from the letters of `a` seen so far to the first j of `b`. */
static void next_row(size_t *row, char letter, struct str b)
{
    size_t diagonal = row[0];
    row[0]++;
    for (size_t j = 0; j < b.n; j++) {
        const size_t above = row[j + 1];
        row[j + 1] = least(row[j] + 1, above + 1, diagonal + (letter != b.p[j]));
        diagonal = above;
    }
}

size_t edit_distance(struct str a, struct str b)
{
    size_t row[LETTERS_MAX + 1];
    if (a.n > LETTERS_MAX || b.n > LETTERS_MAX) return SIZE_MAX;

    for (size_t j = 0; j <= b.n; j++)
        row[j] = j;
    for (size_t i = 0; i < a.n; i++)
        next_row(row, a.p[i], b);
    return row[b.n];
}

bool is_near(struct str given, struct str meant)
{
    const size_t distance = edit_distance(given, meant);
    return distance <= 2 && 2 * distance < meant.n + (meant.n & 1);
}
