-- Count bytes that were not kept. Row -1 of a lease holds "<bytes> <last n counted>" as text, so that a chunk sent
-- twice is counted once. No row touched: it was counted before.
-- $1 lease  $2 n  $3 bytes
INSERT INTO log_chunks AS c (lease, n, stream, bytes)
VALUES ($1, -1, 1, convert_to(concat($3::bigint, ' ', $2::bigint), 'UTF8'))
ON CONFLICT (lease, n) DO UPDATE
SET bytes = convert_to(concat(split_part(convert_from(c.bytes, 'UTF8'), ' ', 1)::bigint + $3::bigint, ' ', $2::bigint),
                       'UTF8')
WHERE split_part(convert_from(c.bytes, 'UTF8'), ' ', 2)::bigint < $2::bigint;
