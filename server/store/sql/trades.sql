-- A page of the tape, newest first. No row: there are no more.
-- $1 only trades below this number  $2 how many
SELECT trade, at, pool, units, price, bid, ask, bid_rested FROM trades WHERE trade < $1 ORDER BY trade DESC LIMIT $2;
