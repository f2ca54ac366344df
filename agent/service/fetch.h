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
    const struct trust *trust; /* names the market */
    pthread_mutex_t lock;      /* guards: DIR/cache/images.json */
};

struct fetch_ear {
    /* Asked before something is tried again; sleeps between the tries. */
    bool (*go_on)(void *arg);
    /* Told how far it is. */
    void (*tell)(void *arg, const struct image_progress *p);
    void *arg;
};

/* True: out->image is in the engine. False: out says why not. */
MUST_CHECK bool fetch_image(struct fetch_place *place, const struct image_wish *wish,
                            const struct fetch_ear *ear, struct images_answer *out);
