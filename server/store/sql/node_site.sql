-- The site that other nodes of an account mean by a name: the number that they have for it. No row: none has it.
-- $1 account  $2 name  $3 not this node
SELECT CASE WHEN n.site <> 0 THEN n.site ELSE n.node END AS site
FROM nodes n JOIN node_agents g ON g.node = n.node
WHERE n.account = $1 AND n.node <> $3 AND convert_from(g.inventory, 'UTF8')::json ->> 'site' = $2
ORDER BY n.node LIMIT 1;
