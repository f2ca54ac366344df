/* SPDX-License-Identifier: Apache-2.0 */
#include "state.h"

#include <stdio.h>

#include "base/fd.h"
#include "sign/sha.h"

#define FILE_MAX 1024

static void path_of(const char *folder, struct str origin, char out[4096])
{
    char hex[65];

    sha256_hex(origin, hex);
    snprintf(out, 4096, "%s/%s", folder, hex);
}

bool state_read(const char *folder, struct str origin, struct last_seen *out, struct err *err)
{
    auto_buf struct buf b = { .max = 0 };
    struct err why = { 0 };
    struct checkpoint_note c;
    char path[4096];

    path_of(folder, origin, path);
    if (!file_read(path, FILE_MAX, &b, &why)) {
        if (why.code != ERR_NOT_FOUND) {
            *err = why;
            return false;
        }
        *out = (struct last_seen){ .size = 0 };
        return true;
    }
    if (checkpoint_note_parse(buf_view(&b), &c) != TLOG_OK || !str_eq(c.origin, origin))
        return FAIL(err, ERR_VALIDATION_FAILED, "%s holds no checkpoint of %.*s.", path,
                    (int)origin.n, origin.p);
    *out = (struct last_seen){ c.size, c.root };
    return true;
}

bool state_write(const char *folder, const struct checkpoint_note *c, struct err *err)
{
    auto_buf struct buf b = { .max = FILE_MAX };
    char path[4096];

    path_of(folder, c->origin, path);
    checkpoint_note_text(c, &b);
    if (b.failed) return FAIL(err, ERR_NO_MEMORY, "No memory for the checkpoint.");
    return file_write(path, buf_view(&b), 0600, err);
}
