/* SPDX-License-Identifier: Apache-2.0 */
/* Engines' own words, as Docker 20.10.24 and Podman 4.3.1 said them, and what they mean. */
#include "docker/progress.h"
#include "docker/reasons.h"
#include "tests/t.h"

struct words {
    const char *text;
    enum engine_result meaning;
};

TEST(why_a_container_did_not_start)
{
    static const struct words v[] = {
        { "failed to create shim task: OCI runtime create failed: runc create failed: unable to "
          "start "
          "container process: exec: \"/nope\": stat /nope: no such file or directory: unknown",
          ENGINE_BAD_COMMAND },
        { "runc: runc create failed: unable to start container process: exec: \"nope\": executable "
          "file not found in $PATH: OCI runtime attempted to invoke a command that was not found",
          ENGINE_BAD_COMMAND },
        { "runc: runc create failed: unable to start container process: exec: \"/bin\": permission "
          "denied: OCI permission denied",
          ENGINE_BAD_COMMAND },
        { "runc: runc create failed: Cwd must be an absolute path: OCI runtime error",
          ENGINE_BAD_COMMAND },
        { "fill out specgen: invalid environment variable: \"=x\"", ENGINE_BAD_COMMAND },
        { "unable to start container process: exec /out/x: exec format error", ENGINE_BAD_IMAGE },
        { "error setting rlimit type 6: operation not permitted", ENGINE_FAILED },
        { "cgroups in hybrid mode not supported", ENGINE_FAILED },
        { "write /var/lib/x: no space left on device", ENGINE_FAILED },
        { "", ENGINE_FAILED },
    };
    for (size_t i = 0; i < ARRAY_LEN(v); i++)
        CHECK_I64(start_failure(str_of(v[i].text)), v[i].meaning);
}

TEST(why_an_image_was_not_pulled)
{
    static const struct words v[] = {
        { "manifest for busybox:nope not found: manifest unknown: manifest unknown",
          ENGINE_NO_SUCH },
        { "pull access denied for x, repository does not exist or may require 'docker login'",
          ENGINE_NO_SUCH },
        { "Head \"http://127.0.0.1:1/v2/a/manifests/1\": no basic auth credentials",
          ENGINE_NO_SUCH },
        { "initializing source docker://ghcr.io/x: reading manifest: unauthorized: authentication "
          "required",
          ENGINE_NO_SUCH },
        { "no matching manifest for linux/amd64 in the manifest list entries", ENGINE_BAD_IMAGE },
        { "Get \"http://127.0.0.1:1/v2/\": dial tcp 127.0.0.1:1: connect: connection refused",
          ENGINE_FAILED },
        { "dial tcp: lookup registry.example on 192.0.2.1:53: no such host", ENGINE_FAILED },
    };
    for (size_t i = 0; i < ARRAY_LEN(v); i++)
        CHECK_I64(pull_failure(str_of(v[i].text)), v[i].meaning);
}

TEST(why_an_archive_was_not_loaded)
{
    CHECK_I64(load_failure(STR("payload does not match any of the supported image formats")),
              ENGINE_BAD_IMAGE);
    CHECK_I64(load_failure(STR("archive/tar: invalid tar header")), ENGINE_BAD_IMAGE);
    CHECK_I64(load_failure(STR("write /x: no space left on device")), ENGINE_FAILED);
}

/* ---- progress ----------------------------------------------------------------------------------
 */

static struct progress p;

static void feed(const char *text)
{
    progress_init(&p, NULL);
    for (size_t i = 0; text[i] != '\0'; i++)
        CHECK(progress_feed(&p, text + i, 1));
    progress_end(&p);
}

TEST(the_loaded_image_is_named_in_three_ways)
{
    feed("{\"stream\":\"Loaded image ID: sha256:5f22\\n\"}\r\n");
    CHECK_I64(p.loaded_n, 1);
    CHECK_STR(p.loaded[0], "sha256:5f22");
    feed("{\"stream\":\"Loaded image: localhost/x:latest\"}");
    CHECK_STR(p.loaded[0], "localhost/x:latest");
    feed("{\"stream\":\"Loaded image(s): a:1,b:2\"}\n");
    CHECK_I64(p.loaded_n, 2);
    CHECK_STR(p.loaded[1], "b:2");
    feed("{\"stream\":\"Loaded image: a:1\\n\"}\n{\"stream\":\"Loaded image: b:1\\n\"}\n");
    CHECK_I64(p.loaded_n, 2);
    CHECK_STR(p.error, "");
}

TEST(an_error_may_come_last)
{
    feed("{\"status\":\"Pulling\"}\n{\"errorDetail\":{\"message\":\"gone\"},\"error\":\"gone\"}\n");
    CHECK_STR(p.error, "gone");
    CHECK_I64(p.loaded_n, 0);
    feed("{\"message\":\"no\"}");
    CHECK_STR(p.error, "no");
}

TEST(lines_that_are_too_long_or_no_json_are_passed_over)
{
    static char text[3 * PROGRESS_LINE_MAX];
    memset(text, 'x', 2 * PROGRESS_LINE_MAX);
    snprintf(text + 2 * PROGRESS_LINE_MAX, 100, "\nnonsense\n{\"stream\":\"Loaded image: a:1\"}\n");
    feed(text);
    CHECK_I64(p.loaded_n, 1);
    CHECK_STR(p.error, "");
}

/* ---- how far a pull is ---- */

static struct image_progress heard;
static int heard_n;

static void hear(void *arg, const struct image_progress *told)
{
    (void)arg;
    heard = *told;
    heard_n++;
}

static void pull_says(const char *text)
{
    CHECK(progress_feed(&p, text, strlen(text)));
}

TEST(layers_are_added_up_while_they_come)
{
    const struct image_pull pull = { .ref = STR("a:1"), .tell = hear };
    heard_n = 0;
    progress_init(&p, &pull);
    pull_says("{\"status\":\"Pulling from library/a\",\"id\":\"1\"}\n");
    CHECK_I64(heard_n, 0);
    pull_says("{\"status\":\"Pulling fs layer\",\"progressDetail\":{},\"id\":\"aa\"}\n");
    CHECK_I64(heard.phase, IMAGE_WAITS);
    CHECK_I64(heard.total_bytes, -1);
    pull_says("{\"status\":\"Already exists\",\"progressDetail\":{},\"id\":\"00\"}\n");
    pull_says("{\"status\":\"Downloading\",\"progressDetail\":{\"current\":5,\"total\":10},"
              "\"id\":\"aa\"}\n");
    pull_says("{\"status\":\"Downloading\",\"progressDetail\":{\"current\":1,\"total\":100},"
              "\"id\":\"bb\"}\n");
    CHECK_I64(heard.phase, IMAGE_DOWNLOADS);
    CHECK_I64(heard.done_bytes, 6);
    CHECK_I64(heard.total_bytes, 110);
    pull_says("{\"status\":\"Download complete\",\"progressDetail\":{},\"id\":\"aa\"}\n");
    CHECK_I64(heard.done_bytes, 11);
    CHECK_I64(heard.phase, IMAGE_DOWNLOADS);
    pull_says("{\"status\":\"Extracting\",\"progressDetail\":{\"current\":3,\"total\":9},"
              "\"id\":\"bb\"}\n");
    CHECK_I64(heard.phase, IMAGE_UNPACKS);
    CHECK_I64(heard.done_bytes, 110);
    CHECK_I64(heard.total_bytes, 110);
}

TEST(what_no_engine_says_of_a_layer_is_passed_over)
{
    const struct image_pull pull = { .ref = STR("a:1"), .tell = hear };
    heard_n = 0;
    progress_init(&p, &pull);
    pull_says("{\"status\":\"Downloading\",\"progressDetail\":{\"current\":5,\"total\":4},"
              "\"id\":\"aa\"}\n");
    CHECK_I64(heard.done_bytes, 0);
    pull_says("{\"status\":\"Downloading\",\"progressDetail\":{\"current\":-5,\"total\":4},"
              "\"id\":\"aa\"}\n{\"status\":\"Downloading\"}\n{\"status\":7,\"id\":\"aa\"}\n");
    CHECK_I64(heard.done_bytes, 0);
    for (int i = 0; i < 2 * PROGRESS_LAYERS_MAX; i++) {
        char line[128];
        snprintf(line, sizeof(line),
                 "{\"status\":\"Downloading\",\"progressDetail\":{\"current\":1,\"total\":1},"
                 "\"id\":\"l%d\"}\n",
                 i);
        pull_says(line);
    }
    CHECK_I64((int64_t)p.layers_n, PROGRESS_LAYERS_MAX);
    CHECK_I64(heard.total_bytes, PROGRESS_LAYERS_MAX - 1);
}

TESTS(T(layers_are_added_up_while_they_come), T(what_no_engine_says_of_a_layer_is_passed_over),
      T(why_a_container_did_not_start), T(why_an_image_was_not_pulled),
      T(why_an_archive_was_not_loaded), T(the_loaded_image_is_named_in_three_ways),
      T(an_error_may_come_last), T(lines_that_are_too_long_or_no_json_are_passed_over))
