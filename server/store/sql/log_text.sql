-- All that is kept of a lease's output, in one piece. Always one row.
-- $1 lease
SELECT string_agg(bytes, ''::bytea ORDER BY n) AS bytes FROM log_chunks WHERE lease = $1 AND n >= 0;
