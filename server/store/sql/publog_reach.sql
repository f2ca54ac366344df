-- Up to which command the next batch of entries goes; NULL: there is none. Always a row.
-- $1 number before the first  $2 commands
SELECT max(seq) AS seq FROM (SELECT seq FROM commands WHERE seq > $1 ORDER BY seq LIMIT $2) next;
