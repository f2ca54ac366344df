/* SPDX-License-Identifier: Apache-2.0 */
/* One image into the engine, start to end, in the caller's thread. */
#pragma once

#include <pthread.h>

#include "service/images.h"

#define FETCH_RETRY_US 500000

struct fetch_place {
    const char *dir;
    const struct engine *engine;
    const struct link *market;
    pthread_mutex_t lock; /* guards: DIR/cache/images.json */
};

/* True: out->image is in the engine. False: out says why not. `go_on(arg)` is asked before
 * something is tried again, and sleeps between the tries. */
MUST_CHECK bool fetch_image(struct fetch_place *place, struct str ref, bool (*go_on)(void *arg),
                            void *arg, struct images_answer *out);
