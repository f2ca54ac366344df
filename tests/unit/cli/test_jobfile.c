/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/jobfile.h"

#include <unistd.h>

#include "base/fd.h"
#include "tests/t.h"

static struct err err;

/* The canonical text of `job` after the options; the job is gone. */
static const char *overridden(const char *job, const struct submit_options *o,
                              const struct words *words)
{
    static char text[1024];
    struct buf out;
    json_t *const j = json_parse(str_of(job), &err);
    CHECK(j);
    CHECK(jobfile_override(j, o, words, &err));
    buf_init(&out, sizeof(text) - 1);
    json_canonical(j, &out);
    CHECK(!out.failed);
    memcpy(text, out.p, out.n);
    text[out.n] = '\0';
    buf_done(&out);
    json_decref(j);
    return text;
}

TEST(without_options_a_job_stays_as_it_is)
{
    const struct submit_options o = { .name = NULL };
    const struct words none = { .n = 0 };
    CHECK_STR(overridden("{\"image\":\"a\",\"what\":1}", &o, &none),
              "{\"image\":\"a\",\"what\":1}");
}

TEST(each_option_becomes_its_field)
{
    char text[3][8] = { "python", "-c", "1" };
    char *command[] = { text[0], text[1], text[2] };
    const struct words words = { .has_rest = true, .rest = command, .rest_n = 3 };
    const struct submit_options o = {
        .name = "n",
        .image = "i",
        .pools = { .v = { "cpu" }, .n = 1 },
        .budget = "2.50",
        .limit = "0.05",
        .workdir = "/w",
        .units = 2,
        .cpu_millis = 1500,
        .memory_bytes = 5,
        .scratch_bytes = 6,
        .gpus = 1,
        .duration_seconds = 600,
        .env = { .v = { "A=1", "B=x=y", "C=" }, .n = 3 },
    };
    CHECK_STR(overridden("{}", &o, &words),
              "{\"budget\":{\"amount\":\"2.50\",\"currency\":\"USD\"},\"command\":[\"python\",\"-"
              "c\",\"1\"],"
              "\"cpu_millis\":1500,\"env\":{\"A\":\"1\",\"B\":\"x=y\",\"C\":\"\"},\"gpus\":1,"
              "\"image\":\"i\","
              "\"limit_price_per_unit_hour\":{\"amount\":\"0.05\",\"currency\":\"USD\"},"
              "\"max_duration_seconds\":600,\"memory_bytes\":5,\"name\":\"n\",\"pool\":\"cpu\","
              "\"scratch_bytes\":6,\"units\":2,\"workdir\":\"/w\"}");
}

TEST(options_win_over_the_file_and_variables_are_added)
{
    const struct words none = { .n = 0 };
    const struct submit_options o = { .pools = { .v = { "cpu" }, .n = 1 },
                                      .env = { .v = { "A=2" }, .n = 1 } };
    CHECK_STR(overridden("{\"pool\":\"x\",\"env\":{\"A\":\"1\",\"B\":\"1\"}}", &o, &none),
              "{\"env\":{\"A\":\"2\",\"B\":\"1\"},\"pool\":\"cpu\"}");
}

TEST(several_pools_stand_instead_of_one_and_one_instead_of_several)
{
    const struct words none = { .n = 0 };
    const struct submit_options two = { .pools = { .v = { "a", "b" }, .n = 2 }, .rank = "value" };
    const struct submit_options one = { .pools = { .v = { "a" }, .n = 1 } };
    CHECK_STR(overridden("{\"pool\":\"x\"}", &two, &none),
              "{\"pools\":[\"a\",\"b\"],\"rank\":\"value\"}");
    CHECK_STR(overridden("{\"pools\":[\"x\",\"y\"]}", &one, &none), "{\"pool\":\"a\"}");
}

TEST(demands_are_added_to_those_of_the_file)
{
    const struct words none = { .n = 0 };
    const struct submit_options o = {
        .regions = { .v = { "asia", "europe" }, .n = 2 },
        .tier = 2,
        .verified = true,
        .isolation = "vm",
        .interconnect = "nvlink",
        .bandwidth_mbps = 1000,
    };
    CHECK_STR(
        overridden("{\"requires\":{\"data_label\":\"d\",\"tier\":1}}", &o, &none),
        "{\"requires\":{\"bandwidth_mbps\":1000,\"data_label\":\"d\",\"interconnect\":\"nvlink\","
        "\"isolation\":\"vm\",\"regions\":[\"asia\",\"europe\"],\"tier\":2,\"verified\":true}}");
    const struct submit_options label = { .data_label = "genomes" };
    CHECK_STR(overridden("{}", &label, &none), "{\"requires\":{\"data_label\":\"genomes\"}}");
}

TEST(terms_become_fields)
{
    const struct words none = { .n = 0 };
    const struct submit_options o = { .nodes = 2,
                                      .same_site = true,
                                      .checkpoint_seconds = 600,
                                      .time_in_force = "post-only",
                                      .own = "never",
                                      .interruptible = true,
                                      .auction_ms = 300 };
    CHECK_STR(overridden("{}", &o, &none),
              "{\"auction_ms\":300,\"checkpoint_seconds\":600,\"interruptible\":true,\"nodes\":2,"
              "\"own\":\"never\",\"same_site\":true,\"time_in_force\":\"post-only\"}");
}

TEST(an_empty_command_is_an_empty_command)
{
    const struct words words = { .has_rest = true };
    const struct submit_options o = { .name = NULL };
    CHECK_STR(overridden("{\"command\":[\"x\"]}", &o, &words), "{\"command\":[]}");
}

TEST(a_variable_without_a_value_is_refused)
{
    const struct words none = { .n = 0 };
    const char *const bad[] = { "A", "=1", "" };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        const struct submit_options o = { .env = { .v = { bad[i] }, .n = 1 } };
        json_t *const j = json_object();
        CHECK(!jobfile_override(j, &o, &none, &err));
        CHECK_I64(err.code, ERR_VALIDATION_FAILED);
        json_decref(j);
    }
}

TEST(text_that_is_not_utf8_is_refused)
{
    const struct words none = { .n = 0 };
    const struct submit_options o = { .name = "\xff" };
    json_t *const j = json_object();
    CHECK(!jobfile_override(j, &o, &none, &err));
    json_decref(j);
}

TEST(a_file_that_is_no_object_is_refused)
{
    char path[] = "/tmp/bourse-job-XXXXXX";
    const int fd = mkstemp(path);
    CHECK(fd >= 0);
    close(fd);
    CHECK(file_write(path, STR("[]"), 0600, &err));
    CHECK(!jobfile_read(path, &err));
    CHECK_STR(err.detail, "A job is a JSON object.");
    CHECK(file_write(path, STR("{\"a\":1,\"a\":2}"), 0600, &err));
    CHECK(!jobfile_read(path, &err));
    CHECK_I64(err.code, ERR_MALFORMED_BODY);
    unlink(path);
    CHECK(!jobfile_read(path, &err));
    CHECK_I64(err.code, ERR_NOT_FOUND);
}

TESTS(T(without_options_a_job_stays_as_it_is), T(each_option_becomes_its_field),
      T(options_win_over_the_file_and_variables_are_added),
      T(several_pools_stand_instead_of_one_and_one_instead_of_several),
      T(demands_are_added_to_those_of_the_file), T(terms_become_fields),
      T(an_empty_command_is_an_empty_command), T(a_variable_without_a_value_is_refused),
      T(text_that_is_not_utf8_is_refused), T(a_file_that_is_no_object_is_refused))
