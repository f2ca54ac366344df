-- The public log: its entries, its full tiles, what was signed for it, and what witnesses added. A
-- transaction adds entries, the tiles that they fill and the checkpoint that covers them, all or none;
-- only then anything of it is published. Rows are never changed, so no crash can make it fork.

CREATE TABLE log_identity (
    one        boolean PRIMARY KEY DEFAULT true CHECK (one),
    origin     text NOT NULL,
    public_key bytea NOT NULL CHECK (octet_length(public_key) = 32)
);
COMMENT ON TABLE log_identity IS 'Name and key of the log: set once by init, as a log that changes them is another log.';

CREATE TABLE log_entries (
    first   bigint PRIMARY KEY CHECK (first >= 0),
    n       smallint NOT NULL CHECK (n >= 1 AND first % 256 + n <= 256),
    seq     bigint NOT NULL,
    entries bytea NOT NULL
);
COMMENT ON TABLE log_entries IS 'The entries first … first + n - 1, as a bundle of tlog-tiles holds them. No row crosses a bundle.';
COMMENT ON COLUMN log_entries.seq IS 'Number of the command that the last of them is about.';

CREATE TABLE log_tiles (
    level  smallint NOT NULL CHECK (level BETWEEN 0 AND 7),
    n      bigint NOT NULL CHECK (n >= 0),
    hashes bytea NOT NULL CHECK (octet_length(hashes) = 8192),
    PRIMARY KEY (level, n)
);
ALTER TABLE log_tiles ALTER COLUMN hashes SET STORAGE EXTERNAL; -- hashes cannot be made smaller
COMMENT ON TABLE log_tiles IS 'Full tiles. Those at the right edge follow from them and from the last entries.';

CREATE TABLE log_checkpoints (
    size bigint PRIMARY KEY CHECK (size >= 0),
    seq  bigint NOT NULL,
    root bytea NOT NULL CHECK (octet_length(root) = 32),
    at   timestamptz NOT NULL,
    note text NOT NULL
);
COMMENT ON TABLE log_checkpoints IS 'All that was ever signed for the log: one note for each size.';
COMMENT ON COLUMN log_checkpoints.seq IS 'All commands up to this one are in it.';

CREATE TABLE log_cosignatures (
    size    bigint NOT NULL,
    witness text NOT NULL,
    line    text NOT NULL,
    PRIMARY KEY (size, witness)
);
COMMENT ON TABLE log_cosignatures IS 'What witnesses added to a checkpoint: the line of a signed note.';

CREATE TABLE log_settlements (
    lease    bigint NOT NULL,
    index    bigint NOT NULL,
    document bytea NOT NULL,
    PRIMARY KEY (lease, index)
);
COMMENT ON TABLE log_settlements IS 'What an entry of type settlement commits to, told to the two parties of the lease.';

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['log_identity', 'log_entries', 'log_tiles', 'log_checkpoints', 'log_cosignatures', 'log_settlements'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', t);
    END LOOP;
END
$$;
GRANT SELECT ON log_identity, log_entries, log_tiles, log_checkpoints, log_cosignatures, log_settlements TO bourse_app, bourse_auditor;
GRANT INSERT ON log_entries, log_tiles, log_checkpoints, log_cosignatures, log_settlements TO bourse_app;
