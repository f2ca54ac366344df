-- Keep how far the image of a lease has come.
-- $1 lease  $2 phase  $3 done_bytes  $4 total_bytes  $5 told_at
INSERT INTO lease_images AS i (lease, phase, done_bytes, total_bytes, told_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (lease) DO UPDATE SET phase = excluded.phase, done_bytes = excluded.done_bytes,
    total_bytes = excluded.total_bytes, told_at = excluded.told_at
WHERE i.told_at <= excluded.told_at;
