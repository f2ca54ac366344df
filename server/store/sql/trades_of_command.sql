-- What a command traded, in order. No row: nothing.
-- $1 first number  $2 last number
SELECT trade, at, pool, units, price, bid, ask, bid_rested, own, displacing FROM trades WHERE trade BETWEEN $1 AND $2 ORDER BY trade;
