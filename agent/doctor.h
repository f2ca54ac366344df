/* SPDX-License-Identifier: Apache-2.0 */
/* The self-test of a machine, D01 to D17: for the files of the doctor alone.
 *
 *   doctor.c         the verb: runs them in order, prints, tells the market
 *   doctor_market.c  D01 server, D02 clock, D13 bandwidth, D16 version
 *   doctor_engine.c  D06 engine, D08 GPU in a container, D09 isolation, D17 images
 *   doctor_host.c    D10 disk, D11 memory
 *   doctor_gpu.c     D03 driver, D04 cards, D05 modes, D07 CDI, D12 link, D14 heat, D15 strangers
 */
#pragma once

#include "domain/checkup.h"
#include "gpu/nvml.h"
#include "service/identity.h"
#include "verbs.h"
#include "json/json.h"

#define DOCTOR_CHECKS 17

struct doctor {
    struct setting *s;
    const struct identity *id; /* NULL: not joined */
    struct check v[DOCTOR_CHECKS];
    size_t n;

    /* What the market said; empty: it did not answer. */
    char public_url[512], version[64], min_version[64];
    bool has_skew;
    int64_t skew_us; /* how far our clock is ahead */

    /* What the engine said. */
    bool engine_answers;
    struct docker_exam engine;

    /* What the driver of the cards said; `nvml` NULL: there is none, and `why` says so. */
    struct nvml *nvml;
    char why[256];
    struct nvml_system system;
    struct nvml_device cards[GPUS_MAX];
    size_t cards_n;
};

/* The next check's result. */
void doctor_say(struct doctor *d, const char *id, const char *name, enum check_result result,
                const char *fmt, ...) PRINTF_LIKE(5, 6);
/* The command that puts the last one right. */
void doctor_fix(struct doctor *d, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Each adds one check. */
void doctor_server(struct doctor *d);
void doctor_clock(struct doctor *d);
void doctor_driver(struct doctor *d); /* and looks at the cards, for those that follow */
void doctor_cards(struct doctor *d);
void doctor_modes(struct doctor *d);
void doctor_engine(struct doctor *d);
void doctor_cdi(struct doctor *d);
void doctor_gpu_inside(struct doctor *d);
void doctor_isolation(struct doctor *d);
void doctor_disk(struct doctor *d);
void doctor_memory(struct doctor *d);
void doctor_link(struct doctor *d);
void doctor_bandwidth(struct doctor *d);
void doctor_heat(struct doctor *d);
void doctor_strangers(struct doctor *d);
void doctor_version(struct doctor *d);
void doctor_images(struct doctor *d);

/* Have the market keep the report. False: it did not. */
MUST_CHECK bool doctor_tell(struct doctor *d, json_t *report, struct err *err);
