-- A page of an account's asks, newest first. No row: there are no more.
-- $1 account  $2 node, 0: any  $3 state, 0: any  $4 only asks below this number  $5 how many
SELECT a.ask, a.account, a.at, a.priority, a.node, a.pool, a.price, a.floor, a.units, a.free, a.until, a.seconds_min,
       a.seconds_max, a.state, a.reason, a.version, n.at AS node_at,
       coalesce(array_position(ARRAY['undercut', 'adaptive'], convert_from(c.payload, 'UTF8')::json #>> '{more,pricing}'), 0)
         AS pricing, a.terms
FROM asks a JOIN nodes n ON n.node = a.node JOIN commands c ON c.seq = a.ask
WHERE a.account = $1 AND a.ask < $4 AND ($2 = 0 OR a.node = $2) AND ($3 = 0 OR a.state = $3)
ORDER BY a.ask DESC LIMIT $5;
