/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/args.h"

#include "base/limits.h"
#include "tests/t.h"

struct options {
    bool follow;
    const char *image, *budget;
    int64_t units, memory, seconds, millis;
    struct arg_texts env;
};

#define O struct options
/* clang-format off */
static const struct arg table[] = {
    { "follow", ARG_BOOL, offsetof(O, follow), NULL, "Stay." },
    { "image", ARG_TEXT, offsetof(O, image), "REF", "An image." },
    { "budget", ARG_MONEY, offsetof(O, budget), "USD", "Money." },
    { "units", ARG_COUNT, offsetof(O, units), "N", "Units." },
    { "memory", ARG_SIZE, offsetof(O, memory), "SIZE", "Memory." },
    { "duration", ARG_SECONDS, offsetof(O, seconds), "TIME", "Time." },
    { "cpus", ARG_MILLIS, offsetof(O, millis), "N", "Processors." },
    { "env", ARG_TEXTS, offsetof(O, env), "NAME=VALUE", "A variable." },
    ARG_END,
};
/* clang-format on */
#undef O

static struct options o;
static struct words w;
static struct err err;

/* Read a command line of at most 80 words from a fresh start. */
static bool read_words(size_t n, const char *const *words)
{
    static char *argv[80]; /* the words left behind "--" are views into it */
    const struct arg_set set = { table, &o };
    o = (struct options){ .units = -1 };
    err = (struct err){ .code = ERR_NONE };
    CHECK(n <= ARRAY_LEN(argv));
    memcpy(argv, words, n * sizeof(*argv));
    return args_read(n, argv, &set, 1, &w, &err);
}

#define READ(...)                                                                                  \
    read_words(sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *),                \
               (const char *const[]){ __VA_ARGS__ })

TEST(each_kind_is_read)
{
    CHECK(READ("--follow", "--image", "a:b", "--budget", "2.50", "--units", "3", "--memory",
               "512MiB", "--duration", "1h30m", "--cpus", "1.5"));
    CHECK(o.follow);
    CHECK_STR(o.image, "a:b");
    CHECK_STR(o.budget, "2.50");
    CHECK_I64(o.units, 3);
    CHECK_I64(o.memory, 512 << 20);
    CHECK_I64(o.seconds, 5400);
    CHECK_I64(o.millis, 1500);
}

TEST(a_value_may_stand_behind_an_equals_sign)
{
    CHECK(READ("--image=a=b", "--units=7"));
    CHECK_STR(o.image, "a=b");
    CHECK_I64(o.units, 7);
}

TEST(what_is_not_given_keeps_its_value)
{
    CHECK(READ("word"));
    CHECK_I64(o.units, -1);
    CHECK(!o.image && !o.follow);
}

TEST(words_may_stand_anywhere)
{
    CHECK(READ("job.json", "--units", "2", "more", "-"));
    CHECK_I64(w.n, 3);
    CHECK_STR(w.v[0], "job.json");
    CHECK_STR(w.v[1], "more");
    CHECK_STR(w.v[2], "-");
    CHECK(!w.has_rest);
}

TEST(behind_two_dashes_nothing_is_an_option)
{
    CHECK(READ("--units", "2", "--", "python", "--units", "x"));
    CHECK_I64(w.n, 0);
    CHECK(w.has_rest);
    CHECK_I64(w.rest_n, 3);
    CHECK_STR(w.rest[0], "python");
    CHECK_STR(w.rest[1], "--units");
}

TEST(two_dashes_alone_give_an_empty_command)
{
    CHECK(READ("a", "--"));
    CHECK(w.has_rest);
    CHECK_I64(w.rest_n, 0);
}

TEST(an_option_for_several_values_keeps_all_in_order)
{
    CHECK(READ("--env", "A=1", "--env=B=2"));
    CHECK_I64(o.env.n, 2);
    CHECK_STR(o.env.v[0], "A=1");
    CHECK_STR(o.env.v[1], "B=2");
}

TEST(an_unknown_option_is_named_with_the_nearest)
{
    CHECK(!READ("--budgte", "1"));
    CHECK_I64(err.code, ERR_VALIDATION_FAILED);
    CHECK_STR(err.detail, "There is no option --budgte here; did you mean --budget?");
    CHECK(!READ("--zzz"));
    CHECK_STR(err.detail, "There is no option --zzz here.");
    CHECK(!READ("-x"));
    CHECK_STR(err.detail, "There is no option -x here.");
}

TEST(a_missing_value_is_told_with_its_form)
{
    CHECK(!READ("--duration"));
    CHECK_STR(err.detail, "--duration needs a value: a duration as 90s, 10m or 1h30m.");
}

TEST(a_wrong_value_is_told_with_its_form)
{
    CHECK(!READ("--memory", "5M"));
    CHECK_STR(err.detail, "--memory 5M: not a size as 512MiB or 2GB.");
    CHECK(!READ("--units", "0"));
    CHECK(!READ("--units", "-1"));
    CHECK(!READ("--budget", "1.1234567"));
    CHECK(!READ("--budget", "$1"));
    CHECK(!READ("--cpus", "0"));
}

TEST(a_switch_takes_no_value)
{
    CHECK(!READ("--follow=yes"));
    CHECK_STR(err.detail, "--follow takes no value.");
}

TEST(too_many_words_and_too_many_values_are_refused)
{
    const char *many[2 * (ARG_TEXTS_MAX + 1)];
    CHECK(READ("1", "2", "3", "4", "5", "6", "7", "8"));
    CHECK(!READ("1", "2", "3", "4", "5", "6", "7", "8", "9"));
    for (size_t i = 0; i < ARG_TEXTS_MAX + 1; i++) {
        many[i] = "--env=A=1";
    }
    CHECK(read_words(ARG_TEXTS_MAX, many));
    CHECK(!read_words(ARG_TEXTS_MAX + 1, many));
}

TEST(a_later_table_is_asked_after_an_earlier_one)
{
    struct options first = { .units = 0 }, second = { .units = 0 };
    const struct arg only_image[] = { table[1], ARG_END };
    const struct arg_set sets[] = { { only_image, &first }, { table, &second } };
    char words[4][8] = { "--image", "x", "--units", "4" };
    char *argv[] = { words[0], words[1], words[2], words[3] };
    CHECK(args_read(4, argv, sets, 2, &w, &err));
    CHECK_STR(first.image, "x");
    CHECK(!second.image);
    CHECK_I64(second.units, 4);
}

TESTS(T(each_kind_is_read), T(a_value_may_stand_behind_an_equals_sign),
      T(what_is_not_given_keeps_its_value), T(words_may_stand_anywhere),
      T(behind_two_dashes_nothing_is_an_option), T(two_dashes_alone_give_an_empty_command),
      T(an_option_for_several_values_keeps_all_in_order),
      T(an_unknown_option_is_named_with_the_nearest), T(a_missing_value_is_told_with_its_form),
      T(a_wrong_value_is_told_with_its_form), T(a_switch_takes_no_value),
      T(too_many_words_and_too_many_values_are_refused),
      T(a_later_table_is_asked_after_an_earlier_one))
