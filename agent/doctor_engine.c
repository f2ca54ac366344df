/* SPDX-License-Identifier: Apache-2.0 */
/* The doctor: what has to do with the container engine. */
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"
#include "doctor.h"

#define PULL_S 60

void doctor_engine(struct doctor *d)
{
    struct err err;
    d->engine_answers = docker_examine(d->s->docker, &d->engine, &err);
    if (!d->engine_answers) {
        doctor_say(d, "D06", "engine", CHECK_FAILURE, "%s", err.detail);
        if (access("/usr/bin/podman", X_OK) == 0)
            doctor_fix(d, "systemctl enable --now podman.socket");
        else if (access("/usr/bin/docker", X_OK) == 0)
            doctor_fix(d, "systemctl enable --now docker");
        else
            doctor_fix(d, "apt-get install podman runc && systemctl enable --now podman.socket");
    } else if (d->engine.cgroup == 1) {
        doctor_say(d, "D06", "engine", CHECK_WARNING,
                   "%s %s, API 1.%" PRId64 " to 1.%" PRId64 ", %s, on cgroup v1: limits hold, but "
                   "v2 accounts better.",
                   d->engine.info.name, d->engine.info.version, d->engine.api_min,
                   d->engine.api_max, d->engine.runtime);
        doctor_fix(d, "sed -i 's/^GRUB_CMDLINE_LINUX=\"/&systemd.unified_cgroup_hierarchy=1 /' "
                      "/etc/default/grub && update-grub && reboot");
    } else {
        doctor_say(d, "D06", "engine", CHECK_OK,
                   "%s %s, API 1.%" PRId64 " to 1.%" PRId64 ", %s, cgroup v%" PRId64 ".",
                   d->engine.info.name, d->engine.info.version, d->engine.api_min,
                   d->engine.api_max, d->engine.runtime, d->engine.cgroup);
    }
}

void doctor_isolation(struct doctor *d)
{
    const char *fix = strcmp(d->engine.info.name, "docker") == 0
                          ? "echo '{\"userns-remap\":\"default\"}' >/etc/docker/daemon.json && "
                            "systemctl restart docker"
                          : "loginctl enable-linger bourse-agent   # and run Podman as this user";
    if (!d->engine_answers) {
        doctor_say(d, "D09", "isolation", CHECK_SKIPPED, "No engine answers.");
    } else if (!d->engine.seccomp) {
        doctor_say(d, "D09", "isolation", CHECK_FAILURE,
                   "The engine filters no system calls (seccomp).");
        doctor_fix(d, "apt-get install --reinstall golang-github-containers-common libseccomp2");
    } else if (!d->engine.user_namespaces) {
        doctor_say(
            d, "D09", "isolation", CHECK_WARNING,
            "No new privileges, seccomp; but root in a container is root here (class runc).");
        doctor_fix(d, "%s", fix);
    } else {
        doctor_say(d, "D09", "isolation", CHECK_OK, "No new privileges, seccomp, user namespaces.");
    }
}

/* ---- images, and a container -------------------------------------------------------------------
 */

/* Ends the engine's calls when time is up: they wait a quarter of an hour otherwise. */
struct bell {
    pthread_t thread;
    pthread_mutex_t lock; /* guards: done */
    pthread_cond_t changed;
    bool done, rang;
    const struct engine *engine;
};

static void *bell_main(void *arg)
{
    struct bell *b = arg;
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PULL_S;
    pthread_mutex_lock(&b->lock);
    int r = 0;
    while (!b->done && r == 0)
        r = pthread_cond_timedwait(&b->changed, &b->lock, &until);
    b->rang = !b->done;
    pthread_mutex_unlock(&b->lock);
    if (b->rang) b->engine->ops->interrupt(b->engine->self);
    return NULL;
}

static bool bell_start(struct bell *b, const struct engine *engine)
{
    *b = (struct bell){ .engine = engine };
    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->changed, NULL);
    return pthread_create(&b->thread, NULL, bell_main, b) == 0;
}

static void bell_stop(struct bell *b)
{
    pthread_mutex_lock(&b->lock);
    b->done = true;
    pthread_cond_broadcast(&b->changed);
    pthread_mutex_unlock(&b->lock);
    pthread_join(b->thread, NULL);
    pthread_cond_destroy(&b->changed);
    pthread_mutex_destroy(&b->lock);
}

static bool has_probe_image(const struct doctor *d)
{
    return d->s->config.probe_image && d->s->config.probe_image[0] != '\0';
}

void doctor_images(struct doctor *d)
{
    struct bell bell;
    struct err err;
    struct engine_image image;
    const char *ref = d->s->config.probe_image;
    const struct image_pull pull = { .ref = str_of(ref) };
    if (!d->engine_answers || !has_probe_image(d)) {
        doctor_say(d, "D17", "images", CHECK_SKIPPED, "%s",
                   d->engine_answers ? "agent.conf names no probe_image." : "No engine answers.");
        return;
    }
    if (!bell_start(&bell, &d->s->engine)) {
        doctor_say(d, "D17", "images", CHECK_SKIPPED, "A thread could not be started.");
        return;
    }
    const enum engine_result r =
        d->s->engine.ops->image_pull(d->s->engine.self, &pull, &image, &err);
    bell_stop(&bell);
    if (r == ENGINE_DONE)
        doctor_say(d, "D17", "images", CHECK_OK, "%s could be pulled.", ref);
    else if (bell.rang)
        doctor_say(d, "D17", "images", CHECK_FAILURE, "%s was not here after %d s.", ref, PULL_S);
    else
        doctor_say(d, "D17", "images", CHECK_FAILURE, "%s: %s", ref, err.detail);
    if (r != ENGINE_DONE) doctor_fix(d, "%s pull %s", d->engine.info.name, ref);
}

/* Give a container all cards; its start looks inside (docker/inside.h), and fails when they are not
 * there, or others are. */
static enum engine_result try_cards(struct doctor *d, const char *image_id, struct err *err)
{
    struct gpu_grant grants[GPUS_MAX];
    char name[64], out_dir[PATH_MAX], save_dir[PATH_MAX], profile[PATH_MAX];
    size_t n = 0;
    for (size_t i = 0; i < d->cards_n; i++) {
        if (d->cards[i].uuid[0] == '\0') continue;
        snprintf(grants[n].uuid, sizeof(grants[n].uuid), "%s", d->cards[i].uuid);
        grants[n++].minor = d->cards[i].minor;
    }
    snprintf(name, sizeof(name), "bourse-doctor-%08" PRIx64, random_u64() & 0xffffffff);
    if (snprintf(out_dir, sizeof(out_dir), "%s/doctor.out", d->s->args->dir) >= PATH_MAX ||
        snprintf(save_dir, sizeof(save_dir), "%s/doctor.save", d->s->args->dir) >= PATH_MAX ||
        snprintf(profile, sizeof(profile), "%s/doctor.out.seccomp", d->s->args->dir) >= PATH_MAX)
        return ENGINE_FAILED;
    (void)mkdir(out_dir, 0700);
    (void)mkdir(save_dir, 0700);
    const struct container_spec spec = {
        .name = name,
        .lease_id = STR("lease_doctor"),
        .job_id = STR("job_doctor"),
        .node_id = d->id ? d->id->trust.node_id : STR("node_doctor"),
        .epoch = 1,
        .image_id = image_id,
        .cpu_millis = 1000,
        .memory_bytes = INT64_C(256) << 20,
        .scratch_bytes = INT64_C(16) << 20,
        .pids_max = 64,
        .out_dir = out_dir,
        .save_dir = save_dir,
        .gpus = grants,
        .gpus_n = n,
    };
    const struct engine *e = &d->s->engine;
    struct err ignored;
    enum engine_result r = e->ops->container_create(e->self, &spec, err);
    if (r == ENGINE_DONE) r = e->ops->container_start(e->self, name, err);
    (void)e->ops->container_remove(e->self, name, &ignored);
    (void)unlink(profile); /* Podman reads the filter of system calls from there */
    (void)rmdir(save_dir);
    (void)rmdir(out_dir);
    return r;
}

void doctor_gpu_inside(struct doctor *d)
{
    struct err err = { .detail = "" };
    struct engine_image image;
    const struct engine *e = &d->s->engine;
    if (!d->nvml || d->cards_n == 0) {
        doctor_say(d, "D08", "inside", CHECK_SKIPPED, "%s", d->why);
        return;
    }
    if (!d->engine_answers || !has_probe_image(d)) {
        doctor_say(d, "D08", "inside", CHECK_SKIPPED, "%s",
                   d->engine_answers ? "agent.conf names no probe_image." : "No engine answers.");
        return;
    }
    const struct image_pull pull = { .ref = str_of(d->s->config.probe_image) };
    enum engine_result r = e->ops->image_find(e->self, pull.ref, &image, &err);
    if (r == ENGINE_NO_SUCH) r = e->ops->image_pull(e->self, &pull, &image, &err);
    if (r != ENGINE_DONE) {
        doctor_say(d, "D08", "inside", CHECK_SKIPPED, "There is no image to try it with: %s",
                   err.detail);
        return;
    }
    r = try_cards(d, image.id, &err);
    if (r == ENGINE_DONE) {
        doctor_say(d, "D08", "inside", CHECK_OK, "A container sees exactly the %zu cards.",
                   d->cards_n);
        return;
    }
    doctor_say(d, "D08", "inside", CHECK_FAILURE, "A container does not get the cards: %s",
               err.detail);
    doctor_fix(d, "apt-get install nvidia-container-toolkit-base && nvidia-ctk cdi generate "
                  "--output=/var/run/cdi/nvidia.yaml");
}
