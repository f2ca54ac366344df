-- A job does not need a blob for a checkpoint any more. No row touched: it did not.
-- $1 job  $2 manifest  $3 sha256
WITH gone AS (DELETE FROM checkpoint_blobs WHERE job = $1 AND manifest = $2 AND sha256 = $3 RETURNING sha256)
INSERT INTO blob_doubts (sha256) SELECT sha256 FROM gone ON CONFLICT (sha256) DO UPDATE SET noted_at = now();
