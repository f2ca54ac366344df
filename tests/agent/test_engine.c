/* SPDX-License-Identifier: Apache-2.0 */
/* The engine driver against a real engine: BOURSE_TEST_ENGINE names its socket, else this is
 * skipped. The image is built here, from image/probe.c; nothing comes from a registry. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "docker/docker.h"
#include "service/outputs.h"
#include "tests/t.h"

#define MEBIBYTE (1 << 20)

static struct docker *docker;
static char folder[] = "/tmp/bourse-test-engine-XXXXXX";
static char out_dir[PATH_MAX], save_dir[PATH_MAX], image_path[PATH_MAX];
static struct engine_image image;
static struct err err;

/* ---- the stage ---------------------------------------------------------------------------------
 */

static void shell(const char *command)
{
    if (system(command) != 0) {
        fprintf(stderr, "failed: %s\n", command);
        exit(1);
    }
}

static void build_image(void)
{
    char command[2 * PATH_MAX];
    const char *cc = getenv("CC");
    snprintf(command, sizeof(command),
             "%s -std=c17 -D_GNU_SOURCE -O1 -static -o %s/probe tests/agent/image/probe.c && "
             "python3 tests/agent/make_image.py %s/probe %s >/dev/null",
             cc ? cc : "cc", folder, folder, image_path);
    shell(command);
}

static void open_stage(void)
{
    const char *socket = getenv("BOURSE_TEST_ENGINE");
    if (!socket) SKIP("BOURSE_TEST_ENGINE names no engine's socket");
    CHECK(mkdtemp(folder) != NULL);
    snprintf(out_dir, sizeof(out_dir), "%s/out", folder);
    snprintf(image_path, sizeof(image_path), "%s/probe.tar", folder);
    CHECK(mkdir(out_dir, 0777) == 0 && chmod(out_dir, 0777) == 0);
    snprintf(save_dir, sizeof(save_dir), "%s/checkpoint", folder);
    CHECK(mkdir(save_dir, 0777) == 0 && chmod(save_dir, 0777) == 0);
    build_image();
    docker = docker_new(socket, "bourse-test/1", NULL);
}

static void close_stage(void)
{
    docker_free(docker);
    CHECK(tree_remove(folder, &err));
}

/* ---- a container in one call -------------------------------------------------------------------
 */

struct text {
    char out[65536], err[4096];
    size_t out_n, err_n;
};

static bool keep(void *arg, enum log_stream stream, const void *p, size_t n)
{
    struct text *t = arg;
    if (stream == LOG_STDOUT && t->out_n + n < sizeof(t->out)) {
        memcpy(t->out + t->out_n, p, n);
        t->out_n += n;
    }
    if (stream == LOG_STDERR && t->err_n + n < sizeof(t->err)) {
        memcpy(t->err + t->err_n, p, n);
        t->err_n += n;
    }
    return true;
}

static struct container_spec spec_of(const struct str *words, size_t n)
{
    return (struct container_spec){
        .name = "bourse-test-1",
        .lease_id = STR("lease_01h455vb4pex5vsknk084sn02q"),
        .job_id = STR("job_01h455vb4pex5vsknk084sn02q"),
        .node_id = STR("node_01h455vb4pex5vsknk084sn02q"),
        .epoch = 1,
        .image_id = image.id,
        .command = { words, n },
        .cpu_millis = 1000,
        .memory_bytes = 64 * MEBIBYTE,
        .scratch_bytes = 16 * MEBIBYTE,
        .pids_max = 64,
        .out_dir = out_dir,
        .save_dir = save_dir,
    };
}

static void make(const struct container_spec *spec)
{
    CHECK_I64(docker_ops.container_remove(docker, spec->name, &err), ENGINE_DONE);
    const enum engine_result r = docker_ops.container_create(docker, spec, &err);
    if (r != ENGINE_DONE) fprintf(stderr, "%s (%s)\n", err.detail, err.internal);
    CHECK_I64(r, ENGINE_DONE);
}

static struct container_state run(const struct str *words, size_t n, struct text *text)
{
    struct container_state state;
    const struct container_spec spec = spec_of(words, n);
    const struct log_sink sink = { keep, text };
    make(&spec);
    const enum engine_result r = docker_ops.container_start(docker, spec.name, &err);
    if (r != ENGINE_DONE) fprintf(stderr, "%s (%s)\n", err.detail, err.internal);
    CHECK_I64(r, ENGINE_DONE);
    CHECK_I64(docker_ops.container_wait(docker, spec.name, &err), ENGINE_DONE);
    memset(text, 0, sizeof(*text));
    CHECK_I64(docker_ops.logs_read(docker, spec.name, false, &sink, &err), ENGINE_DONE);
    CHECK_I64(docker_ops.container_inspect(docker, spec.name, &state, &err), ENGINE_DONE);
    CHECK_I64(docker_ops.container_remove(docker, spec.name, &err), ENGINE_DONE);
    return state;
}

#define RUN(text, ...)                                                                             \
    run((const struct str[]){ __VA_ARGS__ },                                                       \
        sizeof((const struct str[]){ __VA_ARGS__ }) / sizeof(struct str), (text))

/* ---- the tests ---------------------------------------------------------------------------------
 */

TEST(an_archive_is_loaded_and_found_again)
{
    struct engine_image again;
    const int fd = open(image_path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    CHECK(fd >= 0 && fstat(fd, &st) == 0);
    CHECK_I64(docker_ops.image_load(docker, fd, st.st_size, &image, &err), ENGINE_DONE);
    CHECK(strncmp(image.id, "sha256:", 7) == 0);
    CHECK_I64(docker_ops.image_find(docker, str_of(image.id), &again, &err), ENGINE_DONE);
    CHECK_STR(again.id, image.id);
    close(fd);
}

TEST(what_is_no_archive_is_a_bad_image)
{
    struct engine_image none;
    const int fd = open("tests/agent/make_image.py", O_RDONLY | O_CLOEXEC);
    CHECK(fd >= 0);
    CHECK_I64(docker_ops.image_load(docker, fd, 2048, &none, &err), ENGINE_BAD_IMAGE);
    close(fd);
    CHECK_I64(docker_ops.image_find(docker, STR("localhost/bourse-no-such:1"), &none, &err),
              ENGINE_NO_SUCH);
}

TEST(a_registry_that_does_not_answer_is_nobodys_image)
{
    struct engine_image none;
    const struct image_pull absent = { .ref = STR("127.0.0.1:9/none:1") };
    const int64_t r = docker_ops.image_pull(docker, &absent, &none, &err);
    CHECK_I64(r, ENGINE_FAILED);
    CHECK(err.code != ERR_IO); /* the engine answered */
}

TEST(output_and_exit_code_come_back)
{
    struct text text;
    const struct container_state s = RUN(&text, STR("/bin/probe"), STR("say"), STR("hello"),
                                         STR("cry"), STR("oh"), STR("exit"), STR("3"));
    CHECK_I64(s.phase, CONTAINER_EXITED);
    CHECK_I64(s.exit_code, 3);
    CHECK(s.started_us > 0 && s.finished_us > 0);
    CHECK_STR(text.out, "hello\n");
    CHECK_STR(text.err, "oh\n");
}

TEST(the_program_inside_has_no_rights)
{
    struct text text;
    RUN(&text, STR("/bin/probe"), STR("status"), STR("try"), STR("rootfs"), STR("try"),
        STR("mount"), STR("try"), STR("net"));
    CHECK(strstr(text.out, "Uid:\t65534\t65534\t65534\t65534\n") != NULL);
    CHECK(strstr(text.out, "CapEff:\t0000000000000000\n") != NULL);
    CHECK(strstr(text.out, "CapBnd:\t0000000000000000\n") != NULL);
    CHECK(strstr(text.out, "NoNewPrivs:\t1\n") != NULL);
    CHECK(strstr(text.out, "Seccomp:\t2\n") != NULL);
    CHECK(strstr(text.out, "ALLOWED") == NULL);
}

TEST(scratch_is_writable_up_to_its_size)
{
    struct text text;
    struct container_state s =
        RUN(&text, STR("/bin/probe"), STR("fill"), STR("/scratch/a"), STR("10000000"));
    CHECK_I64(s.exit_code, 0);
    s = RUN(&text, STR("/bin/probe"), STR("fill"), STR("/scratch/a"), STR("10000000"), STR("fill"),
            STR("/scratch/b"), STR("10000000"));
    CHECK_I64(s.exit_code, 111);
    CHECK(strstr(text.err, "No space left on device") != NULL);
}

TEST(files_in_out_lie_on_the_host)
{
    struct text text;
    struct arena a;
    struct outputs outputs;
    const struct str_list all = { NULL, 0 };
    const struct container_state s =
        RUN(&text, STR("/bin/probe"), STR("write"), STR("/out/b.txt"), STR("two"), STR("dir"),
            STR("/out/a"), STR("write"), STR("/out/a/c.txt"), STR("one"), STR("link"),
            STR("/out/evil"), STR("/etc/passwd"));
    CHECK_I64(s.exit_code, 0);
    arena_init(&a, 64 * MEBIBYTE);
    CHECK(outputs_collect(out_dir, &all, MEBIBYTE, &a, &outputs, &err));
    CHECK_I64(outputs.n, 2);
    CHECK(str_is(outputs.v[0].path, "a/c.txt") && str_is(outputs.v[1].path, "b.txt"));
    CHECK_I64(outputs.passed_over, 1);
    arena_done(&a);
}

TEST(a_command_that_is_not_there_is_the_buyers_fault)
{
    const struct str absolute[] = { STR("/no/such") }, relative[] = { STR("no-such") },
                     a_folder[] = { STR("/bin") };
    const struct str *const words[] = { absolute, relative, a_folder };
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        const struct container_spec spec = spec_of(words[i], 1);
        make(&spec);
        CHECK_I64(docker_ops.container_start(docker, spec.name, &err), ENGINE_BAD_COMMAND);
        CHECK_I64(docker_ops.container_remove(docker, spec.name, &err), ENGINE_DONE);
    }
}

TEST(a_program_for_another_machine_is_a_bad_image)
{
    const struct str words[] = { STR("/out/not-a-program") };
    char path[PATH_MAX + 32];
    snprintf(path, sizeof(path), "%s/not-a-program", out_dir);
    FILE *f = fopen(path, "we");
    CHECK(f &&
          fputs("\x7f"
                "ELF but not really",
                f) > 0 &&
          fclose(f) == 0);
    CHECK(chmod(path, 0755) == 0);
    const struct container_spec spec = spec_of(words, 1);
    make(&spec);
    const int64_t r = docker_ops.container_start(docker, spec.name, &err);
    if (r == ENGINE_DONE) { /* some runtimes only find out inside */
        struct container_state s;
        CHECK_I64(docker_ops.container_wait(docker, spec.name, &err), ENGINE_DONE);
        CHECK_I64(docker_ops.container_inspect(docker, spec.name, &s, &err), ENGINE_DONE);
        CHECK(s.exit_code != 0);
    } else {
        CHECK_I64(r, ENGINE_BAD_IMAGE);
    }
    CHECK_I64(docker_ops.container_remove(docker, spec.name, &err), ENGINE_DONE);
}

TEST(what_eats_too_much_memory_is_said_to_have)
{
    struct text text;
    const struct container_state s =
        RUN(&text, STR("/bin/probe"), STR("sleep"), STR("300"), STR("eat"), STR("200"));
    CHECK_I64(s.exit_code, 137);
    CHECK(s.out_of_memory);
    const struct container_state t = RUN(&text, STR("/bin/probe"), STR("eat"), STR("8"));
    CHECK_I64(t.exit_code, 0);
    CHECK(!t.out_of_memory);
}

TEST(the_same_name_is_the_same_container)
{
    const struct str words[] = { STR("/bin/probe"), STR("sleep"), STR("60000") };
    struct container_spec spec = spec_of(words, 3);
    make(&spec);
    CHECK_I64(docker_ops.container_create(docker, &spec, &err), ENGINE_DONE);
    struct container_seen seen[64];
    size_t n, ours = 0;
    CHECK_I64(docker_ops.container_list(docker, STR("node_of_somebody"), seen, 64, &n, &err),
              ENGINE_DONE);
    CHECK_I64(n, 0);
    CHECK_I64(docker_ops.container_list(docker, spec.node_id, seen, 64, &n, &err), ENGINE_DONE);
    for (size_t i = 0; i < n; i++)
        ours += strcmp(seen[i].name, spec.name) == 0 && seen[i].epoch == 1 && !seen[i].running &&
                strcmp(seen[i].lease_id, "lease_01h455vb4pex5vsknk084sn02q") == 0;
    CHECK_I64(ours, 1);

    spec.memory_bytes *= 2; /* the one that is there is not what is asked for now */
    CHECK_I64(docker_ops.container_create(docker, &spec, &err), ENGINE_DIFFERS);
    CHECK(strstr(err.detail, "Memory") != NULL);
    struct container_state s;
    CHECK_I64(docker_ops.container_inspect(docker, spec.name, &s, &err), ENGINE_NO_SUCH);
}

TEST(a_kill_is_quick_and_may_come_twice)
{
    const struct str words[] = { STR("/bin/probe"), STR("deaf"), STR("sleep"), STR("60000") };
    const struct container_spec spec = spec_of(words, 4);
    struct container_state s;
    make(&spec);
    CHECK_I64(docker_ops.container_kill(docker, spec.name, SIGKILL, &err), ENGINE_DONE);
    CHECK_I64(docker_ops.container_start(docker, spec.name, &err), ENGINE_DONE);
    CHECK_I64(docker_ops.container_kill(docker, spec.name, SIGTERM, &err), ENGINE_DONE);
    CHECK_I64(docker_ops.container_inspect(docker, spec.name, &s, &err), ENGINE_DONE);
    CHECK_I64(s.phase, CONTAINER_RUNNING);
    CHECK_I64(docker_ops.container_kill(docker, spec.name, SIGKILL, &err), ENGINE_DONE);
    CHECK_I64(docker_ops.container_wait(docker, spec.name, &err), ENGINE_DONE);
    CHECK_I64(docker_ops.container_kill(docker, spec.name, SIGKILL, &err), ENGINE_DONE);
    CHECK_I64(docker_ops.container_inspect(docker, spec.name, &s, &err), ENGINE_DONE);
    CHECK_I64(s.exit_code, 137);
    CHECK(!s.out_of_memory);
    CHECK_I64(docker_ops.container_remove(docker, spec.name, &err), ENGINE_DONE);
    CHECK_I64(docker_ops.container_kill(docker, spec.name, SIGKILL, &err), ENGINE_NO_SUCH);
    CHECK_I64(docker_ops.container_remove(docker, spec.name, &err), ENGINE_DONE);
}

static void *wait_main(void *arg)
{
    struct err mine;
    (void)arg;
    CHECK_I64(docker_ops.container_wait(docker, "bourse-test-1", &mine), ENGINE_DONE);
    return NULL;
}

TEST(a_followed_log_comes_while_the_container_runs)
{
    const struct str words[] = { STR("/bin/probe"), STR("count"), STR("5"), STR("100") };
    const struct container_spec spec = spec_of(words, 4);
    struct text text = { .out_n = 0 };
    const struct log_sink sink = { keep, &text };
    pthread_t waiter;
    make(&spec);
    CHECK_I64(docker_ops.container_start(docker, spec.name, &err), ENGINE_DONE);
    CHECK(pthread_create(&waiter, NULL, wait_main, NULL) == 0);
    CHECK_I64(docker_ops.logs_read(docker, spec.name, true, &sink, &err), ENGINE_DONE);
    pthread_join(waiter, NULL);
    CHECK_STR(text.out, "line 1\nline 2\nline 3\nline 4\nline 5\n");
    CHECK_I64(docker_ops.container_remove(docker, spec.name, &err), ENGINE_DONE);
}

/* Not a gate: a figure for people. */
TEST(how_long_a_start_takes)
{
    const struct str words[] = { STR("/bin/probe"), STR("exit"), STR("0") };
    const struct container_spec spec = spec_of(words, 3);
    int64_t create_us = 0, start_us = 0, end_us = 0;
    for (int i = 0; i < 5; i++) {
        CHECK_I64(docker_ops.container_remove(docker, spec.name, &err), ENGINE_DONE);
        const int64_t t0 = clock_monotonic_us();
        CHECK_I64(docker_ops.container_create(docker, &spec, &err), ENGINE_DONE);
        const int64_t t1 = clock_monotonic_us();
        CHECK_I64(docker_ops.container_start(docker, spec.name, &err), ENGINE_DONE);
        const int64_t t2 = clock_monotonic_us();
        CHECK_I64(docker_ops.container_wait(docker, spec.name, &err), ENGINE_DONE);
        create_us += t1 - t0;
        start_us += t2 - t1;
        end_us += clock_monotonic_us() - t2;
    }
    printf("create %" PRId64 " ms, start %" PRId64 " ms, end known after %" PRId64 " ms\n",
           create_us / 5000, start_us / 5000, end_us / 5000);
    CHECK_I64(docker_ops.container_remove(docker, spec.name, &err), ENGINE_DONE);
}

TEST(interrupted_calls_end)
{
    docker_ops.interrupt(docker);
    CHECK_I64(docker_ops.container_wait(docker, "bourse-test-1", &err), ENGINE_FAILED);
    CHECK_I64(err.code, ERR_IO);
}

TEST(stage_opens)
{
    open_stage();
}

TEST(stage_closes)
{
    close_stage();
}

TESTS(T(stage_opens), T(an_archive_is_loaded_and_found_again), T(what_is_no_archive_is_a_bad_image),
      T(a_registry_that_does_not_answer_is_nobodys_image), T(output_and_exit_code_come_back),
      T(the_program_inside_has_no_rights), T(scratch_is_writable_up_to_its_size),
      T(files_in_out_lie_on_the_host), T(a_command_that_is_not_there_is_the_buyers_fault),
      T(a_program_for_another_machine_is_a_bad_image), T(what_eats_too_much_memory_is_said_to_have),
      T(the_same_name_is_the_same_container), T(a_kill_is_quick_and_may_come_twice),
      T(a_followed_log_comes_while_the_container_runs), T(how_long_a_start_takes),
      T(interrupted_calls_end), T(stage_closes))
