/* SPDX-License-Identifier: Apache-2.0 */
/* GPUs through a real engine: Podman with a CDI spec that names device nodes with the numbers that
 * NVIDIA's have, and no card behind them. Attach, inspection and the look inside are the real ones.
 *
 * BOURSE_TEST_ENGINE names the socket and BOURSE_TEST_CDI the folder where the engine looks for
 * specs; without either this is skipped (tools/engine.sh run --cdi). */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "docker/call.h"
#include "docker/docker.h"
#include "service/outputs.h"
#include "tests/t.h"

#define ONE   "GPU-8f6e2f3c-1111-4222-8333-000000000001"
#define OTHER "GPU-8f6e2f3c-1111-4222-8333-000000000002"
#define NAME  "bourse-test-gpu-1"

static struct docker *docker;
static char folder[] = "/tmp/bourse-test-gpu-XXXXXX";
static char out_dir[PATH_MAX], image_path[PATH_MAX], spec_path[PATH_MAX];
static struct engine_image image;
static struct err err;

static const struct gpu_grant one[] = { { ONE, 0 } };
static const struct gpu_grant both[] = { { ONE, 0 }, { OTHER, 1 } };

/* ---- the stage ---------------------------------------------------------------------------------
 */

static void shell(const char *command)
{
    if (system(command) == 0) return;
    fprintf(stderr, "failed: %s\n", command);
    exit(1);
}

/* Each text is what follows "deviceNodes":. */
static void tell_engine(const char *of_one, const char *of_other)
{
    char text[2048];
    snprintf(text, sizeof(text),
             "{\"cdiVersion\":\"0.3.0\",\"kind\":\"nvidia.com/gpu\",\"devices\":["
             "{\"name\":\"" ONE "\",\"containerEdits\":{\"deviceNodes\":%s}},"
             "{\"name\":\"" OTHER "\",\"containerEdits\":{\"deviceNodes\":%s}}],"
             "\"containerEdits\":{\"deviceNodes\":[{\"path\":\"/dev/nvidiactl\",\"type\":\"c\","
             "\"major\":195,\"minor\":255}]}}",
             of_one, of_other);
    CHECK(file_write(spec_path, str_of(text), 0644, &err));
}

#define NODE(n) "{\"path\":\"/dev/nvidia" n "\",\"type\":\"c\",\"major\":195,\"minor\":" n "}"

static void tell_usual(void)
{
    tell_engine("[" NODE("0") "]", "[" NODE("1") "]");
}

TEST(stage_opens)
{
    char command[2 * PATH_MAX];
    const char *socket = getenv("BOURSE_TEST_ENGINE"), *cdi = getenv("BOURSE_TEST_CDI");
    const char *cc = getenv("CC");
    if (!socket || !cdi) SKIP("needs BOURSE_TEST_ENGINE and BOURSE_TEST_CDI");
    CHECK(mkdtemp(folder) != NULL);
    snprintf(out_dir, sizeof(out_dir), "%s/out", folder);
    snprintf(image_path, sizeof(image_path), "%s/probe.tar", folder);
    snprintf(spec_path, sizeof(spec_path), "%s/bourse-test.json", cdi);
    CHECK(mkdir(out_dir, 0777) == 0 && chmod(out_dir, 0777) == 0);
    snprintf(command, sizeof(command),
             "%s -std=c17 -D_GNU_SOURCE -O1 -static -o %s/probe tests/agent/image/probe.c && "
             "python3 tests/agent/make_image.py %s/probe %s >/dev/null",
             cc ? cc : "cc", folder, folder, image_path);
    shell(command);
    docker = docker_new(socket, "bourse-test/1", NULL);
    const int fd = open(image_path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    CHECK(fd >= 0 && fstat(fd, &st) == 0);
    CHECK_I64(docker_ops.image_load(docker, fd, st.st_size, &image, &err), ENGINE_DONE);
    close(fd);
    tell_usual();
}

static enum engine_result make(const struct gpu_grant *gpus, size_t n)
{
    static const struct str words[] = { STR("/bin/probe"), STR("say"), STR("ran"), STR("sleep"),
                                        STR("60000") };
    const struct container_spec spec = {
        .name = NAME,
        .lease_id = STR("lease_01h455vb4pex5vsknk084sn02q"),
        .job_id = STR("job_01h455vb4pex5vsknk084sn02q"),
        .node_id = STR("node_01h455vb4pex5vsknk084sn02q"),
        .epoch = 1,
        .image_id = image.id,
        .command = { words, ARRAY_LEN(words) },
        .cpu_millis = 1500,
        .memory_bytes = 64 << 20,
        .scratch_bytes = 16 << 20,
        .pids_max = 64,
        .out_dir = out_dir,
        .gpus = gpus,
        .gpus_n = n,
    };
    CHECK_I64(docker_ops.container_remove(docker, NAME, &err), ENGINE_DONE);
    return docker_ops.container_create(docker, &spec, &err);
}

static enum engine_result start(const struct gpu_grant *gpus, size_t n)
{
    enum engine_result r = make(gpus, n);
    if (r != ENGINE_DONE) fprintf(stderr, "%s (%s)\n", err.detail, err.internal);
    CHECK_I64(r, ENGINE_DONE);
    r = docker_ops.container_start(docker, NAME, &err);
    if (r != ENGINE_DONE) printf("  %s\n", err.detail);
    return r;
}

static bool is_gone(void)
{
    struct container_state s;
    return docker_ops.container_inspect(docker, NAME, &s, &err) == ENGINE_NO_SUCH;
}

/* ---- the tests ---------------------------------------------------------------------------------
 */

/* The translation into Podman's words loses nothing: create compares each field. */
TEST(a_container_with_one_gpu_runs)
{
    struct container_state s;
    CHECK_I64(start(one, 1), ENGINE_DONE);
    CHECK_I64(docker_ops.container_inspect(docker, NAME, &s, &err), ENGINE_DONE);
    CHECK_I64(s.phase, CONTAINER_RUNNING);
}

TEST(a_container_with_two_gpus_runs)
{
    CHECK_I64(start(both, 2), ENGINE_DONE);
}

TEST(a_container_without_gpus_sees_none)
{
    CHECK_I64(start(NULL, 0), ENGINE_DONE);
}

TEST(a_gpu_that_no_spec_names_does_not_start)
{
    const struct gpu_grant stranger[] = { { "GPU-8f6e2f3c-1111-4222-8333-00000000dead", 4 } };
    enum engine_result r = make(stranger, 1);
    if (r == ENGINE_DONE) r = docker_ops.container_start(docker, NAME, &err);
    CHECK(r == ENGINE_FAILED || r == ENGINE_DIFFERS);
    printf("  %s\n", err.detail);
}

/* A stale spec: the toolkit's index and the driver's have parted. */
TEST(another_card_under_the_uuid_is_caught_before_the_command)
{
    tell_engine("[" NODE("1") "]", "[" NODE("0") "]");
    CHECK_I64(start(one, 1), ENGINE_DIFFERS);
    CHECK(strstr(err.detail, "/dev/nvidia0) is not inside") != NULL);
    CHECK(is_gone());
    tell_usual();
}

TEST(one_card_too_many_is_caught_before_the_command)
{
    tell_engine("[" NODE("0") "," NODE("1") "]", "[" NODE("1") "]");
    CHECK_I64(start(one, 1), ENGINE_DIFFERS);
    CHECK(strstr(err.detail, "not given: /dev/nvidia1") != NULL);
    CHECK(is_gone());
    tell_usual();
}

TEST(a_spec_that_gives_no_card_is_caught_before_the_command)
{
    tell_engine("[{\"path\":\"/dev/nvidia-uvm\",\"type\":\"c\",\"major\":1,\"minor\":3}]",
                "[" NODE("1") "]");
    CHECK_I64(start(one, 1), ENGINE_DIFFERS);
    CHECK(is_gone());
    tell_usual();
}

static json_t *inspect(void)
{
    json_t *j = NULL;
    const struct engine_call c = { .method = "GET", .path = "/containers/" NAME "/json" };
    CHECK_I64(engine_json(docker, &c, &j, &err), ENGINE_DONE);
    return j;
}

/* What Podman does with Docker's body: 201, and no GPU. Made as an agent would that trusts it. */
TEST(the_trap_of_the_compatible_api_is_caught)
{
    const struct engine_call c = {
        .method = "POST",
        .path = "/containers/create?name=" NAME,
        .body = json_pack("{s:s, s:[s, s, s], s:{s:s}, s:{s:s, s:[{s:s, s:[s]}]}}", "Image",
                          image.id, "Cmd", "/bin/probe", "sleep", "60000", "Labels", DEVICES_LABEL,
                          ONE "=0", "HostConfig", "NetworkMode", "none", "DeviceRequests", "Driver",
                          "cdi", "DeviceIDs", "nvidia.com/gpu=" ONE),
    };
    CHECK_I64(docker_ops.container_remove(docker, NAME, &err), ENGINE_DONE);
    CHECK(c.body && engine_is_podman(docker));
    CHECK_I64(engine_json(docker, &c, NULL, &err), ENGINE_DONE); /* that is the trap */
    CHECK_I64(docker_ops.container_start(docker, NAME, &err), ENGINE_DIFFERS);
    printf("  %s\n", err.detail);
    CHECK(strstr(err.detail, "the engine dropped it") != NULL);
    CHECK(is_gone());
    json_decref(c.body);
}

/* An agent that dies between the look and the start. */
TEST(one_that_is_made_ready_already_is_started)
{
    const struct engine_call init = { .method = "POST",
                                      .path = "/containers/" NAME "/init",
                                      .libpod = true };
    CHECK_I64(make(one, 1), ENGINE_DONE);
    CHECK_I64(engine_json(docker, &init, NULL, &err), ENGINE_DONE);
    CHECK_I64(docker_ops.container_start(docker, NAME, &err), ENGINE_DONE);
}

TEST(what_the_job_says_of_visible_devices_is_not_heard)
{
    CHECK_I64(make(one, 1), ENGINE_DONE);
    json_t *j = inspect();
    const json_t *env = json_object_get(json_object_get(j, "Config"), "Env");
    size_t ours = 0;
    for (size_t i = 0; i < json_array_size(env); i++)
        ours +=
            strcmp(json_string_value(json_array_get(env, i)), "NVIDIA_VISIBLE_DEVICES=void") == 0;
    CHECK_I64(ours, 1);
    json_decref(j);
}

TEST(a_command_that_is_not_there_is_still_the_buyers_fault)
{
    static const struct str words[] = { STR("/no/such") };
    const struct container_spec spec = {
        .name = NAME,
        .lease_id = STR("lease_01h455vb4pex5vsknk084sn02q"),
        .job_id = STR("job_01h455vb4pex5vsknk084sn02q"),
        .node_id = STR("node_01h455vb4pex5vsknk084sn02q"),
        .epoch = 1,
        .image_id = image.id,
        .command = { words, 1 },
        .cpu_millis = 1000,
        .memory_bytes = 64 << 20,
        .scratch_bytes = 16 << 20,
        .pids_max = 64,
        .out_dir = out_dir,
        .gpus = one,
        .gpus_n = 1,
    };
    CHECK_I64(docker_ops.container_remove(docker, NAME, &err), ENGINE_DONE);
    CHECK_I64(docker_ops.container_create(docker, &spec, &err), ENGINE_DONE);
    CHECK_I64(docker_ops.container_start(docker, NAME, &err), ENGINE_BAD_COMMAND);
}

TEST(stage_closes)
{
    CHECK_I64(docker_ops.container_remove(docker, NAME, &err), ENGINE_DONE);
    docker_free(docker);
    unlink(spec_path);
    CHECK(tree_remove(folder, &err));
}

TESTS(T(stage_opens), T(a_container_with_one_gpu_runs), T(a_container_with_two_gpus_runs),
      T(a_container_without_gpus_sees_none), T(a_gpu_that_no_spec_names_does_not_start),
      T(another_card_under_the_uuid_is_caught_before_the_command),
      T(one_card_too_many_is_caught_before_the_command),
      T(a_spec_that_gives_no_card_is_caught_before_the_command),
      T(the_trap_of_the_compatible_api_is_caught), T(one_that_is_made_ready_already_is_started),
      T(what_the_job_says_of_visible_devices_is_not_heard),
      T(a_command_that_is_not_there_is_still_the_buyers_fault), T(stage_closes))
