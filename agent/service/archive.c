/* SPDX-License-Identifier: Apache-2.0 */
#include "service/archive.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "json/json.h"

#define BLOCK        512
#define NAME_AT      0
#define NAME_SIZE    100
#define SIZE_AT      124
#define SIZE_SIZE    12
#define CHECKSUM_AT  148
#define CHECKSUM_END 156
#define TYPE_AT      156

struct member {
    struct str name; /* as in the header; only its last part matters */
    int64_t at, size;
    char type;
};

static bool refuse(struct err *err, const char *why)
{
    return FAIL(err, ERR_VALIDATION_FAILED, "The image is no archive that can be loaded: %s.", why);
}

static bool read_at(int fd, char *p, size_t n, int64_t at, struct err *err)
{
    while (n > 0) {
        const ssize_t got = pread(fd, p, n, at);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return FAIL(err, ERR_IO, "An image archive could not be read.");
        p += got;
        n -= (size_t)got;
        at += got;
    }
    return true;
}

static bool write_at(int fd, const char *p, size_t n, int64_t at, struct err *err)
{
    while (n > 0) {
        const ssize_t put = pwrite(fd, p, n, at);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return FAIL(err, ERR_IO, "An image archive could not be changed.");
        p += put;
        n -= (size_t)put;
        at += put;
    }
    return true;
}

/* Octal digits, with blanks or NULs around. False for anything else, base-256 numbers among them:
 * they are for members beyond 8 GiB. */
static bool octal(const char *p, size_t n, int64_t *out)
{
    int64_t value = 0;
    size_t i = 0;
    while (i < n && p[i] == ' ')
        i++;
    for (; i < n && p[i] >= '0' && p[i] <= '7'; i++)
        value = value * 8 + (p[i] - '0');
    for (; i < n; i++)
        if (p[i] != ' ' && p[i] != '\0') return false;
    *out = value;
    return true;
}

static bool checksum_fits(const char block[BLOCK])
{
    int64_t said = 0, sum = 0;
    for (size_t i = 0; i < BLOCK; i++)
        sum += i >= CHECKSUM_AT && i < CHECKSUM_END ? ' ' : (unsigned char)block[i];
    return octal(block + CHECKSUM_AT, CHECKSUM_END - CHECKSUM_AT, &said) && said == sum;
}

static bool is_empty_block(const char block[BLOCK])
{
    for (size_t i = 0; i < BLOCK; i++)
        if (block[i] != '\0') return false;
    return true;
}

static struct str last_part(struct str path)
{
    struct str part;
    while (str_cut(path, '/', &part, &path))
        ;
    return path;
}

static bool names_tags(struct str name)
{
    const struct str last = last_part(name);
    return str_is(last, "manifest.json") || str_is(last, "index.json") ||
           str_is(last, "repositories");
}

/* Take the names out of one image's entry, in any of the three forms. */
static void strip(json_t *j)
{
    static const char *const keys[] = { "RepoTags", "annotations" };
    size_t i;
    json_t *item;
    if (json_is_array(j)) json_array_foreach(j, i, item) strip(item);
    if (!json_is_object(j)) return;
    for (i = 0; i < ARRAY_LEN(keys); i++)
        if (json_object_get(j, keys[i])) json_object_set_new(j, keys[i], json_null());
    strip(json_object_get(j, "manifests"));
}

/* The new text in the room of the old one, filled up with blanks. */
static bool rewrite(int fd, const struct member *m, json_t *j, char *room, struct err *err)
{
    const size_t size = (size_t)m->size;
    const size_t n = json_dumpb(j, room, size, JSON_COMPACT | JSON_ENCODE_ANY);
    if (n == 0 || n > size) return refuse(err, "its index cannot be written again");
    memset(room + n, ' ', size - n);
    return write_at(fd, room, size, m->at, err);
}

static bool untag(int fd, const struct member *m, struct err *err)
{
    struct arena a;
    if (m->type != '0' && m->type != '\0') return refuse(err, "its index is no regular file");
    if (m->size > ARCHIVE_INDEX_MAX) return refuse(err, "its index is too large");

    arena_init(&a, (size_t)2 * ARCHIVE_INDEX_MAX);
    char *room = arena_alloc(&a, (size_t)m->size + 1);
    bool ok = room != NULL || FAIL(err, ERR_NO_MEMORY, "No memory was left for an image's index.");
    ok = ok && read_at(fd, room, (size_t)m->size, m->at, err);
    if (ok) {
        auto_json json_t *j = json_parse((struct str){ room, (size_t)m->size }, err);
        if (!j) {
            ok = refuse(err, "its index is not JSON");
        } else if (str_is(last_part(m->name), "repositories")) {
            auto_json json_t *none = json_object();
            ok = rewrite(fd, m, none, room, err);
        } else {
            strip(j);
            ok = rewrite(fd, m, j, room, err);
        }
    }
    arena_done(&a);
    return ok;
}

/* An extended header may rename the next member; no index needs one. */
static bool check_extension(int fd, const struct member *m, struct err *err)
{
    static const char *const words[] = { "manifest.json", "index.json", "repositories" };
    char text[8 * BLOCK];
    if (m->size > (int64_t)sizeof(text)) return refuse(err, "an extended header is too large");
    if (!read_at(fd, text, (size_t)m->size, m->at, err)) return false;
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (memmem(text, (size_t)m->size, words[i], strlen(words[i])))
            return refuse(err, "its index has an extended header");
    return true;
}

/* "manifest.json/." would be written as manifest.json. */
static bool is_plain_name(const struct member *m)
{
    const struct str last = last_part(m->name);
    const bool regular = m->type == '0' || m->type == '\0';
    return !regular || (last.n > 0 && !str_is(last, ".") && !str_is(last, ".."));
}

static bool one_member(int fd, const struct member *m, struct err *err)
{
    switch (m->type) {
    case 'x':
    case 'g':
    case 'L':
    case 'K': return check_extension(fd, m, err);
    default:
        if (!is_plain_name(m)) return refuse(err, "a file in it has no proper name");
        return !names_tags(m->name) || untag(fd, m, err);
    }
}

bool archive_untag(int fd, int64_t size, struct err *err)
{
    char block[BLOCK];
    int64_t at = 0, members = 0;
    for (; at + BLOCK <= size; members++) {
        struct member m = { .at = at + BLOCK };
        if (!read_at(fd, block, BLOCK, at, err)) return false;
        if (is_empty_block(block)) break;
        if (!checksum_fits(block) || !octal(block + SIZE_AT, SIZE_SIZE, &m.size))
            return refuse(err, "it must be an uncompressed tar");
        if (m.size > size - m.at) return refuse(err, "it is cut off");
        m.name = (struct str){ block + NAME_AT, strnlen(block + NAME_AT, NAME_SIZE) };
        m.type = block[TYPE_AT];
        if (!one_member(fd, &m, err)) return false;
        at = m.at + (m.size + BLOCK - 1) / BLOCK * BLOCK;
    }
    return members > 0 || refuse(err, "it is empty");
}
