-- Asks that are open, or whose units are still under a lease.
SELECT ask, account, at, priority, node, pool, price, floor, units, free, until, seconds_min, seconds_max, state, reason
FROM asks a
WHERE state = 1 OR EXISTS (SELECT 1 FROM leases l WHERE l.ask = a.ask AND l.state < 8);
