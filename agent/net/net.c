/* SPDX-License-Identifier: Apache-2.0 */
#include "net/net.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/flows.h"
#include "net/resolver.h"
#include "net/rules.h"
#include "service/command.h"

#define TEXT_MAX_BYTES (1 << 20)

struct net {
    char dir[PATH_MAX]; /* DIR/net */
    struct lane_limits limits;
    char name_server[64]; /* empty: this machine's */
    bool six;             /* this machine forwards IPv6 */
    pthread_mutex_t lock; /* guards: the resolvers, and the taking of lanes */
    struct resolver *resolvers[LANES_MAX];
};

/* ---- running nft and ip ------------------------------------------------------------------------
 */

static bool nft(const struct buf *text, struct err *err)
{
    const char *const words[] = { "nft", "-f", "-", NULL };
    if (text->failed) return FAIL(err, ERR_NO_MEMORY, "No memory was left for a packet filter.");
    return command_run(words, buf_view(text), NULL, err);
}

static bool ip(const struct buf *text, struct err *err)
{
    const char *const words[] = { "ip", "-batch", "-", NULL };
    if (text->failed) return FAIL(err, ERR_NO_MEMORY, "No memory was left for a network.");
    return command_run(words, buf_view(text), NULL, err);
}

static bool ip_in(const char *name, const struct buf *text, struct err *err)
{
    const char *const words[] = { "ip", "-n", name, "-batch", "-", NULL };
    if (text->failed) return FAIL(err, ERR_NO_MEMORY, "No memory was left for a network.");
    return command_run(words, buf_view(text), NULL, err);
}

/* ---- the machine -------------------------------------------------------------------------------
 */

static int read_switch(const char *path)
{
    char c = '0';
    auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd >= 0 && read(fd, &c, 1) == 1 ? c - '0' : -1;
}

static bool write_switch(const char *path, const char *value)
{
    auto_close int fd = open(path, O_WRONLY | O_CLOEXEC);
    return fd >= 0 && write(fd, value, strlen(value)) == (ssize_t)strlen(value);
}

static bool has_table(void)
{
    const char *const words[] = { "nft", "list", "chain", "inet", "bourse", "resolver", NULL };
    struct err ignored;
    return command_run(words, STR(""), NULL, &ignored);
}

/* Forwarding is switched on for IPv4 if it was not; then all that is no lease's is dropped. IPv6 is
 * left as it is: to switch it on takes a machine its own address where routers give them out. */
static bool open_machine(struct net *n, struct err *err)
{
    static const char forward[] = "/proc/sys/net/ipv4/ip_forward";
    auto_buf struct buf text = { .max = TEXT_MAX_BYTES };
    const bool forwards = read_switch(forward) == 1;
    n->six = read_switch("/proc/sys/net/ipv6/conf/all/forwarding") == 1;
    if (!has_table()) {
        rules_base(!forwards, &text);
        if (!nft(&text, err)) return false;
    }
    return forwards || write_switch(forward, "1") ||
           FAIL(err, ERR_IO, "This machine's forwarding of packets could not be switched on.");
}

struct net *net_new(const char *dir, const struct net_limits *limits, struct err *err)
{
    if (geteuid() != 0) {
        FAIL(err, ERR_FORBIDDEN, "Networks for leases need an agent that is root.");
        return NULL;
    }
    struct net *n = mem_zalloc(sizeof(*n));
    pthread_mutex_init(&n->lock, NULL);
    n->limits = lane_limits_default;
    if (limits->bytes_max > 0) n->limits.bytes_max = limits->bytes_max;
    n->limits.bytes_second = limits->bytes_second;
    if (limits->name_server)
        snprintf(n->name_server, sizeof(n->name_server), "%s", limits->name_server);
    if (snprintf(n->dir, sizeof(n->dir), "%s/net", dir) < PATH_MAX && dir_make(n->dir, err) &&
        open_machine(n, err))
        return n;
    net_free(n);
    return NULL;
}

void net_free(struct net *n)
{
    if (!n) return;
    for (int i = 0; i < LANES_MAX; i++)
        resolver_free(n->resolvers[i]);
    pthread_mutex_destroy(&n->lock);
    mem_free(n);
}

/* ---- lanes -------------------------------------------------------------------------------------
 */

static void lane_file(const struct net *n, int lane, char out[PATH_MAX + 16])
{
    snprintf(out, PATH_MAX + 16, "%s/%d", n->dir, lane);
}

static bool lane_is(const struct net *n, int lane, const char *name)
{
    char path[PATH_MAX + 16];
    struct err ignored;
    auto_buf struct buf text = { .max = ENGINE_ID_SIZE };
    lane_file(n, lane, path);
    return file_read(path, ENGINE_ID_SIZE, &text, &ignored) && str_is(buf_view(&text), name);
}

/* The lane of that name; -1. */
static int lane_of(const struct net *n, const char *name)
{
    for (int i = 0; i < LANES_MAX; i++)
        if (lane_is(n, i, name)) return i;
    return -1;
}

static int lane_take(const struct net *n, const char *name, struct err *err)
{
    char path[PATH_MAX + 16];
    for (int i = 0; i < LANES_MAX; i++) {
        lane_file(n, i, path);
        if (access(path, F_OK) == 0) continue;
        return file_write(path, str_of(name), 0600, err) ? i : -1;
    }
    FAIL(err, ERR_QUOTA_EXCEEDED, "There are %d networks of leases already.", LANES_MAX);
    return -1;
}

static void space_name(int lane, char out[32])
{
    snprintf(out, 32, "bourse-%d", lane);
}

/* What a crash may have left of it, away; nothing is there to complain of. */
static void clear_lane(int lane)
{
    struct err ignored;
    auto_buf struct buf rules = { .max = TEXT_MAX_BYTES }, links = { .max = TEXT_MAX_BYTES };
    char name[32];
    space_name(lane, name);
    rules_remove(lane, &rules);
    (void)nft(&rules, &ignored);
    buf_fmt(&links, "netns delete %s\n", name);
    (void)ip(&links, &ignored); /* the pair goes with it */
    buf_clear(&links);
    buf_fmt(&links, "link delete bv%d\n", lane);
    (void)ip(&links, &ignored);
}

static bool make_links(const struct net *n, int lane, struct err *err)
{
    char name[32], ours[64], its[64], ours6[64], its6[64];
    auto_buf struct buf host = { .max = TEXT_MAX_BYTES }, inside = { .max = TEXT_MAX_BYTES };
    space_name(lane, name);
    lane_address(lane, false, true, ours);
    lane_address(lane, false, false, its);
    lane_address(lane, true, true, ours6);
    lane_address(lane, true, false, its6);
    buf_fmt(&host, "netns add %s\nlink add bv%d type veth peer name eth0 netns %s\n", name, lane,
            name);
    buf_fmt(&host, "addr add %s/30 dev bv%d\n", ours, lane);
    if (n->six) buf_fmt(&host, "addr add %s/112 dev bv%d nodad\n", ours6, lane);
    buf_fmt(&host, "link set bv%d up\n", lane);
    buf_fmt(&inside, "link set lo up\naddr add %s/30 dev eth0\n", its);
    if (n->six) buf_fmt(&inside, "addr add %s/112 dev eth0 nodad\n", its6);
    buf_fmt(&inside, "link set eth0 up\nroute add default via %s\n", ours);
    if (n->six) buf_fmt(&inside, "route add default via %s\n", ours6);
    return ip(&host, err) && ip_in(name, &inside, err);
}

static bool make_lane(const struct net *n, int lane, enum egress_class kind, struct err *err)
{
    auto_buf struct buf rules = { .max = TEXT_MAX_BYTES };
    clear_lane(lane);
    rules_lane(lane, kind, &n->limits,
               &rules); /* first, so that there is never a way without them */
    return nft(&rules, err) && make_links(n, lane, err);
}

static bool is_made(int lane)
{
    char path[64], name[32];
    space_name(lane, name);
    snprintf(path, sizeof(path), "/run/netns/%s", name);
    return access(path, F_OK) == 0;
}

static enum egress_class kind_of(struct str name)
{
    for (int i = 0; i < EGRESS_CLASSES; i++)
        if (str_is(name, egress_class_names[i])) return (enum egress_class)i;
    return EGRESS_CLASS_NONE;
}

void net_purge(const char *dir)
{
    char path[PATH_MAX];
    for (int lane = 0; lane < LANES_MAX; lane++) {
        const int n = snprintf(path, sizeof(path), "%s/net/%d", dir, lane);
        if (n < 0 || n >= PATH_MAX || access(path, F_OK) != 0) continue;
        clear_lane(lane);
        (void)unlink(path);
    }
}

/* ---- the seam ----------------------------------------------------------------------------------
 */

/* Under the lock. */
static void close_lane(struct net *n, int lane)
{
    char path[PATH_MAX + 16];
    resolver_free(n->resolvers[lane]);
    n->resolvers[lane] = NULL;
    clear_lane(lane);
    lane_file(n, lane, path);
    if (unlink(path) != 0) LOG(LOG_ERROR, "egress.not_removed", LOG_I64("lane", lane));
}

/* Under the lock. */
static bool open_lane(struct net *n, const struct net_spec *spec, int *lane, struct err *err)
{
    const enum egress_class kind = kind_of(spec->egress);
    *lane = lane_of(n, spec->name);
    const bool known = *lane >= 0;
    if (!known) *lane = lane_take(n, spec->name, err);
    if (*lane < 0) return false;
    bool ok = (known && is_made(*lane)) || make_lane(n, *lane, kind, err);
    if (ok && !n->resolvers[*lane])
        n->resolvers[*lane] =
            resolver_new(*lane, kind, &spec->allow, n->name_server[0] ? n->name_server : NULL, err);
    ok = ok && n->resolvers[*lane];
    if (!ok && !known) close_lane(n, *lane);
    return ok;
}

static bool do_open(void *self, const struct net_spec *spec, struct net_place *out, struct err *err)
{
    struct net *n = self;
    char name[32];
    int lane = -1;
    pthread_mutex_lock(&n->lock);
    const bool ok = open_lane(n, spec, &lane, err);
    pthread_mutex_unlock(&n->lock);
    if (!ok) return false;
    space_name(lane, name);
    snprintf(out->path, sizeof(out->path), "/run/netns/%s", name);
    lane_address(lane, false, true, out->resolver);
    return true;
}

static bool do_flows(void *self, const char *name, struct buf *out, struct err *err)
{
    struct net *n = self;
    struct resolver_counts counts = { 0 };
    pthread_mutex_lock(&n->lock);
    const int lane = lane_of(n, name);
    if (lane >= 0 && n->resolvers[lane]) counts = resolver_counts(n->resolvers[lane]);
    pthread_mutex_unlock(&n->lock);
    if (lane < 0) return FAIL(err, ERR_NOT_FOUND, "The lease has no network.");
    return flows_read(lane, &counts, out, err);
}

static bool do_spent(void *self, struct net_spent *v, size_t n, struct err *err)
{
    struct net *net = self;
    bool spent[LANES_MAX];
    if (!quotas_read(spent, err)) return false;
    pthread_mutex_lock(&net->lock);
    for (size_t i = 0; i < n; i++) {
        const int lane = lane_of(net, v[i].name);
        v[i].spent = lane >= 0 && spent[lane];
    }
    pthread_mutex_unlock(&net->lock);
    return true;
}

static void do_close(void *self, const char *name)
{
    struct net *n = self;
    pthread_mutex_lock(&n->lock);
    const int lane = lane_of(n, name);
    if (lane >= 0) close_lane(n, lane);
    pthread_mutex_unlock(&n->lock);
}

const struct net_ops net_ops = {
    .open = do_open, .flows = do_flows, .spent = do_spent, .close = do_close
};
