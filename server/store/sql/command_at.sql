-- The first command from a number on. No row: there is none.
-- $1 number
SELECT seq, at FROM commands WHERE seq >= $1 ORDER BY seq LIMIT 1;
