-- What the index of a pool was in a span, oldest first. No row: nothing was published.
-- $1 pool  $2 from  $3 to
SELECT at, value, low, high, leases, buyers, providers, unit_seconds, stale FROM index_points
WHERE pool = $1 AND at >= $2 AND at < $3 ORDER BY at;
