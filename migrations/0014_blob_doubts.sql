-- Content of which it is not certain that anybody keeps it, so that none is left behind.

CREATE TABLE blob_doubts (
    sha256   bytea PRIMARY KEY CHECK (octet_length(sha256) = 32),
    noted_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX blob_doubts_at ON blob_doubts (noted_at);
COMMENT ON TABLE blob_doubts IS
    'Blobs that are being put, and those that an account has given up. After an hour the store is asked to remove what '
    'nobody keeps; a row stays until it has.';
CREATE INDEX blobs_noted ON blobs (noted_at);
COMMENT ON TABLE blobs IS 'Who keeps which content. The bytes are in the blob store, by this digest.';
COMMENT ON COLUMN blobs.origin IS
    '1 uploaded by the account, 2 output uploaded by its node: both count against its limit. 3 such an output that a '
    'receipt named, so that its buyer keeps it as 4: neither counts, and what a buyer has paid for never keeps him from '
    'uploading. 2 and 3 are forgotten after two days; 1 and 4 when the account deletes them, or after the time that the '
    'operator set, but not what a job that is not over has as its image.';

GRANT SELECT, INSERT, UPDATE, DELETE ON blob_doubts TO bourse_app;
GRANT SELECT ON blob_doubts TO bourse_auditor;
