/* SPDX-License-Identifier: Apache-2.0 */
/* The engine of the fake world: containers are rows that end when the clock says so. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/agent/fake_ports.h"

#define STEP_US 2000

static struct fake_container *find(struct fake_world *w, const char *name)
{
    for (size_t i = 0; i < FAKE_CONTAINERS; i++)
        if (w->engine.v[i].there && strcmp(w->engine.v[i].name, name) == 0) return &w->engine.v[i];
    return NULL;
}

static void end(struct fake_container *c, int64_t at_us, int64_t exit_code)
{
    if (!c->started || c->ended) return;
    c->ended = true;
    c->finished_us = at_us;
    c->exit_code = exit_code;
}

/* Let time pass for all. */
static void turn(struct fake_world *w)
{
    const int64_t now = clock_boot_us();
    for (size_t i = 0; i < FAKE_CONTAINERS; i++) {
        struct fake_container *c = &w->engine.v[i];
        const int64_t code = w->engine.script.out_of_memory ? 137 : w->engine.script.exit_code;
        if (c->there && c->ends_us <= now) end(c, c->ends_us, code);
    }
}

static enum engine_result no_such(struct fake_world *w, struct err *err)
{
    fake_leave(w);
    FAIL(err, ERR_NOT_FOUND, "No such container.");
    return ENGINE_NO_SUCH;
}

static bool describe(void *self, struct engine_info *out, struct err *err)
{
    (void)err;
    fake_enter(self);
    *out = (struct engine_info){ .name = "fake", .version = "1" };
    fake_leave(self);
    return true;
}

/* ---- images ------------------------------------------------------------------------------------
 */

static enum engine_result image_find(void *self, struct str ref, struct engine_image *out,
                                     struct err *err)
{
    struct fake_world *w = self;
    fake_enter(w);
    const bool there = w->engine.loaded[0] != '\0' && str_is(ref, w->engine.loaded);
    if (there) *out = (struct engine_image){ .digest = "" };
    if (there) memcpy(out->id, w->engine.loaded, sizeof(w->engine.loaded));
    fake_leave(w);
    if (!there) FAIL(err, ERR_NOT_FOUND, "No such image.");
    return there ? ENGINE_DONE : ENGINE_NO_SUCH;
}

static enum engine_result image_pull(void *self, const struct image_pull *p,
                                     struct engine_image *out, struct err *err)
{
    struct fake_world *w = self;
    const struct image_progress half = { IMAGE_DOWNLOADS, 50, 100 };
    if (p->tell) p->tell(p->arg, &half);
    fake_enter(w);
    if (p->login)
        snprintf(w->engine.login, sizeof(w->engine.login), "%.*s:%.*s", (int)p->login->username.n,
                 p->login->username.p, (int)p->login->password.n, p->login->password.p);
    w->engine.pulls++;
    const int64_t until = clock_monotonic_us() + w->engine.pull_ms * 1000;
    const enum engine_result r = w->engine.pull_result;
    fake_leave(w);
    while (clock_monotonic_us() < until && !fake_is_interrupted())
        clock_sleep_us(STEP_US);
    if (r == ENGINE_DONE)
        *out = (struct engine_image){ .id = "sha256:pulled", .digest = "sha256:manifest" };
    else
        FAIL(err, ERR_PROTOCOL, "The script says so.");
    return r;
}

static enum engine_result image_load(void *self, int fd, int64_t size, struct engine_image *out,
                                     struct err *err)
{
    struct fake_world *w = self;
    char byte;
    fake_enter(w);
    w->engine.loads++;
    const enum engine_result r = w->engine.load_result;
    if (pread(fd, &byte, 1, size - 1) != 1) fake_break(w, "an archive of another size is loaded");
    if (r == ENGINE_DONE) {
        snprintf(w->engine.loaded, sizeof(w->engine.loaded), "sha256:loaded");
        *out = (struct engine_image){ .id = "sha256:loaded" };
    }
    fake_leave(w);
    if (r != ENGINE_DONE) FAIL(err, ERR_PROTOCOL, "The script says so.");
    return r;
}

/* ---- containers --------------------------------------------------------------------------------
 */

static enum engine_result create(void *self, const struct container_spec *spec, struct err *err)
{
    struct fake_world *w = self;
    fake_enter(w);
    const enum engine_result r = w->engine.create_result;
    struct fake_container *c = find(w, spec->name);
    const bool is_new = r == ENGINE_DONE && !c;
    for (size_t i = 0; is_new && i < FAKE_CONTAINERS && !c; i++)
        if (!w->engine.v[i].there) c = &w->engine.v[i];
    if (is_new && c) {
        *c = (struct fake_container){ .there = true, .epoch = spec->epoch, .ends_us = INT64_MAX };
        snprintf(c->name, sizeof(c->name), "%s", spec->name);
        snprintf(c->out_dir, sizeof(c->out_dir), "%s", spec->out_dir);
        snprintf(c->lease_id, sizeof(c->lease_id), "%.*s", (int)spec->lease_id.n, spec->lease_id.p);
        w->engine.creates++;
    }
    fake_leave(w);
    if (r != ENGINE_DONE) FAIL(err, ERR_PROTOCOL, "The script says so.");
    return r;
}

static void leave_files(const struct fake_world *w, const struct fake_container *c)
{
    const struct fake_script *s = &w->engine.script;
    char path[1024];
    if (s->file) {
        snprintf(path, sizeof(path), "%s/%s", c->out_dir, s->file);
        FILE *f = fopen(path, "we");
        if (f) fputs(s->content, f);
        if (f) fclose(f);
    }
    if (s->file_bytes > 0) {
        static const char block[4096];
        snprintf(path, sizeof(path), "%s/big", c->out_dir);
        FILE *f = fopen(path, "we");
        for (int64_t left = s->file_bytes; f && left > 0; left -= (int64_t)sizeof(block))
            fwrite(block, 1, sizeof(block), f);
        if (f) fclose(f);
    }
}

static enum engine_result start(void *self, const char *name, struct err *err)
{
    struct fake_world *w = self;
    fake_enter(w);
    struct fake_container *c = find(w, name);
    if (!c) return no_such(w, err);
    const enum engine_result r = w->engine.start_result;
    if (r == ENGINE_DONE && !c->started) {
        c->started = true;
        c->starts++;
        c->started_us = clock_boot_us();
        c->ends_us = c->started_us + w->engine.script.run_ms * 1000;
        leave_files(w, c);
    } else if (r == ENGINE_DONE) {
        fake_break(w, "a container that ran is started again");
    }
    fake_leave(w);
    if (r != ENGINE_DONE) FAIL(err, ERR_PROTOCOL, "The script says so.");
    return r;
}

static int64_t wall_of(int64_t boot_us)
{
    return boot_us == 0 ? 0 : clock_wall_us() - clock_boot_us() + boot_us;
}

static enum engine_result inspect(void *self, const char *name, struct container_state *out,
                                  struct err *err)
{
    struct fake_world *w = self;
    fake_enter(w);
    turn(w);
    const struct fake_container *c = find(w, name);
    if (!c) return no_such(w, err);
    *out = (struct container_state){
        .phase = c->ended     ? CONTAINER_EXITED
                 : c->started ? CONTAINER_RUNNING
                              : CONTAINER_CREATED,
        .exit_code = c->exit_code,
        .out_of_memory = w->engine.script.out_of_memory,
        .started_us = wall_of(c->started_us),
        .finished_us = wall_of(c->finished_us),
    };
    fake_leave(w);
    return ENGINE_DONE;
}

static enum engine_result await(void *self, const char *name, struct err *err)
{
    struct fake_world *w = self;
    fake_enter(w);
    fake_leave(w);
    for (;;) {
        pthread_mutex_lock(&w->lock);
        turn(w);
        const struct fake_container *c = find(w, name);
        const bool there = c != NULL, ended = c && c->ended;
        pthread_mutex_unlock(&w->lock);
        if (!there) return ENGINE_NO_SUCH;
        if (ended) return ENGINE_DONE;
        if (fake_is_interrupted()) break;
        clock_sleep_us(STEP_US);
    }
    FAIL(err, ERR_IO, "Interrupted.");
    return ENGINE_FAILED;
}

static enum engine_result send_signal(void *self, const char *name, int signal, struct err *err)
{
    struct fake_world *w = self;
    fake_enter(w);
    turn(w);
    struct fake_container *c = find(w, name);
    if (!c) return no_such(w, err);
    if (signal == SIGKILL) {
        c->kills++;
        end(c, clock_boot_us(), 137);
    } else {
        c->terms++;
        if (!w->engine.script.deaf) end(c, clock_boot_us(), 143);
    }
    fake_leave(w);
    return ENGINE_DONE;
}

static enum engine_result drop(void *self, const char *name, struct err *err)
{
    struct fake_world *w = self;
    (void)err;
    fake_enter(w);
    turn(w);
    struct fake_container *c = find(w, name);
    if (c && c->started && !c->ended) w->engine.removed_running++;
    if (c) c->there = false;
    fake_leave(w);
    return ENGINE_DONE;
}

static enum engine_result list(void *self, struct str node_id, struct container_seen *out,
                               size_t room, size_t *n, struct err *err)
{
    struct fake_world *w = self;
    (void)err;
    if (!str_eq(node_id, w->identity.trust.node_id)) fake_break(w, "containers of another node");
    fake_enter(w);
    turn(w);
    *n = 0;
    for (size_t i = 0; i < FAKE_CONTAINERS && *n < room; i++) {
        const struct fake_container *c = &w->engine.v[i];
        if (!c->there) continue;
        struct container_seen *seen = &out[(*n)++];
        *seen = (struct container_seen){ .epoch = c->epoch, .running = c->started && !c->ended };
        memcpy(seen->name, c->name, sizeof(seen->name));
        memcpy(seen->lease_id, c->lease_id, sizeof(seen->lease_id));
    }
    fake_leave(w);
    return ENGINE_DONE;
}

static bool tell(const struct log_sink *sink, enum log_stream stream, const char *text)
{
    return !text || sink->put(sink->arg, stream, text, strlen(text));
}

static bool tell_flood(const struct log_sink *sink, int64_t bytes)
{
    char block[10000];
    memset(block, 'x', sizeof(block));
    for (int64_t left = bytes; left > 0; left -= (int64_t)sizeof(block))
        if (!sink->put(sink->arg, LOG_STDOUT, block,
                       left < (int64_t)sizeof(block) ? (size_t)left : sizeof(block)))
            return false;
    return true;
}

static enum engine_result logs(void *self, const char *name, bool follow,
                               const struct log_sink *sink, struct err *err)
{
    struct fake_world *w = self;
    fake_enter(w);
    const struct fake_container *c = find(w, name);
    if (!c) return no_such(w, err);
    const struct fake_script s = w->engine.script;
    fake_leave(w);
    const bool all = tell(sink, LOG_STDOUT, s.out) && tell(sink, LOG_STDERR, s.err) &&
                     tell_flood(sink, s.flood_bytes);
    return follow && all ? await(self, name, err) : ENGINE_DONE;
}

const struct engine_ops fake_engine_ops = {
    .describe = describe,
    .image_find = image_find,
    .image_pull = image_pull,
    .image_load = image_load,
    .container_create = create,
    .container_start = start,
    .container_inspect = inspect,
    .container_wait = await,
    .container_kill = send_signal,
    .container_remove = drop,
    .container_list = list,
    .logs_read = logs,
    .interrupt = fake_interrupt,
};
