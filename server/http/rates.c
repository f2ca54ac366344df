/* SPDX-License-Identifier: Apache-2.0 */
/* How often somebody may ask: an account for orders, an address for what needs no credentials. */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "http/listener.h"
#include "service/limiter.h"

#define SECOND      INT64_C(1000000)
#define HEADER_SIZE 64

/* Of IPv6 a network of 64 bits: one client has all of it. */
static uint64_t address_of(struct req_inside *x)
{
    const union MHD_ConnectionInfo *i =
        MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    uint64_t network = 0;

    if (!i || !i->client_addr) return 0;
    if (i->client_addr->sa_family == AF_INET) {
        memcpy(&v4, i->client_addr, sizeof(v4));
        return v4.sin_addr.s_addr;
    }
    if (i->client_addr->sa_family != AF_INET6) return 0;
    memcpy(&v6, i->client_addr, sizeof(v6));
    memcpy(&network, &v6.sin6_addr, sizeof(network));
    return network;
}

static int64_t seconds(int64_t us)
{
    return (us + SECOND - 1) / SECOND;
}

/* draft-ietf-httpapi-ratelimit-headers: the policy, and what is left of it. */
static void tell(struct req *rq, const char *name, const struct limit_left *left)
{
    char policy[HEADER_SIZE], now[HEADER_SIZE];

    snprintf(policy, sizeof(policy), "\"%s\";q=%lld;w=%lld", name, (long long)left->burst,
             (long long)((left->burst + left->rate - 1) / left->rate));
    snprintf(now, sizeof(now), "\"%s\";r=%lld;t=%lld", name, (long long)left->left,
             (long long)seconds(left->full_us));
    reply_header(rq, "RateLimit-Policy", policy);
    reply_header(rq, "RateLimit", now);
}

static bool spend(struct req *rq, struct limiter *l, const char *name, uint64_t who)
{
    struct limit_left left;
    const bool ok = limiter_take(l, who, clock_monotonic_us(), &left);

    tell(rq, name, &left);
    if (ok) return true;
    rq->again_us = clock_wall_us() + left.wait_us;
    return FAIL(&rq->err, ERR_RATE_LIMITED, "At most %lld a second, and %lld at once.",
                (long long)left.rate, (long long)left.burst);
}

/* An account is a number below 2^63, which no address of eight bytes that begins with a set bit can
 * be taken for. */
bool rates_look(struct req_inside *x)
{
    struct req *rq = &x->rq;
    const uint64_t nobody = UINT64_C(1) << 63;
    const uint64_t who = rq->who.account != 0 ? (uint64_t)rq->who.account : address_of(x) | nobody;

    return !rq->svc->looks || spend(rq, rq->svc->looks, "looks", who);
}

bool rates_check(struct req_inside *x)
{
    struct req *rq = &x->rq;
    const unsigned flags = rq->route->flags;

    if ((flags & ROUTE_ORDER) && rq->svc->orders)
        return spend(rq, rq->svc->orders, "orders", (uint64_t)rq->who.account);
    if (rq->route->auth == AUTH_NONE && !(flags & ROUTE_ALWAYS) && rq->svc->strangers)
        return spend(rq, rq->svc->strangers, "requests", address_of(x));
    return true;
}
