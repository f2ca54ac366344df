-- Blobs that have been in doubt for so long, the oldest first. No row: none.
-- $1 seconds
SELECT sha256 FROM blob_doubts WHERE noted_at < now() - make_interval(secs => $1::bigint) ORDER BY noted_at LIMIT 100;
