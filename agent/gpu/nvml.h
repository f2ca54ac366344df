/* SPDX-License-Identifier: Apache-2.0 */
/* What the driver of NVIDIA says of its cards.
 *
 * The library is opened when it is asked for and not before: a machine without a card has none, and
 * our programs need neither its header nor its presence. Each function is found by its versioned
 * name; one that an older driver lacks, or a question that a card does not answer (consumer cards
 * have no ECC, rented machines hide their links), leaves its fact at NVML_UNKNOWN and harms nothing
 * else. Layouts and numbers are those of NVIDIA's NVML API reference (nvml.h, branch 535 and
 * later).
 *
 * A struct nvml has no state of its own after nvml_open(): every function may be called by any
 * thread, and a card is found again at each look, since a handle dies with the card. */
#pragma once

#include "base/err.h"
#include "base/limits.h"

#define NVML_LIBRARY       "libnvidia-ml.so.1"
#define NVML_UNKNOWN       (-1) /* a fact that driver or card did not tell */
#define NVML_PROCESSES_MAX 64   /* of one card that are looked at; a lease has a handful */

/* As NVML counts them (nvmlComputeMode_t). */
enum nvml_compute_mode {
    NVML_COMPUTE_DEFAULT = 0,
    NVML_COMPUTE_PROHIBITED = 2,
    NVML_COMPUTE_EXCLUSIVE_PROCESS = 3,
};

/* Why its clocks are down (bits of nvmlClocksThrottleReasons). */
#define NVML_THROTTLE_HW_SLOWDOWN INT64_C(0x08)
#define NVML_THROTTLE_SW_THERMAL  INT64_C(0x20)
#define NVML_THROTTLE_HW_THERMAL  INT64_C(0x40)

/* How near two cards are (nvmlGpuTopologyLevel_t): below HOSTBRIDGE they share a PCIe switch. */
enum nvml_near {
    NVML_NEAR_INTERNAL = 0, /* one board */
    NVML_NEAR_SWITCH = 10,
    NVML_NEAR_SWITCHES = 20,
    NVML_NEAR_HOSTBRIDGE = 30,
    NVML_NEAR_NODE = 40, /* one NUMA node */
    NVML_NEAR_SYSTEM = 50,
};

struct nvml_process {
    int64_t pid; /* in the namespace of the driver's caller: the host's, if the agent is there */
    int64_t memory_bytes;
};

/* One card, now. All numbers are NVML_UNKNOWN when not told; percent are 0 to 100. */
struct nvml_device {
    /* What it is. A card that does not answer to its index (fallen off the bus) has no uuid. */
    char uuid[48];   /* "GPU-" and 36 characters */
    char name[64];   /* "NVIDIA H100 80GB HBM3" */
    char bus_id[32]; /* "00000000:3B:00.0" */
    int64_t minor;   /* /dev/nvidia<minor> */
    int64_t capability_major, capability_minor;
    int64_t memory_bytes;

    /* How it is set. */
    int64_t mig;          /* 1: cut into instances */
    int64_t persistence;  /* 1: on */
    int64_t compute_mode; /* enum nvml_compute_mode */
    int64_t ecc;          /* 1: on */

    /* Its link. */
    int64_t pcie_generation, pcie_generation_max;
    int64_t pcie_width, pcie_width_max; /* lanes */
    int64_t nvlinks;                    /* that are up */

    /* How it is. */
    int64_t temperature_c, slowdown_c, shutdown_c;
    int64_t throttle;                       /* bits, above */
    int64_t ecc_corrected, ecc_uncorrected; /* since the driver was loaded */
    int64_t ecc_uncorrected_ever;           /* over its life */
    int64_t remap_pending, remap_failed;    /* 1: rows wait for a reset; cannot be replaced */
    int64_t power_milliwatts;

    /* What it does. */
    int64_t busy_percent, memory_busy_percent;
    int64_t memory_used_bytes;
    struct nvml_process processes[NVML_PROCESSES_MAX];
    size_t processes_n;
    bool processes_known; /* false: the driver does not tell */
};

struct nvml_system {
    char driver[80];   /* "550.54.15" */
    int64_t cuda;      /* highest that the driver serves, as 12040 for 12.4 */
    int64_t devices_n; /* as the driver counts them */
};

struct nvml;

/* Load the driver's library; `library` NULL: NVML_LIBRARY where the loader finds it. NULL and
 * ERR_NOT_FOUND: there is no such library, or the driver is not loaded (the detail says which);
 * ERR_PROTOCOL: the library lacks what cannot be done without. */
struct nvml *nvml_open(const char *library, struct err *err);
void nvml_close(struct nvml *n); /* takes NULL */

/* ERR_IO: the driver does not answer. */
MUST_CHECK bool nvml_look_system(struct nvml *n, struct nvml_system *out, struct err *err);

/* Each card, by the driver's index, at most GPUS_MAX; *count how many. ERR_IO: the driver does not
 * answer. One card that does not answer is in the list all the same, without a uuid. */
MUST_CHECK bool nvml_look(struct nvml *n, struct nvml_device out[GPUS_MAX], size_t *count,
                          struct err *err);

/* How near the cards with these indices of nvml_look() are: *nvlinks the links that go straight
 * from one to the other, *level an enum nvml_near. Both NVML_UNKNOWN when not told. */
void nvml_look_pair(struct nvml *n, size_t one, size_t other, int64_t *nvlinks, int64_t *level);
