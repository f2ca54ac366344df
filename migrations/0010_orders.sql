-- Orders that say more: several pools, gangs, wishes, time in force, own first, sealed bids, interruptible runs;
-- and what the market keeps of nodes, accounts and pools beside them. What most orders leave at its default takes
-- no byte of their rows: NULL stands for all defaults at once.

-- ---- accounts ----

INSERT INTO balances (account, available, held) VALUES (3, 0, 0);
INSERT INTO accounts (account, name, at) VALUES (3, 'insurance fund', now());
COMMENT ON TABLE balances IS
    'micro-USD. Account 1 is the world outside, whose balance is minus all that is inside; 2 the fees; 3 the insurance fund.';

CREATE TABLE standings (
    account       bigint PRIMARY KEY,
    tier          smallint NOT NULL CHECK (tier BETWEEN 0 AND 3),
    team          bigint NOT NULL,
    quota         int NOT NULL CHECK (quota >= 0),
    invited_by    bigint NOT NULL,
    invited_quota int NOT NULL CHECK (invited_quota >= 0)
);
CREATE INDEX standings_team ON standings (team) WHERE team <> 0;
COMMENT ON TABLE standings IS 'What the market knows of an account beside its money. No row: tier 0, no team, no invitation.';
COMMENT ON COLUMN standings.team IS 'The account that leads the team of which it is a member; 0: of none, though it may lead one.';
COMMENT ON COLUMN standings.quota IS 'Units of leases of its own team at once; 0: no limit.';

-- ---- nodes ----

ALTER TABLE nodes
    ADD COLUMN region         smallint NOT NULL DEFAULT 0,
    ADD COLUMN tier           smallint NOT NULL DEFAULT 0,
    ADD COLUMN verified       smallint NOT NULL DEFAULT 0,
    ADD COLUMN isolation      smallint NOT NULL DEFAULT 0,
    ADD COLUMN interconnect   smallint NOT NULL DEFAULT 0,
    ADD COLUMN bandwidth_mbps int NOT NULL DEFAULT 0,
    ADD COLUMN label          bigint NOT NULL DEFAULT 0,
    ADD COLUMN site           bigint NOT NULL DEFAULT 0,
    ADD COLUMN strikes        int NOT NULL DEFAULT 0,
    ADD COLUMN backoff        timestamptz,
    ADD COLUMN quoted         timestamptz;
COMMENT ON COLUMN nodes.region IS '0 unknown, 1 Africa, 2 Asia, 3 Europe, 4 Middle East, 5 North America, 6 Oceania, 7 South America.';
COMMENT ON COLUMN nodes.isolation IS '0 runc, 1 user namespaces, 2 gVisor, 3 virtual machine, 4 attested.';
COMMENT ON COLUMN nodes.interconnect IS 'Of its GPUs: 0 PCIe or none, 1 NVLink, 2 NVSwitch.';
COMMENT ON COLUMN nodes.label IS 'Of the data it holds: a number made from the text, 0: none.';
COMMENT ON COLUMN nodes.site IS 'A node of the same account; nodes of one site reach each other fast. 0: a site of its own.';
COMMENT ON COLUMN nodes.strikes IS 'Leases failed in a row; the market doubles its back-off with each.';
COMMENT ON COLUMN nodes.backoff IS 'It places no ask before.';
COMMENT ON COLUMN nodes.quoted IS 'Last change of a price, or withdrawal, by its owner: that quote stands for a while.';

-- ---- asks ----

ALTER TABLE asks ADD COLUMN terms bigint[];
COMMENT ON COLUMN asks.terms IS
    'What most asks leave at its default; NULL: all of it, and a number that is missing at the end is 0. '
    '1 sets (bit n-1: n units can be leased together; 0: any number). '
    '2 flags: 1 serves only interruptible bids, 2 post-only, 4 its node has changed since. '
    '3 lowest tier of a buyer. 4 most open egress it accepts. 5 longest time without a checkpoint, less 3600 s. '
    'Its node when the ask entered: 6 site, less the node. 7 region. 8 tier. 9 verified. 10 isolation. '
    '11 interconnect. 12 bandwidth_mbps. 13 label. '
    '14 the command that took it out of the book until the call of its pool.';

-- ---- bids ----

ALTER TABLE bids ADD COLUMN terms bigint[], ADD COLUMN progress bigint, ADD COLUMN parked bigint;
COMMENT ON COLUMN bids.pool IS 'Of the first want; units and price are meant for it. Others stand in terms.';
COMMENT ON COLUMN bids.terms IS
    'What most bids leave at its default; NULL: all of it, and a number that is missing at the end is 0. '
    '1 flags: 1 all nodes of one site, 2 interruptible. 2 nodes, less 1. 3 longest time it may lose, less 3600 s. '
    '4 time in force. 5 rank. 6 own. 7 auction_ms. 8 tier of its account when it entered. '
    'What it demands of a node: 9 regions. 10 tier. 11 verified. 12 isolation. 13 interconnect. 14 bandwidth_mbps. '
    '15 label. 16 egress. From 17 on pool and units of its second and further wants.';
COMMENT ON COLUMN bids.progress IS
    'NULL: 0. Bits 0-7: leases of its present grant. 8-15: those of them that are live. 16: sealed, its auction is '
    'not over. 17-18: verdict of the leases that have ended (1 retry, 2 failed, 3 cancelled). 24-31: the reason of '
    'that verdict. 32 and up: the pool for whose call it is parked.';
COMMENT ON COLUMN bids.parked IS 'The command that took it out of the books until that call; NULL: it is not parked.';
UPDATE bids SET progress = 257 WHERE lease <> 0;

CREATE TABLE offers (
    bid   bigint,
    ask   bigint,
    price bigint NOT NULL CHECK (price > 0),
    seq   bigint NOT NULL,
    PRIMARY KEY (bid, ask)
);
COMMENT ON TABLE offers IS 'Sealed offers for bids that asked for an auction. They count until the auction is over, and stay as a record.';
COMMENT ON COLUMN offers.seq IS 'Number of the command that made or replaced it.';

CREATE TABLE auctions (
    bid    bigint PRIMARY KEY,
    closes timestamptz NOT NULL
);
CREATE INDEX auctions_closes ON auctions (closes);
COMMENT ON TABLE auctions IS 'Sealed bids, and until when they take offers: what agents are told of.';

-- Who is told: the machines that have an open ask in a pool.
CREATE INDEX asks_pool ON asks (pool, node) WHERE state = 1;

-- ---- trades and leases ----

ALTER TABLE trades
    ADD COLUMN own        boolean NOT NULL DEFAULT false,
    ADD COLUMN displacing boolean NOT NULL DEFAULT false;
COMMENT ON TABLE trades IS
    'A trade and its lease carry the same number: seq × 4096 + index. The tape shows all but those of one owner.';
COMMENT ON COLUMN trades.own IS 'Of one owner: free, and off the tape.';

-- Whoever reads a tape does not want to pass over what is not on it.
DROP INDEX trades_pool;
DROP INDEX trades_pool_at;
CREATE INDEX trades_pool ON trades (pool, trade) WHERE NOT own;
CREATE INDEX trades_pool_at ON trades (pool, at) WHERE NOT own;
COMMENT ON COLUMN trades.displacing IS 'Made room for itself: the price is above that of the lease that it displaced.';

ALTER TABLE leases
    ADD COLUMN base      bigint NOT NULL DEFAULT 0,
    ADD COLUMN own       boolean NOT NULL DEFAULT false,
    ADD COLUMN ripe      boolean NOT NULL DEFAULT false,
    ADD COLUMN waits     bigint NOT NULL DEFAULT 0,
    ADD COLUMN offered   timestamptz,
    ADD COLUMN insurance bigint NOT NULL DEFAULT 0 CHECK (insurance >= 0),
    DROP CONSTRAINT leases_check1,
    ADD CONSTRAINT leases_split CHECK (charge = fee + payout + insurance);
COMMENT ON COLUMN leases.traded IS 'Time of the command that made it: with the number it gives the public id.';
COMMENT ON COLUMN leases.offered IS
    'When its offer began to count, if that was later: when the lease that it displaced had ended. NULL: at once.';
COMMENT ON COLUMN leases.base IS 'Of a displacing lease: the price of the ask. What is paid above goes to the insurance fund. Else 0.';
COMMENT ON COLUMN leases.ripe IS 'Interruptible, and has run its least time: it may be displaced.';
COMMENT ON COLUMN leases.waits IS 'The lease that it displaces and that has not ended yet; else 0. Its agent is not told before.';

-- A lease that makes room (state 6) holds its units until it has ended.
DROP INDEX leases_live;
CREATE INDEX leases_live ON leases (node, lease) WHERE state < 4 OR state = 6;

-- ---- pools ----

CREATE TABLE pool_states (
    pool            int PRIMARY KEY,
    call            timestamptz,
    called_seq      bigint NOT NULL,
    cursor_limit    bigint NOT NULL,
    cursor_priority bigint NOT NULL,
    recent          bigint[] NOT NULL
) WITH (fillfactor = 50);
COMMENT ON TABLE pool_states IS 'What a pool''s book keeps beside its orders. No row: nothing yet.';
COMMENT ON COLUMN pool_states.call IS 'When its call auction is due; NULL: none is pending.';
COMMENT ON COLUMN pool_states.called_seq IS 'The command of its last call; 0: there was none.';
COMMENT ON COLUMN pool_states.cursor_limit IS 'Gangs on the shelf are tried from behind this one on; priority 0: from the start.';
COMMENT ON COLUMN pool_states.recent IS 'Prices of the last trades, oldest first: their median is the reference of the collar.';

-- ---- operators ----

ALTER TABLE operator_requests
    ADD COLUMN tier     smallint NOT NULL DEFAULT 0,
    ADD COLUMN verified smallint NOT NULL DEFAULT 0,
    DROP CONSTRAINT operator_requests_kind_check,
    ADD CONSTRAINT operator_requests_kind_check CHECK (kind IN (1, 2, 20, 21, 27, 28));

GRANT SELECT ON standings, offers, auctions, pool_states TO bourse_app, bourse_auditor;
GRANT INSERT, UPDATE ON standings, offers, auctions, pool_states TO bourse_app;
