/* SPDX-License-Identifier: Apache-2.0 */
#include "gpu/xid.h"

#include <unistd.h>

#include "tests/t.h"

static char path[64];

static void append(const char *text)
{
    FILE *f = fopen(path, "ae");
    CHECK(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

TEST(an_xid_is_read_whatever_stands_before_it)
{
    static const char *const lines[] = {
        "NVRM: Xid (PCI:0000:3b:00): 79, pid=1234, GPU has fallen off the bus.",
        "4,1234,98765,-;NVRM: Xid (PCI:0000:3b:00): 79, GPU has fallen off the bus.",
        "Nov 24 10:00:00 host kernel: [98.7] NVRM: Xid (PCI:0000:3b:00): 79, pid='<unknown>'",
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct xid x;
        CHECK(xid_read(str_of(lines[i]), &x));
        CHECK_I64(x.number, 79);
        CHECK_STR(x.bus, "0000:3b:00");
    }
}

TEST(other_lines_are_not)
{
    static const char *const lines[] = {
        "",
        "NVRM: Xid",
        "NVRM: Xid (PCI:",
        "NVRM: Xid (PCI:0000:3b:00)",
        "NVRM: Xid (PCI:0000:3b:00): ",
        "NVRM: Xid (PCI:0000:3b:00): x",
        "NVRM: Xid (PCI:3b): 79",
        "NVRM: loading NVIDIA",
        "NVRM: Xid (PCI:0000:3b:00:and:much:more:than:a:bus:has): 79",
    };
    struct xid x;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        CHECK(!xid_read(str_of(lines[i]), &x));
}

TEST(a_card_is_known_by_its_bus)
{
    const struct xid x = { "0000:3b:00", 79 };
    CHECK(xid_is_of(&x, "00000000:3B:00.0"));
    CHECK(xid_is_of(&x, "0000:3b:00.0"));
    CHECK(!xid_is_of(&x, "00000000:5E:00.0"));
    CHECK(!xid_is_of(&x, ""));
}

TEST(a_programs_own_errors_are_not_fatal)
{
    static const int64_t fatal[] = { 48, 64, 74, 79, 95, 119, 140 },
                         own[] = { 13, 31, 43, 45, 63, 94 };
    for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
        CHECK(xid_is_fatal(fatal[i]));
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        CHECK(!xid_is_fatal(own[i]));
}

TEST(a_log_is_read_on)
{
    static struct xid_log log;
    static char longest[3 * XID_LINE_MAX];
    struct xid x;
    snprintf(path, sizeof(path), "/tmp/bourse-kmsg-%ld", (long)getpid());
    xid_log_init(&log, path);
    CHECK(!xid_log_readable(&log) && !xid_log_next(&log, &x));
    append("6,1,1,-;hello\n4,2,2,-;NVRM: Xid (PCI:0000:3b:00): 31, pid=1\n");
    CHECK(xid_log_readable(&log));
    CHECK(xid_log_next(&log, &x));
    CHECK_I64(x.number, 31);
    CHECK(!xid_log_next(&log, &x));
    append("4,3,3,-;NVRM: Xid (PCI:0000:3b");
    CHECK(!xid_log_next(&log, &x));
    append(":00): 79, pid=1\n");
    CHECK(xid_log_next(&log, &x));
    CHECK_I64(x.number, 79);
    memset(longest, 'x', sizeof(longest) - 2);
    longest[sizeof(longest) - 2] = '\n';
    append(longest);
    append("4,4,4,-;NVRM: Xid (PCI:0000:5e:00): 48, pid=1\n");
    CHECK(xid_log_next(&log, &x));
    CHECK_I64(x.number, 48);
    CHECK(!xid_log_next(&log, &x));
    xid_log_done(&log);
    unlink(path);
}

TESTS(T(an_xid_is_read_whatever_stands_before_it), T(other_lines_are_not),
      T(a_card_is_known_by_its_bus), T(a_programs_own_errors_are_not_fatal), T(a_log_is_read_on))
