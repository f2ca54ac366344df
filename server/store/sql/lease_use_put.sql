-- Keep how much a lease uses its cards.
-- $1 lease  $2 busy_percent  $3 memory_used_bytes  $4 told_at
INSERT INTO lease_use AS u (lease, busy_percent, memory_used_bytes, told_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (lease) DO UPDATE SET busy_percent = excluded.busy_percent,
    memory_used_bytes = excluded.memory_used_bytes, told_at = excluded.told_at
WHERE u.told_at <= excluded.told_at;
