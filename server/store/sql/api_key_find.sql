-- An API key by the hash of its secret. No row: there is none, or it was deleted.
-- $1 hash
SELECT uuid_send(k.key_id), k.account, a.at, k.scopes, k.name, k.created_at, k.last_used_at
FROM api_keys k JOIN accounts a ON a.account = k.account
WHERE k.hash = $1;
