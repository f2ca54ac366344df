/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the request, on behalf of handlers. */
#include <stdio.h>
#include <strings.h>

#include "base/limits.h"
#include "http/cursor.h"
#include "http/listener.h"
#include "json/put.h"

struct str req_header(struct req *rq, const char *name)
{
    return str_of(MHD_lookup_connection_value(rq->inside->connection, MHD_HEADER_KIND, name));
}

struct str req_query(struct req *rq, const char *name)
{
    struct str value;
    if (!query_find(rq->query, name, &value)) return (struct str){ NULL, 0 };
    return percent_decode(value, true, &rq->arena);
}

/* A complaint about a query parameter: "?name" stands for the pointer. */
PRINTF_LIKE(3, 4)
static bool complain_of_query(struct req *rq, const char *name, const char *fmt, ...)
{
    char detail[160], pointer[64];
    va_list args;
    va_start(args, fmt);
    vsnprintf(detail, sizeof(detail), fmt, args);
    va_end(args);
    snprintf(pointer, sizeof(pointer), "?%s", name);
    complain(&rq->complaints, &rq->arena, &rq->err, pointer, "%s", detail);
    reply_problem(rq);
    return false;
}

bool req_query_i64(struct req *rq, const char *name, int64_t min, int64_t max, int64_t initial,
                   int64_t *out)
{
    const struct str text = req_query(rq, name);
    if (!text.p) {
        *out = initial;
        return true;
    }
    if (str_i64(text, min, max, out)) return true;
    return complain_of_query(rq, name, "must be a whole number from %lld to %lld", (long long)min,
                             (long long)max);
}

/* "application/json", with or without parameters. */
static bool is_json(struct str type)
{
    struct str head, parameters;
    if (!str_cut(type, ';', &head, &parameters)) head = type;
    head = str_trim(head);
    return head.n == 16 && strncasecmp(head.p, "application/json", 16) == 0;
}

bool req_json(struct req *rq, void *out)
{
    if (!is_json(req_header(rq, "Content-Type"))) {
        reply_refusal(rq, ERR_UNSUPPORTED_MEDIA_TYPE, "Content-Type must be application/json.");
        return false;
    }
    auto_json json_t *body = json_parse(rq->body, &rq->err);
    if (body && json_read(body, rq->route->body, &rq->arena, out, &rq->complaints, &rq->err))
        return true;
    reply_problem(rq);
    return false;
}

bool req_id(struct req *rq, int param, const char *prefix, struct id *out)
{
    if (id_parse(prefix, rq->param[param], out)) return true;
    reply_refusal(rq, ERR_NOT_FOUND, "There is nothing with this id.");
    return false;
}

bool req_page(struct req *rq, struct page *out)
{
    struct page page = { .before = 0 };
    if (!req_query_i64(rq, "limit", 1, PAGE_MAX, PAGE_DEFAULT, &page.limit)) return false;

    const struct str cursor = req_query(rq, "cursor");
    const uint8_t *key = rq->inside->l->cursor_key;
    if (cursor.p && !cursor_read(key, rq->route->operation, cursor, &page.before))
        return complain_of_query(rq, "cursor", "must be a next_cursor that this list gave");
    *out = page;
    return true;
}

void reply_page(struct req *rq, json_t *data, int64_t next_before)
{
    char text[CURSOR_SIZE];
    json_t *next = json_null();
    if (next_before > 0) {
        cursor_write(rq->inside->l->cursor_key, rq->route->operation, next_before, text);
        next = json_string(text);
    }
    if (data)
        reply_json(rq, MHD_HTTP_OK, json_pack("{s:o, s:o}", "data", data, "next_cursor", next));
    else
        reply_refusal(rq, ERR_NO_MEMORY, "No memory for the answer.");
}

void reply_page_begin(struct buf *b)
{
    reply_begin(b);
    json_open(b, NULL, '{');
    json_open(b, "data", '[');
}

void reply_page_put(struct req *rq, struct buf *b, int64_t next_before)
{
    char text[CURSOR_SIZE];

    json_close(b, ']');
    if (next_before > 0) {
        cursor_write(rq->inside->l->cursor_key, rq->route->operation, next_before, text);
        json_put_c(b, "next_cursor", text);
    } else {
        json_put_null(b, "next_cursor");
    }
    json_close(b, '}');
    reply_put(rq, MHD_HTTP_OK, b);
}

int64_t req_prefer_wait(struct req *rq)
{
    struct str left = req_header(rq, "Prefer"), item, name, value;
    int64_t seconds;
    while (left.p) {
        if (!str_cut(left, ',', &item, &left)) {
            item = left;
            left = (struct str){ NULL, 0 };
        }
        if (!str_cut(str_trim(item), '=', &name, &value) || name.n != 4 ||
            strncasecmp(name.p, "wait", 4) != 0 || !str_i64(value, 1, INT32_MAX, &seconds))
            continue;
        if (seconds > POLL_WAIT_MAX_S) seconds = POLL_WAIT_MAX_S;
        char applied[32];
        snprintf(applied, sizeof(applied), "wait=%lld", (long long)seconds);
        reply_header(rq, "Preference-Applied", applied);
        return seconds;
    }
    return 0;
}

/* Is `tag` in a list of entity tags? Weak comparison. */
static bool lists_tag(struct str list, const char *tag)
{
    struct str item;
    while (list.p) {
        if (!str_cut(list, ',', &item, &list)) {
            item = list;
            list = (struct str){ NULL, 0 };
        }
        item = str_trim(item);
        if (str_is(item, "*")) return true;
        if (str_starts(item, STR("W/"))) item = (struct str){ item.p + 2, item.n - 2 };
        if (str_is(item, tag)) return true;
    }
    return false;
}

bool req_none_match_tag(struct req *rq, const char *tag)
{
    return lists_tag(req_header(rq, "If-None-Match"), tag);
}

bool req_none_match(struct req *rq, int64_t version)
{
    char tag[32];
    snprintf(tag, sizeof(tag), "\"%lld\"", (long long)version);
    return req_none_match_tag(rq, tag);
}

bool req_if_match(struct req *rq, int64_t version)
{
    char tag[32];
    snprintf(tag, sizeof(tag), "\"%lld\"", (long long)version);
    const struct str header = req_header(rq, "If-Match");
    if (!header.p || lists_tag(header, tag)) return true;
    reply_refusal(rq, ERR_PRECONDITION_FAILED, "It is now at version %s.", tag);
    return false;
}
