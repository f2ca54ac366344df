/* SPDX-License-Identifier: Apache-2.0 */
/* The seam: how the agent reaches the container engine, the GPUs and the market.
 *
 * main fills these structs with the drivers, a test with fakes. Every function may be called by any
 * thread. `interrupt` has running and later calls end soon with ERR_IO; it is for shutting down and
 * cannot be undone. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/limits.h"
#include "domain/offer.h"
#include "domain/plan.h"
#include "domain/sealed.h"
#include "json/field.h"

#define ASK_ID_SIZE    40
#define LEASE_ID_SIZE  40  /* "lease_" and 26 digits; room for a longer prefix */
#define ENGINE_ID_SIZE 128 /* "sha256:" and 64 digits, or the name of a container */
#define SHA_TEXT_SIZE  65

/* ---- the engine --------------------------------------------------------------------------------
 */

enum engine_result {
    ENGINE_DONE,
    ENGINE_NO_SUCH,     /* there is no such image or container */
    ENGINE_BAD_IMAGE,   /* the image cannot be used; err says why */
    ENGINE_BAD_COMMAND, /* the command cannot be started; err says why */
    ENGINE_DIFFERS, /* the container is not what was asked for; err names the field. It is removed
                     */
    ENGINE_FAILED,  /* the engine or this machine; err says what */
};

struct engine_info {
    char name[32], version[64]; /* "docker" or "podman" */
};

struct engine_image {
    char id[ENGINE_ID_SIZE];
    char digest[ENGINE_ID_SIZE]; /* of the registry's manifest; empty when the image has none */
};

/* What a container is made from. The driver writes everything that is not here by itself. */
struct container_spec {
    const char *name; /* unique and the same at each try: bourse-<lease>-<epoch> */
    struct str lease_id, job_id, node_id;
    int64_t epoch;
    const char *image_id;
    struct str_list command, entrypoint; /* empty: the image's own */
    struct str_map env;
    struct str workdir; /* empty: the image's own */
    int64_t cpu_millis, memory_bytes, scratch_bytes, pids_max;
    const char *out_dir; /* on this machine; seen inside as /out */
};

enum container_phase { CONTAINER_CREATED, CONTAINER_RUNNING, CONTAINER_EXITED };

struct container_state {
    enum container_phase phase;
    int64_t exit_code;
    bool out_of_memory;              /* as far as the engine noticed */
    int64_t started_us, finished_us; /* wall clock; 0: not yet */
};

struct container_seen {
    char name[ENGINE_ID_SIZE];
    char lease_id[LEASE_ID_SIZE];
    int64_t epoch;
    bool running;
};

enum log_stream { LOG_STDOUT, LOG_STDERR };

/* Takes bytes of a container's output; false ends the reading. */
struct log_sink {
    bool (*put)(void *arg, enum log_stream stream, const void *p, size_t n);
    void *arg;
};

struct engine_ops {
    MUST_CHECK bool (*describe)(void *self, struct engine_info *out, struct err *err);

    /* An image by id or reference. */
    enum engine_result (*image_find)(void *self, struct str ref, struct engine_image *out,
                                     struct err *err);
    /* From a registry; may take minutes. */
    enum engine_result (*image_pull)(void *self, struct str ref, struct engine_image *out,
                                     struct err *err);
    /* From an archive of exactly one image. */
    enum engine_result (*image_load)(void *self, int fd, int64_t size, struct engine_image *out,
                                     struct err *err);

    /* Make a container, compare what the engine made with what was asked, field by field. One of
     * that name that is there already is compared instead. */
    enum engine_result (*container_create)(void *self, const struct container_spec *spec,
                                           struct err *err);
    enum engine_result (*container_start)(void *self, const char *name, struct err *err);
    enum engine_result (*container_inspect)(void *self, const char *name,
                                            struct container_state *out, struct err *err);
    /* Until it has ended, or the call was interrupted (ENGINE_FAILED). */
    enum engine_result (*container_wait)(void *self, const char *name, struct err *err);
    /* One that has ended already is ENGINE_DONE. */
    enum engine_result (*container_kill)(void *self, const char *name, int signal, struct err *err);
    /* Kill and remove, with what the engine keeps for it. One that is gone is ENGINE_DONE. */
    enum engine_result (*container_remove)(void *self, const char *name, struct err *err);
    /* All that were made for this node; other agents may use the same engine. ENGINE_FAILED when
     * there are more than `room`. */
    enum engine_result (*container_list)(void *self, struct str node_id, struct container_seen *out,
                                         size_t room, size_t *n, struct err *err);
    /* The output from its first byte on; `follow`: until the container ends, else what is there. */
    enum engine_result (*logs_read)(void *self, const char *name, bool follow,
                                    const struct log_sink *sink, struct err *err);
    void (*interrupt)(void *self);
};

struct engine {
    const struct engine_ops *ops;
    void *self;
};

/* ---- GPUs --------------------------------------------------------------------------------------
 */

struct gpu {
    char uuid[48], model[64];
    int64_t memory_bytes;
};

struct gpu_ops {
    /* The devices that can be sold: at most GPUS_MAX. */
    size_t (*list)(void *self, struct gpu out[GPUS_MAX]);
};

struct gpus {
    const struct gpu_ops *ops;
    void *self;
};

/* ---- the market --------------------------------------------------------------------------------
 */

enum link_result {
    LINK_DONE,
    LINK_GONE,        /* 404: it does not know the thing */
    LINK_STALE,       /* 409: a newer epoch, or a state in which this is not possible */
    LINK_REFUSED,     /* another 4xx: asking again the same way is useless */
    LINK_UNREACHABLE, /* no answer, a busy or failing server: ask again later */
};

struct inventory {
    struct share share; /* what the owner gives */
    struct gpu gpus[GPUS_MAX];
    size_t gpus_n;
    struct str region, site, data_label; /* in the words of the wire; p NULL: not told */
    int64_t bandwidth_mbps;
};

struct node_report {
    struct str name, agent_version;
    struct inventory inventory;
    struct engine_info engine; /* name empty: none answers */
};

struct joined {
    struct str node_id, account_id, market_id, market_public_key;
    int64_t lease_seconds, heartbeat_seconds;
};

struct assignment_told {
    struct str document, signature; /* text and base64 */
};

struct assignments_told {
    struct assignment_told *v; /* in the arena */
    size_t n;
    struct sealed_bid *bids; /* those that we may offer for; in the arena */
    size_t bids_n;
    int64_t next;
};

struct lease_brief {
    char state[16];
    int64_t max_seconds;
};

struct lease_pulse { /* of one lease in a heartbeat */
    struct str lease_id;
    int64_t epoch;
    const char *state;                        /* as in lease_state_names */
    struct str tick_document, tick_signature; /* p NULL: none */
};

/* A pool as a seller sees it: without his own asks, and those of nodes that never delivered. Prices
 * of a unit and hour; 0: there is none. */
struct pool_seen {
    int64_t tick_micros;
    int64_t best_other_micros, best_bid_micros, index_micros;
    int64_t last_trade_micros, last_trade_us; /* on the market's clock */
};

struct ask_change {
    int64_t price_micros, units; /* units 0: as they are */
    struct str reason;           /* for the ask's history; n 0: none */
};

enum command_do { COMMAND_STOP, COMMAND_FORGET };

struct command {
    char lease_id[LEASE_ID_SIZE];
    int64_t epoch;
    enum command_do what;
    char reason[32];
    int64_t notice_seconds; /* of a stop: to save its work in; 0: the usual grace */
};

#define COMMANDS_MAX 256 /* of one answer; more come with the next heartbeat */

struct pulse_answer {
    struct command *commands; /* in the arena */
    size_t commands_n;
    bool asks_changed; /* an ask that was open is not any more */
    int64_t lease_seconds;
};

/* Why a lease cannot start, in the words of the wire. */
struct refusal {
    const char *reason, *fault; /* "engine-failed", "provider" */
    struct str detail;
};

struct link_ops {
    enum link_result (*join)(void *self, struct str token, struct str public_key,
                             const struct node_report *report, struct arena *a, struct joined *out,
                             struct err *err);
    enum link_result (*put_node)(void *self, const struct node_report *report, struct err *err);

    /* Our open asks: at most `room`. */
    enum link_result (*asks_list)(void *self, struct arena *a, struct ask_seen *out, size_t room,
                                  size_t *n, struct err *err);
    /* `key` is the idempotency key of this wish: the same at each try. *wait_s is always set, here
     * and in ask_amend: how long the market wants us to wait before we ask for it again; 0 when it
     * does not say. */
    enum link_result (*ask_place)(void *self, const char *key, const struct offer *o,
                                  int64_t *wait_s, struct err *err);
    enum link_result (*ask_amend)(void *self, struct str ask_id, const struct ask_change *c,
                                  int64_t *wait_s, struct err *err);
    enum link_result (*ask_cancel)(void *self, struct str ask_id, struct err *err);
    enum link_result (*pool_look)(void *self, struct str pool, struct pool_seen *out,
                                  struct err *err);

    /* Assignments after that number; waits up to `wait_seconds` for one. n may be 0. */
    enum link_result (*assignments)(void *self, int64_t after, int64_t wait_seconds,
                                    struct arena *a, struct assignments_told *out, struct err *err);
    /* A sealed offer for a bid by one of our asks; again: instead of the earlier one. */
    enum link_result (*auction_offer)(void *self, struct str bid_id, struct str ask_id,
                                      int64_t price_micros, struct err *err);
    /* digest may be empty: not known yet. */
    enum link_result (*accept)(void *self, struct str lease_id, int64_t epoch, struct str digest,
                               struct lease_brief *out, struct err *err);
    enum link_result (*decline)(void *self, struct str lease_id, int64_t epoch, struct str detail,
                                struct err *err);
    enum link_result (*ready)(void *self, struct str lease_id, int64_t epoch, struct str digest,
                              struct lease_brief *out, struct err *err);
    enum link_result (*cannot_start)(void *self, struct str lease_id, int64_t epoch,
                                     const struct refusal *why, struct err *err);
    enum link_result (*exit)(void *self, struct str lease_id, int64_t epoch, struct str receipt,
                             struct str signature, struct err *err);
    enum link_result (*heartbeat)(void *self, const struct lease_pulse *leases, size_t n,
                                  struct arena *a, struct pulse_answer *out, struct err *err);
    enum link_result (*log_put)(void *self, struct str lease_id, int64_t chunk,
                                enum log_stream stream, struct str bytes, struct err *err);
    /* Into fd, at most `most` bytes. */
    enum link_result (*blob_get)(void *self, const char *sha256, int fd, int64_t most,
                                 struct err *err);
    enum link_result (*blob_put)(void *self, const char *sha256, int fd, int64_t size,
                                 struct err *err);
    void (*interrupt)(void *self);
};

struct link {
    const struct link_ops *ops;
    void *self;
};
