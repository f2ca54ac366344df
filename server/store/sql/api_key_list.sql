-- API keys of an account, newest first. No row: no more.
-- $1 account  $2 created_at before  $3 limit
SELECT uuid_send(k.key_id), k.account, a.at, k.scopes, k.name, k.created_at, k.last_used_at
FROM api_keys k JOIN accounts a ON a.account = k.account
WHERE k.account = $1 AND k.created_at < $2
ORDER BY k.created_at DESC
LIMIT $3;
