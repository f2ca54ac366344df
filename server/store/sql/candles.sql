-- Candles of a pool from its trades but those of one owner, oldest first; spans without a trade are left out. No row:
-- nothing was traded.
-- $1 pool  $2 from  $3 to  $4 width in seconds  $5 only trades up to this number
SELECT to_timestamp(floor(extract(epoch FROM t.at) / $4::bigint) * $4::bigint) AS start,
       (array_agg(t.price ORDER BY t.trade))[1] AS open, max(t.price) AS high, min(t.price) AS low,
       (array_agg(t.price ORDER BY t.trade DESC))[1] AS close, sum(t.units)::bigint AS units,
       sum(t.units::bigint * l.seconds_max)::bigint AS unit_seconds, count(*) AS trades
FROM trades t JOIN leases l ON l.lease = t.trade
WHERE t.pool = $1 AND t.at >= $2 AND t.at < $3 AND t.trade <= $5 AND NOT t.own
GROUP BY 1 ORDER BY 1;
