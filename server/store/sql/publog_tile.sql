-- A full tile. No row: it is not full yet.
-- $1 level  $2 number
SELECT n, hashes FROM log_tiles WHERE level = $1 AND n = $2;
