-- Is the chunk there? No row: no.
-- $1 lease  $2 n
SELECT n FROM log_chunks WHERE lease = $1 AND n = $2;
