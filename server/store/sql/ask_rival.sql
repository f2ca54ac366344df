-- The lowest price, in a pool, of an open ask of somebody else that has free units and whose node has run a lease that
-- was paid for. The thousand cheapest asks are looked at, from below, and of each node its leases until one is found:
-- a sub-select with LIMIT is never turned into a join with all leases. No row: there is none among them.
-- $1 pool  $2 account
SELECT a.price
FROM (SELECT price, account, node, free FROM asks WHERE pool = $1 AND state = 1 ORDER BY price LIMIT 1000) a
WHERE a.account <> $2 AND a.free > 0
  AND (SELECT true FROM leases l WHERE l.node = a.node AND l.state = 8 AND l.seconds_billed > 0 LIMIT 1)
ORDER BY a.price LIMIT 1;
