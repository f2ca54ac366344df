/* SPDX-License-Identifier: Apache-2.0 */
#include "base/random.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

void random_bytes(void *out, size_t n)
{
    char *p = out;
    while (n > 0) {
        const ssize_t got = getrandom(p, n, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) abort();
        p += got;
        n -= (size_t)got;
    }
}

uint64_t random_u64(void)
{
    uint64_t x;
    random_bytes(&x, sizeof(x));
    return x;
}

int64_t random_between(int64_t low, int64_t high)
{
    assert(low <= high);

    const uint64_t count = (uint64_t)high - (uint64_t)low + 1;
    if (count == 0) return (int64_t)random_u64(); /* all of them */

    /* The numbers above the last whole multiple of count would favour the low results. */
    const uint64_t excess = (UINT64_MAX % count + 1) % count;
    uint64_t x;
    do {
        x = random_u64();
    } while (x > UINT64_MAX - excess);
    return (int64_t)((uint64_t)low + x % count);
}
