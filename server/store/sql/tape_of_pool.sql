-- A page of a pool's tape, newest first, each with the longest time its lease may run. No row: there are no more.
-- Rows are compared, so that only the index of pool and trade has their order: a plan that walks all trades backwards
-- until some are of this pool is quick in a busy pool and never ends in a quiet one.
-- $1 pool  $2 only trades below this number  $3 how many
SELECT t.trade, t.at, t.pool, t.units, t.price, t.bid, t.ask, t.bid_rested, l.seconds_max AS seconds, false AS own
FROM (SELECT trade, at, pool, units, price, bid, ask, bid_rested FROM trades
      WHERE (pool, trade) < ($1, $2) AND (pool, trade) > ($1, 0) AND NOT own ORDER BY pool DESC, trade DESC LIMIT $3) t
JOIN leases l ON l.lease = t.trade ORDER BY t.trade DESC;
