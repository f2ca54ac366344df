-- The agent of a new node. No row: node or key have one already.
-- $1 node  $2 public_key  $3 name  $4 agent_version  $5 inventory  $6 engine  $7 last_seen_at
INSERT INTO node_agents (node, public_key, name, agent_version, inventory, engine, last_seen_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT DO NOTHING
RETURNING node;
