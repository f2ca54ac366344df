/* SPDX-License-Identifier: Apache-2.0 */
/* Mix: fills an array of 32-bit words by a kernel of integers and prints a digest of it. The same
 * words come out of a GPU and of a CPU, to the last bit, so that each can check the other.
 *
 * No toolkit is needed, neither to build nor to run: the driver's library (libcuda.so.1, which the
 * container engine brings into the container with the card) is opened at run time, and the kernel
 * stands below as PTX text, which the driver compiles for the card that is there. What the program
 * needs of the C library is in its image.
 *
 *     mix [--words N] [--rounds N] [--seed N] [--out FILE] [--cpu | --gpu | --check | --ptx]
 *
 * Without a word it takes the GPU if there is one. --gpu: fail if there is none. --check: do both,
 * and fail when they differ. --ptx: print the kernel. Exit codes: 0, 1 it failed, 2 not understood.
 */
#include <dlfcn.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX (UINT32_C(1) << 28) /* a gibibyte */
#define BLOCK     256

/* ---- the kernel, twice -------------------------------------------------------------------------
 */

/* Word i after some rounds of a mixer (the finalizer of MurmurHash3, by Austin Appleby, in the
 * public domain), each with its number added. All arithmetic is modulo 2^32. */
static uint32_t mix(uint32_t i, uint32_t rounds, uint32_t seed)
{
    uint32_t x = (i * UINT32_C(0x9E3779B9)) ^ seed;
    for (uint32_t round = 0; round < rounds; round++) {
        x ^= x >> 16;
        x *= UINT32_C(0x85EBCA6B);
        x ^= x >> 13;
        x *= UINT32_C(0xC2B2AE35);
        x ^= x >> 16;
        x += round;
    }
    return x;
}

/* The same, line by line, for any card from Maxwell on. */
static const char ptx[] =
    ".version 6.0\n"
    ".target sm_52\n"
    ".address_size 64\n"
    ".visible .entry mix(.param .u64 out, .param .u32 words, .param .u32 rounds, "
    ".param .u32 seed)\n"
    "{\n"
    "  .reg .pred %p<3>;\n"
    "  .reg .b32 %r<11>;\n"
    "  .reg .b64 %rd<5>;\n"
    "  ld.param.u64 %rd1, [out];\n"
    "  ld.param.u32 %r1, [words];\n"
    "  ld.param.u32 %r2, [rounds];\n"
    "  ld.param.u32 %r3, [seed];\n"
    "  mov.u32 %r4, %ctaid.x;\n"
    "  mov.u32 %r5, %ntid.x;\n"
    "  mov.u32 %r6, %tid.x;\n"
    "  mad.lo.s32 %r7, %r4, %r5, %r6;\n"
    "  setp.ge.u32 %p1, %r7, %r1;\n"
    "  @%p1 bra DONE;\n"
    "  mul.lo.s32 %r8, %r7, -1640531527;\n"
    "  xor.b32 %r8, %r8, %r3;\n"
    "  mov.u32 %r9, 0;\n"
    "LOOP:\n"
    "  setp.ge.u32 %p2, %r9, %r2;\n"
    "  @%p2 bra STORE;\n"
    "  shr.u32 %r10, %r8, 16;\n"
    "  xor.b32 %r8, %r8, %r10;\n"
    "  mul.lo.s32 %r8, %r8, -2048144789;\n"
    "  shr.u32 %r10, %r8, 13;\n"
    "  xor.b32 %r8, %r8, %r10;\n"
    "  mul.lo.s32 %r8, %r8, -1028477387;\n"
    "  shr.u32 %r10, %r8, 16;\n"
    "  xor.b32 %r8, %r8, %r10;\n"
    "  add.s32 %r8, %r8, %r9;\n"
    "  add.s32 %r9, %r9, 1;\n"
    "  bra LOOP;\n"
    "STORE:\n"
    "  cvta.to.global.u64 %rd2, %rd1;\n"
    "  mul.wide.u32 %rd3, %r7, 4;\n"
    "  add.s64 %rd4, %rd2, %rd3;\n"
    "  st.global.u32 [%rd4], %r8;\n"
    "DONE:\n"
    "  ret;\n"
    "}\n";

struct work {
    uint32_t words, rounds, seed;
};

static void on_cpu(const struct work *w, uint32_t *out)
{
    for (uint32_t i = 0; i < w->words; i++)
        out[i] = mix(i, w->rounds, w->seed);
}

/* ---- the driver --------------------------------------------------------------------------------
 */

/* Its functions that are used, with the types of NVIDIA's CUDA Driver API reference. */
struct driver {
    int (*init)(unsigned flags);
    int (*device_count)(int *n);
    int (*device)(int *out, int index);
    int (*device_name)(char *out, int size, int device);
    int (*context_create)(void **out, unsigned flags, int device);
    int (*context_destroy)(void *context);
    int (*module_load)(void **out, const void *image);
    int (*function)(void **out, void *module, const char *name);
    int (*alloc)(unsigned long long *out, size_t bytes);
    int (*free)(unsigned long long p);
    int (*launch)(void *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by,
                  unsigned bz, unsigned shared, void *stream, void **params, void **extra);
    int (*synchronize)(void);
    int (*to_host)(void *to, unsigned long long from, size_t bytes);
    int (*error_name)(int code, const char **out);
};

static bool open_driver(struct driver *d)
{
    static const struct {
        const char *name;
        size_t off;
    } names[] = {
        { "cuInit", offsetof(struct driver, init) },
        { "cuDeviceGetCount", offsetof(struct driver, device_count) },
        { "cuDeviceGet", offsetof(struct driver, device) },
        { "cuDeviceGetName", offsetof(struct driver, device_name) },
        { "cuCtxCreate_v2", offsetof(struct driver, context_create) },
        { "cuCtxDestroy_v2", offsetof(struct driver, context_destroy) },
        { "cuModuleLoadData", offsetof(struct driver, module_load) },
        { "cuModuleGetFunction", offsetof(struct driver, function) },
        { "cuMemAlloc_v2", offsetof(struct driver, alloc) },
        { "cuMemFree_v2", offsetof(struct driver, free) },
        { "cuLaunchKernel", offsetof(struct driver, launch) },
        { "cuCtxSynchronize", offsetof(struct driver, synchronize) },
        { "cuMemcpyDtoH_v2", offsetof(struct driver, to_host) },
        { "cuGetErrorName", offsetof(struct driver, error_name) },
    };
    void *library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!library) return false;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        void *p = dlsym(library, names[i].name);
        if (!p) return false;
        memcpy((char *)d + names[i].off, &p, sizeof(p));
    }
    return true;
}

static bool worked(const struct driver *d, int code, const char *what)
{
    const char *name = NULL;
    if (code == 0) return true;
    (void)d->error_name(code, &name);
    fprintf(stderr, "mix: %s: %s\n", what, name ? name : "an error without a name");
    return false;
}

static bool run_kernel(const struct driver *d, const struct work *w, uint32_t *out)
{
    void *module = NULL, *function = NULL;
    unsigned long long memory = 0;
    struct work args = *w;
    void *params[] = { &memory, &args.words, &args.rounds, &args.seed };
    const size_t bytes = (size_t)w->words * sizeof(*out);
    if (!worked(d, d->module_load(&module, ptx), "compile the kernel")) return false;
    if (!worked(d, d->function(&function, module, "mix"), "find the kernel")) return false;
    if (!worked(d, d->alloc(&memory, bytes), "take memory of the card")) return false;
    bool ok = worked(d,
                     d->launch(function, (w->words + BLOCK - 1) / BLOCK, 1, 1, BLOCK, 1, 1, 0, NULL,
                               params, NULL),
                     "start the kernel");
    ok = ok && worked(d, d->synchronize(), "run the kernel");
    ok = ok && worked(d, d->to_host(out, memory, bytes), "read the card's memory");
    (void)d->free(memory);
    return ok;
}

/* 1: done; 0: there is no card; -1: it failed. */
static int on_gpu(const struct work *w, uint32_t *out, char name[128])
{
    struct driver d;
    void *context = NULL;
    int n = 0, device = 0;
    memset(&d, 0, sizeof(d));
    if (!open_driver(&d) || d.init(0) != 0 || d.device_count(&n) != 0 || n == 0) return 0;
    if (!worked(&d, d.device(&device, 0), "take the first card") ||
        !worked(&d, d.device_name(name, 128, device), "name the card") ||
        !worked(&d, d.context_create(&context, 0, device), "use the card"))
        return -1;
    const bool ok = run_kernel(&d, w, out);
    (void)d.context_destroy(context);
    return ok ? 1 : -1;
}

/* ---- the program -------------------------------------------------------------------------------
 */

/* FNV-1a of the words' bytes, the lowest first. */
static uint64_t digest(const uint32_t *v, uint32_t n)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (uint32_t i = 0; i < n; i++)
        for (int byte = 0; byte < 4; byte++)
            h = (h ^ ((v[i] >> (8 * byte)) & 255)) * UINT64_C(0x100000001b3);
    return h;
}

enum how { ANY, CPU, GPU, CHECK, PTX };

struct args {
    struct work work;
    enum how how;
    const char *out;
};

static bool read_number(const char *text, uint32_t most, uint32_t *out)
{
    char *end = NULL;
    if (!text || text[0] < '0' || text[0] > '9') return false;
    const unsigned long n = strtoul(text, &end, 10);
    if (*end != '\0' || n > most) return false;
    *out = (uint32_t)n;
    return true;
}

static bool read_args(int argc, char **argv, struct args *a)
{
    static const char *const hows[] = { "", "--cpu", "--gpu", "--check", "--ptx" };
    for (int i = 1; i < argc; i++) {
        bool known = false;
        for (int k = 1; k < 5; k++) {
            if (strcmp(argv[i], hows[k]) != 0) continue;
            a->how = (enum how)k;
            known = true;
        }
        if (known) continue;
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--words") == 0)
            known = read_number(value, WORDS_MAX, &a->work.words) && a->work.words > 0;
        else if (strcmp(argv[i], "--rounds") == 0)
            known = read_number(value, UINT32_MAX, &a->work.rounds);
        else if (strcmp(argv[i], "--seed") == 0)
            known = read_number(value, UINT32_MAX, &a->work.seed);
        else if (strcmp(argv[i], "--out") == 0)
            known = (a->out = value) != NULL;
        if (!known) return false;
        i++;
    }
    return true;
}

static bool report(const struct args *a, const char *where, const uint32_t *v)
{
    FILE *f = a->out ? fopen(a->out, "w") : NULL;
    const uint64_t h = digest(v, a->work.words);
    printf("mix: %" PRIu32 " words, %" PRIu32 " rounds, seed %" PRIu32 ", on %s\ndigest %016" PRIx64
           "\n",
           a->work.words, a->work.rounds, a->work.seed, where, h);
    if (!a->out) return true;
    /* The file does not say where: it is the same on both. */
    const bool ok = f && fprintf(f, "%016" PRIx64 "\n", h) > 0;
    if (f && fclose(f) != 0) return false;
    if (!ok) fprintf(stderr, "mix: %s cannot be written\n", a->out);
    return ok;
}

static bool check(const struct args *a, uint32_t *v)
{
    char name[128] = "";
    const size_t bytes = (size_t)a->work.words * sizeof(*v);
    uint32_t *other = malloc(bytes);
    if (!other) return false;
    on_cpu(&a->work, other);
    const int there = on_gpu(&a->work, v, name);
    const bool same = there == 1 && memcmp(v, other, bytes) == 0;
    if (there == 0) fprintf(stderr, "mix: there is no GPU to check\n");
    if (there == 1 && !same) fprintf(stderr, "mix: %s and the CPU differ\n", name);
    free(other);
    return same && report(a, name, v);
}

static bool work(const struct args *a, uint32_t *v)
{
    char name[128] = "";
    if (a->how == CHECK) return check(a, v);
    const int there = a->how == CPU ? 0 : on_gpu(&a->work, v, name);
    if (there < 0) return false;
    if (there == 1) return report(a, name, v);
    if (a->how == GPU) {
        fprintf(stderr, "mix: there is no GPU\n");
        return false;
    }
    on_cpu(&a->work, v);
    return report(a, "the CPU", v);
}

int main(int argc, char **argv)
{
    struct args a = { .work = { UINT32_C(1) << 20, 100, 1 } };
    if (!read_args(argc, argv, &a)) {
        fputs("mix [--words N] [--rounds N] [--seed N] [--out FILE] "
              "[--cpu | --gpu | --check | --ptx]\n",
              stderr);
        return 2;
    }
    if (a.how == PTX) return fputs(ptx, stdout) < 0;
    uint32_t *v = malloc((size_t)a.work.words * sizeof(*v));
    const bool ok = v && work(&a, v);
    free(v);
    return ok ? 0 : 1;
}
