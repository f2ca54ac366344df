/* SPDX-License-Identifier: Apache-2.0 */
#include "curl.h"

#include <string.h>

/* In single quotes, where only the quote itself needs care. */
static void write_quoted(struct str s, struct buf *out)
{
    buf_char(out, '\'');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\'')
            buf_c(out, "'\\''");
        else
            buf_char(out, s.p[i]);
    }
    buf_char(out, '\'');
}

static void write_option(const char *option, struct str value, struct buf *out)
{
    buf_char(out, ' ');
    buf_c(out, option);
    buf_char(out, ' ');
    write_quoted(value, out);
}

static void write_method(const struct curl_request *r, struct buf *out)
{
    const bool put_file = r->file && strcmp(r->method, "PUT") == 0; /* what -T does by itself */
    if (strcmp(r->method, "HEAD") == 0)
        buf_c(out, " -I");
    else if (strcmp(r->method, "GET") != 0 && !put_file)
        buf_fmt(out, " -X %s", r->method);
}

void curl_write(const struct curl_request *r, struct buf *out)
{
    buf_c(out, "curl -sS");
    write_method(r, out);
    buf_char(out, ' ');
    write_quoted(str_of(r->url), out);
    if (r->bearer) buf_c(out, " -H \"Authorization: Bearer $BOURSE_TOKEN\"");
    if (r->content_type) {
        buf_c(out, " -H 'Content-Type: ");
        buf_c(out, r->content_type);
        buf_char(out, '\'');
    }
    for (const char *const *h = r->headers; h && *h; h++) {
        write_option("-H", str_of(*h), out);
    }
    if (r->body.n > 0) write_option("--data-raw", r->body, out);
    if (r->file) write_option("-T", str_of(r->file), out);
    buf_char(out, '\n');
}
