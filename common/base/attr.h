/* SPDX-License-Identifier: Apache-2.0 */
/* Compiler attributes and the few macros of our own, by the names we read them by. */
#pragma once

#include <stddef.h>

#define MUST_CHECK              __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))
#define ARRAY_LEN(a)            (sizeof(a) / sizeof((a)[0]))

/* Scope-bound clean-up: `auto_free char *p = NULL;` An auto_ variable is initialised where it is
 * declared; take(p) moves its value out, so that the scope's end finds nothing to do. */
#define auto_free  __attribute__((cleanup(auto_free_)))
#define auto_close __attribute__((cleanup(auto_close_)))
#define auto_buf   __attribute__((cleanup(buf_done)))

#define take(p)                                                                                    \
    __extension__({                                                                                \
        __typeof__(p) taken_ = (p);                                                                \
        (p) = NULL;                                                                                \
        taken_;                                                                                    \
    })

void auto_free_(void *p);        /* free(*(void **)p) */
void auto_close_(const int *fd); /* close(*fd) unless negative; errno is kept */
