-- Asks that a heartbeat is told about: the open ones of the node and, of its newest 100, those that ended since $3.
-- No row: none. BETWEEN as in leases.sql.
-- $1 account  $2 node  $3 since
SELECT a.ask, a.account, a.at, a.priority, a.node, a.pool, a.price, a.floor, a.units, a.free, a.until, a.seconds_min,
       a.seconds_max, a.state, a.reason, a.version, n.at AS node_at,
       coalesce(array_position(ARRAY['undercut', 'adaptive'], convert_from(c.payload, 'UTF8')::json #>> '{more,pricing}'), 0)
         AS pricing, a.terms
FROM ((SELECT o.* FROM asks o WHERE o.node BETWEEN $2 AND $2 AND o.state = 1 ORDER BY o.node DESC, o.ask DESC LIMIT 100)
      UNION ALL
      (SELECT e.* FROM (SELECT * FROM asks WHERE node BETWEEN $2 AND $2 ORDER BY node DESC, ask DESC LIMIT 100) e
       JOIN commands c ON c.seq = e.version
       WHERE e.state <> 1 AND c.at > $3)) a
JOIN nodes n ON n.node = a.node
JOIN commands c ON c.seq = a.ask
WHERE a.account = $1
ORDER BY a.ask DESC LIMIT 100;
