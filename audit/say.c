/* SPDX-License-Identifier: Apache-2.0 */
#include "say.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/fd.h"

static void print_text(const char *text)
{
    auto_buf struct buf b = { .max = 8192 };

    for (; *text; text++) {
        if (*text == '"' || *text == '\\') buf_char(&b, '\\');
        if ((unsigned char)*text >= ' ') buf_char(&b, *text);
    }
    printf("\"%.*s\"", (int)b.n, b.n ? b.p : "");
}

static int64_t memory_kib(void)
{
    struct rusage u;

    return getrusage(RUSAGE_SELF, &u) == 0 ? u.ru_maxrss : 0;
}

void say_result(const struct audit *a, double seconds)
{
    const struct finding *f = audit_finding(a);
    struct audit_counts c;
    const struct hash root = audit_root(a);
    char hex[65];

    audit_count(a, &c);
    hex_encode(root.b, sizeof(root.b), hex);
    printf("{\"commands\":%" PRId64 ",\"commands_per_s\":%.0f,", c.commands,
           seconds > 0 ? (double)c.commands / seconds : 0);
    if (f->kind != FIND_NONE) {
        printf("\"finding\":{\"code\":\"%s\",\"expected\":", finding_infos[f->kind].code);
        print_text(f->expected);
        printf(",\"found\":");
        print_text(f->found);
        printf(",\"object\":");
        print_text(f->object);
        printf(",\"seq\":%" PRId64 "},", f->seq);
    }
    printf("\"last_seq\":%" PRId64 ",\"leaf_root\":\"%s\",\"memory_kib\":%" PRId64
           ",\"objects_most\":%" PRId64 ",\"postings\":%" PRId64 ",\"receipts\":%" PRId64
           ",\"rows\":%" PRId64 ",\"seconds\":%.3f,\"settled\":%" PRId64 ",\"trades\":%" PRId64
           "}\n",
           c.last_seq, hex, memory_kib(), c.open_most, c.postings, c.receipts, c.rows, seconds,
           c.settled, c.trades);
    fflush(stdout);
    if (f->kind == FIND_NONE) return;
    fprintf(stderr,
            "bourse-audit: %s: %s\n  command %" PRId64 ", %s\n  expected %s\n  found    %s\n",
            finding_infos[f->kind].code, finding_infos[f->kind].what, f->seq, f->object,
            f->expected, f->found);
}

bool say_metrics(const char *path, const struct audit *a, struct err *err)
{
    struct audit_counts c;
    auto_buf struct buf b = { .max = 65536 };
    const struct finding *f = audit_finding(a);

    if (!path) return true;
    audit_count(a, &c);
    buf_fmt(&b,
            "# HELP bourse_audit_ok 1 while everything fits.\n# TYPE bourse_audit_ok gauge\n"
            "bourse_audit_ok %d\n"
            "# HELP bourse_audit_seq Number of the last command that was audited.\n"
            "# TYPE bourse_audit_seq gauge\nbourse_audit_seq %" PRId64 "\n"
            "# HELP bourse_audit_time_seconds When that was last known to be all.\n"
            "# TYPE bourse_audit_time_seconds gauge\nbourse_audit_time_seconds %" PRId64 "\n"
            "# HELP bourse_audit_postings_total Postings that were added again.\n"
            "# TYPE bourse_audit_postings_total counter\nbourse_audit_postings_total %" PRId64 "\n",
            f->kind == FIND_NONE, c.last_seq, clock_wall_us() / 1000000, c.postings);
    if (f->kind != FIND_NONE)
        buf_fmt(&b,
                "# TYPE bourse_audit_finding gauge\nbourse_audit_finding{code=\"%s\"} %" PRId64
                "\n",
                finding_infos[f->kind].code, f->seq);
    return file_write(path, buf_view(&b), 0644, err);
}
