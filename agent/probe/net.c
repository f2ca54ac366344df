/* SPDX-License-Identifier: Apache-2.0 */
/* The network of a lease without one: loopback, and nothing else. */
#include "probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef AF_VSOCK
#define AF_VSOCK 40
#endif
#ifndef AF_ALG
#define AF_ALG 38
#endif

static void interfaces(struct answer *a)
{
    struct if_nameindex *list = if_nameindex();
    int others = 0;
    for (struct if_nameindex *i = list; i && i->if_index != 0; i++)
        others += strcmp(i->if_name, "lo") != 0;
    if (list) if_freenameindex(list);
    judged(a, others > 0, "%d interfaces besides lo", others);
}

/* Connect within a second. 0 or -1 and errno. */
static int reach(int family, const char *address, int port, int type)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
    const bool six = family == AF_INET6;
    inet_pton(family, address, six ? (void *)&v6.sin6_addr : (void *)&v4.sin_addr);
    const int s = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s < 0) return -1;
    int r = six ? connect(s, (const struct sockaddr *)&v6, sizeof(v6))
                : connect(s, (const struct sockaddr *)&v4, sizeof(v4));
    if (r < 0 && errno == EINPROGRESS) {
        struct pollfd p = { .fd = s, .events = POLLOUT };
        int why = ETIMEDOUT;
        socklen_t n = sizeof(why);
        if (poll(&p, 1, 1000) == 1) getsockopt(s, SOL_SOCKET, SO_ERROR, &why, &n);
        errno = why;
        r = why == 0 ? 0 : -1;
    }
    const int kept = errno;
    close(s);
    errno = kept;
    return r;
}

static void metadata(struct answer *a)
{
    const int one = reach(AF_INET, "169.254.169.254", 80, SOCK_STREAM);
    refused(a, one < 0 ? reach(AF_INET6, "fd00:ec2::254", 80, SOCK_STREAM) : one);
}

static void private_networks(struct answer *a)
{
    static const char *const addresses[] = { "10.0.0.1", "172.16.0.1", "192.168.0.1", "192.168.1.1",
                                             "100.64.0.1" };
    int r = -1;
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]) && r < 0; i++)
        r = reach(AF_INET, addresses[i], 80, SOCK_STREAM);
    refused(a, r);
}

static void the_host(struct answer *a)
{
    const char *peer = stage.peer ? stage.peer : "127.0.0.1";
    const int port = stage.peer_port > 0 ? stage.peer_port : 22;
    refused(a, reach(AF_INET, peer, port, SOCK_STREAM));
}

static void hosts_loopback(struct answer *a)
{
    refused(a,
            reach(AF_INET, "127.0.0.1", stage.peer_port > 0 ? stage.peer_port : 22, SOCK_STREAM));
}

static void six(struct answer *a)
{
    refused(a, reach(AF_INET6, "2001:db8::1", 443, SOCK_STREAM));
}

static void dns(struct answer *a)
{
    refused(a, reach(AF_INET, "192.0.2.53", 53, SOCK_DGRAM));
}

static void raw(struct answer *a)
{
    const int one = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
    refused(a, one < 0 ? socket(AF_PACKET, SOCK_RAW, 0) : one);
}

static void odd_families(struct answer *a)
{
    const int one = socket(AF_VSOCK, SOCK_STREAM, 0);
    refused(a, one < 0 ? socket(AF_ALG, SOCK_SEQPACKET, 0) : one);
}

static void mark(struct answer *a)
{
    const int one = 1, s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    refused(a, setsockopt(s, SOL_SOCKET, SO_MARK, &one, sizeof(one)));
}

const struct probe probes_net[] = {
    { "interfaces", "have an interface besides lo", interfaces, 0, 0 },
    { "metadata", "reach the cloud's metadata service", metadata, 0, 10 },
    { "private-networks", "reach the provider's LAN", private_networks, 0, 10 },
    { "the-host", "reach a server of the host", the_host, 0, 0 },
    { "hosts-loopback", "reach a server on the host's loopback", hosts_loopback, 0, 0 },
    { "ipv6", "reach the world over IPv6", six, 0, 0 },
    { "dns", "ask a name server", dns, 0, 0 },
    { "raw-socket", "open raw and packet sockets", raw, SENTRY, 0 },
    { "odd-families", "open vsock and alg sockets", odd_families, 0, 0 },
    { "mark-packets", "mark packets for the host's routing", mark, SENTRY, 0 },
    { NULL, NULL, NULL, 0, 0 },
};
