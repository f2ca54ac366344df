-- Keep how a node's cards are.
-- $1 node  $2 gpus  $3 told_at
INSERT INTO node_gpus AS u (node, gpus, told_at) VALUES ($1, $2, $3)
ON CONFLICT (node) DO UPDATE SET gpus = excluded.gpus, told_at = excluded.told_at
WHERE u.told_at <= excluded.told_at;
