-- Publish one value of the index, unless it was published before.
-- $1 pool  $2 at  $3 value  $4 low  $5 high  $6 leases  $7 buyers  $8 providers  $9 unit_seconds  $10 stale
INSERT INTO index_points (pool, at, value, low, high, leases, buyers, providers, unit_seconds, stale)
VALUES ($1, $2, nullif($3::bigint, 0), nullif($4::bigint, 0), nullif($5::bigint, 0), $6, $7, $8, $9, $10)
ON CONFLICT (pool, at) DO NOTHING;
