-- What the self-test of a node's agent found. No row: there is no such node.
-- $1 node  $2 doctor  $3 doctor_at
UPDATE node_agents SET doctor = $2, doctor_at = $3
WHERE node = $1;
