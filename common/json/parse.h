/* SPDX-License-Identifier: Apache-2.0 */
/* From a body to a struct, by table: unknown keys refused, all complaints collected at once. */
#pragma once

#include "json/field.h"
#include "json/json.h"

#define COMPLAINTS_MAX 64 /* each field of our largest body twice; more tell nobody more */

struct complaint {
    const char *pointer; /* RFC 6901, in the arena */
    const char *detail;
    bool not_supported;
};

/* Zero: none. */
struct complaints {
    struct complaint *v; /* COMPLAINTS_MAX, from the arena with the first: few requests have any */
    size_t n, more;      /* more: how many beyond */
};

/* Fill *out from `body` (an object) by `fields`. A field that may be absent may also be null. Texts
 * are copied into `a`. True: no complaint. False: `c` lists them; err is ERR_NOT_SUPPORTED when all
 * of them are of that kind, else ERR_VALIDATION_FAILED (or ERR_NO_MEMORY); *out is then
 * unspecified. */
MUST_CHECK bool json_read(const json_t *body, const struct json_field *fields, struct arena *a,
                          void *out, struct complaints *c, struct err *err);

/* Add one complaint found by the caller's own checks; pointer as "/price". Sets err as above. */
void complain(struct complaints *c, struct arena *a, struct err *err, const char *pointer,
              const char *fmt, ...) PRINTF_LIKE(5, 6);

/* The way back: an object by the same table. What is absent is left out: texts, lists and maps
 * whose pointer is NULL (required lists and maps are then written empty), an enum below 0, an
 * optional object that lacks something it requires. NULL: no memory. */
json_t *json_write(const struct json_field *fields, const void *in);

/* {"amount":"12.500000","currency":"USD"} */
json_t *json_money(int64_t micros);
json_t *json_time(int64_t at_us); /* RFC 3339; JSON null for 0 */
