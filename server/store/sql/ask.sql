-- One ask. No row: unknown, not this account's, or of another node than the one that asks.
-- $1 ask  $2 account  $3 node, 0: any
SELECT a.ask, a.account, a.at, a.priority, a.node, a.pool, a.price, a.floor, a.units, a.free, a.until, a.seconds_min,
       a.seconds_max, a.state, a.reason, a.version, n.at AS node_at,
       coalesce(array_position(ARRAY['undercut', 'adaptive'], convert_from(c.payload, 'UTF8')::json #>> '{more,pricing}'), 0)
         AS pricing, a.terms
FROM asks a JOIN nodes n ON n.node = a.node JOIN commands c ON c.seq = a.ask
WHERE a.ask = $1 AND a.account = $2 AND ($3 = 0 OR a.node = $3);
