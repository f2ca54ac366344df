/* SPDX-License-Identifier: Apache-2.0 */
/* bourse-agent doctor: is all well with this machine, and if not, which command puts it right?
 * Exit codes: 0 all is well, 1 there is a warning, 2 there is a failure. */
#include "doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "json/json.h"

static void (*const checks[DOCTOR_CHECKS])(struct doctor *d) = {
    doctor_server,  doctor_clock,  doctor_driver,     doctor_cards,     doctor_modes,
    doctor_engine,  doctor_cdi,    doctor_gpu_inside, doctor_isolation, doctor_disk,
    doctor_memory,  doctor_link,   doctor_bandwidth,  doctor_heat,      doctor_strangers,
    doctor_version, doctor_images,
};

void doctor_say(struct doctor *d, const char *id, const char *name, enum check_result result,
                const char *fmt, ...)
{
    struct check *c = &d->v[d->n++];
    va_list args;
    *c = (struct check){ .id = id, .name = name, .result = result };
    va_start(args, fmt);
    vsnprintf(c->reason, sizeof(c->reason), fmt, args);
    va_end(args);
}

void doctor_fix(struct doctor *d, const char *fmt, ...)
{
    struct check *c = &d->v[d->n - 1];
    va_list args;
    va_start(args, fmt);
    vsnprintf(c->fix, sizeof(c->fix), fmt, args);
    va_end(args);
}

static void print_check(const struct check *c)
{
    printf("%s  %-8s %-10s %s\n", c->id, check_result_names[c->result], c->name, c->reason);
    if (c->fix[0] != '\0' && c->result != CHECK_SKIPPED) printf("%25s$ %s\n", "", c->fix);
}

/* `brief`: only what is not well. */
static void print_checks(const struct doctor *d, bool brief)
{
    size_t well = 0, skipped = 0;
    for (size_t i = 0; i < d->n; i++) {
        const enum check_result r = d->v[i].result;
        well += r == CHECK_OK;
        skipped += r == CHECK_SKIPPED;
        if (!brief || r == CHECK_WARNING || r == CHECK_FAILURE) print_check(&d->v[i]);
    }
    printf("doctor: %s; %zu of %zu well, %zu skipped\n",
           check_result_names[checkup_worst(d->v, d->n)], well, d->n, skipped);
}

static json_t *report_of(const struct doctor *d)
{
    json_t *list = json_array();
    for (size_t i = 0; i < d->n; i++) {
        const struct check *c = &d->v[i];
        json_t *item =
            json_pack("{s:s, s:s, s:s, s:o}", "id", c->id, "name", c->name, "result",
                      check_result_names[c->result], "reason", json_text(str_of(c->reason)));
        if (c->fix[0] != '\0') json_object_set_new(item, "fix", json_text(str_of(c->fix)));
        json_array_append_new(list, item);
    }
    return json_pack("{s:s, s:o}", "result", check_result_names[checkup_worst(d->v, d->n)],
                     "checks", list);
}

static bool print_json(const json_t *report, struct err *err)
{
    auto_buf struct buf text = { .max = (size_t)1 << 20 };
    json_canonical(report, &text);
    if (text.failed) return FAIL(err, ERR_NO_MEMORY, "No memory was left for the report.");
    printf("%.*s\n", (int)text.n, text.p);
    return true;
}

static int code_of(const struct doctor *d)
{
    return (int)checkup_worst(d->v, d->n); /* ok 0, warning 1, failure 2 */
}

static int examine(struct doctor *d, struct err *err)
{
    struct err untold;
    for (size_t i = 0; i < DOCTOR_CHECKS; i++)
        checks[i](d);
    nvml_close(d->nvml);

    auto_json json_t *report = report_of(d);
    if (d->s->args->json && !print_json(report, err)) return verb_fail(err);
    if (!d->s->args->json) print_checks(d, d->s->args->brief);
    if (d->id && !d->s->args->quiet && !doctor_tell(d, report, &untold))
        fprintf(stderr, "bourse-agent: the market does not know of this: %s\n", untold.detail);
    return code_of(d);
}

int verb_doctor(struct setting *s, struct err *err)
{
    struct identity id;
    struct err not_joined;
    struct doctor *d = mem_zalloc(sizeof(*d));
    const bool joined = identity_load(s->args->dir, &id, &not_joined);
    d->s = s;
    d->id = joined ? &id : NULL;
    const int code = examine(d, err);
    identity_done(&id);
    mem_free(d);
    return code;
}
