/* SPDX-License-Identifier: Apache-2.0 */
#include "service/payload.h"

#include <assert.h>
#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
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

struct hash payload_leaf(const struct command *c, struct str payload, const uint8_t log_key[32])
{
    const uint64_t seq = htobe64((uint64_t)c->seq);
    const struct hash_part salt[] = { { log_key, 32 }, { &seq, sizeof(seq) } };
    const struct hash salted = sha256_parts(salt, ARRAY_LEN(salt));
    const struct hash_part commit[] = { { salted.b, sizeof(salted.b) }, { payload.p, payload.n } };
    const struct hash commitment = sha256_parts(commit, ARRAY_LEN(commit));
    char hex[65], at[RFC3339_SIZE], entry[LEAF_MAX];

    hex_encode(commitment.b, sizeof(commitment.b), hex);
    rfc3339_format(c->at_us, at);
    const int n = snprintf(entry, sizeof(entry),
                           "{\"at\":\"%s\",\"commit\":\"%s\",\"kind\":\"%s\",\"seq\":%" PRId64
                           ",\"type\":\"command\",\"version\":1}",
                           at, hex, command_name(c->kind), c->seq);
    assert(n > 0 && (size_t)n < sizeof(entry));
    return merkle_leaf(sha256_parts, entry, (size_t)n);
}
