-- The newest lease of a job that has a receipt. No row: none has. Whose job it is was checked before.
-- $1 bid
SELECT l.lease FROM leases l JOIN lease_commands x ON x.lease = l.lease AND x.kind = 14
WHERE l.bid = $1 ORDER BY l.lease DESC LIMIT 1;
