/* SPDX-License-Identifier: Apache-2.0 */
#include "base/conf.h"
#include "base/fd.h"
#include "base/limits.h"
#include "tests/t.h"

#include <unistd.h>

struct settings {
    const char *public_url, *secret;
    int64_t port, nice;
    bool tls, quiet;
};

#define KEY(kind, member) (kind), offsetof(struct settings, member)

/* clang-format off */
static const struct conf_key keys[] = {
    { "public_url", KEY(CONF_TEXT, public_url), 0, 0, "http://localhost", "Where we are found." },
    { "secret",     KEY(CONF_TEXT, secret),     0, 0, NULL,               "No value of its own." },
    { "port",       KEY(CONF_I64, port),        1, 65535, "8080",         "Where we listen." },
    { "nice",       KEY(CONF_I64, nice),        -20, 19, NULL,            "May be negative." },
    { "tls",        KEY(CONF_BOOL, tls),        0, 0, "true",             "On by default." },
    { "quiet",      KEY(CONF_BOOL, quiet),      0, 0, NULL,               "Off by default." },
};
/* clang-format on */

static char file[] = "/tmp/bourse-conf-XXXXXX";
static struct arena arena;
static struct settings got;
static struct err err;

static void start(void)
{
    if (!arena.max) arena_init(&arena, 100000);
    arena_done(&arena);
    memset(&got, 0xff, sizeof(got));
    err = (struct err){ 0 };
}

static bool load(const char *path)
{
    start();
    return conf_load(keys, ARRAY_LEN(keys), "BOURSE_", path, &arena, &got, &err);
}

static bool load_text(struct str text)
{
    memset(file + sizeof(file) - 7, 'X', 6);
    const int fd = mkstemp(file);
    CHECK(fd >= 0);
    CHECK(write(fd, text.p, text.n) == (ssize_t)text.n);
    close(fd);
    const bool ok = load(file);
    unlink(file);
    return ok;
}

/* The complaint that a file's text earns, without the path in front. */
static const char *complaint(const char *text)
{
    CHECK(!load_text(str_of(text)));
    CHECK(err.code == ERR_VALIDATION_FAILED);
    CHECK(strncmp(err.detail, file, strlen(file)) == 0);
    return err.detail + strlen(file);
}

static bool load_with(const char *name, const char *value)
{
    CHECK(setenv(name, value, 1) == 0);
    const bool ok = load(NULL);
    unsetenv(name);
    return ok;
}

TEST(without_a_source_each_key_has_its_default)
{
    CHECK(load(NULL));
    CHECK_STR(got.public_url, "http://localhost");
    CHECK(!got.secret);
    CHECK_I64(got.port, 8080);
    CHECK_I64(got.nice, 0);
    CHECK(got.tls == true && got.quiet == false);
}

TEST(a_file_sets_keys_of_every_kind)
{
    CHECK(load_text(STR("# a comment\n\n"
                        "public_url = https://bourse.example/?a=b#c\n"
                        "  port=9000  \n"
                        "\tnice =\t-5\n"
                        "   # another\n"
                        "tls = false\n"
                        "quiet = true\n"
                        "secret = \u00e9 x y")));
    CHECK_STR(got.public_url, "https://bourse.example/?a=b#c");
    CHECK_STR(got.secret, "\u00e9 x y");
    CHECK_I64(got.port, 9000);
    CHECK_I64(got.nice, -5);
    CHECK(got.tls == false && got.quiet == true);
}

TEST(an_empty_file_sets_nothing)
{
    CHECK(load_text(STR("")));
    CHECK_I64(got.port, 8080);
    CHECK(load_text(STR("\n\n#\n")));
    CHECK_I64(got.port, 8080);
}

TEST(a_text_may_be_set_to_nothing)
{
    CHECK(load_text(STR("public_url =\nsecret = \n")));
    CHECK_STR(got.public_url, "");
    CHECK_STR(got.secret, "");
}

TEST(the_environment_wins_over_the_file)
{
    CHECK(setenv("BOURSE_PORT", "7000", 1) == 0);
    CHECK(setenv("BOURSE_PUBLIC_URL", "https://env.example", 1) == 0);
    CHECK(load_text(STR("port = 9000\npublic_url = https://file.example\nnice = 3\n")));
    unsetenv("BOURSE_PORT");
    unsetenv("BOURSE_PUBLIC_URL");
    CHECK_I64(got.port, 7000);
    CHECK_I64(got.nice, 3);
    CHECK_STR(got.public_url, "https://env.example");
}

TEST(other_variables_and_other_prefixes_do_not_matter)
{
    CHECK(load_with("BOURSE_NO_SUCH_KEY", "1"));
    CHECK(load_with("PORT", "9000"));
    CHECK_I64(got.port, 8080);
    CHECK(load_with("BOURSE_port", "9000"));
    CHECK_I64(got.port, 8080);
}

TEST(an_unknown_key_is_named_with_its_line)
{
    CHECK_STR(complaint("port = 1\n\nprot = 2\n"), ":3: prot: there is no such key");
    CHECK_STR(complaint("Port = 1"), ":1: Port: there is no such key");
    CHECK_STR(complaint("= 1"), ":1: : there is no such key");
}

TEST(a_line_without_an_equals_sign_is_refused)
{
    CHECK_STR(complaint("port 1\n"), ":1: must be key = value");
}

TEST(a_key_that_is_set_twice_is_refused)
{
    CHECK_STR(complaint("port = 1\nport = 1\n"), ":2: port: is set twice");
}

TEST(a_number_is_whole_and_in_its_range)
{
    CHECK_STR(complaint("port = 0"), ":1: port: must be a whole number from 1 to 65535");
    CHECK_STR(complaint("port = 65536"), ":1: port: must be a whole number from 1 to 65535");
    CHECK_STR(complaint("port ="), ":1: port: must be a whole number from 1 to 65535");
    CHECK_STR(complaint("port = 80 # http"), ":1: port: must be a whole number from 1 to 65535");
    CHECK_STR(complaint("nice = -21"), ":1: nice: must be a whole number from -20 to 19");
    CHECK(load_text(STR("port = 1\nnice = -20\n")));
    CHECK(load_text(STR("port = 65535\nnice = 19\n")));
}

TEST(yes_is_not_true)
{
    CHECK_STR(complaint("tls = yes"), ":1: tls: must be true or false");
    CHECK_STR(complaint("tls = 1"), ":1: tls: must be true or false");
    CHECK_STR(complaint("tls = True"), ":1: tls: must be true or false");
    CHECK_STR(complaint("tls ="), ":1: tls: must be true or false");
}

TEST(control_characters_are_refused_so_a_windows_file_is_noticed)
{
    CHECK_STR(complaint("public_url = a\r\n"),
              ":1: public_url: control characters are not allowed");
    CHECK_STR(complaint("public_url = a\x1b"),
              ":1: public_url: control characters are not allowed");
    CHECK(!load_text(STR("public_url = a\0b\n")));
    CHECK(err.code == ERR_VALIDATION_FAILED);
}

TEST(a_wrong_variable_is_named_and_its_value_is_not_repeated)
{
    CHECK(!load_with("BOURSE_PORT", "hunter2"));
    CHECK(err.code == ERR_VALIDATION_FAILED);
    CHECK_STR(err.detail, "BOURSE_PORT: must be a whole number from 1 to 65535");
    CHECK(!load_with("BOURSE_SECRET", "hunter2\n"));
    CHECK(err.code == ERR_VALIDATION_FAILED);
    CHECK_STR(err.detail, "BOURSE_SECRET: control characters are not allowed");
}

TEST(a_missing_file_is_an_error_that_names_it)
{
    CHECK(!load("/tmp/no such bourse.conf"));
    CHECK(err.code == ERR_NOT_FOUND);
    CHECK(strstr(err.detail, "/tmp/no such bourse.conf"));
}

TEST(a_file_that_is_too_large_is_an_error)
{
    static char large[CONF_FILE_MAX + 1];
    memset(large, '\n', sizeof(large));
    CHECK(load_text((struct str){ large, CONF_FILE_MAX }));
    CHECK(!load_text((struct str){ large, CONF_FILE_MAX + 1 }));
    CHECK(err.code == ERR_IO);
}

TEST(texts_that_do_not_fit_the_arena_are_an_error)
{
    struct arena small;
    arena_init(&small, 24);
    start();
    CHECK(!conf_load(keys, ARRAY_LEN(keys), "BOURSE_", NULL, &small, &got, &err));
    CHECK(err.code == ERR_NO_MEMORY);
    arena_done(&small);
}

TEST(a_default_that_its_own_row_forbids_is_an_error)
{
    static const struct conf_key wrong = { "port", CONF_I64, 0, 1, 10, "11", "" };
    int64_t port;
    start();
    CHECK(!conf_load(&wrong, 1, "BOURSE_", NULL, &arena, &port, &err));
    CHECK_STR(err.detail, "the default of port: must be a whole number from 1 to 10");
}

TEST(a_very_long_key_or_path_does_no_harm)
{
    static char text[2000];
    memset(text, 'k', sizeof(text) - 1);
    text[1000] = '=';
    CHECK(!load_text(str_of(text)));
    CHECK(err.code == ERR_VALIDATION_FAILED);
    memset(text, 'p', sizeof(text) - 1);
    CHECK(!load(text));
    CHECK(err.code == ERR_IO);
}

TEST(the_end)
{
    arena_done(&arena);
}

TESTS(T(without_a_source_each_key_has_its_default), T(a_file_sets_keys_of_every_kind),
      T(an_empty_file_sets_nothing), T(a_text_may_be_set_to_nothing),
      T(the_environment_wins_over_the_file), T(other_variables_and_other_prefixes_do_not_matter),
      T(an_unknown_key_is_named_with_its_line), T(a_line_without_an_equals_sign_is_refused),
      T(a_key_that_is_set_twice_is_refused), T(a_number_is_whole_and_in_its_range),
      T(yes_is_not_true), T(control_characters_are_refused_so_a_windows_file_is_noticed),
      T(a_wrong_variable_is_named_and_its_value_is_not_repeated),
      T(a_missing_file_is_an_error_that_names_it), T(a_file_that_is_too_large_is_an_error),
      T(texts_that_do_not_fit_the_arena_are_an_error),
      T(a_default_that_its_own_row_forbids_is_an_error), T(a_very_long_key_or_path_does_no_harm),
      T(the_end))
