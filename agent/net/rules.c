/* SPDX-License-Identifier: Apache-2.0 */
#include "net/rules.h"

#include <inttypes.h>
#include <stdio.h>

#include "net/never.h"

#define FLOWS_MAX 1024 /* destinations counted of one lease; more are in its sums */

const struct lane_limits lane_limits_default = { .bytes_max = INT64_C(100) << 30,
                                                 .bytes_second = 0,
                                                 .connections_second = 20,
                                                 .connections_max = 512 };

void lane_address(int n, bool six, bool ours, char out[64])
{
    if (six)
        snprintf(out, 64, "fdb0:b005::%x:%d", n, ours ? 1 : 2);
    else
        snprintf(out, 64, "198.18.%d.%d", n / 64, n % 64 * 4 + (ours ? 1 : 2));
}

void rules_base(bool guard, struct buf *out)
{
    buf_c(out, "table inet bourse {\n  set never4 { type ipv4_addr; flags interval; elements = { ");
    never_elements(false, out);
    buf_c(out, " } }\n  set never6 { type ipv6_addr; flags interval; elements = { ");
    never_elements(true, out);
    buf_c(out, " } }\n"
               "  map outward { type ifname : verdict; }\n"
               "  map inward { type ifname : verdict; }\n"
               "  chain forward { type filter hook forward priority -5; policy accept;\n"
               "    iifname vmap @outward\n    iifname \"bv*\" drop\n"
               "    oifname vmap @inward\n    oifname \"bv*\" drop\n");
    if (guard) buf_c(out, "    drop\n");
    buf_c(out,
          "  }\n"
          "  chain input { type filter hook input priority -5; policy accept;\n"
          "    iifname \"bv*\" jump resolver\n  }\n"
          "  chain resolver {\n"
          "    ip daddr 198.18.0.0/15 udp dport 53 limit rate 50/second burst 100 packets accept\n"
          "    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept\n"
          "    drop\n  }\n"
          "  chain postrouting { type nat hook postrouting priority 100;\n"
          "    ip saddr 198.18.0.0/15 masquerade\n    ip6 saddr fdb0:b005::/64 masquerade\n  }\n"
          "}\n");
}

/* Sets and counters of a lane. */
static void things(int n, const struct lane_limits *limits, struct buf *out)
{
    static const char *const sets[] = { "sent", "got", "new" };
    for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
        buf_fmt(out,
                "  set %s4_%d { type ipv4_addr . inet_proto . inet_service; flags dynamic; "
                "counter; size %d; }\n",
                sets[i], n, FLOWS_MAX);
        buf_fmt(out,
                "  set %s6_%d { type ipv6_addr . inet_proto . inet_service; flags dynamic; "
                "counter; size %d; }\n",
                sets[i], n, FLOWS_MAX);
    }
    buf_fmt(out, "  set allow4_%d { type ipv4_addr . inet_service; flags interval,timeout; }\n", n);
    buf_fmt(out, "  set allow6_%d { type ipv6_addr . inet_service; flags interval,timeout; }\n", n);
    buf_fmt(out,
            "  counter sent_%d { }\n  counter got_%d { }\n  counter denied_%d { }\n  counter "
            "capped_%d { }\n",
            n, n, n, n);
    buf_fmt(out, "  quota quota_%d { over %" PRId64 " bytes }\n", n, limits->bytes_max);
}

static void first_packets(int n, enum egress_class kind, const struct lane_limits *limits,
                          struct buf *out)
{
    buf_fmt(out, "  chain new_%d {\n", n);
    if (kind == EGRESS_CLASS_ALLOWLIST) {
        buf_fmt(out, "    meta l4proto != { tcp, udp } counter name denied_%d drop\n", n);
        buf_fmt(out, "    ip daddr . th dport != @allow4_%d counter name denied_%d drop\n", n, n);
        buf_fmt(out, "    ip6 daddr . th dport != @allow6_%d counter name denied_%d drop\n", n, n);
    }
    buf_fmt(out, "    limit rate over %d/second burst %d packets counter name capped_%d drop\n",
            limits->connections_second, 2 * limits->connections_second, n);
    buf_fmt(out, "    ct count over %d counter name capped_%d drop\n", limits->connections_max, n);
    buf_fmt(out,
            "    meta l4proto { tcp, udp } update @new4_%d { ip daddr . meta l4proto . th dport "
            "counter }\n",
            n);
    buf_fmt(out,
            "    meta l4proto { tcp, udp } update @new6_%d { ip6 daddr . meta l4proto . th dport "
            "counter }\n  }\n",
            n);
}

static void pace(const struct lane_limits *limits, struct buf *out)
{
    if (limits->bytes_second <= 0) return;
    buf_fmt(out, "    limit rate over %" PRId64 " bytes/second burst %" PRId64 " bytes drop\n",
            limits->bytes_second, limits->bytes_second / 4 + 65536);
}

static void outward(int n, const struct lane_limits *limits, struct buf *out)
{
    char four[64], six[64];
    lane_address(n, false, false, four);
    lane_address(n, true, false, six);
    buf_fmt(out, "  chain out_%d {\n    ip saddr != %s drop\n    ip6 saddr != %s drop\n", n, four,
            six);
    buf_fmt(out,
            "    ip daddr @never4 counter name denied_%d drop\n    ip6 daddr @never6 counter name "
            "denied_%d drop\n",
            n, n);
    buf_fmt(
        out,
        "    fib daddr type { local, broadcast, multicast, anycast } counter name denied_%d drop\n",
        n);
    buf_fmt(out, "    meta l4proto != { tcp, udp, icmp, icmpv6 } counter name denied_%d drop\n", n);
    buf_fmt(out,
            "    tcp dport 25 counter name denied_%d drop\n    ct state invalid drop\n    ct state "
            "new jump new_%d\n",
            n, n);
    buf_fmt(out, "    quota name quota_%d drop\n", n);
    pace(limits, out);
    buf_fmt(out,
            "    meta l4proto { tcp, udp } update @sent4_%d { ip daddr . meta l4proto . th dport "
            "counter }\n",
            n);
    buf_fmt(out,
            "    meta l4proto { tcp, udp } update @sent6_%d { ip6 daddr . meta l4proto . th dport "
            "counter }\n",
            n);
    buf_fmt(out, "    counter name sent_%d accept\n  }\n", n);
}

static void inward(int n, const struct lane_limits *limits, struct buf *out)
{
    buf_fmt(out,
            "  chain in_%d {\n    ct state != { established, related } drop\n    quota name "
            "quota_%d drop\n",
            n, n);
    pace(limits, out);
    buf_fmt(out,
            "    meta l4proto { tcp, udp } update @got4_%d { ip saddr . meta l4proto . th sport "
            "counter }\n",
            n);
    buf_fmt(out,
            "    meta l4proto { tcp, udp } update @got6_%d { ip6 saddr . meta l4proto . th sport "
            "counter }\n",
            n);
    buf_fmt(out, "    counter name got_%d accept\n  }\n", n);
}

void rules_lane(int n, enum egress_class kind, const struct lane_limits *limits, struct buf *out)
{
    buf_c(out, "table inet bourse {\n");
    things(n, limits, out);
    first_packets(n, kind, limits, out);
    outward(n, limits, out);
    inward(n, limits, out);
    buf_c(out, "}\n");
    buf_fmt(out, "add element inet bourse outward { \"bv%d\" : jump out_%d }\n", n, n);
    buf_fmt(out, "add element inet bourse inward { \"bv%d\" : jump in_%d }\n", n, n);
}

void rules_remove(int n, struct buf *out)
{
    static const char *const sets[] = { "sent4", "sent6", "got4",   "got6",
                                        "new4",  "new6",  "allow4", "allow6" };
    static const char *const counters[] = { "sent", "got", "denied", "capped" };
    buf_fmt(out,
            "delete element inet bourse outward { \"bv%d\" }\ndelete element inet bourse inward { "
            "\"bv%d\" }\n",
            n, n);
    buf_fmt(out,
            "delete chain inet bourse out_%d\ndelete chain inet bourse in_%d\ndelete chain inet "
            "bourse new_%d\n",
            n, n, n);
    for (size_t i = 0; i < ARRAY_LEN(sets); i++)
        buf_fmt(out, "delete set inet bourse %s_%d\n", sets[i], n);
    for (size_t i = 0; i < ARRAY_LEN(counters); i++)
        buf_fmt(out, "delete counter inet bourse %s_%d\n", counters[i], n);
    buf_fmt(out, "delete quota inet bourse quota_%d\n", n);
}
