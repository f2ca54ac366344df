/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/conf.h"

#define CPU_MAX       4096000
#define BYTES_MAX     (INT64_C(1) << 50)
#define BANDWIDTH_MAX 10000000 /* megabits a second, as the market counts them */

/* clang-format off */
static const struct conf_key keys[] = {
    { "server", CONF_TEXT, offsetof(struct config, server), 0, 0, NULL,
      "Address of the market's agent daemon; default: where the agent joined." },
    { "engine", CONF_TEXT, offsetof(struct config, engine), 0, 0, NULL,
      "Unix socket of Docker or Podman; default: $DOCKER_HOST, then the usual places." },
    { "runtime", CONF_TEXT, offsetof(struct config, runtime), 0, 0, NULL,
      "The engine's runtime that containers are made with, as runsc; default: the engine's own." },
    { "name", CONF_TEXT, offsetof(struct config, name), 0, 0, NULL,
      "What people call this machine; default: its host name." },
    { "log_level", CONF_TEXT, offsetof(struct config, log_level), 0, 0, "info",
      "debug, info, warn or error." },
    { "pool", CONF_TEXT, offsetof(struct config, pool), 0, 0, "cpu",
      "What is sold: cpu, or a pool of the cards that this machine has, as h100-sxm-80g." },
    { "price_per_unit_hour", CONF_TEXT, offsetof(struct config, price_per_unit_hour), 0, 0, NULL,
      "In US dollars, as 0.05: where it starts. Without it nothing is for sale." },
    { "floor_price_per_unit_hour", CONF_TEXT, offsetof(struct config, floor_price_per_unit_hour), 0, 0, NULL,
      "Never sell below; default: the price." },
    { "pricing", CONF_TEXT, offsetof(struct config, pricing), 0, 0, "adaptive",
      "How the price moves: fixed, undercut (the best other ask by a tick) or adaptive." },
    { "quote_seconds", CONF_I64, offsetof(struct config, quote_seconds), 1, 3600, "60",
      "A price stands so long before it moves again; the market may ask for longer." },
    { "ask_retry_seconds", CONF_I64, offsetof(struct config, ask_retry_seconds), 1, 86400, "600",
      "The longest it waits before it offers again what the market has withdrawn." },
    { "units", CONF_I64, offsetof(struct config, units), 0, UNITS_MAX, "0",
      "Units to sell; 0: as many as there are whole vCPUs, or in a pool of cards as there are cards." },
    { "min_lease_seconds", CONF_I64, offsetof(struct config, min_lease_seconds), DURATION_MIN_S, (int64_t)DURATION_MAX_S, "60",
      "The shortest run to take." },
    { "max_lease_seconds", CONF_I64, offsetof(struct config, max_lease_seconds), DURATION_MIN_S, (int64_t)DURATION_MAX_S, "86400",
      "The longest run to take." },
    { "cpu_millis", CONF_I64, offsetof(struct config, cpu_millis), 0, CPU_MAX, "0",
      "Thousandths of a vCPU to give, at most what there is; 0: all." },
    { "memory_bytes", CONF_I64, offsetof(struct config, memory_bytes), 0, BYTES_MAX, "0",
      "Memory to give, at most what there is; 0: all." },
    { "scratch_bytes", CONF_I64, offsetof(struct config, scratch_bytes), 0, BYTES_MAX, "0",
      "Disk to give, at most what is free below the state directory; 0: all." },
    { "egress", CONF_TEXT, offsetof(struct config, egress), 0, 0, "none",
      "The most open network that leases may have: none, allowlist or open; see docs/containment.md." },
    { "egress_bytes", CONF_I64, offsetof(struct config, egress_bytes), 0, BYTES_MAX, "0",
      "What a lease may send and get in all; 0: 100 GiB." },
    { "egress_resolver", CONF_TEXT, offsetof(struct config, egress_resolver), 0, 0, NULL,
      "IPv4 address of the name server that leases' questions go to; default: that of /etc/resolv.conf." },
    { "egress_mbps", CONF_I64, offsetof(struct config, egress_mbps), 0, BANDWIDTH_MAX, "0",
      "Megabits a second that a lease may send, and get; 0: no limit." },
    { "region", CONF_TEXT, offsetof(struct config, region), 0, 0, "unknown",
      "africa, asia, europe, middle-east, north-america, oceania or south-america." },
    { "site", CONF_TEXT, offsetof(struct config, site), 0, 0, NULL,
      "A name; your machines that give the same one reach each other fast." },
    { "data_label", CONF_TEXT, offsetof(struct config, data_label), 0, 0, NULL,
      "A name of data that lies here, for jobs that want to be near it." },
    { "bandwidth_mbps", CONF_I64, offsetof(struct config, bandwidth_mbps), 0, BANDWIDTH_MAX, "0",
      "Of the line to the world; 0: not told." },
    { "nvml_library", CONF_TEXT, offsetof(struct config, nvml_library), 0, 0, NULL,
      "NVIDIA's management library; default: libnvidia-ml.so.1 where the loader finds it." },
    { "kernel_log", CONF_TEXT, offsetof(struct config, kernel_log), 0, 0, NULL,
      "Where the kernel tells of a card's errors; default: /dev/kmsg." },
    { "probe_image", CONF_TEXT, offsetof(struct config, probe_image), 0, 0, "docker.io/library/hello-world:latest",
      "What `doctor` pulls, to see that it can; empty: nothing." },
    { "cdi_dirs", CONF_TEXT, offsetof(struct config, cdi_dirs), 0, 0, "/etc/cdi:/var/run/cdi",
      "Where descriptions of GPUs for containers (CDI) lie." },
};
/* clang-format on */

static bool is_region(const char *text, struct err *err)
{
    static const char *const names[] = {
        "unknown",     "africa",        "asia",    "europe",
        "middle-east", "north-america", "oceania", "south-america"
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(text, names[i]) == 0) return true;
    return FAIL(err, ERR_VALIDATION_FAILED,
                "region must be africa, asia, europe, middle-east, north-america, oceania,"
                " south-america or unknown.");
}

static bool is_name(const char *key, const char *text, struct err *err)
{
    if (!text || strlen(text) <= NAME_MAX_BYTES) return true;
    return FAIL(err, ERR_VALIDATION_FAILED, "%s must have at most %d bytes.", key, NAME_MAX_BYTES);
}

bool config_load(const char *dir, const char *file, struct arena *a, struct config *out,
                 struct err *err)
{
    char usual[PATH_MAX];
    const int n = snprintf(usual, sizeof(usual), "%s/agent.conf", dir);
    if (!file && n > 0 && n < PATH_MAX && access(usual, F_OK) == 0) file = usual;
    return conf_load(keys, ARRAY_LEN(keys), "BOURSE_AGENT_", file, a, out, err) &&
           is_region(out->region, err) && is_name("site", out->site, err) &&
           is_name("data_label", out->data_label, err);
}

/* ---- what there is -----------------------------------------------------------------------------
 */

static int64_t reduced(int64_t there, int64_t wanted)
{
    return wanted > 0 && wanted < there ? wanted : there;
}

static int64_t free_bytes(const char *dir)
{
    struct statvfs v;
    if (statvfs(dir, &v) != 0) return 0;
    return (int64_t)v.f_bavail * (int64_t)v.f_frsize;
}

void config_inventory(const struct config *c, const char *dir, const struct gpus *gpus,
                      struct inventory *out)
{
    const int64_t cpus = sysconf(_SC_NPROCESSORS_ONLN), pages = sysconf(_SC_PHYS_PAGES),
                  page = sysconf(_SC_PAGESIZE);
    memset(out, 0, sizeof(*out));
    out->share.cpu_millis = reduced(cpus * 1000, c->cpu_millis);
    out->share.memory_bytes = reduced(pages * page, c->memory_bytes);
    out->share.scratch_bytes = reduced(free_bytes(dir), c->scratch_bytes);
    out->gpus_n = gpus->ops->list(gpus->self, out->gpus);
    out->share.gpus = (int64_t)out->gpus_n;
    out->region = str_of(c->region);
    if (c->site && c->site[0] != '\0') out->site = str_of(c->site);
    if (c->data_label && c->data_label[0] != '\0') out->data_label = str_of(c->data_label);
    out->bandwidth_mbps = c->bandwidth_mbps;
}

/* ---- what is for sale --------------------------------------------------------------------------
 */

static bool read_price(const char *text, const char *key, int64_t *micros, struct err *err)
{
    if (price_parse(str_of(text), micros)) return true;
    return FAIL(err, ERR_VALIDATION_FAILED,
                "%s must be an amount above zero with at most six decimals, as 0.05.", key);
}

static bool read_policy(const char *text, enum pricing_policy *out, struct err *err)
{
    for (int i = 0; i < PRICING_POLICIES; i++) {
        if (strcmp(text, pricing_policy_names[i]) != 0) continue;
        *out = (enum pricing_policy)i;
        return true;
    }
    return FAIL(err, ERR_VALIDATION_FAILED, "pricing must be fixed, undercut or adaptive.");
}

static bool read_egress(const char *text, enum egress_class *out, struct err *err)
{
    for (int i = 0; i < EGRESS_CLASSES; i++) {
        if (strcmp(text, egress_class_names[i]) != 0) continue;
        *out = (enum egress_class)i;
        return true;
    }
    return FAIL(err, ERR_VALIDATION_FAILED, "egress must be none, allowlist or open.");
}

bool config_offer(const struct config *c, const struct inventory *inventory, struct offer *out,
                  bool *sells, struct err *err)
{
    const bool cpu = strcmp(c->pool, "cpu") == 0;
    const int64_t there = cpu ? inventory->share.cpu_millis / 1000 : inventory->share.gpus;
    struct offer o = {
        .pool = str_of(c->pool),
        .policy = PRICING_FIXED,
        .units = c->units > 0 ? c->units : there,
        .min_lease_seconds = c->min_lease_seconds,
        .max_lease_seconds = c->max_lease_seconds,
    };
    const bool priced = c->price_per_unit_hour && c->price_per_unit_hour[0] != '\0';
    if (!cpu && inventory->share.gpus == 0)
        return FAIL(err, ERR_VALIDATION_FAILED,
                    "pool is %s, and this machine has no GPU that can be sold.", c->pool);
    if (!read_policy(c->pricing, &o.policy, err) || !read_egress(c->egress, &o.egress, err))
        return false;
    if (o.max_lease_seconds < o.min_lease_seconds)
        return FAIL(err, ERR_VALIDATION_FAILED, "max_lease_seconds is below min_lease_seconds.");
    if (priced) {
        if (!read_price(c->price_per_unit_hour, "price_per_unit_hour", &o.price_micros, err))
            return false;
        o.floor_micros = o.price_micros;
        if (c->floor_price_per_unit_hour &&
            !read_price(c->floor_price_per_unit_hour, "floor_price_per_unit_hour", &o.floor_micros,
                        err))
            return false;
        if (o.floor_micros > o.price_micros)
            return FAIL(err, ERR_VALIDATION_FAILED,
                        "floor_price_per_unit_hour is above price_per_unit_hour.");
        if (o.units == 0)
            return FAIL(err, ERR_VALIDATION_FAILED, "There is not one whole vCPU to sell.");
    }
    *out = o;
    *sells = priced;
    return true;
}

/* ---- small things ------------------------------------------------------------------------------
 */

enum log_level config_log_level(const struct config *c)
{
    static const char *const names[] = { "debug", "info", "warn", "error" };
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(c->log_level, names[i]) == 0) return (enum log_level)i;
    return LOG_INFO;
}

const char *config_node_name(const struct config *c, char room[128])
{
    if (c->name && c->name[0] != '\0') return c->name;
    if (gethostname(room, 127) != 0) snprintf(room, 128, "node");
    room[127] = '\0';
    return room;
}

void config_print_keys(void)
{
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        printf("  %-26s %s\n", keys[i].name, keys[i].doc);
}
