-- Spend a recovery code. No row: there is no such code, or it was spent before.
-- $1 hash
UPDATE recovery_codes r SET spent_at = now()
FROM accounts a
WHERE r.hash = $1 AND r.spent_at IS NULL AND a.account = r.account
RETURNING a.account, a.at;
