-- The size of a blob of a checkpoint, for a node that has a live lease of the job. No row: it may not read it.
-- $1 sha256  $2 node
SELECT k.size_bytes FROM checkpoint_blobs k JOIN leases l ON l.bid = k.job
WHERE k.sha256 = $1 AND l.node = $2 AND (l.state < 4 OR l.state = 6) LIMIT 1;
