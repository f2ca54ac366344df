-- Commands that enter, change or end orders, in order. No row: there are no more.
-- $1 first number  $2 first number after them  $3 rows
SELECT seq, at, payload FROM commands
WHERE seq >= $1 AND seq < $2 AND kind IN (4, 5, 6, 7, 8, 9, 18, 22, 24, 25, 26)
ORDER BY seq LIMIT $3;
