-- Candles of a pool of whole hours or days, oldest first, from the hours that are over and the trades since; spans
-- without a trade are left out. No row: nothing was traded.
-- $1 pool  $2 from, a whole hour  $3 to, a whole hour  $4 width in seconds, whole hours
WITH edge AS (
    SELECT coalesce((SELECT start + interval '1 hour' FROM candle_hours WHERE pool = $1
                     ORDER BY start DESC LIMIT 1), '-infinity') AS at
), parts AS (
    SELECT h.start, h.open, h.high, h.low, h.close, h.units, h.unit_seconds, h.trades
    FROM candle_hours h WHERE h.pool = $1 AND h.start >= $2 AND h.start < $3
    UNION ALL
    SELECT date_trunc('hour', t.at, 'UTC'), (array_agg(t.price ORDER BY t.trade))[1], max(t.price), min(t.price),
           (array_agg(t.price ORDER BY t.trade DESC))[1], sum(t.units)::bigint,
           sum(t.units::bigint * l.seconds_max)::bigint, count(*)
    FROM trades t JOIN leases l ON l.lease = t.trade
    WHERE t.pool = $1 AND t.at >= greatest($2, (SELECT at FROM edge)) AND t.at < $3 AND NOT t.own
    GROUP BY 1
)
SELECT to_timestamp(floor(extract(epoch FROM p.start) / $4::bigint) * $4::bigint) AS start,
       (array_agg(p.open ORDER BY p.start))[1] AS open, max(p.high) AS high, min(p.low) AS low,
       (array_agg(p.close ORDER BY p.start DESC))[1] AS close, sum(p.units)::bigint AS units,
       sum(p.unit_seconds)::bigint AS unit_seconds, sum(p.trades)::bigint AS trades
FROM parts p GROUP BY 1 ORDER BY 1;
