-- The newest trade of a pool that counts for what others ask: of a node that has run a lease that was paid for. The
-- last hundred trades are looked at. Rows are compared for the reason in tape_of_pool.sql. No row: there is none.
-- $1 pool
SELECT t.trade, t.at, t.pool, t.units, t.price, t.bid, t.ask, t.bid_rested, t.own, t.displacing
FROM (SELECT trade, at, pool, units, price, bid, ask, bid_rested, own, displacing FROM trades
      WHERE (pool, trade) < ($1 + 1, 0) AND (pool, trade) > ($1, 0) AND NOT own ORDER BY pool DESC, trade DESC LIMIT 100) t
JOIN leases sold ON sold.lease = t.trade
WHERE (SELECT true FROM leases l WHERE l.node = sold.node AND l.state = 8 AND l.seconds_billed > 0 LIMIT 1)
ORDER BY t.trade DESC LIMIT 1;
