/* SPDX-License-Identifier: Apache-2.0 */
#include "table.h"

#include <assert.h>
#include <string.h>

void table_init(struct table *t, struct arena *a, const struct column *columns, size_t n)
{
    assert(n > 0 && n <= COLUMNS_MAX);
    *t = (struct table){ .a = a, .columns = columns, .columns_n = n };
}

static bool grow(struct table *t)
{
    const size_t max = t->cells_max ? 2 * t->cells_max : 16 * t->columns_n;
    struct str *const cells = arena_alloc(t->a, max * sizeof(*cells));
    if (!cells) return false;
    if (t->cells_n > 0) memcpy(cells, t->cells, t->cells_n * sizeof(*cells));
    t->cells = cells;
    t->cells_max = max;
    return true;
}

bool table_add(struct table *t, struct str cell)
{
    if (t->cells_n == ROWS_MAX * t->columns_n) return false;
    if (t->cells_n == t->cells_max && !grow(t)) return false;
    const char *const copy = arena_copy(t->a, cell);
    if (!copy) return false;
    t->cells[t->cells_n++] = (struct str){ copy, cell.n };
    t->rows_n = t->cells_n / t->columns_n;
    return true;
}

size_t text_width(struct str s)
{
    size_t width = 0;
    for (size_t i = 0; i < s.n; i++) {
        if ((s.p[i] & 0xc0) != 0x80) width++;
    }
    return width;
}

/* C0 and DEL, and C1 as UTF-8 writes it, C2 80 to C2 9F. */
static bool is_control(struct str s, size_t i)
{
    const unsigned char c = (unsigned char)s.p[i];
    const bool c1 = c >= 0x80 && c < 0xa0 && i > 0 && (unsigned char)s.p[i - 1] == 0xc2;
    return c < 0x20 || c == 0x7f || c1;
}

void text_clean(struct str s, struct buf *out)
{
    for (size_t i = 0; i < s.n; i++) {
        if (is_control(s, i))
            buf_char(out, '?');
        else
            buf_char(out, s.p[i]);
    }
}

static void add_blanks(struct buf *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        buf_char(out, ' ');
    }
}

static void write_cell(struct str cell, size_t width, bool right, struct buf *out)
{
    const size_t own = text_width(cell), blanks = width > own ? width - own : 0;
    add_blanks(out, right ? blanks : 0);
    text_clean(cell, out);
    add_blanks(out, right ? 2 : blanks + 2);
}

static void end_line(struct buf *out)
{
    while (out->n > 0 && out->p[out->n - 1] == ' ') {
        out->n--;
    }
    buf_char(out, '\n');
}

static size_t column_width(const struct table *t, size_t column)
{
    size_t width = text_width(str_of(t->columns[column].title));
    for (size_t row = 0; row < t->rows_n; row++) {
        const size_t own = text_width(t->cells[row * t->columns_n + column]);
        if (own > width) width = own;
    }
    return width;
}

void table_write(const struct table *t, struct buf *out)
{
    size_t widths[COLUMNS_MAX];
    for (size_t c = 0; c < t->columns_n; c++) {
        widths[c] = column_width(t, c);
    }
    for (size_t c = 0; t->columns[0].title && c < t->columns_n; c++) {
        write_cell(str_of(t->columns[c].title), widths[c], t->columns[c].right, out);
    }
    if (t->columns[0].title) end_line(out);
    for (size_t row = 0; row < t->rows_n; row++) {
        for (size_t c = 0; c < t->columns_n; c++) {
            write_cell(t->cells[row * t->columns_n + c], widths[c], t->columns[c].right, out);
        }
        end_line(out);
    }
}
