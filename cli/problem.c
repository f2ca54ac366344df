/* SPDX-License-Identifier: Apache-2.0 */
#include "problem.h"

#include "table.h"

static void write_line(const char *indent, struct str s, struct buf *out)
{
    if (s.n == 0) return;
    buf_c(out, indent);
    text_clean(s, out);
    buf_char(out, '\n');
}

void problem_write(int status, const json_t *problem, struct buf *out)
{
    size_t i;
    json_t *complaint;
    const struct str title = json_get_text(problem, "title");
    const struct str id = json_get_text(problem, "request_id");

    if (title.n > 0)
        write_line("", title, out);
    else
        buf_fmt(out, "The server answered with status %d.\n", status);
    write_line("  ", json_get_text(problem, "detail"), out);
    json_array_foreach(json_object_get(problem, "errors"), i, complaint)
    {
        buf_c(out, "  ");
        text_clean(json_get_text(complaint, "pointer"), out);
        write_line(": ", json_get_text(complaint, "detail"), out);
    }
    write_line("  request id ", id, out);
}

struct str problem_code(const json_t *problem)
{
    return json_get_text(problem, "code");
}
