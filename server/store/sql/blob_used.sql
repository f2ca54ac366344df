-- Bytes that an account keeps and that count. Always one row.
-- $1 account
SELECT coalesce(sum(size_bytes), 0)::bigint AS used FROM blobs WHERE account = $1 AND origin < 3;
