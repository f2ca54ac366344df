-- By which key a node signs, and whose it is. No row: there is no such node.
-- $1 node
SELECT g.public_key, n.node, n.at, n.account, a.at, n.ill_since, n.drain, n.drain_stops
FROM node_agents g JOIN nodes n ON n.node = g.node JOIN accounts a ON a.account = n.account
WHERE g.node = $1;
