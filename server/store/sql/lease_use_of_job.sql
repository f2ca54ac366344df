-- How much the leases of a job use their cards now; those that are over have no use.
-- $1 bid
SELECT l.lease, u.busy_percent, u.memory_used_bytes, u.told_at
FROM leases l JOIN lease_use u ON u.lease = l.lease
WHERE l.bid = $1 AND (l.state < 4 OR l.state = 6) ORDER BY l.lease;
