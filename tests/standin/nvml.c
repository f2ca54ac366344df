/* SPDX-License-Identifier: Apache-2.0 */
/* A stand-in for libnvidia-ml.so.1, for machines without a card: it tells what a file says.
 *
 * $BOURSE_STANDIN_NVML names the file; it is read again at each count and each hand-out of a
 * handle, so a test changes a card's temperature by replacing the file (by rename) while the agent
 * runs. No file: the driver is not loaded. What the file does not say, the card does not support.
 *
 *     driver 550.54.15
 *     cuda 12040
 *     gpu GPU-8f6e2f3c-…        begins a card; the lines below are of it
 *     name NVIDIA H100 80GB HBM3
 *     bus 00000000:3B:00.0
 *     memory 85899345920
 *     temperature 41
 *     process 4711 1073741824   pid and bytes, any number of lines
 *     link 1                    an NVLink that is up, to the card of that index
 *     near 1 10                 topology level to the card of that index
 *     lost                      it has fallen off the bus
 *
 * Other words: those of `numbers` below. The signatures are those of NVIDIA's API reference; built
 * without sanitizers, since the agent under test may have others. */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SUCCESS = 0, NOT_SUPPORTED = 3, NOT_FOUND = 6, INSUFFICIENT = 7, NOT_LOADED = 9, LOST = 15 };

#define CARDS     16
#define PROCESSES 128
#define LINKS     18
#define UNSET     (-1)

enum number {
    MINOR,
    MAJOR_CAPABILITY,
    MINOR_CAPABILITY,
    MEMORY,
    MEMORY_USED,
    TEMPERATURE,
    SLOWDOWN,
    SHUTDOWN,
    THROTTLE,
    ECC,
    ECC_CORRECTED,
    ECC_UNCORRECTED,
    ECC_EVER,
    REMAP_PENDING,
    REMAP_FAILED,
    MIG,
    PERSISTENCE,
    COMPUTE_MODE,
    GENERATION,
    GENERATION_MAX,
    WIDTH,
    WIDTH_MAX,
    POWER,
    BUSY,
    MEMORY_BUSY,
    NUMBERS
};

static const char *const numbers[NUMBERS] = { "minor",
                                              "capability_major",
                                              "capability_minor",
                                              "memory",
                                              "memory_used",
                                              "temperature",
                                              "slowdown",
                                              "shutdown",
                                              "throttle",
                                              "ecc",
                                              "ecc_corrected",
                                              "ecc_uncorrected",
                                              "ecc_ever",
                                              "remap_pending",
                                              "remap_failed",
                                              "mig",
                                              "persistence",
                                              "compute_mode",
                                              "pcie_generation",
                                              "pcie_generation_max",
                                              "pcie_width",
                                              "pcie_width_max",
                                              "power",
                                              "busy",
                                              "memory_busy" };

struct card {
    char uuid[64], name[64], bus[32];
    int64_t v[NUMBERS];
    struct {
        unsigned pid;
        unsigned long long memory;
    } processes[PROCESSES];
    unsigned processes_n;
    unsigned links[LINKS], links_n; /* the other card's index */
    int near[CARDS];
    bool lost;
};

static struct {
    char driver[80];
    int cuda;
    struct card cards[CARDS];
    unsigned n;
} told;

static void begin_card(const char *uuid)
{
    struct card *c = &told.cards[told.n++];
    memset(c, 0, sizeof(*c));
    snprintf(c->uuid, sizeof(c->uuid), "%s", uuid);
    for (int i = 0; i < NUMBERS; i++)
        c->v[i] = UNSET;
    for (int i = 0; i < CARDS; i++)
        c->near[i] = UNSET;
}

static void say(struct card *c, const char *word, const char *rest)
{
    char *end = NULL;
    for (int i = 0; i < NUMBERS; i++)
        if (strcmp(word, numbers[i]) == 0) c->v[i] = (int64_t)strtoull(rest, NULL, 10);
    if (strcmp(word, "name") == 0) snprintf(c->name, sizeof(c->name), "%s", rest);
    if (strcmp(word, "bus") == 0) snprintf(c->bus, sizeof(c->bus), "%.31s", rest);
    if (strcmp(word, "lost") == 0) c->lost = true;
    if (strcmp(word, "link") == 0 && c->links_n < LINKS)
        c->links[c->links_n++] = (unsigned)strtoul(rest, NULL, 10);
    if (strcmp(word, "near") == 0) {
        const unsigned long k = strtoul(rest, &end, 10);
        if (k < CARDS) c->near[k] = (int)strtoul(end, NULL, 10);
    }
    if (strcmp(word, "process") == 0 && c->processes_n < PROCESSES) {
        c->processes[c->processes_n].pid = (unsigned)strtoul(rest, &end, 10);
        c->processes[c->processes_n++].memory = strtoull(end, NULL, 10);
    }
}

/* False: no file, so no driver. */
static bool read_file(void)
{
    const char *path = getenv("BOURSE_STANDIN_NVML");
    FILE *f = path ? fopen(path, "re") : NULL;
    char line[256];
    if (!f) return false;
    memset(&told, 0, sizeof(told));
    while (fgets(line, sizeof(line), f)) {
        line[strcspn(line, "\r\n")] = '\0';
        char *rest = strchr(line, ' ');
        if (rest) *rest++ = '\0';
        if (strcmp(line, "driver") == 0 && rest)
            snprintf(told.driver, sizeof(told.driver), "%s", rest);
        else if (strcmp(line, "cuda") == 0 && rest)
            told.cuda = (int)strtoul(rest, NULL, 10);
        else if (strcmp(line, "gpu") == 0 && rest && told.n < CARDS)
            begin_card(rest);
        else if (told.n > 0)
            say(&told.cards[told.n - 1], line, rest ? rest : "");
    }
    fclose(f);
    return true;
}

/* A handle is the card's index and one. */
static const struct card *card_of(const void *handle)
{
    const uintptr_t k = (uintptr_t)handle;
    return k >= 1 && k <= told.n && !told.cards[k - 1].lost ? &told.cards[k - 1] : NULL;
}

static int number(const void *handle, enum number which, unsigned *out)
{
    const struct card *c = card_of(handle);
    if (!c) return LOST;
    if (c->v[which] == UNSET) return NOT_SUPPORTED;
    *out = (unsigned)c->v[which];
    return SUCCESS;
}

static int number_long(const void *handle, enum number which, unsigned long long *out)
{
    const struct card *c = card_of(handle);
    if (!c) return LOST;
    if (c->v[which] == UNSET) return NOT_SUPPORTED;
    *out = (unsigned long long)c->v[which];
    return SUCCESS;
}

static int text(const char *from, char *out, unsigned size)
{
    if (from[0] == '\0') return NOT_SUPPORTED;
    if (strlen(from) >= size) return INSUFFICIENT;
    memcpy(out, from, strlen(from) + 1);
    return SUCCESS;
}

/* ---- the functions that are exported -----------------------------------------------------------
 */

struct pci {
    char legacy[16];
    unsigned domain, bus, device, id, subsystem;
    char bus_id[32];
};
struct memory {
    unsigned long long total, free, used;
};
struct utilization {
    unsigned gpu, memory;
};
struct process {
    unsigned pid;
    unsigned long long memory;
    unsigned instance, compute;
};

int nvmlInit_v2(void);
int nvmlInit_v2(void)
{
    return read_file() ? SUCCESS : NOT_LOADED;
}

int nvmlShutdown(void);
int nvmlShutdown(void)
{
    return SUCCESS;
}

const char *nvmlErrorString(int code);
const char *nvmlErrorString(int code)
{
    return code == LOST         ? "GPU is lost"
           : code == NOT_LOADED ? "Driver Not Loaded"
                                : "Unknown Error";
}

int nvmlSystemGetDriverVersion(char *out, unsigned size);
int nvmlSystemGetDriverVersion(char *out, unsigned size)
{
    return text(told.driver, out, size);
}

int nvmlSystemGetCudaDriverVersion_v2(int *out);
int nvmlSystemGetCudaDriverVersion_v2(int *out)
{
    if (told.cuda == 0) return NOT_SUPPORTED;
    *out = told.cuda;
    return SUCCESS;
}

int nvmlDeviceGetCount_v2(unsigned *out);
int nvmlDeviceGetCount_v2(unsigned *out)
{
    if (!read_file()) return NOT_LOADED;
    *out = told.n;
    return SUCCESS;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **out);
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **out)
{
    if (!read_file()) return NOT_LOADED;
    if (index >= told.n) return NOT_FOUND;
    if (told.cards[index].lost) return LOST;
    *out = (void *)((uintptr_t)index + 1);
    return SUCCESS;
}

int nvmlDeviceGetUUID(void *h, char *out, unsigned size);
int nvmlDeviceGetUUID(void *h, char *out, unsigned size)
{
    const struct card *c = card_of(h);
    return c ? text(c->uuid, out, size) : LOST;
}

int nvmlDeviceGetName(void *h, char *out, unsigned size);
int nvmlDeviceGetName(void *h, char *out, unsigned size)
{
    const struct card *c = card_of(h);
    return c ? text(c->name, out, size) : LOST;
}

static int fill_pci(const struct card *c, struct pci *out)
{
    char *p = NULL;
    if (!c) return LOST;
    if (c->bus[0] == '\0') return NOT_SUPPORTED;
    memset(out, 0, sizeof(*out));
    out->domain = (unsigned)strtoul(c->bus, &p, 16);
    out->bus = *p == ':' ? (unsigned)strtoul(p + 1, &p, 16) : 0;
    out->device = *p == ':' ? (unsigned)strtoul(p + 1, &p, 16) : 0;
    memcpy(out->bus_id, c->bus, sizeof(out->bus_id));
    return SUCCESS;
}

int nvmlDeviceGetPciInfo_v3(void *h, struct pci *out);
int nvmlDeviceGetPciInfo_v3(void *h, struct pci *out)
{
    return fill_pci(card_of(h), out);
}

int nvmlDeviceGetCudaComputeCapability(void *h, int *major, int *minor);
int nvmlDeviceGetCudaComputeCapability(void *h, int *major, int *minor)
{
    unsigned a = 0, b = 0;
    const int r = number(h, MAJOR_CAPABILITY, &a), s = number(h, MINOR_CAPABILITY, &b);
    if (r != SUCCESS || s != SUCCESS) return NOT_SUPPORTED;
    *major = (int)a;
    *minor = (int)b;
    return SUCCESS;
}

int nvmlDeviceGetMemoryInfo(void *h, struct memory *out);
int nvmlDeviceGetMemoryInfo(void *h, struct memory *out)
{
    unsigned long long total = 0, used = 0;
    const int r = number_long(h, MEMORY, &total);
    if (r != SUCCESS) return r;
    (void)number_long(h, MEMORY_USED, &used);
    *out = (struct memory){ total, total - used, used };
    return SUCCESS;
}

int nvmlDeviceGetUtilizationRates(void *h, struct utilization *out);
int nvmlDeviceGetUtilizationRates(void *h, struct utilization *out)
{
    const int r = number(h, BUSY, &out->gpu);
    out->memory = 0;
    (void)number(h, MEMORY_BUSY, &out->memory);
    return r;
}

int nvmlDeviceGetTemperature(void *h, int sensor, unsigned *out);
int nvmlDeviceGetTemperature(void *h, int sensor, unsigned *out)
{
    return sensor == 0 ? number(h, TEMPERATURE, out) : NOT_SUPPORTED;
}

int nvmlDeviceGetTemperatureThreshold(void *h, int which, unsigned *out);
int nvmlDeviceGetTemperatureThreshold(void *h, int which, unsigned *out)
{
    return number(h, which == 0 ? SHUTDOWN : SLOWDOWN, out);
}

int nvmlDeviceGetCurrentClocksThrottleReasons(void *h, unsigned long long *out);
int nvmlDeviceGetCurrentClocksThrottleReasons(void *h, unsigned long long *out)
{
    return number_long(h, THROTTLE, out);
}

int nvmlDeviceGetTotalEccErrors(void *h, int type, int since, unsigned long long *out);
int nvmlDeviceGetTotalEccErrors(void *h, int type, int since, unsigned long long *out)
{
    return number_long(h, type == 0 ? ECC_CORRECTED : since == 0 ? ECC_UNCORRECTED : ECC_EVER, out);
}

int nvmlDeviceGetRemappedRows(void *h, unsigned *a, unsigned *b, unsigned *pending,
                              unsigned *failed);
int nvmlDeviceGetRemappedRows(void *h, unsigned *a, unsigned *b, unsigned *pending,
                              unsigned *failed)
{
    const int r = number(h, REMAP_PENDING, pending);
    *a = *b = *failed = 0;
    (void)number(h, REMAP_FAILED, failed);
    return r;
}

int nvmlDeviceGetComputeRunningProcesses_v3(void *h, unsigned *n, struct process *out);
int nvmlDeviceGetComputeRunningProcesses_v3(void *h, unsigned *n, struct process *out)
{
    const struct card *c = card_of(h);
    const unsigned room = *n;
    if (!c) return LOST;
    for (unsigned i = 0; i < c->processes_n && i < room; i++)
        out[i] = (struct process){ c->processes[i].pid, c->processes[i].memory, ~0U, ~0U };
    *n = c->processes_n;
    return c->processes_n > room ? INSUFFICIENT : SUCCESS;
}

int nvmlDeviceGetNvLinkState(void *h, unsigned link, unsigned *out);
int nvmlDeviceGetNvLinkState(void *h, unsigned link, unsigned *out)
{
    const struct card *c = card_of(h);
    if (!c || link >= c->links_n) return NOT_SUPPORTED;
    *out = 1;
    return SUCCESS;
}

int nvmlDeviceGetNvLinkRemotePciInfo_v2(void *h, unsigned link, struct pci *out);
int nvmlDeviceGetNvLinkRemotePciInfo_v2(void *h, unsigned link, struct pci *out)
{
    const struct card *c = card_of(h);
    if (!c || link >= c->links_n || c->links[link] >= told.n) return NOT_SUPPORTED;
    return fill_pci(&told.cards[c->links[link]], out);
}

int nvmlDeviceGetTopologyCommonAncestor(void *one, void *other, int *out);
int nvmlDeviceGetTopologyCommonAncestor(void *one, void *other, int *out)
{
    const struct card *c = card_of(one), *d = card_of(other);
    if (!c || !d || c->near[d - told.cards] == UNSET) return NOT_SUPPORTED;
    *out = c->near[d - told.cards];
    return SUCCESS;
}

/* One number each. */
#define ONE(function, which)                                                                       \
    int function(void *h, unsigned *out);                                                          \
    int function(void *h, unsigned *out)                                                           \
    {                                                                                              \
        return number(h, (which), out);                                                            \
    }
ONE(nvmlDeviceGetMinorNumber, MINOR)
ONE(nvmlDeviceGetPersistenceMode, PERSISTENCE)
ONE(nvmlDeviceGetComputeMode, COMPUTE_MODE)
ONE(nvmlDeviceGetCurrPcieLinkGeneration, GENERATION)
ONE(nvmlDeviceGetMaxPcieLinkGeneration, GENERATION_MAX)
ONE(nvmlDeviceGetCurrPcieLinkWidth, WIDTH)
ONE(nvmlDeviceGetMaxPcieLinkWidth, WIDTH_MAX)
ONE(nvmlDeviceGetPowerUsage, POWER)

/* One number, now and after the next reset. */
#define TWO(function, which)                                                                       \
    int function(void *h, unsigned *now, unsigned *pending);                                       \
    int function(void *h, unsigned *now, unsigned *pending)                                        \
    {                                                                                              \
        const int r = number(h, (which), now);                                                     \
        *pending = *now;                                                                           \
        return r;                                                                                  \
    }
TWO(nvmlDeviceGetMigMode, MIG)
TWO(nvmlDeviceGetEccMode, ECC)
