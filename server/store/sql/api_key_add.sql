-- An API key, its secret as hash. No row: the account has $6 keys.
-- $1 key_id  $2 account  $3 hash  $4 name  $5 scopes  $6 most
INSERT INTO api_keys (key_id, account, hash, name, scopes)
SELECT $1, $2, $3, $4, $5
WHERE (SELECT count(*) FROM api_keys WHERE account = $2) < $6
RETURNING created_at;
