-- Note that an account keeps a blob. No row touched: it did already, or it would keep more than $5 bytes.
-- $1 sha256  $2 account  $3 origin  $4 size_bytes  $5 bytes that the account may keep
INSERT INTO blobs AS k (sha256, account, origin, size_bytes)
SELECT $1, $2, $3, $4
WHERE (SELECT coalesce(sum(b.size_bytes), 0)::bigint FROM blobs b WHERE b.account = $2 AND b.origin < 3) + $4 <= $5
ON CONFLICT (sha256, account) DO UPDATE SET origin = EXCLUDED.origin, noted_at = now() WHERE k.origin = 3;
