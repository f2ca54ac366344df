/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/home.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "tests/t.h"

static struct arena a;
static struct err err;

/* A fresh folder; a test leaves its files to the system's cleaner. */
static const char *fresh_home(void)
{
    static char path[64];
    snprintf(path, sizeof(path), "/tmp/bourse-home-XXXXXX");
    CHECK(mkdtemp(path));
    arena_done(&a);
    arena_init(&a, 1 << 20);
    err = (struct err){ .code = ERR_NONE };
    return arena_fmt(&a, "%s/home", path);
}

static struct market example(const char *server)
{
    struct market m = {
        .server = server, .pinned = true, .market_id = "mkt_1", .account_id = "acct_1"
    };
    struct key *const k = key_new();
    m.key = key_public(k);
    key_free(k);
    return m;
}

TEST(the_folder_is_that_of_the_first_variable_set)
{
    const char *home;
    setenv("HOME", "/home/u", 1);
    setenv("XDG_CONFIG_HOME", "/xdg", 1);
    setenv("BOURSE_HOME", "/own", 1);
    fresh_home();
    CHECK(home_find(&a, &home, &err));
    CHECK_STR(home, "/own");
    unsetenv("BOURSE_HOME");
    CHECK(home_find(&a, &home, &err));
    CHECK_STR(home, "/xdg/bourse");
    setenv("XDG_CONFIG_HOME", "", 1);
    CHECK(home_find(&a, &home, &err));
    CHECK_STR(home, "/home/u/.config/bourse");
    unsetenv("HOME");
    CHECK(!home_find(&a, &home, &err));
}

TEST(a_server_is_an_http_address_without_slashes_at_its_end)
{
    const char *server;
    fresh_home();
    CHECK(home_server(&a, "http://127.0.0.1:8080//", &server, &err));
    CHECK_STR(server, "http://127.0.0.1:8080");
    CHECK(home_server(&a, "https://m.example/x", &server, &err));
    CHECK_STR(server, "https://m.example/x");
    CHECK(!home_server(&a, "m.example", &server, &err));
    CHECK(!home_server(&a, "http://", &server, &err));
    CHECK(!home_server(&a, "ftp://m.example", &server, &err));
    CHECK_STR(server, "https://m.example/x");
}

TEST(nothing_is_known_before_the_first_contact)
{
    struct market m;
    const char *current = "x";
    const char *const home = fresh_home();
    CHECK(home_current(home, &a, &current, &err));
    CHECK(!current);
    CHECK(home_load(home, "http://a", &a, &m, &err));
    CHECK_STR(m.server, "http://a");
    CHECK(!m.pinned && !m.token && !m.account_id);
}

TEST(what_was_saved_is_read_again)
{
    struct market m = example("http://a"), back;
    const char *current;
    const char *const home = fresh_home();
    m.token = "tok";
    m.token_until_us = 1800000000000000;
    CHECK(home_save(home, &m, true, &err));
    CHECK(home_load(home, "http://a", &a, &back, &err));
    CHECK(back.pinned);
    CHECK_STR(back.market_id, "mkt_1");
    CHECK_STR(back.account_id, "acct_1");
    CHECK_STR(back.token, "tok");
    CHECK_I64(back.token_until_us, m.token_until_us);
    CHECK(memcmp(back.key.b, m.key.b, PUBLIC_KEY_SIZE) == 0);
    CHECK(home_current(home, &a, &current, &err));
    CHECK_STR(current, "http://a");
}

TEST(several_markets_are_kept_apart)
{
    const struct market one = example("http://a");
    struct market two = example("http://b"), back;
    const char *current;
    const char *const home = fresh_home();
    two.market_id = "mkt_2";
    CHECK(home_save(home, &one, true, &err));
    CHECK(home_save(home, &two, false, &err));
    CHECK(home_load(home, "http://a", &a, &back, &err));
    CHECK_STR(back.market_id, "mkt_1");
    CHECK(home_load_by_id(home, STR("mkt_2"), &a, &back, &err));
    CHECK_STR(back.server, "http://b");
    CHECK(!home_load_by_id(home, STR("mkt_3"), &a, &back, &err));
    CHECK_I64(err.code, ERR_NOT_FOUND);
    CHECK(home_current(home, &a, &current, &err));
    CHECK_STR(current, "http://a");
}

TEST(others_may_not_read_what_is_kept)
{
    struct stat folder, file, secret;
    const struct market m = example("http://a");
    const char *const home = fresh_home();
    CHECK(home_save(home, &m, true, &err));
    struct key *const k = home_key_make(home, &a, &err);
    CHECK(k);
    key_free(k);
    CHECK(stat(home, &folder) == 0);
    CHECK(stat(arena_fmt(&a, "%s/markets.json", home), &file) == 0);
    CHECK(stat(arena_fmt(&a, "%s/key.pem", home), &secret) == 0);
    CHECK_I64(folder.st_mode & 0777, 0700);
    CHECK_I64(file.st_mode & 0777, 0600);
    CHECK_I64(secret.st_mode & 0777, 0600);
}

TEST(the_login_key_is_made_once)
{
    const char *const home = fresh_home();
    CHECK(!home_key(home, &a, &err));
    CHECK_I64(err.code, ERR_NOT_FOUND);
    struct key *const made = home_key_make(home, &a, &err), *const again =
                                                                home_key_make(home, &a, &err);
    CHECK(made && again);
    const struct public_key first = key_public(made), second = key_public(again);
    CHECK(memcmp(first.b, second.b, PUBLIC_KEY_SIZE) == 0);
    key_free(made);
    key_free(again);
}

TEST(a_file_that_cannot_be_understood_is_not_overwritten)
{
    struct market m = example("http://a"), back;
    struct buf text;
    const char *const home = fresh_home();
    const char *const path = arena_fmt(&a, "%s/markets.json", home);
    CHECK(home_save(home, &m, true, &err));
    CHECK(file_write(path, STR("{\"markets\":"), 0600, &err));
    CHECK(!home_load(home, "http://a", &a, &back, &err));
    CHECK(strstr(err.detail, "cannot be understood"));
    CHECK(!home_save(home, &m, true, &err));
    buf_init(&text, 100);
    CHECK(file_read(path, 100, &text, &err));
    CHECK(str_is(buf_view(&text), "{\"markets\":"));
    buf_done(&text);
}

TESTS(T(the_folder_is_that_of_the_first_variable_set),
      T(a_server_is_an_http_address_without_slashes_at_its_end),
      T(nothing_is_known_before_the_first_contact), T(what_was_saved_is_read_again),
      T(several_markets_are_kept_apart), T(others_may_not_read_what_is_kept),
      T(the_login_key_is_made_once), T(a_file_that_cannot_be_understood_is_not_overwritten))
