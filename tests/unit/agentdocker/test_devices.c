/* SPDX-License-Identifier: Apache-2.0 */
/* How GPUs are asked of Docker and of Podman, and what is made of what they show. */
#include "docker/devices.h"

#include "docker/body.h"
#include "docker/compare.h"
#include "docker/libpod.h"
#include "tests/t.h"

static struct err err;
static enum engine_result why;

static const struct gpu_grant gpus[] = { { "GPU-1111", 0 }, { "GPU-2222", 3 } };

static json_t *body_with(size_t n, enum devices_by by)
{
    static const struct str words[] = { STR("/bin/probe"), STR("exit"), STR("0") };
    static const struct str_pair env[] = { { STR("A"), STR("b=c") },
                                           { STR("NVIDIA_VISIBLE_DEVICES"), STR("all") } };
    const struct container_spec spec = {
        .name = "bourse-lease_1-1",
        .lease_id = STR("lease_1"),
        .job_id = STR("job_1"),
        .node_id = STR("node_1"),
        .epoch = 1,
        .image_id = "sha256:0123",
        .command = { words, 3 },
        .env = { env, 2 },
        .cpu_millis = 1500,
        .memory_bytes = 64 << 20,
        .scratch_bytes = 16 << 20,
        .pids_max = 256,
        .out_dir = "/tmp/bourse/out",
        .gpus = gpus,
        .gpus_n = n,
    };
    const struct body_how how = { NULL, "seccomp=/tmp/bourse/filter.json", NULL };
    json_t *body = body_make(&spec, &how, &why, &err);
    CHECK(body && devices_put(body, &spec, by));
    return body;
}

static json_t *read_text(const char *text)
{
    json_t *j = json_loads(text, 0, NULL);
    CHECK(j);
    return j;
}

static void check_requests(size_t n, enum devices_by by, const char *want)
{
    json_t *body = body_with(n, by), *asked = read_text(want);
    CHECK(
        json_equal(json_object_get(json_object_get(body, "HostConfig"), "DeviceRequests"), asked));
    json_decref(body);
    json_decref(asked);
}

TEST(docker_with_cdi_is_asked_by_names)
{
    check_requests(2, DEVICES_CDI,
                   "[{\"Driver\":\"cdi\",\"DeviceIDs\":[\"nvidia.com/gpu=GPU-1111\","
                   "\"nvidia.com/gpu=GPU-2222\"]}]");
}

TEST(an_older_docker_is_asked_by_uuids_and_never_by_count)
{
    check_requests(1, DEVICES_NVIDIA,
                   "[{\"Driver\":\"nvidia\",\"DeviceIDs\":[\"GPU-1111\"],"
                   "\"Capabilities\":[[\"gpu\",\"compute\",\"utility\"]]}]");
}

TEST(the_engine_tells_how)
{
    json_t *with = read_text("{\"CDISpecDirs\":[\"/etc/cdi\"]}"),
           *off = read_text("{\"CDISpecDirs\":[]}"), *old = read_text("{}");
    CHECK_I64(devices_by_info(with), DEVICES_CDI);
    CHECK_I64(devices_by_info(off), DEVICES_NVIDIA);
    CHECK_I64(devices_by_info(old), DEVICES_NVIDIA);
    json_decref(with);
    json_decref(off);
    json_decref(old);
}

static const char *visible(const json_t *body)
{
    const json_t *env = json_object_get(body, "Env");
    const char *found = NULL;
    for (size_t i = 0; i < json_array_size(env); i++) {
        const char *text = json_string_value(json_array_get(env, i));
        if (strncmp(text, "NVIDIA_VISIBLE_DEVICES=", 23) != 0) continue;
        CHECK(!found);
        found = text + 23;
    }
    return found;
}

TEST(the_jobs_word_on_visible_devices_is_replaced)
{
    json_t *none = body_with(0, DEVICES_CDI), *cdi = body_with(1, DEVICES_CDI),
           *hook = body_with(2, DEVICES_NVIDIA);
    CHECK_STR(visible(none), "void");
    CHECK_STR(visible(cdi), "void");
    CHECK_STR(visible(hook), "GPU-1111,GPU-2222");
    CHECK(!json_object_get(json_object_get(none, "HostConfig"), "DeviceRequests"));
    CHECK(!json_object_get(json_object_get(none, "Labels"), DEVICES_LABEL));
    json_decref(none);
    json_decref(cdi);
    json_decref(hook);
}

TEST(the_label_is_read_back)
{
    struct gpu_grant v[GPUS_MAX];
    size_t n = 9;
    json_t *body = body_with(2, DEVICES_CDI);
    const struct str label = json_get_text(json_object_get(body, "Labels"), DEVICES_LABEL);
    CHECK(str_is(label, "GPU-1111=0,GPU-2222=3"));
    CHECK(devices_read_label(label, v, &n));
    CHECK_I64(n, 2);
    CHECK_STR(v[1].uuid, "GPU-2222");
    CHECK_I64(v[1].minor, 3);
    json_decref(body);

    CHECK(devices_read_label(STR(""), v, &n));
    CHECK_I64(n, 0);
    static const char *const bad[] = { "GPU-1", "GPU-1=", "GPU-1=-1", "=1", "GPU-1=1,", "GPU-1=x" };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK(!devices_read_label(str_of(bad[i]), v, &n));
}

static bool as_asked(const char *asked, const char *made, bool podman)
{
    json_t *a = read_text(asked), *m = read_text(made);
    const bool same = devices_as_asked(a, m, podman);
    json_decref(a);
    json_decref(m);
    return same;
}

TEST(what_docker_keeps_of_a_request_is_compared)
{
    static const char asked[] = "{\"DeviceRequests\":[{\"Driver\":\"cdi\",\"DeviceIDs\":[\"a\"]}]}";
    CHECK(as_asked(asked,
                   "{\"Devices\":[],\"DeviceRequests\":[{\"Driver\":\"cdi\",\"Count\":0,"
                   "\"DeviceIDs\":[\"a\"],\"Capabilities\":null,\"Options\":null}]}",
                   false));
    CHECK(!as_asked(asked, "{\"DeviceRequests\":null}", false));
    CHECK(
        !as_asked(asked, "{\"DeviceRequests\":[{\"Driver\":\"\",\"DeviceIDs\":[\"a\"]}]}", false));
    CHECK(!as_asked(asked, "{\"DeviceRequests\":[{\"Driver\":\"cdi\",\"DeviceIDs\":[\"b\"]}]}",
                    false));
    CHECK(!as_asked(asked,
                    "{\"DeviceRequests\":[{\"Driver\":\"cdi\",\"Count\":-1,\"DeviceIDs\":"
                    "[\"a\"]}]}",
                    false));
    CHECK(!as_asked("{}", "{\"DeviceRequests\":[{\"Driver\":\"cdi\",\"DeviceIDs\":[\"a\"]}]}",
                    false));
    CHECK(!as_asked("{}", "{\"Devices\":[{\"PathOnHost\":\"/dev/nvidia0\"}]}", false));
    CHECK(as_asked("{}", "{\"Devices\":null,\"DeviceRequests\":null}", false));
    CHECK(as_asked(asked, "{\"Devices\":[],\"DeviceRequests\":null}", /* podman= */ true));
    CHECK(!as_asked(asked, "{\"Devices\":[{\"PathOnHost\":\"/dev/x\"}]}", /* podman= */ true));
}

TEST(podmans_words_hold_all_of_it)
{
    json_t *body = body_with(1, DEVICES_CDI), *own = libpod_body(body, "bourse-lease_1-1", &err);
    json_t *want = read_text(
        "{\"name\":\"bourse-lease_1-1\",\"image\":\"sha256:0123\",\"user\":\"65534:65534\","
        "\"env\":{\"A\":\"b=c\",\"NVIDIA_VISIBLE_DEVICES\":\"void\"},\"terminal\":false,"
        "\"stdin\":false,\"stop_signal\":15,\"stop_timeout\":5,"
        "\"command\":[\"/bin/probe\",\"exit\",\"0\"],"
        "\"labels\":{\"bourse.node\":\"node_1\",\"bourse.lease\":\"lease_1\","
        "\"bourse.job\":\"job_1\",\"bourse.epoch\":\"1\",\"bourse.gpus\":\"GPU-1111=0\"},"
        "\"cap_drop\":[\"ALL\"],\"no_new_privileges\":true,"
        "\"seccomp_profile_path\":\"/tmp/bourse/filter.json\","
        "\"annotations\":{\"io.podman.annotations.seccomp\":\"/tmp/bourse/filter.json\"},"
        "\"privileged\":false,"
        "\"read_only_filesystem\":true,\"netns\":{\"nsmode\":\"none\"},"
        "\"ipcns\":{\"nsmode\":\"private\"},\"cgroupns\":{\"nsmode\":\"private\"},"
        "\"resource_limits\":{\"memory\":{\"limit\":67108864,\"swap\":67108864},"
        "\"cpu\":{\"period\":100000,\"quota\":150000},\"pids\":{\"limit\":256}},"
        "\"oom_score_adj\":500,\"remove\":false,\"restart_policy\":\"no\","
        "\"log_configuration\":{\"driver\":\"k8s-file\",\"size\":67108864},"
        "\"devices\":[{\"path\":\"nvidia.com/gpu=GPU-1111\"}]}");
    CHECK(own);
    CHECK_I64(json_array_size(json_object_get(own, "mounts")), 5);
    CHECK_I64(json_array_size(json_object_get(own, "r_limits")), 4);
    json_object_del(own, "mounts");
    json_object_del(own, "r_limits");
    if (!json_equal(own, want)) json_dumpf(own, stderr, JSON_SORT_KEYS | JSON_INDENT(1));
    CHECK(json_equal(own, want));
    json_decref(body);
    json_decref(own);
    json_decref(want);
}

static void check_refused(const char *where, const char *name, json_t *value)
{
    json_t *body = body_with(1, DEVICES_CDI);
    json_t *at = where ? json_object_get(body, where) : body;
    json_object_set_new(at, name, value);
    CHECK(!libpod_body(body, "n", &err));
    CHECK_I64(err.code, ERR_NOT_SUPPORTED);
    CHECK(strstr(err.detail, name));
    json_decref(body);
}

TEST(what_has_no_translation_is_refused_and_not_lost)
{
    check_refused(NULL, "Hostname", json_string("x"));
    check_refused("HostConfig", "Sysctls", json_object());
    check_refused("HostConfig", "NetworkMode", json_string("host"));
    check_refused("HostConfig", "NetworkMode", json_string("container:1"));
    check_refused("HostConfig", "SecurityOpt",
                  json_pack("[s, s]", "no-new-privileges", "seccomp=x"));
    check_refused("HostConfig", "Binds", json_pack("[s]", "/:/host:rshared"));
    check_refused("HostConfig", "DeviceRequests",
                  json_pack("[{s:s, s:[s]}]", "Driver", "nvidia", "DeviceIDs", "GPU-1"));
    check_refused("HostConfig", "IpcMode", json_string("host"));
    check_refused("HostConfig", "Memory", json_integer(0));
}

TESTS(T(docker_with_cdi_is_asked_by_names), T(an_older_docker_is_asked_by_uuids_and_never_by_count),
      T(the_engine_tells_how), T(the_jobs_word_on_visible_devices_is_replaced),
      T(the_label_is_read_back), T(what_docker_keeps_of_a_request_is_compared),
      T(podmans_words_hold_all_of_it), T(what_has_no_translation_is_refused_and_not_lost))
