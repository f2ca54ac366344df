/* SPDX-License-Identifier: Apache-2.0 */
#include "gpu/nvml.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

/* nvmlReturn_t, as far as it is told apart. */
enum { SUCCESS = 0, ERROR_INSUFFICIENT_SIZE = 7, ERROR_DRIVER_NOT_LOADED = 9 };

enum { CORRECTED = 0, UNCORRECTED = 1 };                 /* nvmlMemoryErrorType_t */
enum { SINCE_LOADED = 0, EVER = 1 };                     /* nvmlEccCounterType_t */
enum { THRESHOLD_SHUTDOWN = 0, THRESHOLD_SLOWDOWN = 1 }; /* nvmlTemperatureThresholds_t */
#define SENSOR_GPU   0                                   /* nvmlTemperatureSensors_t */
#define NVLINKS_MOST 18                                  /* NVML_NVLINK_MAX_LINKS */

typedef struct device_opaque *handle;

struct memory { /* nvmlMemory_t */
    unsigned long long total, free, used;
};

struct pci { /* nvmlPciInfo_t, version 3 */
    char bus_id_legacy[16];
    unsigned domain, bus, device, device_id, subsystem_id;
    char bus_id[32];
};

struct utilization { /* nvmlUtilization_t */
    unsigned gpu, memory;
};

struct process { /* nvmlProcessInfo_t from version 2 on */
    unsigned pid;
    unsigned long long memory;
    unsigned gpu_instance, compute_instance;
};

/* The library's functions that we use; NULL: this driver has it not. */
struct table {
    int (*init)(void);
    int (*shutdown)(void);
    const char *(*error)(int code);
    int (*driver_version)(char *out, unsigned size);
    int (*cuda_version)(int *out);
    int (*count)(unsigned *out);
    int (*by_index)(unsigned index, handle *out);
    int (*uuid)(handle h, char *out, unsigned size);
    int (*name)(handle h, char *out, unsigned size);
    int (*pci)(handle h, struct pci *out);
    int (*minor)(handle h, unsigned *out);
    int (*capability)(handle h, int *major, int *minor);
    int (*memory)(handle h, struct memory *out);
    int (*mig)(handle h, unsigned *now, unsigned *pending);
    int (*persistence)(handle h, unsigned *out);
    int (*compute_mode)(handle h, unsigned *out);
    int (*ecc_mode)(handle h, unsigned *now, unsigned *pending);
    int (*ecc_errors)(handle h, int type, int since, unsigned long long *out);
    int (*remapped)(handle h, unsigned *corrected, unsigned *uncorrected, unsigned *pending,
                    unsigned *failed);
    int (*pcie_generation)(handle h, unsigned *out);
    int (*pcie_generation_max)(handle h, unsigned *out);
    int (*pcie_width)(handle h, unsigned *out);
    int (*pcie_width_max)(handle h, unsigned *out);
    int (*link_state)(handle h, unsigned link, unsigned *out);
    int (*link_peer)(handle h, unsigned link, struct pci *out);
    int (*ancestor)(handle one, handle other, int *out);
    int (*temperature)(handle h, int sensor, unsigned *out);
    int (*threshold)(handle h, int which, unsigned *out);
    int (*throttle)(handle h, unsigned long long *out);
    int (*power)(handle h, unsigned *out);
    int (*utilization)(handle h, struct utilization *out);
    int (*processes)(handle h, unsigned *count, struct process *out);
};

struct nvml {
    void *library;
    struct table f;
};

/* A row's second name is what older drivers call the same function with the same layout. The list
 * of processes has no such: its first version has shorter entries. */
#define F(member) offsetof(struct table, member)
static const struct {
    size_t off;
    const char *name, *older;
    bool needed;
} functions[] = {
    { F(init), "nvmlInit_v2", NULL, true },
    { F(shutdown), "nvmlShutdown", NULL, true },
    { F(error), "nvmlErrorString", NULL, false },
    { F(driver_version), "nvmlSystemGetDriverVersion", NULL, false },
    { F(cuda_version), "nvmlSystemGetCudaDriverVersion_v2", "nvmlSystemGetCudaDriverVersion",
      false },
    { F(count), "nvmlDeviceGetCount_v2", NULL, true },
    { F(by_index), "nvmlDeviceGetHandleByIndex_v2", NULL, true },
    { F(uuid), "nvmlDeviceGetUUID", NULL, true },
    { F(name), "nvmlDeviceGetName", NULL, true },
    { F(pci), "nvmlDeviceGetPciInfo_v3", NULL, false },
    { F(minor), "nvmlDeviceGetMinorNumber", NULL, false },
    { F(capability), "nvmlDeviceGetCudaComputeCapability", NULL, false },
    { F(memory), "nvmlDeviceGetMemoryInfo", NULL, false },
    { F(mig), "nvmlDeviceGetMigMode", NULL, false },
    { F(persistence), "nvmlDeviceGetPersistenceMode", NULL, false },
    { F(compute_mode), "nvmlDeviceGetComputeMode", NULL, false },
    { F(ecc_mode), "nvmlDeviceGetEccMode", NULL, false },
    { F(ecc_errors), "nvmlDeviceGetTotalEccErrors", NULL, false },
    { F(remapped), "nvmlDeviceGetRemappedRows", NULL, false },
    { F(pcie_generation), "nvmlDeviceGetCurrPcieLinkGeneration", NULL, false },
    { F(pcie_generation_max), "nvmlDeviceGetMaxPcieLinkGeneration", NULL, false },
    { F(pcie_width), "nvmlDeviceGetCurrPcieLinkWidth", NULL, false },
    { F(pcie_width_max), "nvmlDeviceGetMaxPcieLinkWidth", NULL, false },
    { F(link_state), "nvmlDeviceGetNvLinkState", NULL, false },
    { F(link_peer), "nvmlDeviceGetNvLinkRemotePciInfo_v2", NULL, false },
    { F(ancestor), "nvmlDeviceGetTopologyCommonAncestor", NULL, false },
    { F(temperature), "nvmlDeviceGetTemperature", NULL, false },
    { F(threshold), "nvmlDeviceGetTemperatureThreshold", NULL, false },
    { F(throttle), "nvmlDeviceGetCurrentClocksEventReasons",
      "nvmlDeviceGetCurrentClocksThrottleReasons", false },
    { F(power), "nvmlDeviceGetPowerUsage", NULL, false },
    { F(utilization), "nvmlDeviceGetUtilizationRates", NULL, false },
    { F(processes), "nvmlDeviceGetComputeRunningProcesses_v3",
      "nvmlDeviceGetComputeRunningProcesses_v2", false },
};
#undef F

/* ---- open and close ----------------------------------------------------------------------------
 */

static bool find_functions(struct nvml *n, struct err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(functions); i++) {
        void *p = dlsym(n->library, functions[i].name);
        if (!p && functions[i].older) p = dlsym(n->library, functions[i].older);
        if (!p && functions[i].needed)
            return FAIL(err, ERR_PROTOCOL, "The NVIDIA library has no %s.", functions[i].name);
        memcpy((char *)&n->f + functions[i].off, &p, sizeof(p));
    }
    return true;
}

static const char *words(const struct nvml *n, int code)
{
    const char *text = n->f.error ? n->f.error(code) : NULL;
    return text ? text : "an error without words";
}

struct nvml *nvml_open(const char *library, struct err *err)
{
    struct nvml *n = mem_zalloc(sizeof(*n));
    n->library = dlopen(library ? library : NVML_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!n->library) {
        FAIL(err, ERR_NOT_FOUND, "There is no NVIDIA driver library (%s) on this machine.",
             library ? library : NVML_LIBRARY);
        err_internal(err, "%s", dlerror());
        goto bad;
    }
    if (!find_functions(n, err)) goto bad;
    const int code = n->f.init();
    if (code != SUCCESS) {
        FAIL(err, ERR_NOT_FOUND, "The NVIDIA driver does not answer: %s.",
             code == ERROR_DRIVER_NOT_LOADED ? "its kernel module is not loaded" : words(n, code));
        goto bad;
    }
    return n;
bad:
    if (n->library) dlclose(n->library);
    mem_free(n);
    return NULL;
}

void nvml_close(struct nvml *n)
{
    if (!n) return;
    (void)n->f.shutdown();
    dlclose(n->library);
    mem_free(n);
}

/* ---- facts -------------------------------------------------------------------------------------
 */

typedef int get_unsigned(handle h, unsigned *out);

static int64_t ask(get_unsigned *f, handle h)
{
    unsigned v = 0;
    return f && f(h, &v) == SUCCESS ? (int64_t)v : NVML_UNKNOWN;
}

/* Counters may in theory pass what we hold. */
static int64_t capped(unsigned long long v)
{
    return v > INT64_MAX ? INT64_MAX : (int64_t)v;
}

static void look_identity(const struct table *f, handle h, struct nvml_device *d)
{
    struct pci pci = { .domain = 0 };
    int major = 0, minor = 0;
    if (f->uuid(h, d->uuid, sizeof(d->uuid)) != SUCCESS) d->uuid[0] = '\0';
    if (f->name(h, d->name, sizeof(d->name)) != SUCCESS) d->name[0] = '\0';
    if (f->pci && f->pci(h, &pci) == SUCCESS)
        snprintf(d->bus_id, sizeof(d->bus_id), "%.31s", pci.bus_id);
    if (f->capability && f->capability(h, &major, &minor) == SUCCESS) {
        d->capability_major = major;
        d->capability_minor = minor;
    }
    d->minor = ask(f->minor, h);
}

static void look_setting(const struct table *f, handle h, struct nvml_device *d)
{
    unsigned now = 0, pending = 0;
    if (f->mig && f->mig(h, &now, &pending) == SUCCESS) d->mig = now;
    if (f->ecc_mode && f->ecc_mode(h, &now, &pending) == SUCCESS) d->ecc = now;
    d->persistence = ask(f->persistence, h);
    d->compute_mode = ask(f->compute_mode, h);
}

static void look_links(const struct table *f, handle h, struct nvml_device *d)
{
    d->pcie_generation = ask(f->pcie_generation, h);
    d->pcie_generation_max = ask(f->pcie_generation_max, h);
    d->pcie_width = ask(f->pcie_width, h);
    d->pcie_width_max = ask(f->pcie_width_max, h);
    for (unsigned i = 0; f->link_state && i < NVLINKS_MOST; i++) {
        unsigned up = 0;
        if (f->link_state(h, i, &up) != SUCCESS) break;
        if (d->nvlinks == NVML_UNKNOWN) d->nvlinks = 0;
        d->nvlinks += up == 1;
    }
}

static int64_t ecc_errors(const struct table *f, handle h, int type, int since)
{
    unsigned long long n = 0;
    return f->ecc_errors && f->ecc_errors(h, type, since, &n) == SUCCESS ? capped(n) : NVML_UNKNOWN;
}

static int64_t threshold(const struct table *f, handle h, int which)
{
    unsigned v = 0;
    return f->threshold && f->threshold(h, which, &v) == SUCCESS ? (int64_t)v : NVML_UNKNOWN;
}

static void look_health(const struct table *f, handle h, struct nvml_device *d)
{
    unsigned t = 0, corrected = 0, uncorrected = 0, pending = 0, failed = 0;
    unsigned long long bits = 0;
    if (f->temperature && f->temperature(h, SENSOR_GPU, &t) == SUCCESS) d->temperature_c = t;
    d->slowdown_c = threshold(f, h, THRESHOLD_SLOWDOWN);
    d->shutdown_c = threshold(f, h, THRESHOLD_SHUTDOWN);
    if (f->throttle && f->throttle(h, &bits) == SUCCESS) d->throttle = capped(bits);
    d->ecc_corrected = ecc_errors(f, h, CORRECTED, SINCE_LOADED);
    d->ecc_uncorrected = ecc_errors(f, h, UNCORRECTED, SINCE_LOADED);
    d->ecc_uncorrected_ever = ecc_errors(f, h, UNCORRECTED, EVER);
    if (f->remapped && f->remapped(h, &corrected, &uncorrected, &pending, &failed) == SUCCESS) {
        d->remap_pending = pending != 0;
        d->remap_failed = failed != 0;
    }
    d->power_milliwatts = ask(f->power, h);
}

/* Without a list they are not known; a list that is longer than ours is cut. */
static void look_processes(const struct table *f, handle h, struct nvml_device *d)
{
    struct process v[NVML_PROCESSES_MAX];
    unsigned n = NVML_PROCESSES_MAX;
    if (!f->processes) return;
    memset(v, 0, sizeof(v));
    const int code = f->processes(h, &n, v);
    if (code != SUCCESS && code != ERROR_INSUFFICIENT_SIZE) return;
    if (n > NVML_PROCESSES_MAX) n = NVML_PROCESSES_MAX;
    for (unsigned i = 0; i < n; i++) {
        if (v[i].pid == 0) continue;
        const int64_t used = v[i].memory == ~0ULL ? NVML_UNKNOWN : capped(v[i].memory);
        d->processes[d->processes_n++] = (struct nvml_process){ v[i].pid, used };
    }
    d->processes_known = true;
}

static void look_use(const struct table *f, handle h, struct nvml_device *d)
{
    struct memory m = { 0, 0, 0 };
    struct utilization u = { 0, 0 };
    if (f->memory && f->memory(h, &m) == SUCCESS) {
        d->memory_bytes = capped(m.total);
        d->memory_used_bytes = capped(m.used);
    }
    if (f->utilization && f->utilization(h, &u) == SUCCESS) {
        d->busy_percent = u.gpu;
        d->memory_busy_percent = u.memory;
    }
    look_processes(f, h, d);
}

static void forget(struct nvml_device *d)
{
    *d = (struct nvml_device){
        .minor = NVML_UNKNOWN,
        .capability_major = NVML_UNKNOWN,
        .capability_minor = NVML_UNKNOWN,
        .memory_bytes = NVML_UNKNOWN,
        .mig = NVML_UNKNOWN,
        .persistence = NVML_UNKNOWN,
        .compute_mode = NVML_UNKNOWN,
        .ecc = NVML_UNKNOWN,
        .pcie_generation = NVML_UNKNOWN,
        .pcie_generation_max = NVML_UNKNOWN,
        .pcie_width = NVML_UNKNOWN,
        .pcie_width_max = NVML_UNKNOWN,
        .nvlinks = NVML_UNKNOWN,
        .temperature_c = NVML_UNKNOWN,
        .slowdown_c = NVML_UNKNOWN,
        .shutdown_c = NVML_UNKNOWN,
        .throttle = NVML_UNKNOWN,
        .ecc_corrected = NVML_UNKNOWN,
        .ecc_uncorrected = NVML_UNKNOWN,
        .ecc_uncorrected_ever = NVML_UNKNOWN,
        .remap_pending = NVML_UNKNOWN,
        .remap_failed = NVML_UNKNOWN,
        .power_milliwatts = NVML_UNKNOWN,
        .busy_percent = NVML_UNKNOWN,
        .memory_busy_percent = NVML_UNKNOWN,
        .memory_used_bytes = NVML_UNKNOWN,
    };
}

static void look_device(const struct nvml *n, size_t index, struct nvml_device *d)
{
    handle h = NULL;
    forget(d);
    if (n->f.by_index((unsigned)index, &h) != SUCCESS) return;
    look_identity(&n->f, h, d);
    look_setting(&n->f, h, d);
    look_links(&n->f, h, d);
    look_health(&n->f, h, d);
    look_use(&n->f, h, d);
}

static bool count_devices(struct nvml *n, unsigned *out, struct err *err)
{
    const int code = n->f.count(out);
    return code == SUCCESS ||
           FAIL(err, ERR_IO, "The NVIDIA driver does not count its cards: %s.", words(n, code));
}

bool nvml_look(struct nvml *n, struct nvml_device out[GPUS_MAX], size_t *count, struct err *err)
{
    unsigned there = 0;
    if (!count_devices(n, &there, err)) return false;
    *count = there > GPUS_MAX ? GPUS_MAX : there;
    for (size_t i = 0; i < *count; i++)
        look_device(n, i, &out[i]);
    return true;
}

bool nvml_look_system(struct nvml *n, struct nvml_system *out, struct err *err)
{
    struct nvml_system s = { .cuda = NVML_UNKNOWN };
    unsigned there = 0;
    int cuda = 0;
    if (!count_devices(n, &there, err)) return false;
    s.devices_n = there;
    if (n->f.driver_version && n->f.driver_version(s.driver, sizeof(s.driver)) != SUCCESS)
        s.driver[0] = '\0';
    if (n->f.cuda_version && n->f.cuda_version(&cuda) == SUCCESS) s.cuda = cuda;
    *out = s;
    return true;
}

/* ---- pairs -------------------------------------------------------------------------------------
 */

static int64_t links_between(const struct table *f, handle one, handle other)
{
    struct pci its = { .domain = 0 };
    int64_t n = NVML_UNKNOWN;
    if (!f->link_state || !f->link_peer || !f->pci || f->pci(other, &its) != SUCCESS) return n;
    for (unsigned i = 0; i < NVLINKS_MOST; i++) {
        struct pci peer = { .domain = 0 };
        unsigned up = 0;
        if (f->link_state(one, i, &up) != SUCCESS) break;
        if (n == NVML_UNKNOWN) n = 0;
        if (up != 1 || f->link_peer(one, i, &peer) != SUCCESS) continue;
        n += peer.domain == its.domain && peer.bus == its.bus && peer.device == its.device;
    }
    return n;
}

void nvml_look_pair(struct nvml *n, size_t one, size_t other, int64_t *nvlinks, int64_t *level)
{
    handle a = NULL, b = NULL;
    int found = 0;
    *nvlinks = NVML_UNKNOWN;
    *level = NVML_UNKNOWN;
    if (n->f.by_index((unsigned)one, &a) != SUCCESS ||
        n->f.by_index((unsigned)other, &b) != SUCCESS)
        return;
    *nvlinks = links_between(&n->f, a, b);
    if (n->f.ancestor && n->f.ancestor(a, b, &found) == SUCCESS) *level = found;
}
