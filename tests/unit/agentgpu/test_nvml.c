/* SPDX-License-Identifier: Apache-2.0 */
/* The driver of NVIDIA's library, on the stand-in that tests/standin/nvml.c is built into. */
#include "gpu/nvml.h"

#include <unistd.h>

#include "tests/t.h"

#define ONE   "GPU-8f6e2f3c-1111-4222-8333-000000000001"
#define OTHER "GPU-8f6e2f3c-1111-4222-8333-000000000002"

static struct err err;
static struct nvml_device v[GPUS_MAX];
static char file[64];

static void tell(const char *text)
{
    snprintf(file, sizeof(file), "/tmp/bourse-nvml-%ld", (long)getpid());
    FILE *f = fopen(file, "we");
    CHECK(f && fputs(text, f) >= 0 && fclose(f) == 0);
    setenv("BOURSE_STANDIN_NVML", file, 1);
}

static struct nvml *open_standin(void)
{
    struct nvml *n = nvml_open(getenv("BOURSE_STANDIN_LIBRARY"), &err);
    if (!n) fprintf(stderr, "%s (%s)\n", err.detail, err.internal);
    CHECK(n);
    return n;
}

static void done(struct nvml *n)
{
    nvml_close(n);
    unlink(file);
}

TEST(a_machine_without_the_library_says_so)
{
    CHECK(!nvml_open("/nonexistent/libnvidia-ml.so.1", &err));
    CHECK_I64(err.code, ERR_NOT_FOUND);
}

TEST(a_library_without_its_functions_is_refused)
{
    CHECK(!nvml_open("libm.so.6", &err));
    CHECK_I64(err.code, ERR_PROTOCOL);
    CHECK_STR(err.detail, "The NVIDIA library has no nvmlInit_v2.");
}

TEST(a_driver_that_is_not_loaded_says_so)
{
    setenv("BOURSE_STANDIN_NVML", "/nonexistent/cards", 1);
    CHECK(!nvml_open(getenv("BOURSE_STANDIN_LIBRARY"), &err));
    CHECK_I64(err.code, ERR_NOT_FOUND);
    CHECK(strstr(err.detail, "kernel module is not loaded"));
}

TEST(each_fact_is_read)
{
    struct nvml_system s;
    size_t n = 0;
    tell("driver 550.54.15\ncuda 12040\ngpu " ONE "\nname NVIDIA H100 80GB HBM3\n"
         "bus 00000000:3B:00.0\nminor 3\ncapability_major 9\ncapability_minor 0\n"
         "memory 85899345920\nmemory_used 1073741824\ntemperature 41\nslowdown 87\nshutdown 92\n"
         "throttle 64\necc 1\necc_corrected 5\necc_uncorrected 2\necc_ever 7\nremap_pending 1\n"
         "remap_failed 0\nmig 0\npersistence 1\ncompute_mode 3\npcie_generation 4\n"
         "pcie_generation_max 5\npcie_width 8\npcie_width_max 16\npower 71000\nbusy 93\n"
         "memory_busy 40\nprocess 4711 1024\nprocess 4712 2048\n");
    struct nvml *h = open_standin();
    CHECK(nvml_look_system(h, &s, &err));
    CHECK_STR(s.driver, "550.54.15");
    CHECK_I64(s.cuda, 12040);
    CHECK_I64(s.devices_n, 1);
    CHECK(nvml_look(h, v, &n, &err));
    CHECK_I64(n, 1);
    CHECK_STR(v[0].uuid, ONE);
    CHECK_STR(v[0].name, "NVIDIA H100 80GB HBM3");
    CHECK_STR(v[0].bus_id, "00000000:3B:00.0");
    CHECK_I64(v[0].minor, 3);
    CHECK_I64(v[0].capability_major, 9);
    CHECK_I64(v[0].capability_minor, 0);
    CHECK_I64(v[0].memory_bytes, INT64_C(85899345920));
    CHECK_I64(v[0].memory_used_bytes, 1073741824);
    CHECK_I64(v[0].temperature_c, 41);
    CHECK_I64(v[0].slowdown_c, 87);
    CHECK_I64(v[0].shutdown_c, 92);
    CHECK_I64(v[0].throttle, NVML_THROTTLE_HW_THERMAL);
    CHECK_I64(v[0].ecc, 1);
    CHECK_I64(v[0].ecc_corrected, 5);
    CHECK_I64(v[0].ecc_uncorrected, 2);
    CHECK_I64(v[0].ecc_uncorrected_ever, 7);
    CHECK_I64(v[0].remap_pending, 1);
    CHECK_I64(v[0].remap_failed, 0);
    CHECK_I64(v[0].mig, 0);
    CHECK_I64(v[0].persistence, 1);
    CHECK_I64(v[0].compute_mode, NVML_COMPUTE_EXCLUSIVE_PROCESS);
    CHECK_I64(v[0].pcie_generation, 4);
    CHECK_I64(v[0].pcie_generation_max, 5);
    CHECK_I64(v[0].pcie_width, 8);
    CHECK_I64(v[0].pcie_width_max, 16);
    CHECK_I64(v[0].power_milliwatts, 71000);
    CHECK_I64(v[0].busy_percent, 93);
    CHECK_I64(v[0].memory_busy_percent, 40);
    CHECK(v[0].processes_known);
    CHECK_I64(v[0].processes_n, 2);
    CHECK_I64(v[0].processes[1].pid, 4712);
    CHECK_I64(v[0].processes[1].memory_bytes, 2048);
    done(h);
}

TEST(what_a_card_does_not_tell_is_unknown)
{
    size_t n = 0;
    struct nvml_system s;
    tell("gpu " ONE "\nname NVIDIA GeForce RTX 4090\n");
    struct nvml *h = open_standin();
    CHECK(nvml_look_system(h, &s, &err));
    CHECK_STR(s.driver, "");
    CHECK_I64(s.cuda, NVML_UNKNOWN);
    CHECK(nvml_look(h, v, &n, &err));
    CHECK_I64(n, 1);
    CHECK_I64(v[0].minor, NVML_UNKNOWN);
    CHECK_I64(v[0].ecc, NVML_UNKNOWN);
    CHECK_I64(v[0].ecc_uncorrected, NVML_UNKNOWN);
    CHECK_I64(v[0].remap_failed, NVML_UNKNOWN);
    CHECK_I64(v[0].temperature_c, NVML_UNKNOWN);
    CHECK_I64(v[0].nvlinks, NVML_UNKNOWN);
    CHECK_I64(v[0].memory_bytes, NVML_UNKNOWN);
    done(h);
}

TEST(a_lost_card_keeps_its_place_and_has_no_uuid)
{
    size_t n = 0;
    tell("gpu " ONE "\nlost\ngpu " OTHER "\n");
    struct nvml *h = open_standin();
    CHECK(nvml_look(h, v, &n, &err));
    CHECK_I64(n, 2);
    CHECK_STR(v[0].uuid, "");
    CHECK(!v[0].processes_known);
    CHECK_STR(v[1].uuid, OTHER);
    done(h);
}

TEST(a_change_is_seen_at_the_next_look)
{
    size_t n = 0;
    tell("gpu " ONE "\ntemperature 40\n");
    struct nvml *h = open_standin();
    CHECK(nvml_look(h, v, &n, &err));
    CHECK_I64(v[0].temperature_c, 40);
    tell("gpu " ONE "\ntemperature 95\n");
    CHECK(nvml_look(h, v, &n, &err));
    CHECK_I64(v[0].temperature_c, 95);
    unlink(file);
    CHECK(!nvml_look(h, v, &n, &err));
    CHECK_I64(err.code, ERR_IO);
    nvml_close(h);
}

TEST(links_and_nearness_between_two)
{
    int64_t links = 0, level = 0;
    size_t n = 0;
    tell("gpu " ONE "\nbus 00000000:3B:00.0\nlink 1\nlink 1\nlink 2\nnear 1 10\n"
         "gpu " OTHER "\nbus 00000000:5E:00.0\n"
         "gpu GPU-3\nbus 00000000:86:00.0\n");
    struct nvml *h = open_standin();
    CHECK(nvml_look(h, v, &n, &err));
    CHECK_I64(v[0].nvlinks, 3);
    nvml_look_pair(h, 0, 1, &links, &level);
    CHECK_I64(links, 2);
    CHECK_I64(level, NVML_NEAR_SWITCH);
    nvml_look_pair(h, 1, 2, &links, &level);
    CHECK_I64(links, NVML_UNKNOWN);
    CHECK_I64(level, NVML_UNKNOWN);
    nvml_look_pair(h, 0, 9, &links, &level);
    CHECK_I64(links, NVML_UNKNOWN);
    done(h);
}

TESTS(T(a_machine_without_the_library_says_so), T(a_library_without_its_functions_is_refused),
      T(a_driver_that_is_not_loaded_says_so), T(each_fact_is_read),
      T(what_a_card_does_not_tell_is_unknown), T(a_lost_card_keeps_its_place_and_has_no_uuid),
      T(a_change_is_seen_at_the_next_look), T(links_and_nearness_between_two))
