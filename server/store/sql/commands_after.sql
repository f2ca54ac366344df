-- The log, in order, a page at a time. No row: that was all.
-- $1 number before the first  $2 rows
SELECT seq, at, payload FROM commands WHERE seq > $1 ORDER BY seq LIMIT $2;
