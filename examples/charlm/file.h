/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files, in and out. What fails ends the program with a sentence. */
#pragma once

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sha256.h"

static inline _Noreturn void fail(const char *what, const char *name)
{
    fprintf(stderr, "charlm: %s: %s%s%s\n", name, what, errno ? ": " : "",
            errno ? strerror(errno) : "");
    exit(1);
}

static inline uint8_t *file_load(const char *path, size_t max, size_t *n)
{
    FILE *const f = fopen(path, "rb");
    if (!f) fail("cannot open", path);
    uint8_t *const p = calloc(1, max + 1);
    if (!p) fail("no memory", path);
    *n = fread(p, 1, max + 1, f);
    if (ferror(f)) fail("cannot read", path);
    fclose(f);
    return p;
}

/* The old file or the new one, whole, whatever happens meanwhile. */
static inline void file_save(const char *dir, const char *name, const void *p, size_t n)
{
    char path[4096], fresh[4096 + 4];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    snprintf(fresh, sizeof(fresh), "%s.tmp", path);
    FILE *const f = fopen(fresh, "wb");
    if (!f) fail("cannot create (choose a folder with --out)", fresh);
    if (fwrite(p, 1, n, f) != n || fflush(f) || fsync(fileno(f)) || fclose(f)) {
        fail("cannot write", fresh);
    }
    if (rename(fresh, path)) fail("cannot rename", fresh);
    char hex[65];
    sha256_hex(p, n, hex);
    printf("wrote %s, %zu bytes, sha256 %s\n", name, n, hex);
}
