-- Full tiles in order. No row: none.
-- $1 level  $2 first number  $3 first number after them
SELECT n, hashes FROM log_tiles WHERE level = $1 AND n >= $2 AND n < $3 ORDER BY n;
