/* SPDX-License-Identifier: Apache-2.0 */
#include "http/cursor.h"

#include <string.h>

#include "base/base64.h"
#include "sign/sha.h"

#define NUMBER_SIZE 8
#define MAC_SIZE    8

/* HMAC-SHA256, RFC 2104, with a key shorter than a block. */
static struct hash hmac(const uint8_t key[32], const struct hash_part *parts, size_t n)
{
    uint8_t inner[64], outer[64];
    struct hash_part all[4];
    memset(inner, 0x36, sizeof(inner));
    memset(outer, 0x5c, sizeof(outer));
    for (size_t i = 0; i < 32; i++) {
        inner[i] ^= key[i];
        outer[i] ^= key[i];
    }
    all[0] = (struct hash_part){ inner, sizeof(inner) };
    memcpy(all + 1, parts, n * sizeof(*parts));
    const struct hash within = sha256_parts(all, n + 1);
    const struct hash_part both[] = { { outer, sizeof(outer) }, { within.b, sizeof(within.b) } };
    return sha256_parts(both, ARRAY_LEN(both));
}

static struct hash sign(const uint8_t key[32], const char *list, const uint8_t *number)
{
    const struct hash_part parts[] = { { number, NUMBER_SIZE }, { list, strlen(list) } };
    return hmac(key, parts, ARRAY_LEN(parts));
}

void cursor_write(const uint8_t key[32], const char *list, int64_t number, char out[CURSOR_SIZE])
{
    uint8_t bytes[NUMBER_SIZE + MAC_SIZE];
    for (int i = 0; i < NUMBER_SIZE; i++)
        bytes[i] = (uint8_t)((uint64_t)number >> (8 * (NUMBER_SIZE - 1 - i)));
    memcpy(bytes + NUMBER_SIZE, sign(key, list, bytes).b, MAC_SIZE);

    struct buf text;
    buf_init(&text, CURSOR_SIZE);
    base64url_encode(bytes, sizeof(bytes), &text);
    memset(out, 0, CURSOR_SIZE);
    if (!text.failed) memcpy(out, text.p, text.n);
    buf_done(&text);
}

bool cursor_read(const uint8_t key[32], const char *list, struct str text, int64_t *out)
{
    uint8_t bytes[NUMBER_SIZE + MAC_SIZE];
    size_t n = sizeof(bytes);
    if (!base64url_decode(text, bytes, &n) || n != sizeof(bytes)) return false;
    if (!bytes_eq_ct(sign(key, list, bytes).b, bytes + NUMBER_SIZE, MAC_SIZE)) return false;

    uint64_t number = 0;
    for (int i = 0; i < NUMBER_SIZE; i++)
        number = number << 8 | bytes[i];
    if (number == 0 || number > INT64_MAX) return false;
    *out = (int64_t)number;
    return true;
}
