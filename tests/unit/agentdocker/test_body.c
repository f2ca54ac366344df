/* SPDX-License-Identifier: Apache-2.0 */
/* The body of a create, against a golden one; and what engines made of that body (asked of Docker
 * 20.10.24 and Podman 4.3.1, cut down to the fields that are compared), as it is and tampered with.
 */
#include "base/fd.h"
#include "docker/body.h"
#include "docker/compare.h"
#include "tests/t.h"

#define FOLDER "tests/unit/agentdocker/"

static struct err err;
static enum engine_result why;

static struct container_spec usual(void)
{
    static const struct str words[] = { STR("/bin/probe"), STR("say"), STR("hello") };
    static const struct str_pair env[] = { { STR("A"), STR("b") }, { STR("EMPTY"), STR("") } };
    return (struct container_spec){
        .name = "bourse-lease_01h455vb4pex5vsknk084sn02q-1",
        .lease_id = STR("lease_01h455vb4pex5vsknk084sn02q"),
        .job_id = STR("job_01h455vb4pex5vsknk084sn02q"),
        .node_id = STR("node_01h455vb4pex5vsknk084sn02q"),
        .epoch = 1,
        .image_id = "sha256:0123",
        .command = { words, 3 },
        .env = { env, 2 },
        .workdir = STR("/scratch"),
        .cpu_millis = 1500,
        .memory_bytes = 64 << 20,
        .scratch_bytes = 16 << 20,
        .pids_max = 256,
        .out_dir = "/tmp/bourse/out",
        .save_dir = "/tmp/bourse/checkpoint",
    };
}

static json_t *body_of(const struct container_spec *spec, const char *volumes)
{
    json_t *v = volumes ? json_loads(volumes, 0, NULL) : NULL;
    const struct body_how how = { v, "seccomp={}", NULL };
    json_t *body = body_make(spec, &how, &why, &err);
    json_decref(v);
    return body;
}

static json_t *read_json(const char *name)
{
    char path[256];
    struct buf text = { .max = 1 << 20 };
    snprintf(path, sizeof(path), FOLDER "%s", name);
    CHECK(file_read(path, 1 << 20, &text, &err));
    json_t *j = json_parse(buf_view(&text), &err);
    CHECK(j != NULL);
    buf_done(&text);
    return j;
}

TEST(the_body_is_the_golden_one)
{
    const struct container_spec spec = usual();
    json_t *body = body_of(&spec, NULL), *golden = read_json("asked.json");
    CHECK(body != NULL);
    if (!json_equal(body, golden)) json_dumpf(body, stderr, JSON_SORT_KEYS | JSON_INDENT(1));
    CHECK(json_equal(body, golden));
    json_decref(body);
    json_decref(golden);
}

TEST(what_the_job_leaves_out_is_the_images)
{
    struct container_spec spec = usual();
    spec.command.n = 0;
    spec.workdir.n = 0;
    json_t *body = body_of(&spec, NULL);
    CHECK(!json_object_get(body, "Cmd") && !json_object_get(body, "Entrypoint"));
    CHECK(!json_object_get(body, "WorkingDir"));
    json_decref(body);
}

TEST(limits_have_a_floor_that_engines_understand)
{
    struct container_spec spec = usual();
    spec.cpu_millis = 1;
    spec.memory_bytes = 1;
    spec.scratch_bytes = 0;
    json_t *body = body_of(&spec, NULL), *host = json_object_get(body, "HostConfig");
    CHECK_I64(json_integer_value(json_object_get(host, "NanoCpus")), 10000000);
    CHECK_I64(json_integer_value(json_object_get(host, "Memory")), MEMORY_MIN);
    CHECK(strstr(json_string_value(json_object_get(json_object_get(host, "Tmpfs"), "/scratch")),
                 "size=65536,") != NULL);
    json_decref(body);
}

TEST(an_images_volumes_become_small_and_passing)
{
    const struct container_spec spec = usual();
    json_t *body = body_of(&spec, "{\"/data\":{},\"/out\":{},\"/var/lib/db/\":{}}");
    json_t *tmpfs = json_object_get(json_object_get(body, "HostConfig"), "Tmpfs");
    CHECK(json_object_get(tmpfs, "/data") && json_object_get(tmpfs, "/var/lib/db/"));
    CHECK(!json_object_get(tmpfs, "/out"));
    json_decref(body);
}

TEST(volumes_at_places_of_the_system_are_refused)
{
    static const char *const wrong[] = { "/",        "/proc",   "/proc/self", "/sys",
                                         "/dev/shm", "data",    "/a/../proc", "/a//b",
                                         "/a:/etc",  "/a,exec", "/." };
    const struct container_spec spec = usual();
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        char volumes[64];
        snprintf(volumes, sizeof(volumes), "{\"%s\":{}}", wrong[i]);
        CHECK(body_of(&spec, volumes) == NULL);
        CHECK_I64(why, ENGINE_BAD_IMAGE);
    }
}

TEST(a_working_directory_is_absolute)
{
    struct container_spec spec = usual();
    spec.workdir = STR("src");
    CHECK(body_of(&spec, NULL) == NULL);
    CHECK_I64(why, ENGINE_BAD_COMMAND);
}

/* ---- what engines made of it -------------------------------------------------------------------
 */

struct made {
    json_t *asked, *container, *own;
};

static struct made made_by(const char *engine)
{
    char name[64];
    snprintf(name, sizeof(name), "made_%s.json", engine);
    struct made m = { .asked = read_json("asked.json"), .container = read_json(name) };
    if (strcmp(engine, "podman") == 0) m.own = json_object();
    return m;
}

static const char *compared(const struct made *m)
{
    return compare_container(m->asked, m->container, m->own);
}

static void drop(struct made *m)
{
    json_decref(m->asked);
    json_decref(m->container);
    json_decref(m->own);
}

TEST(both_engines_make_what_is_asked)
{
    struct made docker = made_by("docker"), podman = made_by("podman");
    CHECK(compared(&docker) == NULL);
    CHECK(compared(&podman) == NULL);
    drop(&docker);
    drop(&podman);
}

/* One field of HostConfig (or, with a dot, of Config or the whole) set to another value. */
static void tamper(json_t *container, const char *field, const char *value)
{
    json_t *at = json_object_get(container, "HostConfig");
    if (strncmp(field, "Config.", 7) == 0) {
        at = json_object_get(container, "Config");
        field += 7;
    } else if (field[0] == '.') {
        at = container;
        field++;
    }
    CHECK_I64(json_object_set_new(at, field, json_loads(value, JSON_DECODE_ANY, NULL)), 0);
}

TEST(each_field_that_is_not_as_asked_is_found)
{
    static const struct {
        const char *field, *value, *found;
    } wrong[] = {
        { "Config.User", "\"\"", "User" },
        { "Config.User", "\"root\"", "User" },
        { "Privileged", "true", "Privileged" },
        { "Privileged", "null", "Privileged" },
        { "ReadonlyRootfs", "false", "ReadonlyRootfs" },
        { "CapAdd", "[\"CAP_SYS_ADMIN\"]", "CapDrop" },
        { "SecurityOpt", "[]", "SecurityOpt" },
        { "SecurityOpt", "null", "SecurityOpt" },
        { "SecurityOpt", "[\"no-new-privileges\",\"seccomp=unconfined\"]", "SecurityOpt" },
        { "SecurityOpt", "[\"no-new-privileges:false\",\"seccomp={}\"]", "SecurityOpt" },
        { "SecurityOpt", "[\"no-new-privileges\"]", "SecurityOpt" },
        { "SecurityOpt", "[\"no-new-privileges\",\"seccomp={1}\"]", "SecurityOpt" },
        { "SecurityOpt", "[\"no-new-privileges\",\"seccomp={}\",\"apparmor=unconfined\"]",
          "SecurityOpt" },
        { "NetworkMode", "\"default\"", "NetworkMode" },
        { "NetworkMode", "\"host\"", "NetworkMode" },
        { "Memory", "0", "Memory" },
        { "MemorySwap", "-1", "MemorySwap" },
        { "NanoCpus", "0", "NanoCpus" },
        { "PidsLimit", "0", "PidsLimit" },
        { "PidsLimit", "null", "PidsLimit" },
        { "IpcMode", "\"host\"", "IpcMode" },
        { "IpcMode", "\"container:abc\"", "IpcMode" },
        { "PidMode", "\"host\"", "PidMode" },
        { "UTSMode", "\"host\"", "UTSMode" },
        { "UsernsMode", "\"host\"", "UsernsMode" },
        { "Devices", "[{\"PathOnHost\":\"/dev/sda\"}]", "Devices" },
        { "DeviceRequests", "[{\"Count\":-1}]", "Devices" },
        { "Tmpfs", "{}", "Tmpfs" },
        { "Tmpfs", "{\"/scratch\":\"rw\",\"/tmp\":\"rw\",\"/run\":\"rw\",\"/var/tmp\":\"rw\"}",
          "Tmpfs" },
        { "Ulimits", "[]", "Ulimits" },
        { "Ulimits", "[{\"Name\":\"nofile\",\"Soft\":1,\"Hard\":1}]", "Ulimits" },
        { "OomKillDisable", "true", "OomKillDisable" },
        { "RestartPolicy", "{\"Name\":\"always\"}", "RestartPolicy" },
        { "AutoRemove", "true", "AutoRemove" },
        { "Config.Labels", "{}", "Labels" },
        { ".Mounts", "[]", "Mounts" },
        { ".Mounts", "[{\"Type\":\"bind\",\"Source\":\"/\",\"Destination\":\"/out\"}]", "Mounts" },
        { ".Mounts", "[{\"Type\":\"bind\",\"Source\":\"/tmp/bourse/ou\",\"Destination\":\"/out\"}]",
          "Mounts" },
        { ".Mounts",
          "[{\"Type\":\"bind\",\"Source\":\"/tmp/bourse/out\",\"Destination\":\"/out\"},"
          "{\"Type\":\"volume\",\"Source\":\"/v\",\"Destination\":\"/data\"}]",
          "Mounts" },
    };
    static const char *const engines[] = { "docker", "podman" };
    for (size_t i = 0; i < ARRAY_LEN(wrong) * ARRAY_LEN(engines); i++) {
        struct made m = made_by(engines[i % 2]);
        tamper(m.container, wrong[i / 2].field, wrong[i / 2].value);
        CHECK_STR(compared(&m), wrong[i / 2].found);
        drop(&m);
    }
}

TEST(capabilities_are_judged_by_what_each_engine_can_tell)
{
    struct made m = made_by("docker");
    tamper(m.container, "CapDrop", "[\"CAP_NET_RAW\"]");
    CHECK_STR(compared(&m), "CapDrop");
    drop(&m);
    m = made_by("podman");
    CHECK_I64(json_object_set_new(m.own, "BoundingCaps", json_loads("[\"CAP_CHOWN\"]", 0, NULL)),
              0);
    CHECK_STR(compared(&m), "CapDrop");
    drop(&m);
}

TEST(the_runtime_is_the_one_asked_for)
{
    struct made docker = made_by("docker"), podman = made_by("podman");
    struct made *both[] = { &docker, &podman };
    for (size_t i = 0; i < ARRAY_LEN(both); i++) {
        json_object_set_new(json_object_get(both[i]->asked, "HostConfig"), "Runtime",
                            json_string("runsc"));
        json_object_set_new(json_object_get(both[i]->container, "HostConfig"), "Runtime",
                            json_string("runc"));
        CHECK_STR(compared(both[i]), "Runtime");
    }
    tamper(docker.container, "Runtime", "\"runsc\"");
    CHECK(compared(&docker) == NULL);
    json_object_set_new(podman.own, "OCIRuntime", json_string("runsc"));
    CHECK(compared(&podman) == NULL);
    drop(&docker);
    drop(&podman);
}

TEST(an_answer_that_is_none_passes_nothing)
{
    struct made m = made_by("docker");
    json_t *nothing = json_object();
    CHECK(compare_container(m.asked, nothing, NULL) != NULL);
    CHECK(compare_container(m.asked, json_null(), NULL) != NULL);
    json_decref(nothing);
    drop(&m);
}

TESTS(T(the_body_is_the_golden_one), T(what_the_job_leaves_out_is_the_images),
      T(limits_have_a_floor_that_engines_understand), T(an_images_volumes_become_small_and_passing),
      T(volumes_at_places_of_the_system_are_refused), T(a_working_directory_is_absolute),
      T(both_engines_make_what_is_asked), T(each_field_that_is_not_as_asked_is_found),
      T(capabilities_are_judged_by_what_each_engine_can_tell), T(the_runtime_is_the_one_asked_for),
      T(an_answer_that_is_none_passes_nothing))
