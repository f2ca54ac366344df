-- A page of a pool's tape, newest first. No row: there are no more. Rows are compared for the reason in tape_of_pool.sql.
-- $1 pool  $2 only trades below this number  $3 how many
SELECT trade, at, pool, units, price, bid, ask, bid_rested, own, displacing FROM trades
WHERE (pool, trade) < ($1, $2) AND (pool, trade) > ($1, 0) AND NOT own ORDER BY pool DESC, trade DESC LIMIT $3;
