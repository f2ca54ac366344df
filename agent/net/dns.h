/* SPDX-License-Identifier: Apache-2.0 */
/* As much of a DNS message (RFC 1035) as a resolver must look at that forwards and judges. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

#define DNS_NAME_MAX  256
#define DNS_ADDRESSES 32
#define DNS_MAX       4096 /* a message over UDP */

struct dns_address {
    bool six;
    uint8_t bytes[16];
    uint32_t ttl; /* seconds */
};

struct dns_message {
    uint16_t id;
    bool is_answer;
    char name[DNS_NAME_MAX]; /* asked for, lower case, without the last dot */
    uint16_t type;
    size_t question_end; /* bytes up to and with the question */
    struct dns_address addresses[DNS_ADDRESSES];
    size_t n;
    bool more; /* there were more addresses than fit */
};

/* Read one with exactly one question of class IN. False: not well formed, or more than that. */
MUST_CHECK bool dns_read(const uint8_t *p, size_t n, struct dns_message *out);

/* Write the answer REFUSED to a question into `out`, DNS_MAX long. Its length. */
size_t dns_refuse(const uint8_t *question, const struct dns_message *q, uint8_t *out);

/* Does a rule of an allowlist cover the name? "example.org" itself, "*.example.org" all below it.
 */
bool dns_covers(struct str rule, const char *name);
