/* SPDX-License-Identifier: Apache-2.0 */
#include "service/journal.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/id.h"
#include "json/parse.h"

#define LEASES_LISTED_MAX 4096
#define TIME_MAX          INT64_MAX

const char *const step_names[STEPS + 1] = { "taken",  "accepted", "created", "started", "running",
                                            "exited", "signed",   "refused", "over",    NULL };
static const char *const stream_names[] = { "stdout", "stderr", NULL };

/* The file, field by field. */
struct row {
    struct str document, signature, image_id, image_digest, gpus, boot_id, log_sha256, reason,
        fault, detail, receipt, receipt_signature;
    int64_t max_seconds, ready_boot_us, ready_wall_us, ended_wall_us, seconds, exit_code, ticks,
        log_next, log_sent, log_pending;
    int step, log_pending_stream;
    bool over_quota, over_bytes, displaced;
};

/* clang-format off */
#define R struct row
static const struct json_field fields[] = {
    JSON_TEXT(R, document, "document", JSON_NEED, 1, BODY_MAX, "The assignment."),
    JSON_TEXT(R, signature, "signature", JSON_NEED, 1, 128, "The market's signature."),
    JSON_ENUM(R, step, "step", JSON_NEED, step_names, "How far the lease has come."),
    JSON_I64(R, max_seconds, "max_seconds", JSON_MAY, 0, (int64_t)DURATION_MAX_S, "Granted at the accept."),
    JSON_TEXT(R, image_id, "image_id", JSON_MAY, 0, ENGINE_ID_SIZE - 1, "The engine's name for the image."),
    JSON_TEXT(R, image_digest, "image_digest", JSON_MAY, 0, ENGINE_ID_SIZE - 1, "The image, resolved."),
    JSON_TEXT(R, gpus, "gpus", JSON_MAY, 0, GPUS_TEXT_SIZE - 1, "UUIDs of its cards."),
    JSON_TEXT(R, boot_id, "boot_id", JSON_MAY, 0, BOOT_ID_SIZE - 1, "The boot of ready_boot_us."),
    JSON_I64(R, ready_boot_us, "ready_boot_us", JSON_MAY, INT64_MIN, TIME_MAX, "Meter's start, boot clock."),
    JSON_I64(R, ready_wall_us, "ready_wall_us", JSON_MAY, 0, TIME_MAX, "Meter's start, wall clock."),
    JSON_I64(R, ended_wall_us, "ended_wall_us", JSON_MAY, 0, TIME_MAX, "The container's end."),
    JSON_I64(R, seconds, "seconds", JSON_MAY, 0, INT32_MAX, "What was metered."),
    JSON_I64(R, exit_code, "exit_code", JSON_MAY, INT32_MIN, INT32_MAX, "Of the container."),
    JSON_I64(R, ticks, "ticks", JSON_MAY, 0, INT32_MAX, "Ticks signed so far."),
    JSON_BOOL(R, over_quota, "over_quota", JSON_MAY, "Its files passed its scratch."),
    JSON_BOOL(R, over_bytes, "over_bytes", JSON_MAY, "Its network carried all that it may."),
    JSON_BOOL(R, displaced, "displaced", JSON_MAY, "It was told to make room."),
    JSON_I64(R, log_next, "log_next", JSON_MAY, 0, TIME_MAX, "Number of the next chunk."),
    JSON_I64(R, log_sent, "log_sent", JSON_MAY, 0, TIME_MAX, "Bytes in the chunks before it."),
    JSON_I64(R, log_pending, "log_pending", JSON_MAY, 0, LOG_CHUNK_MAX, "Bytes of a chunk under way."),
    JSON_ENUM(R, log_pending_stream, "log_pending_stream", JSON_MAY, stream_names, "Its stream."),
    JSON_TEXT(R, log_sha256, "log_sha256", JSON_MAY, 0, SHA_TEXT_SIZE - 1, "Digest of the log."),
    JSON_TEXT(R, reason, "reason", JSON_MAY, 0, 31, "Why it ended or cannot start."),
    JSON_TEXT(R, fault, "fault", JSON_MAY, 0, 15, "Whose fault that is."),
    JSON_TEXT(R, detail, "detail", JSON_MAY, 0, TEXT_MAX, "The story, for people."),
    JSON_TEXT(R, receipt, "receipt", JSON_MAY, 0, BODY_MAX, "The receipt, as signed."),
    JSON_TEXT(R, receipt_signature, "receipt_signature", JSON_MAY, 0, 128, "Our signature."),
    JSON_END
};
#undef R
/* clang-format on */

static struct str some(const char *text)
{
    return text[0] != '\0' ? str_of(text) : (struct str){ NULL, 0 };
}

static struct row row_of(const struct journal_entry *e)
{
    return (struct row){
        .document = e->document,
        .signature = e->signature,
        .image_id = some(e->image_id),
        .image_digest = some(e->image_digest),
        .gpus = some(e->gpus),
        .boot_id = some(e->boot_id),
        .log_sha256 = some(e->log_sha256),
        .reason = some(e->reason),
        .fault = some(e->fault),
        .detail = e->detail,
        .receipt = e->receipt,
        .receipt_signature = e->receipt_signature,
        .max_seconds = e->max_seconds,
        .ready_boot_us = e->ready_boot_us,
        .ready_wall_us = e->ready_wall_us,
        .ended_wall_us = e->ended_wall_us,
        .seconds = e->seconds,
        .exit_code = e->exit_code,
        .ticks = e->ticks,
        .log_next = e->log_next,
        .log_sent = e->log_sent,
        .log_pending = e->log_pending,
        .step = (int)e->step,
        .log_pending_stream = (int)e->log_pending_stream,
        .over_quota = e->over_quota,
        .over_bytes = e->over_bytes,
        .displaced = e->displaced,
    };
}

/* The table has checked the length. */
static void fill(char *to, struct str from)
{
    if (from.n > 0) memcpy(to, from.p, from.n);
    to[from.n] = '\0';
}

static struct journal_entry entry_of(const struct row *r)
{
    struct journal_entry e = {
        .document = r->document,
        .signature = r->signature,
        .step = (enum step)r->step,
        .max_seconds = r->max_seconds,
        .ready_boot_us = r->ready_boot_us,
        .ready_wall_us = r->ready_wall_us,
        .ended_wall_us = r->ended_wall_us,
        .seconds = r->seconds,
        .exit_code = r->exit_code,
        .ticks = r->ticks,
        .over_quota = r->over_quota,
        .over_bytes = r->over_bytes,
        .displaced = r->displaced,
        .log_next = r->log_next,
        .log_sent = r->log_sent,
        .log_pending = r->log_pending,
        .log_pending_stream = (enum log_stream)r->log_pending_stream,
        .detail = r->detail,
        .receipt = r->receipt,
        .receipt_signature = r->receipt_signature,
    };
    fill(e.image_id, r->image_id);
    fill(e.image_digest, r->image_digest);
    fill(e.gpus, r->gpus);
    fill(e.boot_id, r->boot_id);
    fill(e.log_sha256, r->log_sha256);
    fill(e.reason, r->reason);
    fill(e.fault, r->fault);
    return e;
}

/* False: the name is no lease id, or too long. An id that came from outside becomes a file name
 * only here. */
static bool path_of(const char *dir, struct str lease_id, char out[PATH_MAX])
{
    struct id id;
    if (!id_parse("lease_", lease_id, &id)) return false;
    const int n = snprintf(out, PATH_MAX, "%s/leases/%.*s.json", dir, (int)lease_id.n, lease_id.p);
    return n > 0 && n < PATH_MAX;
}

bool journal_write(const char *dir, struct str lease_id, const struct journal_entry *e,
                   struct err *err)
{
    char path[PATH_MAX];
    const struct row row = row_of(e);
    auto_buf struct buf text = { .max = JOURNAL_MAX };
    auto_json json_t *j = json_write(fields, &row);

    if (!path_of(dir, lease_id, path)) return FAIL(err, ERR_IO, "This is no name of a lease.");
    if (!j) return FAIL(err, ERR_NO_MEMORY, "No memory was left for the journal.");
    json_canonical(j, &text);
    buf_char(&text, '\n');
    if (text.failed) return FAIL(err, ERR_NO_MEMORY, "No memory was left for the journal.");
    return file_write(path, buf_view(&text), 0600, err);
}

bool journal_read(const char *dir, struct str lease_id, struct arena *a, struct journal_entry *out,
                  struct err *err)
{
    char path[PATH_MAX];
    struct row row = { .step = 0 };
    struct complaints c = { .n = 0 };
    auto_buf struct buf text = { .max = JOURNAL_MAX };

    if (!path_of(dir, lease_id, path)) return FAIL(err, ERR_IO, "This is no name of a lease.");
    if (!file_read(path, JOURNAL_MAX, &text, err)) return false;
    auto_json json_t *j = json_parse(buf_view(&text), err);
    if (!j || !json_read(j, fields, a, &row, &c, err)) return false;
    *out = entry_of(&row);
    return true;
}

bool journal_remove(const char *dir, struct str lease_id, struct err *err)
{
    char path[PATH_MAX];
    if (!path_of(dir, lease_id, path)) return FAIL(err, ERR_IO, "This is no name of a lease.");
    if (unlink(path) == 0 || errno == ENOENT) return true;
    FAIL(err, ERR_IO, "A lease could not be taken out of the journal.");
    err_internal(err, "%s: %s", path, strerror(errno));
    return false;
}

static bool ends_with(struct str s, struct str end)
{
    return s.n >= end.n && str_eq((struct str){ s.p + s.n - end.n, end.n }, end);
}

struct listing {
    const char *dir;
    struct arena *arena;
    struct str *leases, *folders; /* room for LEASES_LISTED_MAX */
    size_t leases_n, folders_n;
};

static bool add_id(struct listing *l, struct str id, struct str *v, size_t *n)
{
    if (*n == LEASES_LISTED_MAX) return true;
    const char *copy = arena_copy(l->arena, id);
    if (copy) v[(*n)++] = (struct str){ copy, id.n };
    return copy != NULL;
}

static void remove_half(const struct listing *l, const char *name)
{
    char path[PATH_MAX];
    const int n = snprintf(path, sizeof(path), "%s/leases/%s", l->dir, name);
    if (n > 0 && n < PATH_MAX) unlink(path);
}

/* One name in the folder. False: no memory. */
static bool list_one(struct listing *l, const char *name)
{
    struct id id;
    struct str lease_id = str_of(name), rest;
    const bool is_file = str_cut(lease_id, '.', &lease_id, &rest);
    if (!id_parse("lease_", lease_id, &id)) return true;
    if (!is_file) return add_id(l, lease_id, l->folders, &l->folders_n);
    if (str_is(rest, "json")) return add_id(l, lease_id, l->leases, &l->leases_n);
    if (ends_with(rest, STR(".tmp"))) remove_half(l, name);
    return true;
}

bool journal_list(const char *dir, struct arena *a, struct journal_names *out, struct err *err)
{
    char path[PATH_MAX];
    const size_t size = LEASES_LISTED_MAX * sizeof(struct str);
    struct listing l = { dir, a, arena_alloc(a, size), arena_alloc(a, size), 0, 0 };
    bool ok = true;

    const int length = snprintf(path, sizeof(path), "%s/leases", dir);
    if (!l.leases || !l.folders || length < 0 || length >= PATH_MAX)
        return FAIL(err, ERR_NO_MEMORY, "No memory was left to read the journal.");
    if (!dir_make(path, err)) return false;
    DIR *folder = opendir(path);
    if (!folder) return FAIL(err, ERR_IO, "The journal could not be opened.");
    for (const struct dirent *e; ok && (e = readdir(folder));)
        ok = list_one(&l, e->d_name);
    closedir(folder);
    if (!ok) return FAIL(err, ERR_NO_MEMORY, "No memory was left to read the journal.");
    *out = (struct journal_names){ { l.leases, l.leases_n }, { l.folders, l.folders_n } };
    return true;
}

int64_t journal_ready_boot_us(const struct journal_entry *e, const char *boot_id,
                              int64_t now_boot_us, int64_t now_wall_us)
{
    if (e->boot_id[0] != '\0' && str_is(str_of(e->boot_id), boot_id)) return e->ready_boot_us;
    const int64_t ago = now_wall_us - e->ready_wall_us;
    return now_boot_us - (ago > 0 ? ago : 0);
}

void boot_id_read(char out[BOOT_ID_SIZE])
{
    struct err err;
    auto_buf struct buf text = { .max = BOOT_ID_SIZE };
    out[0] = '\0';
    if (!file_read("/proc/sys/kernel/random/boot_id", BOOT_ID_SIZE - 1, &text, &err)) return;
    struct str id = buf_view(&text), rest;
    if (str_cut(id, '\n', &id, &rest)) fill(out, id);
}
