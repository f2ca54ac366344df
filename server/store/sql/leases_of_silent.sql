-- Leases that hold units of a node. No row: none.
-- $1 node  $2 how many
SELECT lease, epoch FROM leases WHERE node = $1 AND (state < 4 OR state = 6) ORDER BY node, lease LIMIT $2;
