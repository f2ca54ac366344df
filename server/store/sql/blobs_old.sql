-- Outputs that an account need not keep any more: passed on, or never named by a receipt. No row: none.
-- $1 account
SELECT sha256 FROM blobs
WHERE account = $1 AND origin IN (2, 3) AND noted_at < now() - interval '2 days'
ORDER BY noted_at LIMIT 100;
