-- All nodes that have an agent. No row: none has joined.
SELECT node FROM node_agents ORDER BY node;
