-- How far the images of a job's leases have come that are being prepared. No row: none is, or nothing was told.
-- $1 bid
SELECT l.lease, i.phase, i.done_bytes, i.total_bytes, i.told_at
FROM leases l JOIN lease_images i ON i.lease = l.lease
WHERE l.bid = $1 AND l.state = 1 ORDER BY l.lease;
