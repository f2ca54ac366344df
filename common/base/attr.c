/* SPDX-License-Identifier: Apache-2.0 */
#include "base/attr.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void auto_free_(void *p)
{
    void *owned;
    memcpy(&owned, p, sizeof(owned)); /* p may be a pointer to any type of pointer */
    free(owned);
}

void auto_close_(const int *fd)
{
    if (*fd < 0) return;
    const int saved = errno; /* a scope often ends on its way out with a failure */
    close(*fd);
    errno = saved;
}
