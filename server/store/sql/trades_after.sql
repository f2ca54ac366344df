-- The tape, in order, a page at a time. No row: that was all.
-- $1 number before the first  $2 rows
SELECT trade, at, pool, units, price, bid, ask, bid_rested, own, displacing FROM trades WHERE trade > $1 ORDER BY trade LIMIT $2;
