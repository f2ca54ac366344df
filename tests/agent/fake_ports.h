/* SPDX-License-Identifier: Apache-2.0 */
/* A world for the agent: an engine and a market that live in memory which survives the agent.
 *
 * The agent under test runs in a child process; the world is shared memory of its parent. So a
 * child can be killed at any of its calls into the world, for real, and the next child finds engine
 * and market as the first one left them. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "service/agent.h"
#include "sign/key.h"

#define FAKE_LEASES     8
#define FAKE_CONTAINERS 16
#define FAKE_CHUNKS     256
#define FAKE_BLOBS      16
#define FAKE_ASKS       8
#define FAKE_MOVES      32
#define FAKE_LOG_MAX    (256 * 1024)

/* What a container does: for all containers of the world. */
struct fake_script {
    int64_t run_ms; /* then it ends by itself */
    int64_t exit_code;
    bool deaf; /* does not hear SIGTERM */
    bool out_of_memory;
    const char *out, *err;      /* written at once, in this order */
    int64_t flood_bytes;        /* then that many 'x' on stdout */
    const char *file, *content; /* left in /out */
    int64_t file_bytes;         /* and a file "big" of that size */
};

struct fake_container {
    bool there, started, ended;
    char name[ENGINE_ID_SIZE], lease_id[LEASE_ID_SIZE], out_dir[512];
    int64_t epoch, exit_code;
    int64_t started_us, ends_us, finished_us; /* boot clock; the wall clock is derived */
    int starts, terms, kills;
};

struct fake_engine {
    struct fake_script script;
    enum engine_result create_result, start_result, load_result, pull_result;
    int64_t pull_ms;
    int loads, pulls, creates;
    char login[64];  /* "name:password" of the last pull that had one */
    char loaded[64]; /* the image that an archive became; empty: none */
    struct fake_container v[FAKE_CONTAINERS];
    int removed_running;
};

struct fake_chunk {
    bool there;
    enum log_stream stream;
    size_t n;
};

struct fake_lease {
    char document[8192], signature[96], lease_id[LEASE_ID_SIZE];
    int64_t sequence, epoch;
    enum lease_state state;
    bool forgotten;    /* the market tells nobody of it any more */
    bool stop, forget; /* commands of the next heartbeats */
    bool displace;     /* the same, with a notice of */
    int64_t notice_seconds;
    bool told_late;    /* told once more when it is over: the market looked before it was */
    char refused[128]; /* "reason fault" of a cannot-start */
    int accepts, prepared, readies, declines, logins;
    int64_t image_done; /* bytes, as the last heartbeat that told them */
    int64_t nodes;      /* of a gang */
    bool gathered;      /* all of it can start */
    int64_t ticks, tick_seconds;
    char receipt[65536], receipt_signature[96];
    int exits;
    struct fake_chunk chunks[FAKE_CHUNKS];
    char log[FAKE_LOG_MAX];
    size_t log_n;
};

struct fake_ask {
    char ask_id[40], pool[32];
    bool open;
    int64_t price_micros, floor_micros, units;
    enum pricing_policy policy;
    int64_t changed_us; /* when its price changed; boot clock */
    int64_t prices[FAKE_MOVES];
    char reasons[FAKE_MOVES][256];
    size_t moves_n;
};

struct fake_market {
    bool unreachable;
    bool no_login; /* the buyer keeps none */
    struct fake_lease leases[FAKE_LEASES];
    size_t leases_n;
    char image_sha[SHA_TEXT_SIZE]; /* of the one image in its store; empty: none */
    char blobs[FAKE_BLOBS][SHA_TEXT_SIZE];
    size_t blobs_n;
    int64_t marks_us[2]; /* a test's own: moments that it wants to compare */
    struct fake_ask asks[FAKE_ASKS];
    size_t asks_n;
    struct sealed_bid bid; /* announced once it has a name; and what was offered for it */
    char bid_id[40], offered_ask[40];
    int64_t offered_micros;
    int offers;
    struct pool_seen pool; /* what sellers see; its best other ask may be one of `asks` */
    int64_t quote_us;      /* a price that is younger may not be changed */
    int early;             /* how often an agent tried to */
    int heartbeats, nodes_put, downloads, checkpoints;
    char broken[256]; /* the first thing that no agent may do; empty: none */
};

struct fake_world {
    pthread_mutex_t lock; /* guards: everything below, between processes */
    struct fake_engine engine;
    struct fake_market market;
    int calls;    /* into the world, so far */
    int crash_at; /* the process dies there; 0: it does not */
    char dir[256];
    bool sells;
    enum pricing_policy policy;
    int64_t price_micros, floor_micros; /* floor 0: the price */
    struct key *key, *market_key;       /* made before the fork */
    struct identity identity;
};

struct fake_world *fake_world_new(void);
void fake_world_free(struct fake_world *w); /* removes its folder */

/* Offer a lease of one unit; returns its number. The image is "blob:sha256:…" of a small archive,
 * unless `image` names another. */
size_t fake_offer(struct fake_world *w, const char *image, int64_t max_seconds);

/* Its image is fetched with a login. */
void fake_use_login(struct fake_world *w, size_t lease);

/* The lease becomes the second of a gang of two. */
void fake_make_gang(struct fake_world *w, size_t lease);

/* Run an agent in a child until `done` says so of the world, or `most_ms` have passed. Returns what
 * the child ended with: 0, 9 for a crash, 1 when the time was over. */
typedef bool fake_done(struct fake_world *w);
int fake_run(struct fake_world *w, fake_done *done, int64_t most_ms);

/* Beginning and end of each call: count, and die where the script says so. */
void fake_enter(struct fake_world *w);
void fake_leave(struct fake_world *w);
bool fake_is_interrupted(void);
void fake_interrupt(void *world);
void fake_break(struct fake_world *w, const char *fmt, ...) PRINTF_LIKE(2, 3);

extern const struct engine_ops fake_engine_ops;
extern const struct link_ops fake_link_ops;
extern const struct settings fake_settings;

/* Sign and number a document of the market's. */
void fake_sign(struct fake_world *w, struct fake_lease *l);
/* The archive that the store holds. */
struct str fake_archive(void);
bool fake_journal_is_empty(const struct fake_world *w);
