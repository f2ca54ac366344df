-- Keep a chunk of output. No row touched: it is there already, or the lease would keep more than $5 bytes. Row -1 of a
-- lease holds what its chunks are charged together; a small one is charged as 1024 bytes, which bounds the rows too.
-- $1 lease  $2 n  $3 stream  $4 bytes  $5 bytes that a lease may keep
WITH charged AS (
    INSERT INTO log_chunks AS c (lease, n, stream, bytes, total)
    SELECT $1, -1, 1, '0 -1'::bytea, greatest(octet_length($4::bytea), 1024)
    WHERE NOT EXISTS (SELECT 1 FROM log_chunks h WHERE h.lease = $1 AND h.n = $2)
    ON CONFLICT (lease, n) DO UPDATE SET total = c.total + EXCLUDED.total WHERE c.total + EXCLUDED.total <= $5
    RETURNING 1)
INSERT INTO log_chunks (lease, n, stream, bytes)
SELECT $1, $2, $3, $4::bytea FROM charged
ON CONFLICT DO NOTHING;
