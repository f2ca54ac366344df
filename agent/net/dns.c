/* SPDX-License-Identifier: Apache-2.0 */
#include "net/dns.h"

#include <string.h>
#include <strings.h>

#define HEADER    12
#define TYPE_A    1
#define TYPE_AAAA 28
#define CLASS_IN  1
#define JUMPS_MAX 16

static unsigned u16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

static uint32_t u32(const uint8_t *p)
{
    return (uint32_t)u16(p) << 16 | u16(p + 2);
}

static char lower(uint8_t c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

/* A name as it is being read; `out` NULL: it is only passed. */
struct name {
    char *out;
    size_t n;
};

/* One label, with a dot behind it. False: too long, or signs that no name of a host has. */
static bool take_label(struct name *name, const uint8_t *label, unsigned length)
{
    if (name->n + length + 1 >= DNS_NAME_MAX) return false;
    for (unsigned k = 0; name->out && k < length; k++) {
        if (label[k] <= ' ' || label[k] >= 127 || label[k] == '.') return false;
        name->out[name->n + k] = lower(label[k]);
    }
    if (name->out) name->out[name->n + length] = '.';
    name->n += length + 1;
    return true;
}

static void end_name(const struct name *name)
{
    if (name->out) name->out[name->n > 0 ? name->n - 1 : 0] = '\0';
}

/* A name at *at, behind which *at then stands. */
static bool read_name(const uint8_t *p, size_t n, size_t *at, struct name *name)
{
    size_t i = *at;
    for (int jumps = 0; jumps < JUMPS_MAX && i < n;) {
        const unsigned length = p[i];
        if (length >= 0xc0) {
            if (i + 2 > n) return false;
            if (jumps++ == 0) *at = i + 2;
            i = u16(p + i) & 0x3fff;
            continue;
        }
        if (length > 63 || i + 1 + length > n) return false;
        if (length == 0) {
            if (jumps == 0) *at = i + 1;
            end_name(name);
            return true;
        }
        if (!take_label(name, p + i + 1, length)) return false;
        i += 1 + length;
    }
    return false;
}

static void keep(struct dns_message *m, bool six, const uint8_t *bytes, uint32_t ttl)
{
    if (m->n == DNS_ADDRESSES) {
        m->more = true;
        return;
    }
    struct dns_address *a = &m->addresses[m->n++];
    a->six = six;
    a->ttl = ttl;
    memcpy(a->bytes, bytes, six ? 16 : 4);
}

static bool read_record(const uint8_t *p, size_t n, size_t *at, struct dns_message *m)
{
    struct name passed = { NULL, 0 };
    if (!read_name(p, n, at, &passed) || *at + 10 > n) return false;
    const unsigned type = u16(p + *at), class = u16(p + *at + 2), length = u16(p + *at + 8);
    const uint32_t ttl = u32(p + *at + 4);
    *at += 10;
    if (*at + length > n) return false;
    if (class == CLASS_IN && type == TYPE_A && length == 4) keep(m, false, p + *at, ttl);
    if (class == CLASS_IN && type == TYPE_AAAA && length == 16) keep(m, true, p + *at, ttl);
    *at += length;
    return true;
}

bool dns_read(const uint8_t *p, size_t n, struct dns_message *out)
{
    size_t at = HEADER;
    struct name name = { out->name, 0 };
    memset(out, 0, sizeof(*out));
    if (n < HEADER || u16(p + 4) != 1) return false;
    out->id = (uint16_t)u16(p);
    out->is_answer = (p[2] & 0x80) != 0;
    if (!read_name(p, n, &at, &name) || at + 4 > n || u16(p + at + 2) != CLASS_IN) return false;
    out->type = (uint16_t)u16(p + at);
    out->question_end = at + 4;
    if (!out->is_answer) return true;
    const unsigned records = u16(p + 6) + u16(p + 8) + u16(p + 10);
    at = out->question_end;
    for (unsigned i = 0; i < records; i++)
        if (!read_record(p, n, &at, out)) return false;
    return true;
}

size_t dns_refuse(const uint8_t *question, const struct dns_message *q, uint8_t *out)
{
    memcpy(out, question, q->question_end);
    out[2] = (uint8_t)(0x80 | (question[2] & 0x79)); /* an answer; opcode and recursion as asked */
    out[3] = 0x80 | 5;
    memset(out + 6, 0, 6);
    return q->question_end;
}

bool dns_covers(struct str rule, const char *name)
{
    const size_t n = strlen(name);
    if (rule.n > 2 && rule.p[0] == '*' && rule.p[1] == '.') {
        const struct str tail = { rule.p + 1, rule.n - 1 };
        return n > tail.n && strncasecmp(name + n - tail.n, tail.p, tail.n) == 0;
    }
    return n == rule.n && strncasecmp(name, rule.p, n) == 0;
}
