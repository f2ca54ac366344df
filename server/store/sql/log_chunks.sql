-- A page of a lease's output, in order. No row: there is no more yet.
-- $1 lease  $2 after this chunk, at least -1  $3 how many  $4 of how many bytes: the chunk that passes them is the last
SELECT n, at, stream, bytes
FROM (SELECT n, at, stream, bytes,
             sum(octet_length(bytes)) OVER (ORDER BY n ROWS UNBOUNDED PRECEDING) - octet_length(bytes) AS before
      FROM log_chunks WHERE lease = $1 AND n > $2 ORDER BY n LIMIT $3) p
WHERE before < $4 ORDER BY n;
