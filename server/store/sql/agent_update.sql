-- What the agent of a node says of itself. No row: there is no such node.
-- $1 node  $2 name  $3 agent_version  $4 inventory  $5 engine  $6 last_seen_at
UPDATE node_agents SET name = $2, agent_version = $3, inventory = $4, engine = $5,
    last_seen_at = greatest(last_seen_at, $6)
WHERE node = $1;
