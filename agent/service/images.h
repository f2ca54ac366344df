/* SPDX-License-Identifier: Apache-2.0 */
/* Images on their way into the engine: from a registry, or from the market's blob store.
 *
 * A fetch may take minutes, a lease may be over in seconds. So each image is fetched by a thread of
 * its own, once for all leases that ask for it, and who no longer needs it just stops waiting. What
 * has been loaded from a blob is noted in DIR/cache/images.json and looked up in the engine before
 * it is believed. */
#pragma once

#include <pthread.h>

#include "service/assignment.h"
#include "service/ports.h"

struct images;

enum images_result {
    IMAGES_READY,
    IMAGES_REFUSED,  /* reason and fault say why */
    IMAGES_FETCHING, /* not yet; ask again when told */
};

struct images_answer {
    struct engine_image image; /* READY; its digest is filled in, whatever kind of image it is */
    const char *reason, *fault;
    char detail[240];
};

/* What is wanted. With a login it is fetched for this lease alone: another's may not come to an
 * image by asking for it at the same time. */
struct image_wish {
    struct str ref;
    struct str lease_id; /* whose login is to be used; n 0: none */
    int64_t epoch;
};

/* All are borrowed; `trust` names the market. */
struct images *images_new(const char *dir, const struct engine *engine, const struct link *market,
                          const struct trust *trust);
void images_free(struct images *i); /* waits for fetches under way: interrupt the ports first */

/* Where the image (an OCI reference or "blob:sha256:…") stands. The first who asks starts the
 * fetch. `wake(arg)` is called once, from another thread, when asking again is worth while; not
 * after images_leave() has returned. */
enum images_result images_ask(struct images *i, const struct image_wish *wish,
                              void (*wake)(void *arg), void *arg, struct images_answer *out);
void images_leave(struct images *i, void *arg);
/* How far that is for which `arg` waits. False: it waits for nothing. Not to be called with what
 * wake(arg) locks. */
bool images_progress(struct images *i, const void *arg, struct image_progress *out);

/* Is it a reference of one of the two kinds, with no bytes that have no business in one? */
bool image_ref_ok(struct str ref);
/* The digest that the reference itself names; empty: none. */
struct str image_ref_digest(struct str ref);
