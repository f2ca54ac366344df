-- The writer's own tables: who leads, balances, and the commands. A command row is at once the command,
-- its idempotency record, its ledger entry and its leaf of the public log. Only the market thread writes
-- here; no foreign keys on this path, the auditor checks the references.

CREATE TABLE leader (
    one   boolean PRIMARY KEY DEFAULT true CHECK (one),
    epoch bigint NOT NULL,
    name  text NOT NULL
);
INSERT INTO leader (epoch, name) VALUES (0, '');
COMMENT ON TABLE leader IS 'The fence: every transaction of the writer checks that the epoch is still its own.';

CREATE TABLE balances (
    account   bigint PRIMARY KEY,
    available bigint NOT NULL CHECK (available >= 0 OR account = 1),
    held      bigint NOT NULL CHECK (held >= 0)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
COMMENT ON TABLE balances IS 'micro-USD. Account 1 is the world outside, whose balance is minus all that is inside; 2 the fees.';

CREATE TABLE commands (
    seq      bigint PRIMARY KEY,
    at       timestamptz NOT NULL,
    account  bigint NOT NULL,
    kind     smallint NOT NULL,
    key      uuid NOT NULL,
    body     bytea NOT NULL,
    status   smallint NOT NULL,
    leaf     bytea NOT NULL,
    payload  bytea NOT NULL,
    accounts bigint[],
    amounts  bigint[],
    CHECK ((accounts IS NULL) = (amounts IS NULL)),
    CHECK (amounts IS NULL OR cardinality(amounts) BETWEEN 2 AND 8
        AND cardinality(accounts) = cardinality(amounts)
        AND array_position(amounts, NULL) IS NULL AND array_position(accounts, NULL) IS NULL
        AND amounts[1] + amounts[2] + coalesce(amounts[3], 0) + coalesce(amounts[4], 0)
          + coalesce(amounts[5], 0) + coalesce(amounts[6], 0) + coalesce(amounts[7], 0)
          + coalesce(amounts[8], 0) = 0)
);
CREATE UNIQUE INDEX commands_key ON commands (account, key);
CREATE INDEX commands_at ON commands USING brin (at);
COMMENT ON TABLE commands IS 'Append only. What changed the market, in order; replaying it gives the same market.';
COMMENT ON COLUMN commands.key IS 'First 16 bytes of SHA-256 over the idempotency key; for commands without one, their seq.';
COMMENT ON COLUMN commands.body IS 'SHA-256 of the request with an idempotency key, else empty.';
COMMENT ON COLUMN commands.status IS 'HTTP status of the first answer.';
COMMENT ON COLUMN commands.leaf IS 'Leaf hash of the public log: RFC 6962 over the canonical JSON of the commitment.';
COMMENT ON COLUMN commands.payload IS 'Canonical JSON of the command.';
COMMENT ON COLUMN commands.accounts IS 'Lines of the entry: account × 4 + bucket (0 available, 1 held). NULL: moves nothing.';
COMMENT ON COLUMN commands.amounts IS 'micro-USD of each line; they sum to zero.';

CREATE TABLE foreign_entries (
    account bigint,
    seq     bigint,
    PRIMARY KEY (account, seq)
);
COMMENT ON TABLE foreign_entries IS 'Entries that touch an account other than the one that gave the command.';

CREATE VIEW postings AS
    SELECT c.seq, p.line, p.account / 4 AS account, p.account % 4 AS bucket, p.amount
    FROM commands c, unnest(c.accounts, c.amounts) WITH ORDINALITY AS p(account, amount, line);
COMMENT ON VIEW postings IS 'The ledger, a line a row.';

CREATE TABLE outbox (
    seq    bigint,
    index  int,
    topic  smallint NOT NULL,
    number bigint NOT NULL,
    PRIMARY KEY (seq, index)
);
COMMENT ON TABLE outbox IS 'What a command changed for others to hear of: 1 job, 2 node, 3 lease, 4 trade. Streams and webhooks read it.';

INSERT INTO balances (account, available, held) VALUES (1, 0, 0), (2, 0, 0);
INSERT INTO accounts (account, name, at) VALUES (1, 'world', now()), (2, 'market fees', now());
