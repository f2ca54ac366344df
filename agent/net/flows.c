/* SPDX-License-Identifier: Apache-2.0 */
#include "net/flows.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/command.h"
#include "json/json.h"
#include "json/parse.h"

#define LISTING_MAX ((size_t)16 << 20)

/* ---- reading nft ---- */

static const json_t *thing(const json_t *listing, const char *kind, const char *name, int lane)
{
    char wanted[64];
    const json_t *all = json_object_get(listing, "nftables");
    snprintf(wanted, sizeof(wanted), "%s_%d", name, lane);
    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *one = json_object_get(json_array_get(all, i), kind);
        if (str_is(json_get_text(one, "name"), wanted)) return one;
    }
    return NULL;
}

static json_int_t number(const json_t *o, const char *name)
{
    return json_integer_value(json_object_get(o, name));
}

/* ---- joining ---- */

/* The flow of that destination, made if it is new. */
static json_t *flow_at(json_t *flows, const json_t *key)
{
    char name[160];
    const json_t *parts = json_object_get(key, "concat");
    const json_t *proto = json_array_get(parts, 1);
    const char *address = json_string_value(json_array_get(parts, 0));
    const json_int_t port = json_integer_value(json_array_get(parts, 2));
    const char *protocol = json_is_string(proto)             ? json_string_value(proto)
                           : json_integer_value(proto) == 6  ? "tcp"
                           : json_integer_value(proto) == 17 ? "udp"
                                                             : "other";
    snprintf(name, sizeof(name), "%s %s %" PRId64, address ? address : "", protocol, (int64_t)port);
    json_t *flow = json_object_get(flows, name);
    if (flow) return flow;
    flow = json_pack("{s:s, s:s, s:I, s:i, s:i, s:i, s:i, s:i}", "address", address ? address : "",
                     "protocol", protocol, "port", port, "bytes_in", 0, "bytes_out", 0,
                     "packets_in", 0, "packets_out", 0, "connections", 0);
    json_object_set_new(flows, name, flow);
    return flow;
}

static void add(json_t *flow, const char *name, json_int_t n)
{
    json_object_set_new(flow, name, json_integer(number(flow, name) + n));
}

/* One set's elements. */
static void join(json_t *flows, const json_t *set, const char *packets, const char *bytes)
{
    const json_t *elements = json_object_get(set, "elem");
    for (size_t i = 0; i < json_array_size(elements); i++) {
        const json_t *e = json_object_get(json_array_get(elements, i), "elem");
        const json_t *counter = json_object_get(e, "counter");
        json_t *flow = flow_at(flows, json_object_get(e, "val"));
        if (packets) add(flow, packets, number(counter, "packets"));
        if (bytes) add(flow, bytes, number(counter, "bytes"));
    }
}

static int by_bytes(const void *a, const void *b)
{
    const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
    const json_int_t p = number(x, "bytes_in") + number(x, "bytes_out"),
                     q = number(y, "bytes_in") + number(y, "bytes_out");
    return p < q ? 1 : p > q ? -1 : 0;
}

/* The largest of them, as an array. */
static json_t *largest(json_t *flows)
{
    json_t *v[6 * 1024 + 1], *list = json_array(), *flow;
    const char *name;
    size_t n = 0;
    json_object_foreach(flows, name, flow) if (n < ARRAY_LEN(v)) v[n++] = flow;
    qsort(v, n, sizeof(*v), by_bytes); /* NOLINT(bugprone-sizeof-expression) pointers are sorted */
    for (size_t i = 0; i < n && i < FLOWS_TOLD; i++)
        json_array_append(list, v[i]);
    return list;
}

bool flows_write(struct str listing, int lane, const struct resolver_counts *dns, struct buf *out,
                 struct err *err)
{
    auto_json json_t *j = json_parse(listing, err);
    if (!j) return false;
    auto_json json_t *flows = json_object();
    for (int six = 0; six < 2; six++) {
        join(flows, thing(j, "set", six ? "sent6" : "sent4", lane), "packets_out", "bytes_out");
        join(flows, thing(j, "set", six ? "got6" : "got4", lane), "packets_in", "bytes_in");
        join(flows, thing(j, "set", six ? "new6" : "new4", lane), "connections", NULL);
    }
    const json_int_t more = (json_int_t)json_object_size(flows) - FLOWS_TOLD;
    auto_json json_t *told =
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:{s:I, s:I, s:I}, s:o}", "bytes_out",
                  number(thing(j, "counter", "sent", lane), "bytes"), "bytes_in",
                  number(thing(j, "counter", "got", lane), "bytes"), "denied",
                  number(thing(j, "counter", "denied", lane), "packets"), "capped",
                  number(thing(j, "counter", "capped", lane), "packets"), "more",
                  more > 0 ? more : (json_int_t)0, "dns", "questions", (json_int_t)dns->questions,
                  "refused", (json_int_t)dns->refused, "private_answers",
                  (json_int_t)dns->private_answers, "flows", largest(flows));
    if (told) json_canonical(told, out);
    return (told && !out->failed) ||
           FAIL(err, ERR_NO_MEMORY, "No memory was left for a summary of flows.");
}

bool flows_read(int lane, const struct resolver_counts *dns, struct buf *out, struct err *err)
{
    const char *const words[] = { "nft", "-j", "list", "table", "inet", "bourse", NULL };
    auto_buf struct buf listing = { .max = LISTING_MAX };
    return command_run(words, STR(""), &listing, err) &&
           flows_write(buf_view(&listing), lane, dns, out, err);
}

/* ---- quotas ---- */

bool quotas_parse(struct str listing, bool spent[LANES_MAX], struct err *err)
{
    auto_json json_t *j = json_parse(listing, err);
    const json_t *all = json_object_get(j, "nftables");
    if (!j) return false;
    for (int i = 0; i < LANES_MAX; i++)
        spent[i] = false;
    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *quota = json_object_get(json_array_get(all, i), "quota");
        struct str head, lane;
        int64_t n = 0;
        if (!str_cut(json_get_text(quota, "name"), '_', &head, &lane) || !str_is(head, "quota") ||
            !str_i64(lane, 0, LANES_MAX - 1, &n))
            continue;
        spent[n] = number(quota, "used") >= number(quota, "bytes");
    }
    return true;
}

bool quotas_read(bool spent[LANES_MAX], struct err *err)
{
    const char *const words[] = { "nft", "-j", "list", "quotas", "table", "inet", "bourse", NULL };
    auto_buf struct buf listing = { .max = LISTING_MAX };
    return command_run(words, STR(""), &listing, err) &&
           quotas_parse(buf_view(&listing), spent, err);
}
