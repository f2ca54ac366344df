/* SPDX-License-Identifier: Apache-2.0 */
/* The doctor: the cards. Where there is no driver each of these says so and is skipped. */
#include <dirent.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "doctor.h"
#include "gpu/xid.h"

#define DRIVER_FAILURE 470 /* the last branch that knows cards of before 2014 */
#define DRIVER_WARNING 525 /* the first that serves CUDA 12 */
#define CDI_MAX        ((size_t)4 << 20)
#define HOT_NEAR_C     5 /* that near to where it slows down */

/* No driver, or none of its cards: say so, and that is all. */
static bool skipped(struct doctor *d, const char *id, const char *name)
{
    if (d->nvml && d->cards_n > 0) return false;
    doctor_say(d, id, name, CHECK_SKIPPED, "%s", d->why);
    return true;
}

static void look(struct doctor *d)
{
    struct err err;
    d->nvml = nvml_open(d->s->config.nvml_library, &err);
    if (!d->nvml) {
        snprintf(d->why, sizeof(d->why), "no NVIDIA driver");
        return;
    }
    if (!nvml_look_system(d->nvml, &d->system, &err) ||
        !nvml_look(d->nvml, d->cards, &d->cards_n, &err))
        snprintf(d->why, sizeof(d->why), "%s", err.detail);
    else if (d->cards_n == 0)
        snprintf(d->why, sizeof(d->why), "the driver has no cards");
}

/* 550 of "550.54.15"; 0: something else. */
static int64_t branch_of(struct str version)
{
    struct str head, tail;
    int64_t n;
    if (!str_cut(version, '.', &head, &tail)) head = version;
    return str_i64(head, 0, 1000000, &n) ? n : 0;
}

void doctor_driver(struct doctor *d)
{
    look(d);
    if (!d->nvml) {
        doctor_say(d, "D03", "driver", CHECK_SKIPPED, "%s", d->why);
        return;
    }
    const int64_t branch = branch_of(str_of(d->system.driver));
    const enum check_result r = d->cards_n == 0 || branch < DRIVER_FAILURE ? CHECK_FAILURE
                                : branch < DRIVER_WARNING                  ? CHECK_WARNING
                                                                           : CHECK_OK;
    if (d->cards_n == 0)
        doctor_say(d, "D03", "driver", r, "%s", d->why);
    else
        doctor_say(d, "D03", "driver", r,
                   "NVIDIA %s, up to CUDA %" PRId64 ".%" PRId64 "; from %d on CUDA 12 is served.",
                   d->system.driver, d->system.cuda / 1000, d->system.cuda % 1000 / 10,
                   DRIVER_WARNING);
    if (r != CHECK_OK) doctor_fix(d, "apt-get install nvidia-driver && reboot");
}

/* An error in the kernel's log after which this card must be reset; 0: none. */
static int64_t fatal_xid(const struct doctor *d, const struct nvml_device *card)
{
    struct xid_log log;
    struct xid x;
    int64_t found = 0;
    xid_log_init(&log, d->s->config.kernel_log);
    while (xid_log_next(&log, &x))
        if (xid_is_fatal(x.number) && xid_is_of(&x, card->bus_id)) found = x.number;
    xid_log_done(&log);
    return found;
}

static bool is_ill(struct doctor *d, size_t i)
{
    const struct nvml_device *c = &d->cards[i];
    const int64_t xid = fatal_xid(d, c);
    if (c->uuid[0] == '\0') {
        doctor_say(d, "D04", "cards", CHECK_FAILURE,
                   "Card %zu does not answer: it fell off the bus.", i);
        doctor_fix(d, "reboot");
    } else if (xid != 0) {
        doctor_say(d, "D04", "cards", CHECK_FAILURE, "%s had Xid error %" PRId64 ".", c->uuid, xid);
        doctor_fix(d, "nvidia-smi --gpu-reset -i %s && dmesg -C", c->uuid);
    } else if (c->ecc_uncorrected > 0) {
        doctor_say(d, "D04", "cards", CHECK_FAILURE,
                   "%s had %" PRId64 " memory errors that were not corrected.", c->uuid,
                   c->ecc_uncorrected);
        doctor_fix(d, "nvidia-smi --gpu-reset -i %s", c->uuid);
    } else if (c->remap_failed > 0) {
        doctor_say(d, "D04", "cards", CHECK_FAILURE, "%s has bad memory that cannot be replaced.",
                   c->uuid);
        doctor_fix(d, "nvidia-smi -q -d ROW_REMAPPER -i %s   # the card must be replaced", c->uuid);
    } else {
        return false;
    }
    return true;
}

void doctor_cards(struct doctor *d)
{
    struct xid_log log;
    if (skipped(d, "D04", "cards")) return;
    for (size_t i = 0; i < d->cards_n; i++)
        if (is_ill(d, i)) return;
    xid_log_init(&log, d->s->config.kernel_log);
    const bool readable = xid_log_readable(&log);
    xid_log_done(&log);
    doctor_say(d, "D04", "cards", CHECK_OK, "%zu, %s first; memory is sound%s.", d->cards_n,
               d->cards[0].name,
               readable ? ", no Xid errors" : " (the kernel's log is not ours to read)");
}

void doctor_modes(struct doctor *d)
{
    if (skipped(d, "D05", "modes")) return;
    for (size_t i = 0; i < d->cards_n; i++) {
        const struct nvml_device *c = &d->cards[i];
        if (c->mig == 1) {
            doctor_say(d, "D05", "modes", CHECK_FAILURE,
                       "%s is cut into instances (MIG); only whole cards are sold.", c->uuid);
            doctor_fix(d, "nvidia-smi -mig 0 -i %s", c->uuid);
            return;
        }
        if (c->compute_mode == NVML_COMPUTE_PROHIBITED) {
            doctor_say(d, "D05", "modes", CHECK_FAILURE, "%s lets nobody compute.", c->uuid);
            doctor_fix(d, "nvidia-smi -c DEFAULT -i %s", c->uuid);
            return;
        }
    }
    for (size_t i = 0; i < d->cards_n; i++) {
        const struct nvml_device *c = &d->cards[i];
        if (c->compute_mode == NVML_COMPUTE_EXCLUSIVE_PROCESS) {
            doctor_say(d, "D05", "modes", CHECK_WARNING,
                       "%s takes one process at a time; many jobs start several.", c->uuid);
            doctor_fix(d, "nvidia-smi -c DEFAULT -i %s", c->uuid);
            return;
        }
        if (c->persistence == 0) {
            doctor_say(d, "D05", "modes", CHECK_WARNING,
                       "%s forgets its state when nobody uses it: starts take seconds longer.",
                       c->uuid);
            doctor_fix(d, "nvidia-smi -pm 1 -i %s", c->uuid);
            return;
        }
    }
    doctor_say(d, "D05", "modes", CHECK_OK, "Whole cards, persistent, for any process.");
}

/* ---- CDI ---------------------------------------------------------------------------------------
 */

static bool is_spec(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot &&
           (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0 || strcmp(dot, ".json") == 0);
}

static void read_specs_of(const char *dir, struct buf *out)
{
    DIR *d = opendir(dir);
    if (!d) return;
    for (struct dirent *e; (e = readdir(d));) {
        char path[PATH_MAX];
        struct err ignored;
        auto_buf struct buf text = { .max = CDI_MAX };
        if (!is_spec(e->d_name)) continue;
        if (snprintf(path, sizeof(path), "%s/%s", dir, e->d_name) >= PATH_MAX) continue;
        if (!file_read(path, CDI_MAX, &text, &ignored)) continue;
        buf_add(out, text.p, text.n);
        buf_add(out, "\n", 1);
    }
    closedir(d);
}

static void read_specs(const char *dirs, struct buf *out)
{
    struct str dir, rest = str_of(dirs);
    while (rest.n > 0) {
        char path[PATH_MAX];
        if (!str_cut(rest, ':', &dir, &rest)) {
            dir = rest;
            rest.n = 0;
        }
        snprintf(path, sizeof(path), "%.*s", (int)dir.n, dir.p);
        read_specs_of(path, out);
    }
}

static bool holds(const struct buf *text, const char *word)
{
    return text->n > 0 && memmem(text->p, text->n, word, strlen(word)) != NULL;
}

/* A spec names libraries by the driver's version: one of another driver mounts what is gone. */
void doctor_cdi(struct doctor *d)
{
    auto_buf struct buf specs = { .max = CDI_MAX * 2 };
    const char *fix = "nvidia-ctk cdi generate --output=/var/run/cdi/nvidia.yaml";
    if (skipped(d, "D07", "cdi")) return;
    if (d->engine_answers && !d->engine.cdi) {
        doctor_say(d, "D07", "cdi", d->engine.nvidia_runtime ? CHECK_OK : CHECK_FAILURE, "%s",
                   d->engine.nvidia_runtime ? "The engine gives cards by NVIDIA's runtime."
                                            : "The engine has neither CDI nor NVIDIA's runtime.");
        if (!d->engine.nvidia_runtime)
            doctor_fix(d,
                       "nvidia-ctk runtime configure --runtime=docker && systemctl restart docker");
        return;
    }
    read_specs(d->s->config.cdi_dirs, &specs);
    for (size_t i = 0; i < d->cards_n; i++) {
        if (holds(&specs, d->cards[i].uuid)) continue;
        doctor_say(d, "D07", "cdi", CHECK_FAILURE, "No description in %s names %s.",
                   d->s->config.cdi_dirs, d->cards[i].uuid);
        doctor_fix(d, "%s", fix);
        return;
    }
    if (!holds(&specs, d->system.driver)) {
        doctor_say(d, "D07", "cdi", CHECK_FAILURE,
                   "The description is of another driver than %s: it is from before an upgrade.",
                   d->system.driver);
        doctor_fix(d, "%s", fix);
        return;
    }
    doctor_say(d, "D07", "cdi", CHECK_OK, "Each card is described by its UUID, for this driver.");
}

/* ---- link, heat, strangers ---------------------------------------------------------------------
 */

void doctor_link(struct doctor *d)
{
    if (skipped(d, "D12", "link")) return;
    for (size_t i = 0; i < d->cards_n; i++) {
        const struct nvml_device *c = &d->cards[i];
        if (c->pcie_width < 1 || c->pcie_width_max < 1 || c->pcie_width >= c->pcie_width_max)
            continue;
        doctor_say(d, "D12", "link",
                   c->pcie_width * 2 < c->pcie_width_max ? CHECK_FAILURE : CHECK_WARNING,
                   "%s has %" PRId64 " of %" PRId64 " PCIe lanes.", c->uuid, c->pcie_width,
                   c->pcie_width_max);
        doctor_fix(d, "lspci -vv -s %s | grep LnkSta   # another slot, or seat it anew", c->bus_id);
        return;
    }
    const struct nvml_device *first = &d->cards[0];
    if (first->pcie_width < 1)
        doctor_say(d, "D12", "link", CHECK_OK, "The driver tells nothing of PCIe here.");
    else
        doctor_say(d, "D12", "link", CHECK_OK,
                   "%" PRId64 " lanes, generation %" PRId64 " of %" PRId64
                   " (it rises under load).",
                   first->pcie_width, first->pcie_generation, first->pcie_generation_max);
}

void doctor_heat(struct doctor *d)
{
    const struct nvml_device *hottest = NULL;
    if (skipped(d, "D14", "heat")) return;
    for (size_t i = 0; i < d->cards_n; i++) {
        const struct nvml_device *c = &d->cards[i];
        const bool thermal = c->throttle > 0 &&
                             (c->throttle & (NVML_THROTTLE_SW_THERMAL | NVML_THROTTLE_HW_THERMAL));
        const bool over = c->slowdown_c > 0 && c->temperature_c >= c->slowdown_c;
        if (thermal || over) {
            doctor_say(d, "D14", "heat", CHECK_FAILURE, "%s slows down at %" PRId64 " °C.", c->uuid,
                       c->temperature_c);
            doctor_fix(d,
                       "nvidia-smi -q -d TEMPERATURE,PERFORMANCE -i %s   # clean fans and filters",
                       c->uuid);
            return;
        }
        if (!hottest || c->temperature_c > hottest->temperature_c) hottest = c;
    }
    const bool near =
        hottest->slowdown_c > 0 && hottest->temperature_c >= hottest->slowdown_c - HOT_NEAR_C;
    doctor_say(d, "D14", "heat", near ? CHECK_WARNING : CHECK_OK,
               "%" PRId64 " °C at most, %s; it slows down at %" PRId64 ".", hottest->temperature_c,
               hottest->busy_percent >= 50 ? "under load" : "without load", hottest->slowdown_c);
    if (near) doctor_fix(d, "nvidia-smi -q -d TEMPERATURE -i %s", hottest->uuid);
}

/* Does a container have this process? */
static bool is_contained(int64_t pid)
{
    char path[64];
    struct err ignored;
    auto_buf struct buf text = { .max = 65536 };
    snprintf(path, sizeof(path), "/proc/%" PRId64 "/cgroup", pid);
    if (!file_read(path, 65536, &text, &ignored)) return true; /* it has just ended */
    return holds(&text, "libpod") || holds(&text, "docker");
}

void doctor_strangers(struct doctor *d)
{
    if (skipped(d, "D15", "strangers")) return;
    for (size_t i = 0; i < d->cards_n; i++) {
        const struct nvml_device *c = &d->cards[i];
        for (size_t k = 0; k < c->processes_n; k++) {
            if (is_contained(c->processes[k].pid)) continue;
            doctor_say(d, "D15", "strangers", CHECK_FAILURE,
                       "Process %" PRId64 " computes on %s: buyers pay for a whole card.",
                       c->processes[k].pid, c->uuid);
            doctor_fix(d, "ps -fp %" PRId64 " && kill %" PRId64, c->processes[k].pid,
                       c->processes[k].pid);
            return;
        }
    }
    doctor_say(d, "D15", "strangers", CHECK_OK, "Nobody else computes on the cards.");
}
