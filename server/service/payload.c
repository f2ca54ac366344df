/* SPDX-License-Identifier: Apache-2.0 */
#include "service/payload.h"

#include <assert.h>

#include "service/entry.h"
#include "sign/sha.h"

#define PAYLOAD_MAX ((size_t)4 * BODY_MAX)
#define LEAF_MAX    512

static struct str keep(struct buf *b, struct arena *a)
{
    const struct str view = buf_view(b);
    char *copy = b->failed ? NULL : arena_copy(a, view);

    buf_done(b);
    return copy ? (struct str){ copy, view.n } : (struct str){ NULL, 0 };
}

struct str payload_of(const struct command *c, struct str more, struct arena *a)
{
    struct buf b;

    buf_init(&b, PAYLOAD_MAX);
    codec_write(c, more, &b);
    return keep(&b, a);
}

struct str payload_make(const struct command *c, json_t *more, struct arena *a)
{
    auto_json json_t *about = more;
    auto_buf struct buf text = { .max = PAYLOAD_MAX };

    if (about) json_canonical(about, &text);
    return text.failed ? (struct str){ NULL, 0 } : payload_of(c, buf_view(&text), a);
}

json_t *payload_more(struct str payload, struct err *err)
{
    auto_json json_t *o = json_parse(payload, err);

    return o ? json_incref(json_object_get(o, "more")) : NULL;
}

struct hash payload_commit(const struct command *c, struct str payload, const uint8_t log_key[32])
{
    return entry_commit(entry_salt(log_key, c->seq, ""), payload);
}

struct hash payload_leaf(const struct command *c, struct hash commit)
{
    char room[LEAF_MAX];
    struct buf b = { .p = room, .cap = sizeof(room), .max = sizeof(room) - 1 };

    entry_put_command(&b, (struct entry_head){ c->seq, c->at_us }, command_name(c->kind), commit);
    assert(!b.failed && b.p == room);
    return merkle_leaf(sha256_parts, b.p, b.n);
}
