-- The size of a blob of a checkpoint of one of the buyer's jobs. No row: it may not read it.
-- $1 sha256  $2 account
SELECT k.size_bytes FROM checkpoint_blobs k JOIN bids b ON b.bid = k.job
WHERE k.sha256 = $1 AND b.account = $2 LIMIT 1;
