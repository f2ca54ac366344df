/* SPDX-License-Identifier: Apache-2.0 */
#include "service/upgrade.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "domain/checkup.h"

static void marker(const struct agent *a, char out[PATH_MAX])
{
    snprintf(out, PATH_MAX, "%s/upgrade", a->dir);
}

static bool drain(struct agent *a, bool on)
{
    struct err err;
    if (a->market.ops->drain(a->market.self, on, &err) == LINK_DONE) return true;
    log_err(LOG_WARN, "upgrade.not_told", &err);
    return false;
}

static void begin(struct agent *a, const struct pulse_answer *answer)
{
    char path[PATH_MAX];
    marker(a, path);
    LOG(LOG_WARN, "upgrade.needed", LOG_STR("version", a->report.agent_version),
        LOG_C("least", answer->min_version));
    const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0) close(fd);
    a->outdated = drain(a, true);
}

/* We are what was waited for. */
static void end(struct agent *a)
{
    char path[PATH_MAX];
    marker(a, path);
    if (access(path, F_OK) != 0 || !drain(a, false)) return;
    unlink(path);
    LOG(LOG_INFO, "upgrade.done", LOG_STR("version", a->report.agent_version));
    agent_poke(a, POKE_ASKS);
}

static void count(void *arg, struct lease *l)
{
    (void)l;
    ++*(size_t *)arg;
}

void upgrade_heed(struct agent *a, const struct pulse_answer *answer)
{
    size_t leases = 0;
    if (answer->min_version[0] == '\0') return; /* a market that does not say */
    if (checkup_compare_versions(a->report.agent_version, str_of(answer->min_version)) >= 0) {
        end(a);
        return;
    }
    if (!a->outdated) begin(a, answer);
    leases_each(&a->leases, count, &leases);
    if (a->outdated && leases == 0) agent_stop(a);
}
