-- Open asks of a node. No row: none.
-- $1 node  $2 how many
SELECT ask FROM asks WHERE node = $1 AND state = 1 ORDER BY node, ask LIMIT $2;
