-- What runs leave behind, written past the market thread: blobs, logs, ticks; and what operators ask for.

CREATE TABLE blobs (
    sha256     bytea CHECK (octet_length(sha256) = 32),
    account    bigint,
    size_bytes bigint NOT NULL CHECK (size_bytes >= 0),
    origin     smallint NOT NULL CHECK (origin BETWEEN 1 AND 4),
    noted_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (sha256, account)
);
CREATE INDEX blobs_account ON blobs (account);
CREATE INDEX blobs_old ON blobs (account, noted_at) WHERE origin IN (2, 3);
COMMENT ON TABLE blobs IS 'Who keeps which content. The bytes are files named by digest below the state folder.';
COMMENT ON COLUMN blobs.origin IS
    '1 uploaded by the account, 2 output uploaded by its node: both count against its limit. 3 such an output that a '
    'receipt named, so that its buyer keeps it as 4: neither counts, and what a buyer has paid for never keeps him from '
    'uploading. 2 and 3 are forgotten after two days, 1 and 4 when the account deletes them.';
COMMENT ON COLUMN blobs.noted_at IS 'When the account was last known to keep it as this.';

CREATE TABLE log_chunks (
    lease  bigint,
    n      bigint,
    stream smallint NOT NULL CHECK (stream IN (1, 2)),
    at     timestamptz NOT NULL DEFAULT now(),
    bytes  bytea NOT NULL CHECK (octet_length(bytes) BETWEEN 1 AND 65536),
    total  bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (lease, n)
);
COMMENT ON COLUMN log_chunks.total IS
    'In row -1 of a lease, which is no output: what its chunks are charged together, each at least 1024 bytes.';
COMMENT ON TABLE log_chunks IS 'Output of containers, in numbered pieces. stream: 1 stdout, 2 stderr.';

CREATE TABLE ticks (
    lease     bigint PRIMARY KEY,
    epoch     int NOT NULL,
    n         bigint NOT NULL,
    seconds   bigint NOT NULL,
    document  bytea NOT NULL,
    signature bytea NOT NULL CHECK (octet_length(signature) = 64),
    at        timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 70);
COMMENT ON TABLE ticks IS 'The latest signed meter tick of each lease.';

CREATE TABLE operator_requests (
    request    uuid PRIMARY KEY,
    kind       smallint NOT NULL CHECK (kind IN (1, 2, 20, 21)),
    account    bigint NOT NULL DEFAULT 0,
    number     bigint NOT NULL DEFAULT 0,
    amount     bigint NOT NULL DEFAULT 0,
    asked_by   text NOT NULL DEFAULT session_user,
    created_at timestamptz NOT NULL DEFAULT now(),
    done_at    timestamptz,
    seq        bigint,
    refusal    text
);
CREATE INDEX operator_requests_waiting ON operator_requests (created_at) WHERE done_at IS NULL;
COMMENT ON TABLE operator_requests IS 'What operators ask of the running server: each becomes one command. kind as in commands.';

CREATE TABLE market_identity (
    one        boolean PRIMARY KEY DEFAULT true CHECK (one),
    market_id  text NOT NULL,
    public_key bytea NOT NULL CHECK (octet_length(public_key) = 32),
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE market_identity IS 'Which market this database belongs to; a server with another key refuses to run on it.';
