/* SPDX-License-Identifier: Apache-2.0 */
#include "service/master.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/random.h"
#include "sign/sha.h"

#define PATH_SIZE  4096
#define BLOCK_SIZE 64 /* of SHA-256 */

static bool key_path(const char *state_dir, char out[PATH_SIZE], struct err *err)
{
    const int n = snprintf(out, PATH_SIZE, "%s/jwt.key", state_dir);

    if (n > 0 && n < PATH_SIZE) return true;
    return FAIL(err, ERR_IO, "The name of the state directory is too long.");
}

bool master_make(const char *state_dir, struct err *err)
{
    char path[PATH_SIZE];
    uint8_t key[MASTER_SIZE];
    struct stat st;

    if (!key_path(state_dir, path, err)) return false;
    if (lstat(path, &st) == 0)
        return FAIL(err, ERR_WRONG_STATE, "The state directory has a jwt.key already.");
    random_bytes(key, sizeof(key));
    const bool ok = file_write(path, (struct str){ (const char *)key, sizeof(key) }, 0600, err);
    explicit_bzero(key, sizeof(key));
    return ok;
}

static bool is_private(const char *path, struct err *err)
{
    struct stat st;

    if (stat(path, &st) != 0) {
        const int reason = errno;
        FAIL(err, reason == ENOENT ? ERR_NOT_FOUND : ERR_IO, "jwt.key could not be opened.");
        err_internal(err, "%s: %s", path, strerror(reason));
        return false;
    }
    if ((st.st_mode & (S_IRWXG | S_IRWXO)) == 0) return true;
    return FAIL(err, ERR_IO, "jwt.key is open to others; set its mode to 0600.");
}

bool master_load(const char *state_dir, struct master *out, struct err *err)
{
    char path[PATH_SIZE];
    struct buf bytes;

    buf_init(&bytes, MASTER_SIZE);
    if (!key_path(state_dir, path, err) || !is_private(path, err)) return false;
    if (!file_read(path, MASTER_SIZE, &bytes, err)) return false;
    const bool whole = bytes.n == MASTER_SIZE;
    if (whole) memcpy(out->b, bytes.p, MASTER_SIZE);
    if (bytes.p) explicit_bzero(bytes.p, bytes.n);
    buf_done(&bytes);
    return whole || FAIL(err, ERR_IO, "jwt.key must have %d bytes.", MASTER_SIZE);
}

/* HMAC, RFC 2104, for a key that is no longer than a block. */
void master_derive(const struct master *m, const char *label, uint8_t out[32])
{
    uint8_t inner[BLOCK_SIZE], outer[BLOCK_SIZE];

    memset(inner, 0x36, sizeof(inner));
    memset(outer, 0x5c, sizeof(outer));
    for (size_t i = 0; i < MASTER_SIZE; i++) {
        inner[i] ^= m->b[i];
        outer[i] ^= m->b[i];
    }
    const struct hash_part within[] = { { inner, sizeof(inner) }, { label, strlen(label) } };
    struct hash h = sha256_parts(within, ARRAY_LEN(within));
    const struct hash_part around[] = { { outer, sizeof(outer) }, { h.b, sizeof(h.b) } };
    h = sha256_parts(around, ARRAY_LEN(around));
    memcpy(out, h.b, sizeof(h.b));
    explicit_bzero(inner, sizeof(inner));
    explicit_bzero(outer, sizeof(outer));
}
