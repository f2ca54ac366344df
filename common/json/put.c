/* SPDX-License-Identifier: Apache-2.0 */
#include "json/put.h"

#include <string.h>

#include "base/clock.h"
#include "json/json.h"
#include "json/micros.h"

/* The comma, when something comes before, and the name. */
static void begin(struct buf *b, const char *name)
{
    char last = '{';

    if (b->n > 0) last = b->p[b->n - 1];
    if (last != '{' && last != '[' && last != ':') buf_char(b, ',');
    if (!name) return;
    buf_char(b, '"');
    buf_c(b, name);
    buf_add(b, "\":", 2);
}

void json_open(struct buf *b, const char *name, char bracket)
{
    begin(b, name);
    buf_char(b, bracket);
}

void json_close(struct buf *b, char bracket)
{
    buf_char(b, bracket);
}

void json_put_json(struct buf *b, const char *name, struct str value)
{
    begin(b, name);
    buf_str(b, value);
}

void json_put_tree(struct buf *b, const char *name, const json_t *tree)
{
    if (!tree) {
        b->failed = true;
        return;
    }
    begin(b, name);
    json_compact(tree, b);
}

void json_put_text(struct buf *b, const char *name, struct str v)
{
    begin(b, name);
    if (v.p)
        json_canonical_text(v, b);
    else
        buf_c(b, "null");
}

void json_put_c(struct buf *b, const char *name, const char *v)
{
    begin(b, name);
    buf_char(b, '"');
    buf_c(b, v);
    buf_char(b, '"');
}

void json_put_i64(struct buf *b, const char *name, int64_t v)
{
    begin(b, name);
    buf_i64(b, v);
}

void json_put_bool(struct buf *b, const char *name, bool v)
{
    begin(b, name);
    buf_c(b, v ? "true" : "false");
}

void json_put_null(struct buf *b, const char *name)
{
    begin(b, name);
    buf_c(b, "null");
}

void json_put_money(struct buf *b, const char *name, int64_t micros)
{
    char amount[MICROS_TEXT_SIZE];

    micros_format(micros, amount);
    json_open(b, name, '{');
    json_put_c(b, "amount", amount);
    json_put_c(b, "currency", "USD");
    json_close(b, '}');
}

void json_put_time(struct buf *b, const char *name, int64_t at_us)
{
    char text[RFC3339_SIZE];

    if (at_us == 0) {
        json_put_null(b, name);
        return;
    }
    rfc3339_format(at_us, text);
    json_put_c(b, name, text);
}
