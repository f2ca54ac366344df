/* SPDX-License-Identifier: Apache-2.0 */
/* Calls a fuzz target with every file of the folders that are named, and with each file cut short:
 * what once crashed stays tested, without libFuzzer. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/fuzz/fuzz.h"

#define FILE_MAX 65536

static int replay(const char *folder, const char *name)
{
    char path[4096];
    static uint8_t bytes[FILE_MAX];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *f = fopen(path, "rb");
    if (f == NULL) return 0;
    const size_t n = fread(bytes, 1, sizeof(bytes), f);
    fclose(f);
    for (size_t cut = 0; cut <= n; cut += 1 + n / 64) {
        uint8_t *exact = malloc(cut > 0 ? cut : 1); /* so that a byte too far is seen */
        if (exact == NULL) exit(1);
        for (size_t i = 0; i < cut; i++)
            exact[i] = bytes[i];
        (void)LLVMFuzzerTestOneInput(exact, cut);
        free(exact);
    }
    (void)LLVMFuzzerTestOneInput(bytes, n);
    printf("ok %s\n", name);
    return 1;
}

int main(int argc, char **argv)
{
    int files = 0;
    for (int i = 1; i < argc; i++) {
        DIR *d = opendir(argv[i]);
        if (d == NULL) continue;
        for (struct dirent *e; (e = readdir(d)) != NULL;)
            if (e->d_name[0] != '.') files += replay(argv[i], e->d_name);
        closedir(d);
    }
    if (files == 0) fprintf(stderr, "no file to replay\n");
    return files == 0;
}
