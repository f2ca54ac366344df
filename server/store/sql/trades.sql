-- A page of the tape, newest first: all trades but those of one owner. No row: there are no more.
-- $1 only trades below this number  $2 how many
SELECT trade, at, pool, units, price, bid, ask, bid_rested, own, displacing FROM trades WHERE trade < $1 AND NOT own ORDER BY trade DESC LIMIT $2;
