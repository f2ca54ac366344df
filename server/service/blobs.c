/* SPDX-License-Identifier: Apache-2.0 */
#include "service/blobs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"
#include "base/fd.h"
#include "base/mem.h"
#include "service/blob_dir.h"
#include "service/blob_s3.h"

#define PATH_SIZE   4096
#define TEXT_MEMORY 65536

struct blobs {
    struct blob_store store;
    struct blob_dir *locks; /* its folders are what is locked; the store itself, if that is one */
    struct partials *partials;
};

/* What a store in a bucket needs to know. */
struct bucket {
    struct arena texts;
    struct s3_options s3;
    const char *prefix, *cache;
};

struct credentials {
    const char *access_key, *secret_key;
};

/* clang-format off */
static const struct conf_key credential_keys[] = {
    { "access_key", CONF_TEXT, offsetof(struct credentials, access_key), 0, 0, NULL, "Name of the key." },
    { "secret_key", CONF_TEXT, offsetof(struct credentials, secret_key), 0, 0, NULL, "The key." },
};
/* clang-format on */

static bool no_memory(struct err *err)
{
    return FAIL(err, ERR_NO_MEMORY, "No memory for the blob store.");
}

/* ---- a bucket ---- */

static bool read_credentials(struct bucket *k, const char *given, struct err *err)
{
    struct credentials c = { NULL, NULL };
    const char *const folder = getenv("CREDENTIALS_DIRECTORY");
    const char *file = given;

    if (!file && folder && !(file = arena_fmt(&k->texts, "%s/s3", folder))) return no_memory(err);
    if (!conf_load(credential_keys, ARRAY_LEN(credential_keys), "BOURSE_S3_", file, &k->texts, &c,
                   err))
        return false;
    if (!c.access_key || !c.secret_key)
        return FAIL(err, ERR_VALIDATION_FAILED,
                    "Blobs in a bucket need access_key and secret_key, in the file that "
                    "--s3-credentials names.");
    k->s3.access_key = c.access_key;
    k->s3.secret_key = c.secret_key;
    return true;
}

static bool is_plain(const char *text, const char *more)
{
    for (; *text; text++)
        if (!(*text >= 'a' && *text <= 'z') && !(*text >= 'A' && *text <= 'Z') &&
            !(*text >= '0' && *text <= '9') && !strchr(more, *text))
            return false;
    return true;
}

/* "s3://bucket/prefix" */
static bool read_where(struct bucket *k, const char *where, struct err *err)
{
    struct str bucket, prefix = STR("");
    const struct str rest = str_of(where + strlen("s3://"));

    if (!str_cut(rest, '/', &bucket, &prefix)) bucket = rest;
    k->s3.bucket = arena_copy(&k->texts, bucket);
    k->prefix = arena_copy(&k->texts, prefix);
    if (!k->s3.bucket || !k->prefix) return no_memory(err);
    if (bucket.n > 0 && is_plain(k->s3.bucket, ".-") && is_plain(k->prefix, "._-/") &&
        k->prefix[0] != '/' && !strstr(k->prefix, "//") && !strstr(k->prefix, ".."))
        return true;
    return FAIL(err, ERR_VALIDATION_FAILED,
                "--blobs is s3://bucket/prefix, of letters, digits, '.', '-' and '_'.");
}

static bool read_endpoint(struct bucket *k, const struct blobs_options *o, struct err *err)
{
    const char *given = o->s3_endpoint;
    char *url = given ? arena_copy(&k->texts, str_of(given))
                      : arena_fmt(&k->texts, "https://s3.%s.amazonaws.com", o->s3_region);

    if (!url) return no_memory(err);
    const size_t n = strlen(url);
    if (n > 0 && url[n - 1] == '/') url[n - 1] = '\0';
    k->s3.endpoint = url;
    k->s3.region = o->s3_region;
    if (!is_plain(o->s3_region, "-"))
        return FAIL(err, ERR_VALIDATION_FAILED, "--s3-region is a name as us-east-1.");
    if (strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0) return true;
    return FAIL(err, ERR_VALIDATION_FAILED, "--s3-endpoint is a URL as https://s3.example.org.");
}

static bool open_bucket(struct blobs *b, const struct blobs_options *o, struct err *err)
{
    struct bucket k = { .cache = NULL };

    arena_init(&k.texts, TEXT_MEMORY);
    k.cache = arena_fmt(&k.texts, "%s/blob-cache", o->state_dir);
    struct blob_s3 *s = NULL;
    if (!k.cache)
        (void)no_memory(err);
    else if (read_where(&k, o->where, err) && read_endpoint(&k, o, err) &&
             read_credentials(&k, o->s3_credentials, err))
        s = blob_s3_new(&k.s3, k.prefix, k.cache, err);
    arena_done(&k.texts);
    b->store = (struct blob_store){ &blob_s3_ops, s };
    return s != NULL;
}

/* ---- both ---- */

static bool open_store(struct blobs *b, const struct blobs_options *o, struct err *err)
{
    if (!o->where) {
        b->store = (struct blob_store){ &blob_dir_ops, b->locks };
        return true;
    }
    if (strncmp(o->where, "s3://", 5) == 0) return open_bucket(b, o, err);
    return FAIL(err, ERR_VALIDATION_FAILED, "--blobs is s3://bucket/prefix, or not given.");
}

struct blobs *blobs_new(const struct blobs_options *o, struct err *err)
{
    char path[PATH_SIZE];
    struct blobs *b = mem_zalloc(sizeof(*b));
    const int n = snprintf(path, sizeof(path), "%s/blobs", o->state_dir);

    if (n < 0 || (size_t)n + 16 >= sizeof(path)) {
        FAIL(err, ERR_IO, "The path of the state folder is too long.");
    } else if ((b->locks = blob_dir_new(path, err))) {
        snprintf(path, sizeof(path), "%s/blobs/partial", o->state_dir);
        b->partials = partials_new(path, err);
        if (b->partials && open_store(b, o, err)) return b;
    }
    blobs_free(b);
    return NULL;
}

void blobs_free(struct blobs *b)
{
    if (!b) return;
    if (b->store.ops && b->store.self != b->locks) b->store.ops->free(b->store.self);
    blob_dir_free(b->locks);
    partials_free(b->partials);
    mem_free(b);
}

int blobs_lock(const struct blobs *b, const struct hash *digest, struct err *err)
{
    return blob_dir_lock(b->locks, digest, err);
}

bool blobs_keep(struct blobs *b, const struct hash *digest, const char *file, struct err *err)
{
    return b->store.ops->keep(b->store.self, digest, file, err);
}

bool blobs_has(struct blobs *b, const struct hash *digest, struct err *err)
{
    return b->store.ops->has(b->store.self, digest, err);
}

int blobs_open(struct blobs *b, const struct hash *digest, struct err *err)
{
    return b->store.ops->open(b->store.self, digest, err);
}

bool blobs_remove(struct blobs *b, const struct hash *digest, struct err *err)
{
    return b->store.ops->remove(b->store.self, digest, err);
}

struct partials *blobs_partials(struct blobs *b)
{
    return b->partials;
}
