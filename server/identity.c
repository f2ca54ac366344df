/* SPDX-License-Identifier: Apache-2.0 */
#include "identity.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/random.h"
#include "service/auth.h"
#include "sign/sha.h"

void identity_market_id(const struct public_key *k, char out[48])
{
    static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
    const struct hash h = sha256((struct str){ (const char *)k->b, sizeof(k->b) });
    char *at = out + 4;

    snprintf(out, 5, "mkt_");
    for (int i = 0; i < 26; i++) { /* 130 bits of the hash, five at a time */
        unsigned five = 0;
        for (int bit = 5 * i; bit < 5 * i + 5; bit++)
            five = five << 1 | ((unsigned)h.b[bit / 8] >> (7 - bit % 8) & 1);
        *at++ = digits[five];
    }
    *at = '\0';
}

static bool exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

static bool make_key(const char *path, struct err *err)
{
    if (exists(path)) return true;
    struct key *k = key_new();
    const bool ok = key_save(k, path, err);
    key_free(k);
    return ok;
}

static bool make_secret(const char *path, struct err *err)
{
    char secret[32];

    if (exists(path)) return true;
    random_bytes(secret, sizeof(secret));
    return file_write(path, (struct str){ secret, sizeof(secret) }, 0600, err);
}

bool identity_make(const char *state, struct arena *a, struct err *err)
{
    const char *market = arena_fmt(a, "%s/market.key", state);
    const char *note = arena_fmt(a, "%s/note.key", state);
    const char *log = arena_fmt(a, "%s/log.key", state);
    const char *jwt = arena_fmt(a, "%s/jwt.key", state);
    const char *seal = arena_fmt(a, "%s/seal.key", state);

    if (!market || !note || !log || !jwt || !seal)
        return FAIL(err, ERR_NO_MEMORY, "No memory for paths.");
    if (!dir_make(state, err) || !make_key(market, err) || !make_key(note, err) ||
        !make_secret(log, err) || !make_secret(seal, err))
        return false;
    return exists(jwt) || auth_init(state, err);
}

/* 32 random bytes, of a file of that size. */
static bool load_secret(const char *path, uint8_t out[32], struct err *err)
{
    auto_buf struct buf b = { 0 };

    if (!file_read(path, 64, &b, err)) return false;
    if (b.n != 32) return FAIL(err, ERR_IO, "%s does not hold 32 bytes.", path);
    memcpy(out, b.p, 32);
    return true;
}

bool identity_load(const char *state, struct arena *a, struct identity *out, struct err *err)
{
    const char *market = arena_fmt(a, "%s/market.key", state);
    const char *note = arena_fmt(a, "%s/note.key", state);
    const char *log = arena_fmt(a, "%s/log.key", state);
    const char *seal = arena_fmt(a, "%s/seal.key", state);
    struct identity id = { 0 };
    uint8_t secret[SEAL_KEY_SIZE];

    if (!market || !note || !log || !seal) return FAIL(err, ERR_NO_MEMORY, "No memory for paths.");
    if (!load_secret(log, id.log_key, err)) return false;
    if (!make_secret(seal, err) || !load_secret(seal, secret, err)) return false;
    seal_key_of(secret, &id.seal);
    id.key = key_load(market, err);
    id.note_key = id.key ? key_load(note, err) : NULL;
    if (!id.note_key) {
        identity_done(&id);
        return false;
    }
    const struct public_key k = key_public(id.key);
    identity_market_id(&k, id.market_id);
    *out = id;
    return true;
}

void identity_done(struct identity *id)
{
    key_free(id->note_key);
    key_free(id->key);
    seal_key_wipe(&id->seal);
    *id = (struct identity){ 0 };
}
