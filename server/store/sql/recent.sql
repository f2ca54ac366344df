-- Percentiles of price, and of the time from trade to ready, over the newest trades of a pool. Always one row.
-- $1 pool  $2 how many trades; of ten times as many the owners' own are left out
WITH newest AS (SELECT trade, price, own FROM trades WHERE pool = $1 ORDER BY pool DESC, trade DESC LIMIT 10 * $2),
     seen AS (SELECT trade, price FROM newest WHERE NOT own ORDER BY trade DESC LIMIT $2)
SELECT count(*) AS trades,
       percentile_disc(0.5) WITHIN GROUP (ORDER BY s.price) AS price_50,
       percentile_disc(0.9) WITHIN GROUP (ORDER BY s.price) AS price_90,
       count(l.ready) AS starts,
       ceil(extract(epoch FROM percentile_disc(0.5) WITHIN GROUP (ORDER BY l.ready - l.traded)))::bigint AS start_50,
       ceil(extract(epoch FROM percentile_disc(0.9) WITHIN GROUP (ORDER BY l.ready - l.traded)))::bigint AS start_90
FROM seen s JOIN leases l ON l.lease = s.trade;
