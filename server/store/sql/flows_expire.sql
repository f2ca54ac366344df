-- Forget some that are older than $1 days. No row: none is.
-- $1 days
DELETE FROM lease_flows WHERE lease IN
    (SELECT lease FROM lease_flows WHERE told_at < now() - make_interval(days => $1::int) ORDER BY told_at LIMIT 1000);
