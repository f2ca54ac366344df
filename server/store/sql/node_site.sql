-- The site that a node of an account means by a name (empty: one of its own), as the number of a node of the account: the
-- number by which the others of that name know it. Else its own number, unless others took that for a name that it has
-- given up: then one that nobody uses. (There are more numbers than other nodes.) No row: a new node's own.
-- $1 account  $2 name  $3 this node; 0: it is new
WITH others AS (
    SELECT n.node, CASE WHEN n.site <> 0 THEN n.site ELSE n.node END AS site,
           convert_from(g.inventory, 'UTF8')::json ->> 'site' AS name
    FROM nodes n JOIN node_agents g ON g.node = n.node
    WHERE n.account = $1 AND n.node <> $3
)
SELECT site FROM (
    SELECT 0 AS choice, o.site, o.node FROM others o WHERE $2 <> '' AND o.name = $2
    UNION ALL
    SELECT CASE WHEN n.node = $3 THEN 1 ELSE 2 END, n.node, n.node
    FROM nodes n
    WHERE n.account = $1 AND $3 <> 0 AND NOT EXISTS (SELECT FROM others o WHERE o.site = n.node)
) c
ORDER BY choice, node LIMIT 1;
