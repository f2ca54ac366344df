/* SPDX-License-Identifier: Apache-2.0 */
#include "tlog/checkpoint.h"

#include <inttypes.h>
#include <string.h>

#include "base/base64.h"

enum tlog_rc checkpoint_note_parse(struct str text, struct checkpoint_note *out)
{
    struct str origin, size, root, rest, line;
    struct checkpoint_note c;
    size_t n = sizeof(c.root.b);
    int64_t number;
    uint8_t bytes[sizeof(c.root.b)];

    if (!str_cut(text, '\n', &origin, &rest) || !note_name_ok(origin)) return TLOG_BAD_ORIGIN;
    if (!str_cut(rest, '\n', &size, &rest) || !str_i64(size, 0, INT64_MAX, &number))
        return TLOG_BAD_SIZE;
    if (!str_cut(rest, '\n', &root, &rest) || !base64_decode(root, bytes, &n) || n != sizeof(bytes))
        return TLOG_BAD_ROOT;
    for (; str_cut(rest, '\n', &line, &rest);)
        if (line.n == 0) return TLOG_BAD_EXTENSION;
    if (rest.n > 0) return TLOG_NO_END;
    c = (struct checkpoint_note){ .origin = origin, .size = (uint64_t)number };
    memcpy(c.root.b, bytes, sizeof(bytes));
    *out = c;
    return TLOG_OK;
}

void checkpoint_note_text(const struct checkpoint_note *c, struct buf *b)
{
    buf_str(b, c->origin);
    buf_fmt(b, "\n%" PRIu64 "\n", c->size);
    base64_encode(c->root.b, sizeof(c->root.b), b);
    buf_char(b, '\n');
}

enum tlog_rc checkpoint_note_open(struct str bytes, const struct note_key *log, struct note *note,
                                  struct checkpoint_note *out)
{
    struct checkpoint_note c;
    enum tlog_rc rc = note_parse(bytes, note);

    if (rc == TLOG_OK) rc = checkpoint_note_parse(note->text, &c);
    if (rc == TLOG_OK && !str_is(c.origin, log->name)) rc = TLOG_OTHER_ORIGIN;
    if (rc == TLOG_OK) rc = note_verify(note, log, 1, NULL);
    if (rc == TLOG_OK) *out = c;
    return rc;
}
