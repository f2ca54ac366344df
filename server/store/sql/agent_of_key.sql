-- The node that a key signs for. No row: none.
-- $1 public_key
SELECT node FROM node_agents WHERE public_key = $1;
