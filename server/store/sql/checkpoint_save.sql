-- Note that a checkpoint of a job needs a blob. No row touched: neither the provider nor the job keeps one of that
-- size.
-- $1 job  $2 manifest  $3 sha256  $4 size_bytes  $5 account of the provider
INSERT INTO checkpoint_blobs AS k (job, manifest, sha256, size_bytes)
SELECT $1, $2, $3, $4
WHERE EXISTS (SELECT FROM blobs b WHERE b.sha256 = $3 AND b.account = $5 AND b.size_bytes = $4)
   OR EXISTS (SELECT FROM checkpoint_blobs o WHERE o.job = $1 AND o.sha256 = $3 AND o.size_bytes = $4)
ON CONFLICT (job, manifest, sha256) DO UPDATE SET noted_at = now();
