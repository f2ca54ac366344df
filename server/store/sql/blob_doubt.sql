-- Note that it is not certain whether anybody keeps the blob. Always one row touched.
-- $1 sha256
INSERT INTO blob_doubts (sha256) VALUES ($1) ON CONFLICT (sha256) DO UPDATE SET noted_at = now();
