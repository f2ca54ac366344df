/* SPDX-License-Identifier: Apache-2.0 */
/* The test frame: a main per file, no framework.
 *
 *     TEST(oldest_first_within_a_price)
 *     {
 *         CHECK(…);
 *     }
 *
 *     TESTS(T(oldest_first_within_a_price), …)
 *
 * Each test that passes prints "ok NAME"; the first failed check ends the program with 1, SKIP with
 * 77, which meson reports as skipped. Arguments of checks are evaluated once. */
#pragma once

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct t_test {
    const char *name;
    void (*run)(void);
};

#define TEST(name) static void name(void)

/* clang-format off */
#define T(name) { #name, name }
/* clang-format on */

/* Where a check stands. */
struct t_place {
    const char *file, *function, *text;
    int line;
};

#define T_HERE(text) ((struct t_place){ __FILE__, __func__, (text), __LINE__ })

#define CHECK(c)             t_check(!!(c), T_HERE(#c))
#define CHECK_STR(got, want) t_check_str((got), (want), T_HERE(#got))
#define CHECK_I64(got, want) t_check_i64((int64_t)(got), (int64_t)(want), T_HERE(#got))

static inline void t_check(bool ok, struct t_place at)
{
    if (ok) return;
    fprintf(stderr, "%s:%d: %s: %s\n", at.file, at.line, at.function, at.text);
    exit(1);
}

static inline void t_check_str(const char *got, const char *want, struct t_place at)
{
    if (got && strcmp(got, want) == 0) return;
    fprintf(stderr, " got: %s\nwant: %s\n", got ? got : "(null)", want);
    t_check(false, at);
}

static inline void t_check_i64(int64_t got, int64_t want, struct t_place at)
{
    if (got == want) return;
    fprintf(stderr, " got: %" PRId64 "\nwant: %" PRId64 "\n", got, want);
    t_check(false, at);
}

#define SKIP(why)                                                                                  \
    do {                                                                                           \
        printf("skipped: %s\n", (why));                                                            \
        exit(77);                                                                                  \
    } while (0)

#define TESTS(...)                                                                                 \
    int main(void)                                                                                 \
    {                                                                                              \
        static const struct t_test all_[] = { __VA_ARGS__ };                                       \
        for (size_t i_ = 0; i_ < sizeof(all_) / sizeof(all_[0]); i_++) {                           \
            all_[i_].run();                                                                        \
            printf("ok %s\n", all_[i_].name);                                                      \
            fflush(stdout);                                                                        \
        }                                                                                          \
        return 0;                                                                                  \
    }
