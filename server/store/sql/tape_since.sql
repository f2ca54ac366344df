-- Trades after a number, oldest first, each with the longest time its lease may run; also those that are off the tape,
-- as whoever reads on must get past them. No row: there are no more.
-- $1 only trades above this number  $2 how many
SELECT t.trade, t.at, t.pool, t.units, t.price, t.bid, t.ask, t.bid_rested, l.seconds_max AS seconds, t.own
FROM trades t JOIN leases l ON l.lease = t.trade
WHERE t.trade > $1 ORDER BY t.trade LIMIT $2;
