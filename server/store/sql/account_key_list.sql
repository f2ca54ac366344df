-- Login keys of an account, newest first. No row: no more.
-- $1 account  $2 created_at before  $3 limit
SELECT public_key, name, created_at
FROM account_keys
WHERE account = $1 AND created_at < $2
ORDER BY created_at DESC
LIMIT $3;
