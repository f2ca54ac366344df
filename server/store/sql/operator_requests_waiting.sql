-- Requests that wait, oldest first.
SELECT request, kind, account, number, amount, tier, verified FROM operator_requests WHERE done_at IS NULL
ORDER BY created_at LIMIT 100;
