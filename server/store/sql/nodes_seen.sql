-- Note when nodes were last heard of.
-- $1 node  $2 at
UPDATE node_agents a SET last_seen_at = u.at
FROM (SELECT unnest($1::bigint[]) AS node, unnest($2::timestamptz[]) AS at) u
WHERE a.node = u.node AND a.last_seen_at < u.at;
