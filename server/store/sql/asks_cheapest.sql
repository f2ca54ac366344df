-- Nodes with an open ask in a pool, the lowest price first. No row: none.
-- $1 pool  $2 how many
SELECT node FROM asks WHERE state = 1 AND pool = $1 ORDER BY price LIMIT $2;
