/* SPDX-License-Identifier: Apache-2.0 */
#include "service/orders_log.h"

#include <stdio.h>
#include <string.h>

#include "json/json.h"

#define LABEL_MAX 64
#define NAME_SIZE 12

void orders_log_key(const uint8_t log_key[32], const char *day, struct master *out)
{
    char label[LABEL_MAX];
    struct master secret;

    memcpy(secret.b, log_key, sizeof(secret.b));
    snprintf(label, sizeof(label), "bourse-orders %s", day);
    master_derive(&secret, label, out->b);
    explicit_bzero(&secret, sizeof(secret));
}

/* The number that `member` is becomes a name. False: no memory. */
static bool rename_member(const struct master *day, json_t *order, const char *member,
                          const char *what)
{
    const json_t *number = json_object_get(order, member);
    char label[LABEL_MAX], hex[2 * NAME_SIZE + 1];
    uint8_t name[32];

    if (!number) return true;
    snprintf(label, sizeof(label), "%s %lld", what, (long long)json_integer_value(number));
    master_derive(day, label, name);
    hex_encode(name, NAME_SIZE, hex);
    return json_object_set_new(order, member, json_string(hex)) == 0;
}

/* Does it enter something? What changes an order of another day would tie two names together. */
static bool enters(const json_t *order)
{
    const char *kind = json_string_value(json_object_get(order, "kind"));
    return kind && (strcmp(kind, "place-ask") == 0 || strcmp(kind, "submit-job") == 0);
}

json_t *orders_log_row(const struct master *day, const struct command_row *row, struct err *err)
{
    auto_json json_t *order = json_parse(row->payload, err);

    if (!order) {
        FAIL(err, ERR_INTERNAL, "Command %lld cannot be read.", (long long)row->seq);
        return NULL;
    }
    (void)json_object_del(order, "more");
    (void)json_object_del(order, "label");
    if (!enters(order)) (void)json_object_del(order, "by");
    json_t *out =
        rename_member(day, order, "by", "account") && rename_member(day, order, "node", "node")
            ? json_pack("{s:I, s:O, s:I}", "at_us", (json_int_t)row->at_us, "order", order, "seq",
                        (json_int_t)row->seq)
            : NULL;
    if (!out) FAIL(err, ERR_NO_MEMORY, "No memory for the orders.");
    return out;
}
