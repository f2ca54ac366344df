-- What commands make and change: nodes, orders, trades, leases, payouts. Rows hold what the market thread
-- holds in memory, so that it can be rebuilt. Jobs have no table: a job is its bid and its command's payload.

CREATE TABLE pools (
    number           int NOT NULL,
    version          int NOT NULL,
    name             text NOT NULL CHECK (name ~ '^[a-z0-9][a-z0-9.-]{0,30}$'),
    gpu_model        text NOT NULL DEFAULT '',
    gpu_memory_bytes bigint NOT NULL DEFAULT 0,
    unit_gpus        int NOT NULL,
    unit_cpu_millis  int NOT NULL,
    unit_memory_bytes bigint NOT NULL,
    unit_scratch_bytes bigint NOT NULL,
    tick             bigint NOT NULL CHECK (tick > 0),
    throughput       bigint,
    PRIMARY KEY (number, version)
);
COMMENT ON TABLE pools IS 'The operator''s table of interchangeable capacity; the highest version of a number is in force.';
COMMENT ON COLUMN pools.throughput IS 'Reference INT8 throughput in giga-operations/s of a unit; NULL: unknown.';

INSERT INTO pools (number, version, name, gpu_model, gpu_memory_bytes, unit_gpus, unit_cpu_millis,
                   unit_memory_bytes, unit_scratch_bytes, tick, throughput) VALUES
    (1, 1, 'cpu', '', 0, 0, 1000, 1073741824, 2147483648, 1000, NULL),
    (2, 1, 'rtx4090-24g', 'NVIDIA GeForce RTX 4090', 25757220864, 1, 4000, 17179869184, 53687091200, 1000, 661000),
    (3, 1, 'rtx3090-24g', 'NVIDIA GeForce RTX 3090', 25769803776, 1, 4000, 17179869184, 53687091200, 1000, 284000),
    (4, 1, 'a100-sxm-80g', 'NVIDIA A100-SXM4-80GB', 85899345920, 1, 12000, 103079215104, 214748364800, 1000, 624000),
    (5, 1, 'h100-sxm-80g', 'NVIDIA H100 80GB HBM3', 85520809984, 1, 16000, 137438953472, 268435456000, 1000, 1979000),
    (6, 1, 'h200-sxm-141g', 'NVIDIA H200', 150754820096, 1, 16000, 137438953472, 268435456000, 1000, 1979000),
    (7, 1, 'l40s-48g', 'NVIDIA L40S', 48305799168, 1, 8000, 68719476736, 107374182400, 1000, 733000),
    (8, 1, 'l4-24g', 'NVIDIA L4', 24152899584, 1, 4000, 17179869184, 53687091200, 1000, 242000);

CREATE TABLE nodes (
    node          bigint PRIMARY KEY,
    account       bigint NOT NULL,
    at            timestamptz NOT NULL,
    cpu_millis    int NOT NULL,
    memory_bytes  bigint NOT NULL,
    scratch_bytes bigint NOT NULL,
    gpu_pool      int NOT NULL,
    gpus          int NOT NULL
);
CREATE INDEX nodes_account ON nodes (account, node);
COMMENT ON TABLE nodes IS 'Inventory as the market counts it; what the agent says of itself is in node_agents.';

CREATE TABLE node_agents (
    node          bigint PRIMARY KEY,
    public_key    bytea NOT NULL UNIQUE CHECK (octet_length(public_key) = 32),
    name          text NOT NULL,
    agent_version text NOT NULL DEFAULT '',
    inventory     bytea NOT NULL,
    engine        bytea NOT NULL,
    last_seen_at  timestamptz NOT NULL
) WITH (fillfactor = 70);
COMMENT ON TABLE node_agents IS 'The agent of a node: its key, and its own account of the machine as canonical JSON.';

CREATE TABLE asks (
    ask         bigint PRIMARY KEY,
    account     bigint NOT NULL,
    at          timestamptz NOT NULL,
    priority    bigint NOT NULL,
    node        bigint NOT NULL,
    pool        int NOT NULL,
    price       bigint NOT NULL CHECK (price > 0),
    floor       bigint NOT NULL CHECK (floor > 0 AND floor <= price),
    units       int NOT NULL CHECK (units > 0),
    free        int NOT NULL CHECK (free >= 0 AND free <= units),
    until       timestamptz NOT NULL,
    seconds_min int NOT NULL,
    seconds_max int NOT NULL,
    state       smallint NOT NULL,
    reason      smallint NOT NULL,
    version     bigint NOT NULL
) WITH (fillfactor = 90);
CREATE INDEX asks_account ON asks (account, ask);
CREATE INDEX asks_node ON asks (node, ask);
CREATE INDEX asks_open ON asks (node, ask) WHERE state = 1;
COMMENT ON TABLE asks IS 'Sell orders (Offers). state: 1 open, 3 cancelled, 4 expired.';
COMMENT ON COLUMN asks.version IS 'Number of the command that changed it last; the ETag.';

CREATE TABLE bids (
    bid          bigint PRIMARY KEY,
    account      bigint NOT NULL,
    at           timestamptz NOT NULL,
    priority     bigint NOT NULL,
    pool         int NOT NULL,
    price        bigint NOT NULL CHECK (price > 0),
    budget       bigint NOT NULL CHECK (budget > 0),
    units        int NOT NULL CHECK (units > 0),
    seconds      int NOT NULL,
    expires      timestamptz NOT NULL,
    attempts_max smallint NOT NULL,
    state        smallint NOT NULL,
    job          smallint NOT NULL,
    spent        bigint NOT NULL CHECK (spent >= 0 AND spent <= budget),
    hold         bigint NOT NULL CHECK (hold >= 0),
    lease        bigint NOT NULL,
    attempts     smallint NOT NULL,
    exit_code    int NOT NULL,
    reason       smallint NOT NULL,
    excluded     bigint[],
    version      bigint NOT NULL,
    CHECK (spent + hold <= budget)
) WITH (fillfactor = 90);
CREATE INDEX bids_account ON bids (account, bid);
COMMENT ON TABLE bids IS 'Buy orders (Requests) and their jobs. state: 1 open, 2 filled, 3 cancelled, 4 expired, 5 failed.';
COMMENT ON COLUMN bids.job IS '1 open, 2 placed, 3 running, 4 checking, 5 settled, 6 failed, 7 cancelled, 8 expired.';

CREATE TABLE trades (
    trade      bigint PRIMARY KEY,
    at         timestamptz NOT NULL,
    pool       int NOT NULL,
    units      int NOT NULL,
    price      bigint NOT NULL,
    bid        bigint NOT NULL,
    ask        bigint NOT NULL,
    bid_rested boolean NOT NULL
);
CREATE INDEX trades_pool ON trades (pool, trade);
COMMENT ON TABLE trades IS 'The tape. A trade and its lease carry the same number: seq × 4096 + index.';

CREATE TABLE leases (
    lease            bigint PRIMARY KEY,
    bid              bigint NOT NULL,
    ask              bigint NOT NULL,
    node             bigint NOT NULL,
    buyer            bigint NOT NULL,
    provider         bigint NOT NULL,
    pool             int NOT NULL,
    units            int NOT NULL,
    price            bigint NOT NULL,
    seconds_max      int NOT NULL,
    hold             bigint NOT NULL CHECK (hold >= 0),
    state            smallint NOT NULL,
    epoch            int NOT NULL,
    traded           timestamptz NOT NULL,
    accepted         timestamptz,
    ready            timestamptz,
    stopping         timestamptz,
    ended            timestamptz,
    seconds_signed   bigint NOT NULL,
    seconds_observed bigint NOT NULL,
    seconds_billed   bigint NOT NULL,
    charge           bigint NOT NULL CHECK (charge >= 0 AND charge <= hold),
    fee              bigint NOT NULL CHECK (fee >= 0),
    payout           bigint NOT NULL CHECK (payout >= 0),
    exit_code        int NOT NULL,
    reason           smallint NOT NULL,
    fault            smallint NOT NULL,
    version          bigint NOT NULL,
    CHECK (charge = fee + payout)
) WITH (fillfactor = 80);
CREATE INDEX leases_bid ON leases (bid, lease);
CREATE INDEX leases_node ON leases (node, lease);
CREATE INDEX leases_provider ON leases (provider, lease);
CREATE INDEX leases_buyer ON leases (buyer, lease);
CREATE INDEX leases_live ON leases (node, lease) WHERE state < 4;
COMMENT ON TABLE leases IS 'The right to run on units of a node. States as in common/wire/lease.h, counted from 0.';

CREATE TABLE lease_commands (
    lease bigint,
    kind  smallint,
    seq   bigint NOT NULL,
    PRIMARY KEY (lease, kind)
);
COMMENT ON TABLE lease_commands IS 'Which command told a lease what: its payload holds image digest, receipt or reason.';

CREATE TABLE payouts (
    payout  bigint PRIMARY KEY,
    account bigint NOT NULL,
    amount  bigint NOT NULL CHECK (amount > 0),
    state   smallint NOT NULL,
    at      timestamptz NOT NULL,
    version bigint NOT NULL
);
CREATE INDEX payouts_account ON payouts (account, payout);
COMMENT ON TABLE payouts IS 'Money leaving the market. state: 1 requested, 2 paid, 3 failed.';
