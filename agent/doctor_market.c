/* SPDX-License-Identifier: Apache-2.0 */
/* The doctor: what has to do with the market and the way to it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "ask.h"
#include "base/clock.h"
#include "client/http.h"
#include "doctor.h"
#include "json/parse.h"

#define SECOND         INT64_C(1000000)
#define ANSWER_MEMORY  ((size_t)1 << 20)
#define SKEW_WARNING_S 5
#define SKEW_FAILURE_S 30
#define LOAD_MS        20000
#define LOAD_LEAST     (256 << 10) /* bytes from which on a bandwidth can be told */

/* Where the market's agents go: the command line's word, then the owner's, then the join's. */
static const char *server_of(const struct doctor *d)
{
    if (d->s->args->server) return d->s->args->server;
    if (d->s->config.server) return d->s->config.server;
    return d->id ? arena_copy(&d->s->arena, d->id->server) : NULL;
}

/* RFC 9110's date: "Tue, 24 Nov 2026 16:00:00 GMT". */
static bool read_date(const char *text, int64_t *out_us)
{
    struct tm tm;
    memset(&tm, 0, sizeof(tm));
    const char *end = text ? strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm) : NULL;
    if (!end) return false;
    *out_us = (int64_t)timegm(&tm) * SECOND;
    return true;
}

static void keep(char *out, size_t size, struct str text)
{
    snprintf(out, size, "%.*s", (int)text.n, text.p);
}

/* Who answers there? False: nobody, or no market; err. */
static bool look(struct doctor *d, const char *server, char market_id[64], struct err *err)
{
    struct arena a;
    struct answer answer = { .status = 0 };
    struct call call = call_defaults;
    int64_t date_us = 0;
    struct client *c =
        client_new(&(const struct client_options){ .base_url = server, .user_agent = USER_AGENT });
    arena_init(&a, ANSWER_MEMORY);
    call.path = "/.well-known/bourse";
    call.timeout_ms = LOAD_MS;
    const int64_t before_us = clock_wall_us();
    bool ok = c && client_call(c, &call, &a, &answer, err);
    const int64_t after_us = clock_wall_us();
    if (ok && answer.status != 200) ok = FAIL(err, ERR_PROTOCOL, "It answers %d.", answer.status);
    auto_json json_t *info = ok ? json_parse(answer.body, err) : NULL;
    if (info) {
        keep(market_id, 64, json_get_text(info, "market_id"));
        keep(d->public_url, sizeof(d->public_url), json_get_text(info, "public_url"));
        keep(d->version, sizeof(d->version), json_get_text(info, "version"));
        keep(d->min_version, sizeof(d->min_version), json_get_text(info, "min_agent_version"));
        d->has_skew = read_date(answer.date, &date_us);
        /* The date says whole seconds: on average half of one has passed. */
        d->skew_us = (before_us + after_us) / 2 - date_us - SECOND / 2;
    }
    arena_done(&a);
    client_free(c);
    return info != NULL;
}

static bool is_encrypted_or_near(const char *server)
{
    static const char *const near[] = { "https://", "http://127.", "http://[::1]",
                                        "http://localhost" };
    for (size_t i = 0; i < ARRAY_LEN(near); i++)
        if (strncmp(server, near[i], strlen(near[i])) == 0) return true;
    return false;
}

void doctor_server(struct doctor *d)
{
    char market_id[64] = "";
    struct err err;
    const char *server = server_of(d);
    if (!server) {
        doctor_say(d, "D01", "server", CHECK_FAILURE, "This machine has not joined a market.");
        doctor_fix(d, "bourse-agent join --server URL --token brs_join_…");
        return;
    }
    if (!look(d, server, market_id, &err)) {
        doctor_say(d, "D01", "server", CHECK_FAILURE, "%s: %s", server, err.detail);
        doctor_fix(d, "curl -v %s/livez", server);
    } else if (d->id && !str_is(d->id->trust.market_id, market_id)) {
        doctor_say(d, "D01", "server", CHECK_FAILURE,
                   "%s is market %s; this machine joined %.*s, and obeys no other.", server,
                   market_id, (int)d->id->trust.market_id.n, d->id->trust.market_id.p);
        doctor_fix(d, "sed -i '/^ *server/d' %s/agent.conf", d->s->args->dir);
    } else if (!is_encrypted_or_near(server)) {
        doctor_say(d, "D01", "server", CHECK_WARNING,
                   "%s answers, but without TLS: whoever is on the way can read along.", server);
        doctor_fix(d, "echo 'server = https://…' >>%s/agent.conf", d->s->args->dir);
    } else {
        doctor_say(d, "D01", "server", CHECK_OK, "%s answers, as market %s.", server, market_id);
    }
}

void doctor_clock(struct doctor *d)
{
    if (!d->has_skew) {
        doctor_say(d, "D02", "clock", CHECK_SKIPPED, "The market's time is not known.");
        return;
    }
    const int64_t ms = d->skew_us / 1000, s = (ms < 0 ? -ms : ms) / 1000;
    const char *which = ms < 0 ? "behind" : "ahead of";
    const enum check_result r = s > SKEW_FAILURE_S   ? CHECK_FAILURE
                                : s > SKEW_WARNING_S ? CHECK_WARNING
                                                     : CHECK_OK;
    if (r == CHECK_OK) {
        doctor_say(d, "D02", "clock", r, "Within %d s of the market's.", SKEW_WARNING_S);
        return;
    }
    doctor_say(d, "D02", "clock", r,
               "%" PRId64 " s %s the market's; signatures carry the time, and more than %d s are "
               "too much.",
               s, which, SKEW_FAILURE_S);
    doctor_fix(d, "timedatectl set-ntp true");
}

/* ---- bandwidth ---------------------------------------------------------------------------------
 */

static bool count(void *arg, const void *p, size_t n)
{
    (void)p;
    *(int64_t *)arg += (int64_t)n;
    return true;
}

/* Megabits a second from the market to here; below 0: it hands out nothing to measure with. */
static int64_t measure(struct doctor *d, int64_t *bytes)
{
    struct arena a;
    struct err err;
    struct utsname u;
    struct answer answer = { .status = 0 };
    struct call call = call_defaults;
    int64_t took_us = 0;
    *bytes = 0;
    uname(&u);
    struct client *c = client_new(
        &(const struct client_options){ .base_url = d->public_url, .user_agent = USER_AGENT });
    arena_init(&a, ANSWER_MEMORY);
    call.path = arena_fmt(&a, "/downloads/bourse-agent-%s", u.machine);
    call.timeout_ms = LOAD_MS;
    call.sink = count;
    call.sink_arg = bytes;
    bool ok = c && call.path;
    for (int i = 0; ok && i < 2; i++) { /* the second time on a connection that is open */
        *bytes = 0;
        const int64_t before_us = clock_monotonic_us();
        ok = client_call(c, &call, &a, &answer, &err) && answer.status == 200;
        took_us = clock_monotonic_us() - before_us;
    }
    arena_done(&a);
    client_free(c);
    if (!ok || *bytes < LOAD_LEAST || took_us < 1) return -1;
    return *bytes * 8 / took_us;
}

void doctor_bandwidth(struct doctor *d)
{
    const int64_t told = d->s->config.bandwidth_mbps;
    int64_t bytes;
    const int64_t mbps = d->public_url[0] != '\0' ? measure(d, &bytes) : -1;
    if (mbps < 0) {
        doctor_say(d, "D13", "bandwidth", CHECK_SKIPPED,
                   "The market hands out nothing to measure with.");
        return;
    }
    if (told > 0 && mbps < told / 2) {
        doctor_say(d, "D13", "bandwidth", CHECK_FAILURE,
                   "%" PRId64 " Mbit/s came from the market; agent.conf promises buyers %" PRId64
                   ".",
                   mbps, told);
        doctor_fix(d, "sed -i 's/^ *bandwidth_mbps.*/bandwidth_mbps = %" PRId64 "/' %s/agent.conf",
                   mbps, d->s->args->dir);
    } else if (mbps < 10) {
        doctor_say(d, "D13", "bandwidth", CHECK_WARNING,
                   "%" PRId64 " Mbit/s came from the market: images will take long.", mbps);
        doctor_fix(d, "curl -o /dev/null %s/install.sh", d->public_url);
    } else {
        doctor_say(d, "D13", "bandwidth", CHECK_OK, "%" PRId64 " Mbit/s came from the market.",
                   mbps);
    }
}

/* ---- version -----------------------------------------------------------------------------------
 */

void doctor_version(struct doctor *d)
{
    const struct str mine = STR(BOURSE_VERSION);
    if (d->version[0] == '\0') {
        doctor_say(d, "D16", "version", CHECK_SKIPPED, "The market's version is not known.");
        return;
    }
    if (checkup_compare_versions(mine, str_of(d->min_version)) < 0)
        doctor_say(d, "D16", "version", CHECK_FAILURE,
                   "This is %s; the market gives no new work to agents below %s.", BOURSE_VERSION,
                   d->min_version);
    else if (checkup_compare_versions(mine, str_of(d->version)) < 0)
        doctor_say(d, "D16", "version", CHECK_WARNING, "This is %s; the market has %s.",
                   BOURSE_VERSION, d->version);
    else
        doctor_say(d, "D16", "version", CHECK_OK, "This is %s.", BOURSE_VERSION);
    if (d->v[d->n - 1].result != CHECK_OK)
        doctor_fix(d, "curl -fsSL %s/install.sh | sudo sh", d->public_url);
}

/* ---- telling -----------------------------------------------------------------------------------
 */

bool doctor_tell(struct doctor *d, json_t *report, struct err *err)
{
    return ask_market(d->s, d->id, "PUT", "/v1/agent/doctor", json_incref(report), NULL, err);
}
