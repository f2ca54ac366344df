-- Commands to be logged, in order. No row: none.
-- $1 number before the first  $2 the last
SELECT seq, at, kind, leaf, payload FROM commands WHERE seq > $1 AND seq <= $2 ORDER BY seq;
