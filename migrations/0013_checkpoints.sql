-- Checkpoints: what a job's runs have saved, so that the next node goes on from there.

ALTER TABLE leases
    ADD COLUMN checkpoint     bigint NOT NULL DEFAULT 0,
    ADD COLUMN seconds_kept   int NOT NULL DEFAULT 0 CHECK (seconds_kept BETWEEN 0 AND seconds_max),
    ADD COLUMN seconds_looked int NOT NULL DEFAULT 0 CHECK (seconds_looked BETWEEN seconds_kept AND seconds_max);
COMMENT ON COLUMN leases.checkpoint IS 'Number of the command that told of its last checkpoint; its payload names the manifest. 0: none.';
COMMENT ON COLUMN leases.seconds_kept IS 'So much of the run its last checkpoint saves.';
COMMENT ON COLUMN leases.seconds_looked IS 'Up to here the agent has looked for what to save.';
CREATE INDEX leases_checkpoint ON leases (bid, checkpoint) WHERE checkpoint <> 0;

CREATE TABLE checkpoint_blobs (
    job        bigint NOT NULL,
    manifest   bytea NOT NULL CHECK (octet_length(manifest) = 32),
    sha256     bytea NOT NULL CHECK (octet_length(sha256) = 32),
    size_bytes bigint NOT NULL CHECK (size_bytes >= 0),
    noted_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (job, manifest, sha256)
);
CREATE INDEX checkpoint_blobs_sha256 ON checkpoint_blobs (sha256);
COMMENT ON TABLE checkpoint_blobs IS
    'The blobs that a checkpoint of a job needs, its manifest among them. They go when a newer one has come or the job is over.';
COMMENT ON COLUMN checkpoint_blobs.manifest IS 'SHA-256 of the manifest that names them.';

GRANT SELECT ON checkpoint_blobs TO bourse_app, bourse_auditor;
GRANT INSERT, UPDATE, DELETE ON checkpoint_blobs TO bourse_app;

CREATE TABLE checkpoint_wishes (
    job       bigint PRIMARY KEY,
    wanted_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE checkpoint_wishes IS 'Jobs whose buyers want a checkpoint now: told to the node with its next heartbeat, gone with the next checkpoint.';
GRANT SELECT ON checkpoint_wishes TO bourse_app, bourse_auditor;
GRANT INSERT, DELETE ON checkpoint_wishes TO bourse_app;
