-- An account keeps a blob no longer. No row touched: it does not, or not as an output that is two days old.
-- $1 sha256  $2 account  $3 only as such an output
WITH gone AS (
    DELETE FROM blobs
    WHERE sha256 = $1 AND account = $2 AND (NOT $3 OR origin IN (2, 3) AND noted_at < now() - interval '2 days')
    RETURNING sha256)
INSERT INTO blob_doubts (sha256) SELECT sha256 FROM gone ON CONFLICT (sha256) DO UPDATE SET noted_at = now();
