/* SPDX-License-Identifier: Apache-2.0 */
/* The seam: how the agent reaches the container engine, the GPUs and the market.
 *
 * main fills these structs with the drivers, a test with fakes. Every function may be called by any
 * thread. `interrupt` has running and later calls end soon with ERR_IO; it is for shutting down and
 * cannot be undone. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "domain/isolation.h"
#include "domain/offer.h"
#include "domain/plan.h"
#include "domain/sealed.h"
#include "sign/login.h"
#include "json/field.h"

#define ASK_ID_SIZE    40
#define LEASE_ID_SIZE  40  /* "lease_" and 26 digits; room for a longer prefix */
#define ENGINE_ID_SIZE 128 /* "sha256:" and 64 digits, or the name of a container */
#define SHA_TEXT_SIZE  65
#define GPU_UUID_SIZE  48 /* "GPU-" and 36 characters */

/* A GPU that a lease was given. */
struct gpu_grant {
    char uuid[GPU_UUID_SIZE];
    int64_t minor; /* of its device node; negative: the driver does not tell */
};

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
    const char *out_dir;  /* on this machine; seen inside as /out */
    const char *save_dir; /* seen inside as /checkpoint; NULL: there is none */
    const char *netns;    /* the file of its network namespace; NULL: it has no network */
    const char *resolver; /* the address that it asks for names; NULL: none */
    const struct gpu_grant *gpus;
    size_t gpus_n; /* 0: none, and none may be seen inside */
};

/* How far an image has come. */
enum image_phase { IMAGE_WAITS, IMAGE_DOWNLOADS, IMAGE_UNPACKS };
extern const char *const image_phase_names[]; /* "waiting", … */

struct image_progress {
    enum image_phase phase;
    int64_t done_bytes, total_bytes; /* of what is compressed; -1: the whole is not known */
};

struct image_pull {
    struct str ref;
    const struct login *login;                               /* for its registry; NULL: none */
    void (*tell)(void *arg, const struct image_progress *p); /* NULL: nobody listens */
    void *arg;
};

enum container_phase { CONTAINER_CREATED, CONTAINER_RUNNING, CONTAINER_EXITED };

struct container_state {
    enum container_phase phase;
    int64_t exit_code;
    bool out_of_memory;              /* as far as the engine noticed */
    int64_t started_us, finished_us; /* wall clock; 0: not yet */
    int64_t pid;                     /* of its first process, as the engine sees it; 0: none */
    char id[ENGINE_ID_SIZE];         /* the engine's own name for it */
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
    enum engine_result (*image_pull)(void *self, const struct image_pull *p,
                                     struct engine_image *out, struct err *err);
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
    char uuid[GPU_UUID_SIZE], model[64];
    int64_t memory_bytes;
    int64_t minor;  /* of its device node; negative: not told */
    int64_t island; /* those with the same number are joined by NVLink, or else share a switch */
};

/* Why a card must not be sold, and what runs on it not be charged. */
enum gpu_ill {
    GPU_ILL_ECC,     /* memory errors that were not corrected, since the driver was loaded */
    GPU_ILL_XID,     /* the kernel's log has an error after which it must be reset */
    GPU_ILL_HOT,     /* so hot that it slows itself down */
    GPU_ILL_LOST,    /* it was here and is not any more */
    GPU_ILL_FOREIGN, /* a process that is of no lease computes on it */
};
#define GPU_ILLS 5
extern const char *const gpu_ill_names[GPU_ILLS + 1]; /* "ecc-uncorrected", …; ends with NULL */

#define GPU_PIDS_MAX 64

/* A card as it is now. Numbers are negative when not told. */
struct gpu_state {
    char uuid[GPU_UUID_SIZE];
    bool ills[GPU_ILLS];
    int64_t xid; /* which, for GPU_ILL_XID */
    int64_t temperature_c, busy_percent, memory_used_bytes, power_milliwatts;
    int64_t pids[GPU_PIDS_MAX]; /* of processes that compute on it */
    size_t pids_n;
    char lease_id[LEASE_ID_SIZE]; /* of the lease that has it now; empty: none */
};

struct gpu_ops {
    /* The devices that can be sold: at most GPUS_MAX. */
    size_t (*list)(void *self, struct gpu out[GPUS_MAX]);
    /* Each card that answers, as it is now. A driver tells no GPU_ILL_LOST and no GPU_ILL_FOREIGN:
     * it knows neither what was here before nor what a lease is. False: the cards' driver does not
     * answer; err says why. */
    MUST_CHECK bool (*watch)(void *self, struct gpu_state out[GPUS_MAX], size_t *n,
                             struct err *err);
};

struct gpus {
    const struct gpu_ops *ops;
    void *self;
};

/* ---- networks ----------------------------------------------------------------------------------
 */

struct net_limits {          /* of each lease; 0: the default */
    int64_t bytes_max;       /* in and out together */
    int64_t bytes_second;    /* each way; 0: no limit */
    const char *name_server; /* that our resolver asks; NULL: the one of /etc/resolv.conf */
};

struct net_spec {
    const char *name;      /* of the container */
    struct str egress;     /* "allowlist" or "open" */
    struct str_list allow; /* "host" or "host:port" */
};

struct net_place {
    char path[64];     /* of the namespace, for the engine */
    char resolver[64]; /* an address in it that answers for names */
};

struct net_spent {
    const char *name; /* of the container */
    bool spent;       /* an answer; false also for one that is not there */
};

struct net_ops {
    /* Make the network of that name, or find it and serve its names again. ERR_IO. */
    bool (*open)(void *self, const struct net_spec *spec, struct net_place *out, struct err *err);
    /* What went through it until now, as a JSON object. ERR_IO, ERR_NOT_FOUND. */
    bool (*flows)(void *self, const char *name, struct buf *out, struct err *err);
    /* Which of these have used up their bytes: what is sent now is dropped. ERR_IO. */
    bool (*spent)(void *self, struct net_spent *v, size_t n, struct err *err);
    /* Remove it. One that is gone is fine. */
    void (*close)(void *self, const char *name);
};

struct net_port {
    const struct net_ops *ops; /* NULL: leases have no network here */
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
    enum isolation isolation;  /* of the self-test; ISOLATION_NONE: not told */
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
    bool gathered; /* of a gang: all of it can start */
};

struct lease_pulse { /* of one lease in a heartbeat */
    struct str lease_id;
    int64_t epoch;
    const char *state;                        /* as in lease_state_names */
    struct str tick_document, tick_signature; /* p NULL: none */
    bool fetches;                             /* its image is on its way: */
    struct image_progress image;
};

struct node_pulse { /* a heartbeat */
    const struct lease_pulse *leases;
    size_t leases_n;
    const struct gpu_state *gpus; /* all that this machine sells */
    size_t gpus_n;
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

enum command_do { COMMAND_STOP, COMMAND_FORGET, COMMAND_SAVE };

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
    bool asks_changed;    /* an ask that was open is not any more */
    bool drains;          /* nothing new is to be offered */
    char min_version[32]; /* of an agent; empty: not said */
    int64_t lease_seconds;
};

struct sealed_login {
    struct str registry, box; /* of sign/login.h */
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
    /* Nothing new from now on, while what runs may finish; or an end of that. */
    enum link_result (*drain)(void *self, bool on, struct err *err);

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
    /* Of a gang: we could start. Waits up to `wait_seconds` until all of them can. */
    enum link_result (*prepared)(void *self, struct str lease_id, int64_t epoch,
                                 int64_t wait_seconds, struct lease_brief *out, struct err *err);
    /* The login to fetch the lease's image with, sealed to `to`; box and registry in the arena.
     * LINK_GONE: the buyer keeps none. LINK_STALE: the lease does not prepare any more. */
    enum link_result (*registry_login)(void *self, struct str lease_id, int64_t epoch,
                                       const struct seal_public *to, struct arena *a,
                                       struct sealed_login *out, struct err *err);
    enum link_result (*ready)(void *self, struct str lease_id, int64_t epoch, struct str digest,
                              struct lease_brief *out, struct err *err);
    enum link_result (*cannot_start)(void *self, struct str lease_id, int64_t epoch,
                                     const struct refusal *why, struct err *err);
    enum link_result (*exit)(void *self, struct str lease_id, int64_t epoch, struct str receipt,
                             struct str signature, struct err *err);
    /* A checkpoint, signed. *kept: the job has it. Else `missing` (in the arena) names the blobs
     * that must be put first. */
    enum link_result (*checkpoint)(void *self, struct str lease_id, struct str document,
                                   struct str signature, struct arena *a, bool *kept,
                                   struct str_list *missing, struct err *err);
    enum link_result (*heartbeat)(void *self, const struct node_pulse *p, struct arena *a,
                                  struct pulse_answer *out, struct err *err);
    /* What it did with its network, as net_ops.flows said. */
    enum link_result (*flows_put)(void *self, struct str lease_id, struct str flows,
                                  struct err *err);
    enum link_result (*log_put)(void *self, struct str lease_id, int64_t chunk,
                                enum log_stream stream, struct str bytes, struct err *err);
    /* Into fd, behind the bytes of it that are there already, at most `most` in all. What came
     * before the line was cut stays there. */
    enum link_result (*blob_get)(void *self, const char *sha256, int fd, int64_t most,
                                 struct err *err);
    /* A large one goes on where an earlier try was cut. */
    enum link_result (*blob_put)(void *self, const char *sha256, int fd, int64_t size,
                                 struct err *err);
    void (*interrupt)(void *self);
};

struct link {
    const struct link_ops *ops;
    void *self;
};
