/* SPDX-License-Identifier: Apache-2.0 */
#include "sign/canonical.h"

#include "base/limits.h"

static const struct str none = { NULL, 0 };

struct str canonical_write(const struct json_field *fields, const void *row, struct arena *a)
{
    auto_json json_t *j = json_write(fields, row);
    auto_buf struct buf text = { .max = BODY_MAX };
    if (!j) return none;
    json_canonical(j, &text);

    const char *copy = text.failed ? NULL : arena_copy(a, buf_view(&text));
    return copy ? (struct str){ copy, text.n } : none;
}

bool canonical_read(struct str text, const char *what, const struct json_field *fields,
                    struct arena *a, void *row, struct err *err)
{
    struct err why;
    struct complaints c;
    auto_json json_t *j = json_parse(text, &why);

    if (!j || !json_read(j, fields, a, row, &c, &why)) {
        if (why.code == ERR_NO_MEMORY) *err = why;
        return why.code == ERR_NO_MEMORY
                   ? false
                   : FAIL(err, ERR_VALIDATION_FAILED, "%s: %s", what, why.detail);
    }
    const struct str again = canonical_write(fields, row, a);
    if (!again.p && text.n <= BODY_MAX)
        return FAIL(err, ERR_NO_MEMORY, "No memory was left to check a signed text.");
    if (!again.p || !str_eq(again, text))
        return FAIL(err, ERR_VALIDATION_FAILED, "%s is not canonical JSON.", what);
    return true;
}
