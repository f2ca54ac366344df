-- Does anybody keep the blob, an account or a job as part of a checkpoint? No row: nobody.
-- $1 sha256
SELECT size_bytes FROM blobs WHERE sha256 = $1
UNION ALL SELECT size_bytes FROM checkpoint_blobs WHERE sha256 = $1
LIMIT 1;
