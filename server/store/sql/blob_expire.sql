-- An account keeps a blob no longer, as it is too old. No row touched: it was put again meanwhile.
-- $1 sha256  $2 account  $3 days of uploads  $4 days of outputs
WITH gone AS (
    DELETE FROM blobs b
    WHERE b.sha256 = $1 AND b.account = $2
      AND b.noted_at < now() - make_interval(days => CASE b.origin WHEN 1 THEN $3::int WHEN 4 THEN $4::int ELSE 2 END)
    RETURNING b.sha256)
INSERT INTO blob_doubts (sha256) SELECT sha256 FROM gone ON CONFLICT (sha256) DO UPDATE SET noted_at = now();
