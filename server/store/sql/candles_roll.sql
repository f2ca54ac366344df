-- Write down the hours of a pool that are over: those before the hour of the last command, as no later trade can have
-- an earlier time. Trades of one owner are not on the tape, nor here.
-- $1 pool
INSERT INTO candle_hours (pool, start, open, high, low, close, units, unit_seconds, trades)
SELECT t.pool, date_trunc('hour', t.at, 'UTC'), (array_agg(t.price ORDER BY t.trade))[1], max(t.price), min(t.price),
       (array_agg(t.price ORDER BY t.trade DESC))[1], sum(t.units), sum(t.units::bigint * l.seconds_max), count(*)
FROM trades t JOIN leases l ON l.lease = t.trade
WHERE t.pool = $1 AND NOT t.own
  AND t.at >= coalesce((SELECT start + interval '1 hour' FROM candle_hours WHERE pool = $1
                        ORDER BY start DESC LIMIT 1), '-infinity')
  AND t.at < date_trunc('hour', (SELECT at FROM commands ORDER BY seq DESC LIMIT 1), 'UTC')
GROUP BY 1, 2 ON CONFLICT (pool, start) DO NOTHING;
