-- The size of a blob that is the image of a job on the node. No row: no live lease of the node names it.
-- $1 sha256  $2 node  $3 the image as jobs name it
SELECT b.size_bytes FROM leases l
JOIN commands c ON c.seq = l.bid
JOIN blobs b ON b.sha256 = $1 AND b.account = l.buyer
WHERE l.node = $2 AND (l.state < 4 OR l.state = 6) AND convert_from(c.payload, 'UTF8')::json #>> '{more,image}' = $3
LIMIT 1;
