-- Asks that are open, or whose units are still under a lease or awaited by one.
SELECT ask, account, at, priority, node, pool, price, floor, units, free, until, seconds_min, seconds_max, state, reason,
       terms
FROM (
    SELECT * FROM asks WHERE state = 1
    UNION ALL
    SELECT a.* FROM (SELECT DISTINCT ask FROM leases WHERE state < 8) l JOIN asks a ON a.ask = l.ask WHERE a.state <> 1
) a;
