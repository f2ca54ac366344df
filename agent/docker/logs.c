/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "docker/call.h"
#include "docker/demux.h"

struct reading {
    struct demux demux;
    enum demux_result last;
};

static bool feed(void *arg, const void *p, size_t n)
{
    struct reading *r = arg;
    r->last = demux_feed(&r->demux, p, n);
    return r->last == DEMUX_OK;
}

enum engine_result docker_logs(void *self, const char *name, bool follow,
                               const struct log_sink *sink, struct err *err)
{
    char path[320];
    struct arena a;
    struct answer answer;
    struct reading reading = { .last = DEMUX_OK };
    demux_init(&reading.demux, sink);
    snprintf(path, sizeof(path), "/containers/%s/logs?follow=%d&stdout=1&stderr=1", name, follow);
    const struct engine_call c = { .method = "GET",
                                   .path = path,
                                   .timeout_ms = follow ? FOREVER_MS : SLOW_MS,
                                   .sink = feed,
                                   .sink_arg = &reading };
    enum engine_result r = ENGINE_FAILED;
    arena_init(&a, ENGINE_ANSWER_MAX);
    const bool heard = engine_call(self, &c, &a, &answer, err);
    if (reading.last == DEMUX_BAD) {
        FAIL(err, ERR_PROTOCOL, "The engine's log is not in frames.");
    } else if (heard && answer.status >= 300) {
        engine_explain(&answer, err);
        r = answer.status == 404 ? ENGINE_NO_SUCH : ENGINE_FAILED;
    } else if (heard || reading.last == DEMUX_ENOUGH) {
        r = ENGINE_DONE;
    }
    arena_done(&a);
    return r;
}
