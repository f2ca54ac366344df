/* SPDX-License-Identifier: Apache-2.0 */
/* Every maximum in the product, each with its reason. docs/limits.md is made from this page. */
#pragma once

/* clang-format off */
#define BODY_MAX            65536    /* a JSON body: the largest blueprint with 64 env values fits twice */
#define BLOB_MAX            (1ll << 30) /* one blob: an image archive that a home line moves in minutes */
#define JSON_DEPTH_MAX      16       /* our deepest body has 6 levels */
#define LOG_CHUNK_MAX       65536    /* one piece of container output */
#define EGRESS_ALLOW_MAX    64       /* hosts that a job with egress allowlist may name */
#define LOG_LEASE_MAX       (4 << 20) /* output kept for one lease; what comes after is counted, not kept */
#define LOG_LINE_MAX        4096     /* one line of our own log: a pipe takes that much in one piece */
#define CONF_FILE_MAX       65536    /* a configuration file: a hundred keys with comments, ten times over */
#define COMMAND_ARGS_MAX    64       /* words of a container's command */
#define ENV_MAX             64       /* environment variables of a job */
#define TEXT_MAX            4096     /* one argument or value */
#define NAME_MAX_BYTES      128      /* names of jobs, nodes, keys */
#define IMAGE_MAX           512      /* an image reference */
#define IMAGE_BYTES_MAX     (1ll << 44) /* of one image, compressed: far beyond what any registry takes */
#define REGISTRY_LOGINS_MAX 32       /* registries for which an account keeps a login: one a supplier, and to spare */
#define IDEM_KEY_MAX        255      /* as Stripe; longer keys carry nothing more */
#define PAGE_MAX            100      /* rows of one page */
#define PAGE_DEFAULT        50
#define UNITS_MAX           4032     /* units of one order: with a gang more, FILLS_MAX trades of one command */
#define DURATION_MIN_S      60       /* the least that is billed */
#define DURATION_MAX_S      2592000  /* 30 days; longer work checkpoints */
#define DURATION_DEFAULT_S  3600
#define RISK_DEFAULT_S      3600     /* longest time without a checkpoint, of an ask and of a bid */
#define OPEN_ORDERS_MAX     10000    /* resting orders of one account */
#define ATTEMPTS_MAX        10       /* how often a job is placed before it fails */
#define ATTEMPTS_DEFAULT    3
#define WANTS_MAX           8        /* pools that one bid accepts: cards a buyer compares by hand */
#define GANG_NODES_MAX      64       /* nodes of one gang: eight racks of eight */
#define EXCLUDED_NODES_MAX  16       /* nodes that failed one job; the oldest is forgotten first */
#define NODE_ASKS_MAX       16       /* asks of one node that are not over */
#define OFFERS_MAX          64       /* sealed offers for one bid */
#define QUOTA_MAX           1000000  /* units of a team's member: more than any market holds */
#define AUCTION_MAX_MS      5000     /* a bidding window: three round trips of the slowest line */
#define GROUP_MAX           256      /* commands in one transaction: beyond it latency doubles for 10 % */
#define MARKET_QUEUE_MAX    4096     /* commands that wait; more are told to come back */
#define LOOKS_MAX           64       /* looks at the market that wait: at a quarter of its thread, a quarter of a second */
#define FILLS_MAX           4096     /* trades of one command: the index of an id has 12 bits */
#define POLL_WAIT_S         25       /* a long poll, below the 60 s of usual proxies */
#define POLL_WAIT_MAX_S     55
#define TOKEN_MAX           2048     /* a JWT; ours have about 400 bytes */
#define JWT_LIFE_S          900
#define CHALLENGE_LIFE_S    60
#define JOIN_TOKEN_LIFE_S   900
#define DOCTOR_CHECKS_MAX   64       /* of a machine's self-test; there are 17 */
#define DOCTOR_TEXT_MAX     512      /* reason or command of one check */
#define SIGNATURE_AGE_S     300      /* a signed request may be this old, */
#define SIGNATURE_AHEAD_S   60       /* or this far in the future */
#define IDEM_KEEP_S         (48 * 3600)
#define BLOBS_ACCOUNT_MAX   (8ll << 30) /* bytes of blobs one account may keep */
#define BLOB_CACHE_MAX      (16ll << 30) /* of blobs in a bucket, what this machine holds to read from */
#define UPLOADS_MAX         8        /* bodies of blobs that one account, or one node, sends at once */
#define DISK_RESERVE        (1ll << 30) /* no blob is taken that leaves the disk less, or less than 5 % where that is less */
#define GPUS_MAX            16       /* devices of one node */
#define ASK_REASON_MAX      200      /* bytes of why a price moved: a sentence for a row of a table */
#define CHECKPOINT_PIECE         (4ll << 20) /* bytes of a blob of a checkpoint: what changes is sent, in few requests */
#define CHECKPOINT_FILES_MAX     4096 /* files of a checkpoint: shards of a model and what goes with them */
#define CHECKPOINT_PIECES_MAX    8192 /* 32 GiB */
#define CHECKPOINT_MANIFEST_MAX  (2 << 20) /* so many files and pieces, with paths of usual length */
#define CHECKPOINT_MISSING_MAX   512 /* pieces asked for in one answer */
#define CHECKPOINT_LOOKS         4 /* within the time that a job may lose, so that little of it is lost to the timer */
#define OUTPUTS_MAX         64       /* files of one receipt */
#define CANDLES_MAX         1500     /* candles, or points of the index, of one answer: a day of minutes */
#define STREAMS_MAX         2500     /* live streams: with the other connections below 20,000 open files */
#define STREAM_STALL_S      20       /* a stream that takes nothing for so long is cut off */
#define STREAM_PING_S       15       /* a quiet stream says that it lives, below the 60 s of usual proxies */
#define EVENTS_KEPT         4096     /* events that a stream may be behind or resume from: minutes of a busy market */
#define EVENTS_BYTES_MAX    (8 << 20) /* of these together */
/* clang-format on */
