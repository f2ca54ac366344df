-- A page of a pool's tape, newest first. No row: there are no more.
-- $1 pool  $2 only trades below this number  $3 how many
SELECT trade, at, pool, units, price, bid, ask, bid_rested FROM trades
WHERE pool = $1 AND trade < $2 ORDER BY pool DESC, trade DESC LIMIT $3;
