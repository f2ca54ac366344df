/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of RFC 1035 as they come, cut short, and made to confuse. */
#include "net/dns.h"
#include "tests/t.h"

static const uint8_t question[] = "\x12\x34\x01\0\0\1\0\0\0\0\0\0"
                                  "\3wEb\7example\3org\0\0\1\0\1";
#define QUESTION (sizeof(question) - 1)

static size_t answer_of(uint8_t *out, const char *records, size_t n, unsigned count)
{
    memcpy(out, question, QUESTION);
    out[2] = 0x81;
    out[3] = 0x80;
    out[7] = (uint8_t)count;
    memcpy(out + QUESTION, records, n);
    return QUESTION + n;
}

TEST(a_question_is_read)
{
    struct dns_message m;
    CHECK(dns_read(question, QUESTION, &m));
    CHECK_STR(m.name, "web.example.org");
    CHECK(!m.is_answer);
    CHECK_I64(m.type, 1);
    CHECK_I64((int64_t)m.question_end, QUESTION);
}

TEST(addresses_of_an_answer_are_read)
{
    static const char records[] =
        "\xc0\x0c\0\5\0\1\0\0\0\x3c\0\2\xc0\x10"
        "\xc0\x10\0\1\0\1\0\0\1\0\0\4\x5d\xb8\0\x0a"
        "\xc0\x10\0\x1c\0\1\0\0\0\1\0\x10\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1";
    uint8_t out[512];
    struct dns_message m;
    const size_t n = answer_of(out, records, sizeof(records) - 1, 3);
    CHECK(dns_read(out, n, &m));
    CHECK(m.is_answer);
    CHECK_I64((int64_t)m.n, 2);
    CHECK(!m.addresses[0].six && m.addresses[0].ttl == 256 &&
          memcmp(m.addresses[0].bytes, "\x5d\xb8\0\x0a", 4) == 0);
    CHECK(m.addresses[1].six && m.addresses[1].bytes[0] == 0xfd);
    for (size_t cut = 0; cut < n; cut++) {
        uint8_t *exact = malloc(cut + 1); /* so that a byte too far is seen */
        memcpy(exact, out, cut);
        CHECK(!dns_read(exact, cut, &m));
        free(exact);
    }
}

TEST(names_that_go_round_are_refused)
{
    static const char loop[] = "\xc0\x21\0\1\0\1\0\0\0\0\0\4abcd";
    uint8_t out[512];
    struct dns_message m;
    const size_t n = answer_of(out, loop, sizeof(loop) - 1, 1);
    out[QUESTION + 1] = (uint8_t)QUESTION; /* at itself */
    CHECK(!dns_read(out, n, &m));
    out[5] = 2; /* two questions */
    CHECK(!dns_read(out, n, &m));
}

TEST(what_is_refused_says_so)
{
    struct dns_message q, m;
    uint8_t out[DNS_MAX];
    CHECK(dns_read(question, QUESTION, &q));
    const size_t n = dns_refuse(question, &q, out);
    CHECK(dns_read(out, n, &m));
    CHECK(m.is_answer && m.n == 0 && m.id == 0x1234);
    CHECK_I64(out[3] & 15, 5);
}

TEST(a_rule_covers_a_name_or_all_below_it)
{
    CHECK(dns_covers(STR("example.org"), "example.org"));
    CHECK(dns_covers(STR("Example.ORG"), "example.org"));
    CHECK(!dns_covers(STR("example.org"), "www.example.org"));
    CHECK(dns_covers(STR("*.example.org"), "a.b.example.org"));
    CHECK(!dns_covers(STR("*.example.org"), "example.org"));
    CHECK(!dns_covers(STR("*.example.org"), "badexample.org"));
}

TESTS(T(a_question_is_read), T(addresses_of_an_answer_are_read), T(names_that_go_round_are_refused),
      T(what_is_refused_says_so), T(a_rule_covers_a_name_or_all_below_it))
